"""The guard against leakage: the same picture on two sides, in two parts of a target or in a source and a target.

Declared families are known to the plan; what stands here is measured, picture by picture (benchmark.fingerprint). A result
is kept under CATS_HOME by the digests of the data, so that a plan that was looked at once starts at once.

Not run, unless the plan allows leakage: a pair whose target has an image in val or test that the source was pretrained on,
and a target with images of val or test that lie in an earlier part too, more than it declares as `known_duplicates`. That
a group (patient, lesion ...) lies in two parts is an error of the entry: benchmark.split.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydantic import TypeAdapter

from benchmark import catalogue
from benchmark.dataset import Dataset
from benchmark.digest import digest
from benchmark.fingerprint import SIDE, VERSION, Prints, prints, twins
from benchmark.home import home
from benchmark.plan import Plan, lineage
from benchmark.recipe import TRAINER
from results.error import CatsError
from results.record import Frozen

WAYS_OUT = "drop it, or set `allow_leakage: true` in the plan to run it off the ranking"


class Overlap(Frozen):
    """Images of one part that are also somewhere earlier: in a part that learns, or in the data of a source.

    Attributes:
        part: val or test. earlier: where else they are.
        images: how many of `part`. exact: how many of them agree in all (32 × 32 grey) pixels.
        example: ids of an image of `earlier` and of the same one in `part`.
    """

    part: str
    earlier: str
    images: int
    exact: int
    example: tuple[str, str]


OVERLAPS = TypeAdapter(tuple[Overlap, ...])


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
        within = inside(dataset, begins) if open_pairs else ()
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
        overlaps = between(link.dataset, target, begins)
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


def inside(dataset: Dataset, begins: Callable[[str], None] | None = None) -> tuple[Overlap, ...] | None:
    """Images of val and of test that lie in an earlier part of the same split; None if unknown and `begins` is not given."""

    def measure() -> tuple[Overlap, ...]:
        ids, marks, parts = _parts(dataset)
        before = np.concatenate([parts["train"], parts["val"]])
        val = _overlap((marks, ids, parts["train"]), (marks, ids, parts["val"]), "val", "train")
        test = _overlap((marks, ids, before), (marks, ids, parts["test"]), "test", "train and val")
        return tuple(overlap for overlap in (val, test) if overlap is not None)

    return _known((dataset,), measure, begins, f"looking for images in two parts of {dataset.name}")


def between(source: Dataset, target: Dataset, begins: Callable[[str], None] | None = None) -> tuple[Overlap, ...] | None:
    """Images of a target's val and test in what a source pretrains on; None if unknown and `begins` is not given."""

    def measure() -> tuple[Overlap, ...]:
        ids, marks, parts = _parts(source)
        learnt = (marks, ids, np.concatenate([parts["train"], parts["val"]]))
        goal_ids, goal_marks, goal_parts = _parts(target)
        both = [_overlap(learnt, (goal_marks, goal_ids, goal_parts[part]), part, source.name) for part in ("val", "test")]
        return tuple(overlap for overlap in both if overlap is not None)

    return _known((source, target), measure, begins, f"looking for images of {target.name} in {source.name}")


Side = tuple[Prints, np.ndarray, np.ndarray]  # fingerprints and ids of a data set, and the indices that are meant


def _overlap(one: Side, other: Side, part: str, earlier: str) -> Overlap | None:
    (marks, ids, chosen), (goal_marks, goal_ids, goal_chosen) = one, other
    index, exact = twins(marks[chosen], goal_marks[goal_chosen])
    found = np.flatnonzero(index >= 0)
    if not found.size:
        return None
    first = found[exact[found].argmax()]  # an exact one, if there is one
    example = (str(ids[chosen[index[first]]]), str(goal_ids[goal_chosen[first]]))
    return Overlap(part=part, earlier=earlier, images=len(found), exact=int(exact.sum()), example=example)


def _known(
    sets: tuple[Dataset, ...], measure: Callable[[], tuple[Overlap, ...]], begins: Callable[[str], None] | None, what: str
) -> tuple[Overlap, ...] | None:
    """What was measured before, or is measured now if `begins` is given, and kept."""
    try:
        name = digest([VERSION, TRAINER, [each.digest() for each in sets]])
    except CatsError:  # files that are not here
        if begins is None:
            return None
        raise
    path = home() / "leakage" / f"{name}.json"
    if path.exists():
        return OVERLAPS.validate_json(path.read_bytes())
    if begins is None:
        return None
    begins(what)
    found = measure()
    _keep(path, lambda file: file.write(OVERLAPS.dump_json(found)))
    return found


def _parts(dataset: Dataset) -> tuple[np.ndarray, Prints, dict[str, np.ndarray]]:
    """Ids, fingerprints and split of a data set."""
    from benchmark.split import split
    from benchmark.store import decoded

    images = decoded(dataset, SIDE)
    return images.ids, fingerprints(images.images), split(dataset, images)


def fingerprints(images: np.ndarray) -> Prints:
    """The fingerprints of decoded (memory-mapped) images; made on the first call, then read from the folder of the images."""
    assert isinstance(images, np.memmap)
    path = Path(str(images.filename)).with_name(f"fingerprints-{VERSION}.npz")
    if path.exists():
        with np.load(path, allow_pickle=False) as content:
            return Prints(*(content[name] for name in Prints.__dataclass_fields__))
    made = prints(images)
    _keep(path, lambda file: np.savez(file, **vars(made)))
    return made


def _keep(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole or not at all. Raises CatsError if the disk refuses."""
    draft = path.with_name(f".draft-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            write(file)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CatsError(f"cannot write to {path.parent}: {error.strerror}; set CATS_HOME to a folder with space") from error
