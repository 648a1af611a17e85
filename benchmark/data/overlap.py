"""Images that two parts of a split, or two data sets, share. Results are cached."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from benchmark.core.paths import leakage_folder
from benchmark.core.trainer_version import TRAINER
from benchmark.data.dataset import Dataset
from benchmark.data.fingerprint import SIDE, VERSION, Fingerprints, find_duplicates, fingerprints_of
from results.atomic import atomic_write
from results.digest import digest
from results.error import CatsError
from results.record import Frozen


class Overlap(Frozen):
    """Images of one part that also occur earlier: in a part that is trained on, or in the data of a source.

    Attributes:
        part: val or test. earlier: where else the images occur.
        images: their number in `part`. exact: how many of them agree in all (32 × 32 grey) pixels.
        example: ids of an image of `earlier` and of its duplicate in `part`.
    """

    part: str
    earlier: str
    images: int
    exact: int
    example: tuple[str, str]


OVERLAPS = TypeAdapter(tuple[Overlap, ...])

Side = tuple[Fingerprints, np.ndarray, np.ndarray]  # fingerprints and ids of a data set, and the rows to compare


def overlaps_within(dataset: Dataset, begins: Callable[[str], None] | None = None) -> tuple[Overlap, ...] | None:
    """Images of val and test that occur in an earlier part of the same split.

    Returns None if that was not computed before and `begins`, which is called before the computation, is None.
    """

    def measure() -> tuple[Overlap, ...]:
        ids, marks, parts = _parts(dataset)
        before = np.concatenate([parts["train"], parts["val"]])
        val = _overlap((marks, ids, parts["train"]), (marks, ids, parts["val"]), "val", "train")
        test = _overlap((marks, ids, before), (marks, ids, parts["test"]), "test", "train and val")
        return tuple(overlap for overlap in (val, test) if overlap is not None)

    return _stored_or_measured((dataset,), measure, begins, f"looking for images in two parts of {dataset.name}")


def overlaps_between(
    source: Dataset, target: Dataset, begins: Callable[[str], None] | None = None
) -> tuple[Overlap, ...] | None:
    """Images of a target's val and test that occur in the data that a source is pretrained on.

    Returns None if that was not computed before and `begins`, which is called before the computation, is None.
    """

    def measure() -> tuple[Overlap, ...]:
        ids, marks, parts = _parts(source)
        training = (marks, ids, np.concatenate([parts["train"], parts["val"]]))
        target_ids, target_marks, target_parts = _parts(target)
        both = [
            _overlap(training, (target_marks, target_ids, target_parts[part]), part, source.name) for part in ("val", "test")
        ]
        return tuple(overlap for overlap in both if overlap is not None)

    return _stored_or_measured((source, target), measure, begins, f"looking for images of {target.name} in {source.name}")


def _overlap(one: Side, other: Side, part: str, earlier: str) -> Overlap | None:
    (marks, ids, rows), (other_marks, other_ids, other_rows) = one, other
    index, exact = find_duplicates(marks[rows], other_marks[other_rows])
    shared = np.flatnonzero(index >= 0)
    if not shared.size:
        return None
    first = shared[exact[shared].argmax()]  # an exact duplicate, if there is one
    example = (str(ids[rows[index[first]]]), str(other_ids[other_rows[first]]))
    return Overlap(part=part, earlier=earlier, images=len(shared), exact=int(exact.sum()), example=example)


def _stored_or_measured(
    sets: tuple[Dataset, ...], measure: Callable[[], tuple[Overlap, ...]], begins: Callable[[str], None] | None, what: str
) -> tuple[Overlap, ...] | None:
    """The stored result, or the result of `measure` if `begins` is given, which is then stored."""
    try:
        name = digest([VERSION, TRAINER, [each.digest() for each in sets]])
    except CatsError:  # files that are not here
        if begins is None:
            return None
        raise
    path = leakage_folder() / f"{name}.json"
    if path.exists():
        return OVERLAPS.validate_json(path.read_bytes())
    if begins is None:
        return None
    begins(what)
    overlaps = measure()
    with atomic_write(path, "a note of shared images", durable=True) as draft:
        draft.write_bytes(OVERLAPS.dump_json(overlaps))
    return overlaps


def _parts(dataset: Dataset) -> tuple[np.ndarray, Fingerprints, dict[str, np.ndarray]]:
    """Ids, fingerprints and split of a data set."""
    from benchmark.data.decoded import load_images
    from benchmark.data.split import split

    images = load_images(dataset, SIDE)
    return images.ids, load_fingerprints(images.images), split(dataset, images)


def load_fingerprints(images: np.ndarray) -> Fingerprints:
    """Fingerprints of decoded (memory-mapped) images; computed in the first call, then read from the images' folder."""
    assert isinstance(images, np.memmap)
    path = Path(str(images.filename)).with_name(f"fingerprints-{VERSION}.npz")
    if path.exists():
        with np.load(path, allow_pickle=False) as content:
            return Fingerprints(*(content[name] for name in Fingerprints.__dataclass_fields__))
    fingerprints = fingerprints_of(images)
    with atomic_write(path, "fingerprints of images", durable=True) as draft:
        np.savez(draft, **vars(fingerprints))
    return fingerprints
