"""The cells of a plan as a filter for the runs of an experiment."""

from collections.abc import Iterator, Mapping, Sequence

from benchmark.data.identity import known_digest
from benchmark.execution.resolution import starts_of
from benchmark.specs.cell import point_of
from benchmark.specs.resolve import weight_file
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from benchmark.specs.source import Source
from benchmark.specs.start import Start
from results.board.request import Selection
from results.error import CatsError


def selection_of(pairs: PlanPairs) -> Selection:
    """Return the filter by which boards find the cells of a plan among all runs of an experiment. Needs no data."""
    plan = pairs.plan
    subsamples = [plan.subsample or target.subsample for target in pairs.targets.values()]
    points = [point_of(recipe, plan.rule, subsample) for recipe in pairs.points for subsample in subsamples]
    refused, leaking = ({}, pairs.leaks) if plan.allow_leakage else (pairs.leaks, {})
    names = plan.sources, plan.targets, plan.backbones
    return Selection(*names, plan.seeds, list(dict.fromkeys(points)), refused, leaking, _data_of(pairs), dict(_starts(pairs)))


def _data_of(pairs: PlanPairs) -> Mapping[str, str]:
    """Target → digest of its data, of those that are known."""
    if isinstance(pairs, ResolvedPlan):
        return pairs.data
    digests = {name: known_digest(target.dataset) for name, target in pairs.targets.items()}
    return {name: known for name, known in digests.items() if known is not None}


def _starts(pairs: PlanPairs) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    """(source, backbone) and the keys of what its networks start from, where no library and no server has to be asked."""
    for name, links in pairs.sources.items():
        for backbone in pairs.plan.backbones:
            known = pairs.starts.get((name, backbone)) if isinstance(pairs, ResolvedPlan) else _known(pairs, links, backbone)
            if known:
                yield (name, backbone), frozenset(start.key for start in known.values())


def _known(pairs: PlanPairs, links: Sequence[Source], backbone: str) -> Mapping[int, Start] | None:
    for link in links:
        elsewhere = link.weights is not None and weight_file(link.weights, backbone) is None
        if elsewhere or (link.dataset is not None and known_digest(link.dataset) is None):
            return None
    try:
        return starts_of(pairs.plan, links, backbone, "")
    except CatsError:  # the board is shown without the weights, which `cats run` will miss
        return None
