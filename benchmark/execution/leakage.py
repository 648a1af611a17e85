"""The guard against leakage: finds images that lie on two sides, in two parts of a target or in a source and a target.

Data sets of one family are declared (benchmark.specs.lineage); here images are compared (benchmark.data.fingerprint). A result
is kept under CATS_HOME by the digests of the data, so that images are compared once.

Not run, unless the plan allows leakage: a pair whose target has an image in val or test that the source was pretrained on,
and a target with more images of val or test in an earlier part than it declares as `known_duplicates`. A group (patient,
lesion ...) that lies in two parts is an error of the entry: benchmark.data.split.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from benchmark.data.dataset import Dataset
from benchmark.data.overlap import Overlap, overlaps_between, overlaps_within
from benchmark.specs.lineage import Pair
from benchmark.specs.resolved import Leaks, PlanPairs
from benchmark.specs.source import Source

Pairs = TypeVar("Pairs", bound=PlanPairs)
WAYS_OUT = "drop it, or set `allow_leakage: true` in the plan to run it off the ranking"


def find_leaks(pairs: Pairs, begins: Callable[[str], None] | None = None) -> Pairs:
    """The same pairs, with the leaks that are found by comparing images in addition to those that they have.

    With `begins` (called with a description of each comparison) everything is compared that has not been yet; raises CatsError
    if images are missing or damaged. Without it only earlier results are read.
    """
    leaks, unknown = dict(pairs.leaks), list[Pair]()
    for goal, target in pairs.targets.items():
        undecided = [name for name in pairs.sources if (name, goal) not in leaks]
        within = overlaps_within(target.dataset, begins) if undecided else ()
        excess = None if within is None else excess_of(goal, target.dataset, within)
        for name in undecided:
            reason = excess or shared_images(pairs.sources[name], goal, target.dataset, begins)
            if reason:
                leaks[name, goal] = reason
            elif reason is None or within is None:
                unknown.append((name, goal))
    return replace(pairs, leaks=leaks, unknown=tuple(unknown))


def excess_of(goal: str, dataset: Dataset, within: tuple[Overlap, ...]) -> str | None:
    """The sentence about a target with more images in two parts than it declares; None if there are no more."""
    total = sum(overlap.images for overlap in within)
    if total <= dataset.known_duplicates:
        return None
    declared = f"; {dataset.known_duplicates} are declared" if dataset.known_duplicates else ""
    return f"{_counts(within, goal)} an earlier part too{_example(within)}{declared}"


def shared_images(
    links: Sequence[Source], goal: str, target: Dataset, begins: Callable[[str], None] | None = None
) -> str | None:
    """The sentence about images of a target that a source, or a source it starts from, was pretrained on.

    `links` are the source and the sources that its pretraining starts from; `begins` as for find_leaks. Empty if no image is
    shared; None if that is not known.
    """
    known = True
    for link in links:
        if link.dataset is None:
            continue
        overlaps = overlaps_between(link.dataset, target, begins)
        if overlaps:
            return f"{_counts(overlaps, goal)} the training data of {link.name} too{_example(overlaps)}"
        known = known and overlaps is not None
    return "" if known else None


def _counts(overlaps: tuple[Overlap, ...], goal: str) -> str:
    counts = " and ".join(f"{overlap.images} in {overlap.part}" for overlap in overlaps)
    total, exact = sum(o.images for o in overlaps), sum(o.exact for o in overlaps)
    noun, verb = ("image", "lies") if total == 1 else ("images", "lie")
    return f"{total} {noun} of {goal} ({counts}; {exact} pixel by pixel) {verb} in"


def _example(overlaps: tuple[Overlap, ...]) -> str:
    one, other = overlaps[-1].example
    return f", for example '{other}', there '{one}'"


def leak_sentences(leaks: Leaks, *, allowed: bool) -> Iterator[str]:
    """One sentence for each reason: which pairs are not run, or, where leaks are allowed, are run off the ranking, and why."""
    sources: dict[Pair, list[str]] = {}
    for (name, goal), reason in leaks.items():
        sources.setdefault((goal, reason), []).append(name)
    for (goal, reason), names in sources.items():
        if allowed:
            yield f"off the ranking: {', '.join(names)} → {goal}: {reason}"
        else:
            yield f"not run: {', '.join(names)} → {goal}: {reason}; {WAYS_OUT}"
