"""Images that two parts of a split, or two data sets, share. Results are cached."""

from collections.abc import Callable

import numpy as np
from pydantic import TypeAdapter

from benchmark.core.paths import leakage_folder
from benchmark.core.trainer_version import TRAINER
from benchmark.data.copies import Overlap, crossing, stored_fingerprints
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images
from benchmark.data.fingerprint import SIDE, VERSION, Fingerprints, find_duplicates
from benchmark.data.identity import data_digest, known_digest
from benchmark.data.split import split
from results.files.digest import digest
from results.files.sealed import read_note, write_note

OVERLAPS = TypeAdapter(tuple[Overlap, ...])

Side = tuple[Fingerprints, np.ndarray, np.ndarray]  # fingerprints and ids of a data set, and the rows to compare


def overlaps_within(dataset: Dataset, begins: Callable[[str], None] | None = None) -> tuple[Overlap, ...] | None:
    """Images of val and test that occur in an earlier part of the same split.

    Returns None if that was not computed before and `begins`, which is called before the computation, is None.
    """

    def measure() -> tuple[Overlap, ...]:
        images = load_images(dataset, SIDE)
        return crossing(images.copies(), split(dataset, images), images.ids)

    return _stored_or_measured((dataset,), measure, begins, f"looking for images in two parts of {dataset.name}")


def overlaps_between(
    source: Dataset, target: Dataset, begins: Callable[[str], None] | None = None
) -> tuple[Overlap, ...] | None:
    """Images of a target's val and test that occur in the data that a source is pretrained on.

    Returns None if that was not computed before and `begins`, which is called before the computation, is None.
    """

    def measure() -> tuple[Overlap, ...]:
        images, parts = _parts(source)
        training = _side(images, np.concatenate([parts["train"], parts["val"]]))
        others, target_parts = _parts(target)
        both = [_overlap(training, _side(others, target_parts[part]), part, source.name) for part in ("val", "test")]
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
    identities = [known_digest(each) if begins is None else data_digest(each) for each in sets]
    if None in identities:  # files that are not here, or were never read
        return None
    path = leakage_folder() / f"{digest([VERSION, TRAINER, identities])}.json"
    known = read_note(path, OVERLAPS.validate_json)
    if known is not None or begins is None:
        return known
    begins(what)
    overlaps = measure()
    write_note(path, OVERLAPS.dump_json(overlaps), "a note of shared images", durable=True)
    return overlaps


def _parts(dataset: Dataset) -> tuple[Decoded, dict[str, np.ndarray]]:
    """Images and split of a data set."""
    images = load_images(dataset, SIDE)
    return images, split(dataset, images)


def _side(images: Decoded, rows: np.ndarray) -> Side:
    return stored_fingerprints(images.images), images.ids, rows
