"""The cells of a plan as a filter for the runs of an experiment."""

from collections.abc import Iterator, Mapping

from benchmark.data.identity import known_digest
from benchmark.data.listed import Digests, listed_once
from benchmark.execution.resolution import starts_of
from benchmark.specs.cell import points_of
from benchmark.specs.resolve import start_of, weight_file
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from benchmark.specs.source import NoWeightsError
from results.board.request import Selection
from results.board.sizes import DataSize, in_order
from results.error import CatsError


def selection_of(pairs: PlanPairs) -> Selection:
    """Return the filter by which boards find the cells of a plan among all runs of an experiment. Needs no data.

    Of several numbers of training images it selects the largest.
    """
    plan = pairs.plan
    points, sizes = _points(pairs)
    refused, leaking = ({}, pairs.leaks) if plan.allow_leakage else (pairs.leaks, {})
    digests: Digests = []
    with listed_once(digests):
        data = _data_of(pairs)
    starts, absent = _Starts(pairs, digests), _absent_of(pairs)
    left = pairs.absent if isinstance(pairs, ResolvedPlan) else {}
    whole = Selection(
        [*pairs.candidates, *left], plan.targets, plan.seeds, sorted(set().union(*points.values())), refused, leaking, data,
        starts, starts.costly, points, absent, sizes, numbers=_numbers(pairs),
    )  # fmt: skip
    return whole.of_size(list(sizes)[-1]) if sizes else whole


def _points(pairs: PlanPairs) -> tuple[dict[str, frozenset[str]], dict[DataSize, dict[str, frozenset[str]]]]:
    """Target → the points of its cells; and the same for each number of training images where the plan states several."""
    plan, sizes = pairs.plan, dict[DataSize, dict[str, frozenset[str]]]()
    points = dict[str, frozenset[str]]()
    for name, target in pairs.targets.items():
        own = {each.train: points_of(pairs.points, plan.rule, each) for each in target.used(plan.subsample)}
        points[name] = frozenset[str]().union(*own.values())
        for size, here in own.items() if len(own) > 1 else ():
            sizes.setdefault(size, {})[name] = here
    return points, sizes


def _numbers(pairs: PlanPairs) -> list[DataSize]:
    """The numbers of training images that the plan states, or else the entries of its targets."""
    return in_order({each.train for target in pairs.targets.values() for each in target.used(pairs.plan.subsample)})


def _absent_of(pairs: PlanPairs) -> Mapping[tuple[str, str], str]:
    """Candidate → why the plan leaves it out on this machine."""
    if pairs.plan.missing == "error":
        return {}
    return pairs.absent if isinstance(pairs, ResolvedPlan) else _Absent(pairs)


def _data_of(pairs: PlanPairs) -> Mapping[str, str]:
    """Target → digest of its data, of those that are known."""
    if isinstance(pairs, ResolvedPlan):
        return pairs.data
    digests = {name: known_digest(target.dataset) for name, target in pairs.targets.items()}
    return {name: known for name, known in digests.items() if known is not None}


class _Starts(Mapping[tuple[str, str], frozenset[str]]):
    """Candidate → the keys of what its networks start from, derived when they are first asked for.

    Candidates for which a library or a server would have to be asked have none. `costly`: those for which all files of a data
    set must be listed.
    """

    def __init__(self, pairs: PlanPairs, digests: Digests) -> None:
        self._pairs, self._digests = pairs, digests
        self._known = dict[tuple[str, str], frozenset[str]]()
        resolved = isinstance(pairs, ResolvedPlan)
        listed = [name for name, links in pairs.sources.items() if not resolved and any(link.dataset for link in links)]
        self.costly = frozenset(each for each in pairs.candidates if each.source in listed)

    def __getitem__(self, candidate: tuple[str, str]) -> frozenset[str]:
        if candidate not in self._known:
            with listed_once(self._digests):
                self._known[candidate] = frozenset(self._derived(*candidate))
        if not self._known[candidate]:
            raise KeyError(candidate)
        return self._known[candidate]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (each for each in self._pairs.candidates if each in self)

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


class _Absent(Mapping[tuple[str, str], str]):
    """Candidate → why its source has no weights for its backbone, which is looked up when it is first asked for.

    No server is asked: candidates with published weights are never absent here.
    """

    def __init__(self, pairs: PlanPairs) -> None:
        self._pairs, self._known = pairs, dict[tuple[str, str], str | None]()

    def __getitem__(self, candidate: tuple[str, str]) -> str:
        if candidate not in self._known:
            self._known[candidate] = self._reason(*candidate)
        reason = self._known[candidate]
        if reason is None:
            raise KeyError(candidate)
        return reason

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return (each for each in self._pairs.candidates if each in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _reason(self, name: str, backbone: str) -> str | None:
        for link in self._pairs.sources.get(name, ()):
            if link.weights is None or link.published:
                continue
            try:
                start_of((link,), backbone, 0, {}, "")
            except NoWeightsError as error:
                return str(error)
            except CatsError:  # `cats run` says what is wrong with the weights
                return None
        return None
