"""The cells of a plan as a filter for the runs of an experiment."""

from collections.abc import Iterator, Mapping

from benchmark.data.identity import Digests, known_digest, listed_once
from benchmark.execution.resolution import starts_of
from benchmark.specs.cell import point_of
from benchmark.specs.resolve import weight_file
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from results.board.request import Selection
from results.error import CatsError


def selection_of(pairs: PlanPairs) -> Selection:
    """Return the filter by which boards find the cells of a plan among all runs of an experiment. Needs no data."""
    plan = pairs.plan
    subsamples = [plan.subsample or target.subsample for target in pairs.targets.values()]
    points = [point_of(recipe, plan.rule, subsample) for recipe in pairs.points for subsample in subsamples]
    refused, leaking = ({}, pairs.leaks) if plan.allow_leakage else (pairs.leaks, {})
    names = plan.sources, plan.targets, plan.backbones
    digests: Digests = []
    with listed_once(digests):
        data = _data_of(pairs)
    distinct = list(dict.fromkeys(points))
    starts = _Starts(pairs, digests)
    return Selection(*names, plan.seeds, distinct, refused, leaking, data, starts, starts.costly)


def _data_of(pairs: PlanPairs) -> Mapping[str, str]:
    """Target → digest of its data, of those that are known."""
    if isinstance(pairs, ResolvedPlan):
        return pairs.data
    digests = {name: known_digest(target.dataset) for name, target in pairs.targets.items()}
    return {name: known for name, known in digests.items() if known is not None}


class _Starts(Mapping[tuple[str, str], frozenset[str]]):
    """(source, backbone) → the keys of what its networks start from, derived when they are first asked for.

    Pairs for which a library or a server would have to be asked have none. `costly`: the pairs for which all files of a data
    set must be listed.
    """

    def __init__(self, pairs: PlanPairs, digests: Digests) -> None:
        self._pairs, self._digests = pairs, digests
        self._known = dict[tuple[str, str], frozenset[str]]()
        resolved = isinstance(pairs, ResolvedPlan)
        listed = [name for name, links in pairs.sources.items() if not resolved and any(link.dataset for link in links)]
        self.costly = frozenset((name, backbone) for name in listed for backbone in pairs.plan.backbones)

    def __getitem__(self, pair: tuple[str, str]) -> frozenset[str]:
        if pair not in self._known:
            with listed_once(self._digests):
                self._known[pair] = frozenset(self._derived(*pair))
        if not self._known[pair]:
            raise KeyError(pair)
        return self._known[pair]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        names = ((name, backbone) for name in self._pairs.sources for backbone in self._pairs.plan.backbones)
        return (pair for pair in names if pair in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _derived(self, name: str, backbone: str) -> set[str]:
        pairs = self._pairs
        if isinstance(pairs, ResolvedPlan):
            return {start.key for start in pairs.starts.get((name, backbone), {}).values()}
        links = pairs.sources.get(name, ())
        for link in links:
            elsewhere = link.weights is not None and weight_file(link.weights, backbone) is None
            if elsewhere or (link.dataset is not None and known_digest(link.dataset) is None):
                return set()
        try:
            return {start.key for start in starts_of(pairs.plan, links, backbone, "").values()} if links else set()
        except CatsError:  # the board is shown without the weights, which `cats run` will miss
            return set()
