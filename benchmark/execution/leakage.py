"""The guard against leakage: the same picture on two sides, in two parts of a target or in a source and a target.

Declared families are known to the plan; what stands here is measured, picture by picture (benchmark.data.fingerprint). A result
is kept under CATS_HOME by the digests of the data, so that a plan that was looked at once starts at once.

Not run, unless the plan allows leakage: a pair whose target has an image in val or test that the source was pretrained on,
and a target with images of val or test that lie in an earlier part too, more than it declares as `known_duplicates`. That
a group (patient, lesion ...) lies in two parts is an error of the entry: benchmark.data.split.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmark.data.dataset import Dataset
from benchmark.data.overlap import Overlap, overlaps_between, overlaps_within
from benchmark.specs import catalogue
from benchmark.specs.lineage import lineage
from benchmark.specs.plan import Plan

WAYS_OUT = "drop it, or set `allow_leakage: true` in the plan to run it off the ranking"


@dataclass
class Look:
    """What is known of the pairs of a plan.

    Attributes:
        leaks: (source, target) with the reason. unknown: pairs nobody has compared yet.
    """

    leaks: dict[tuple[str, str], str]
    unknown: list[tuple[str, str]] = field(default_factory=list)


def look(plan: Plan, begins: Callable[[str], None] | None = None) -> Look:
    """Which pairs of the plan share images.

    With `begins` (told what is being compared) everything is measured that is not known yet; raises CatsError if images
    are missing or damaged. Without it nothing is read but earlier results.
    """
    found = Look(dict(plan.related()))
    for goal in plan.targets:
        dataset = catalogue.target(goal).dataset
        open_pairs = [(name, goal) for name in plan.sources if (name, goal) not in found.leaks]
        within = overlaps_within(dataset, begins) if open_pairs else ()
        excess = None if within is None else too_many(goal, dataset, within)
        for pair in open_pairs:
            reason = shared(pair, begins) if excess is None else excess
            if reason:
                found.leaks[pair] = reason
            elif reason is None or within is None:
                found.unknown.append(pair)
    return found


def too_many(goal: str, dataset: Dataset, within: tuple[Overlap, ...]) -> str | None:
    """The sentence about a target with more images in two parts than it declares; None if all is well."""
    total = sum(overlap.images for overlap in within)
    if total <= dataset.known_duplicates:
        return None
    declared = f"; {dataset.known_duplicates} are declared" if dataset.known_duplicates else ""
    return f"{_told(within, goal)} an earlier part too{_example(within)}{declared}"


def shared(pair: tuple[str, str], begins: Callable[[str], None] | None = None) -> str | None:
    """The sentence about images of a target that a source, or one it starts from, was pretrained on.

    Empty if there are none; None if that is not known.
    """
    name, goal = pair
    target, known = catalogue.target(goal).dataset, True
    for link in lineage(name):
        if link.dataset is None:
            continue
        overlaps = overlaps_between(link.dataset, target, begins)
        if overlaps:
            return f"{_told(overlaps, goal)} the training data of {link.name} too{_example(overlaps)}"
        known = known and overlaps is not None
    return "" if known else None


def _told(overlaps: tuple[Overlap, ...], goal: str) -> str:
    counts = " and ".join(f"{overlap.images} in {overlap.part}" for overlap in overlaps)
    total, exact = sum(o.images for o in overlaps), sum(o.exact for o in overlaps)
    noun, verb = ("image", "lies") if total == 1 else ("images", "lie")
    return f"{total} {noun} of {goal} ({counts}; {exact} pixel by pixel) {verb} in"


def _example(overlaps: tuple[Overlap, ...]) -> str:
    one, other = overlaps[-1].example
    return f", for example '{other}', there '{one}'"


def sentences(plan: Plan, found: Look) -> Iterator[str]:
    """One sentence for each reason: which pairs are not run, or are run off the ranking, and why."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for (name, goal), reason in found.leaks.items():
        pairs.setdefault((goal, reason), []).append(name)
    for (goal, reason), names in pairs.items():
        if plan.allow_leakage:
            yield f"off the ranking: {', '.join(names)} → {goal}: {reason}"
        else:
            yield f"not run: {', '.join(names)} → {goal}: {reason}; {WAYS_OUT}"
