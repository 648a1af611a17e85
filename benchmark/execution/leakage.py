"""Finds leakage: images that are in two parts of a target, or in a source and a target.

Entries declare that data sets are of one family (benchmark.specs.lineage); this module compares the images themselves
(benchmark.data.fingerprint). It caches a result under CATS_HOME by the digests of the data, so that images are compared once.

Unless the plan allows leakage, two kinds of pairs are not run: a pair whose source was pretrained on val or test images of the
target, and every pair of a target that has more val or test images in an earlier part than its entry allows
(benchmark.data.copies). A group (patient, lesion ...) in two parts is an error of the entry, see benchmark.data.split.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from benchmark.data.copies import WAYS_OUT_OF_COPIES, Overlap, example_of, refusal, shared_in_words
from benchmark.data.dataset import Dataset
from benchmark.data.overlap import overlaps_between, overlaps_within
from benchmark.specs.cell import Cell
from benchmark.specs.lineage import Pair
from benchmark.specs.resolved import Leaks, PlanPairs, ResolvedPlan
from benchmark.specs.source import Source
from results.error import CatsError

Pairs = TypeVar("Pairs", bound=PlanPairs)
WAYS_OUT = "drop the source or the target, or set `allow_leakage: true` in the plan to run it off the ranking"


class WithinTarget(str):
    """A reason that lies in the parts of a target alone, whatever the source is."""

    __slots__ = ()


def find_leaks(pairs: Pairs, begins: Callable[[str], None] | None = None) -> Pairs:
    """Return the pairs with additional leaks, which are found by comparing images.

    `begins` is called with a description before each comparison. Without `begins` nothing is compared, and only cached results
    count. Raises CatsError if images are missing or damaged.
    """
    leaks, unknown = dict(pairs.leaks), list[Pair]()
    for goal, target in pairs.targets.items():
        undecided = [name for name in pairs.sources if (name, goal) not in leaks]
        within = overlaps_within(target.dataset, begins) if undecided else ()
        excess = None if within is None else _excess(goal, target.dataset, within)
        for name in undecided:
            reason = excess or shared_images(pairs.sources[name], goal, target.dataset, begins)
            if reason:
                leaks[name, goal] = reason
            elif reason is None or within is None:
                unknown.append((name, goal))
    return replace(pairs, leaks=leaks, unknown=tuple(unknown))


def _excess(goal: str, dataset: Dataset, within: tuple[Overlap, ...]) -> WithinTarget | None:
    reason = refusal(goal, within, dataset.duplicates, dataset.known_duplicates)
    return None if reason is None else WithinTarget(reason)


def search_open(resolved: ResolvedPlan, cells: Iterable[Cell], begins: Callable[[str], None]) -> ResolvedPlan:
    """Return the plan with the leaks of all pairs, if one of the cells, which are not finished, is of an unknown pair."""
    waits = resolved.unknown and any((cell.source, cell.target) in resolved.unknown for cell in cells)
    return find_leaks(resolved, begins) if waits else resolved


def require_cells(cells: Iterable[Cell], experiment: str, leaks: Leaks) -> None:
    """Raise CatsError with all reasons if a plan has no cell, because every pair is left out."""
    if next(iter(cells), None) is None:
        raise CatsError(f"plan '{experiment}' has no cell to run: {'; '.join(leak_sentences(leaks, allowed=False))}")


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
            return f"{shared_in_words(goal, overlaps)} the training data of {link.name} too{example_of(overlaps)}"
        known = known and overlaps is not None
    return "" if known else None


def leak_sentences(leaks: Leaks, *, allowed: bool) -> Iterator[str]:
    """Yield a sentence for each reason: which pairs are not run, or are run off the ranking if leaks are allowed, and why."""
    sources: dict[Pair, list[str]] = {}
    for (name, goal), reason in leaks.items():
        sources.setdefault((goal, reason), []).append(name)
    for (goal, reason), names in sources.items():
        if allowed:
            yield f"off the ranking: {', '.join(names)} → {goal}: {reason}"
        else:
            ways_out = WAYS_OUT_OF_COPIES.format(target=goal) if isinstance(reason, WithinTarget) else WAYS_OUT
            yield f"not run: {', '.join(names)} → {goal}: {reason}; {ways_out}"
