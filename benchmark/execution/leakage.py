"""Finds leakage: images that are in two parts of a target, or in a source and a target.

Entries declare that data sets are of one family (benchmark.specs.lineage); this module compares the images themselves
(benchmark.data.fingerprint). It caches a result under CATS_HOME by the digests of the data, so that images are compared once.

Unless the plan allows leakage, two kinds of pairs are not run: a pair whose source was pretrained on val or test images of the
target, and every pair of a target that has more val or test images in an earlier part than it declares as `known_duplicates`.
A group (patient, lesion ...) in two parts is an error of the entry, which benchmark.data.split reports.
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
WAYS_OUT = "drop the source or the target, or set `allow_leakage: true` in the plan to run it off the ranking"


def find_leaks(pairs: Pairs, begins: Callable[[str], None] | None = None) -> Pairs:
    """Return the pairs with additional leaks, which are found by comparing images.

    `begins` is called with a description before each comparison. Without `begins` nothing is compared, and only cached results
    count. Raises CatsError if images are missing or damaged.
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
    """Return a sentence if a target has more images in two parts than it declares; else None."""
    total = sum(overlap.images for overlap in within)
    if total <= dataset.known_duplicates:
        return None
    declared = f"; {dataset.known_duplicates} are declared" if dataset.known_duplicates else ""
    return f"{_counts(within, goal)} an earlier part too{_example(within)}{declared}"


def shared_images(
    links: Sequence[Source], goal: str, target: Dataset, begins: Callable[[str], None] | None = None
) -> str | None:
    """Return a sentence if a source, or a source that it starts from, was pretrained on images of a target.

    `links` are the source and the sources that its pretraining starts from; `begins` as for find_leaks. Returns an empty text
    if no image is shared, and None if the images have not been compared.
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
    """Yield a sentence for each reason: which pairs are not run, or are run off the ranking if leaks are allowed, and why."""
    sources: dict[Pair, list[str]] = {}
    for (name, goal), reason in leaks.items():
        sources.setdefault((goal, reason), []).append(name)
    for (goal, reason), names in sources.items():
        if allowed:
            yield f"off the ranking: {', '.join(names)} → {goal}: {reason}"
        else:
            yield f"not run: {', '.join(names)} → {goal}: {reason}; {WAYS_OUT}"
