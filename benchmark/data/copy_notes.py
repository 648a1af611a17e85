"""What became of the copies in a data set, in words for records and boards, and as a list of pairs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.data.copies import crossing, kinds_of, numbers_of
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded
from benchmark.data.identity import drawn_part
from benchmark.data.readers.samples import PARTS
from benchmark.data.split import copies_left_out, official_rows, split
from results.text.counts import how_many

NO_PART, LEFT_OUT = "none", ", left out"
ORDER = (*PARTS, *(f"{part}{LEFT_OUT}" for part in PARTS), NO_PART)


def copies_note(dataset: Dataset, images: Decoded) -> str:
    """A sentence about what the entry and the split made of copies; empty if there are none, or if nothing was made of them."""
    drawn = drawn_part(set(images.parts.tolist()))
    sentences = []
    if drawn and dataset.duplicates != "allow":
        rows = np.flatnonzero(images.parts == ("train" if drawn == "val" else ""))
        exact, near, groups = images.copies().copied(rows, len(images.ids))
        if groups:
            among = "the images from which val was drawn" if drawn == "val" else "the images"
            each = f"each of the {groups} groups of copies" if groups > 1 else "the group of copies"
            sentences.append(f"{exact + near} of {among} have copies ({kinds_of(exact, near)}); the split keeps {each} whole")
    if dataset.duplicates == "allow":
        found = crossing(images.copies(), split(dataset, images), images.ids)
        if found:
            sentences.append(
                f"images of val and test with a copy in an earlier part are kept (`duplicates: allow`): {numbers_of(found)}"
            )
    elif drawn != "all" and dataset.duplicates != "refuse":
        parts = official_rows(images)
        found, out = crossing(images.copies(), parts, images.ids), copies_left_out(dataset, images, parts)
        if found:
            counts = ", ".join(f"{how_many(len(rows), 'image')} of {part}" for part, rows in out.items() if len(rows))
            were = "was" if sum(map(len, out.values())) == 1 else "were"
            sentences.append(
                f"{counts} {were} left out (`duplicates: {dataset.duplicates}`), because images of val and test lay in an "
                f"earlier part too: {numbers_of(found)}"
            )
    return "; ".join(sentences)


def labels_note(images: Decoded) -> str:
    """A sentence if copies have different labels; else empty."""
    labels = images.labels.reshape(len(images.labels), -1)
    pairs = images.copies().pairs
    count = int((labels[pairs[:, 0]] != labels[pairs[:, 1]]).any(axis=1).sum())
    return f"{how_many(count, 'pair of copies has', 'pairs of copies have')} different labels" if count else ""


@dataclass(frozen=True)
class PairOfCopies:
    """Two images that show one picture: rows, ids, parts and labels of both.

    Attributes:
        rows: row numbers. ids, labels: as in the data.
        parts: train, val or test, with `, left out` where the entry leaves the image out; none: in no part.
        exact: whether all pixels of the fingerprints are equal. similarity: the cosine of the fingerprints, at most 1.
    """

    rows: tuple[int, int]
    ids: tuple[str, str]
    parts: tuple[str, str]
    labels: tuple[str, str]
    exact: bool
    similarity: float

    @property
    def crosses(self) -> bool:
        """Whether the two are in two parts."""
        return self.parts[0] != self.parts[1] and NO_PART not in self.parts


def pairs_of_copies(dataset: Dataset, images: Decoded) -> list[PairOfCopies]:
    """The pairs of copies, those in two parts first, then the most similar ones; of a pair the image in the earlier part first.

    Raises CatsError if there is no split.
    """
    where, copies = _parts_of_rows(dataset, images), images.copies()
    pairs = []
    for (one, other), exact, similarity in zip(copies.pairs.tolist(), copies.exact, copies.similarity, strict=True):
        rows = sorted((one, other), key=lambda row: (ORDER.index(where[row]), row))
        ids, parts, labels = zip(
            *((str(images.ids[row]), where[row], _label(dataset, images.labels[row])) for row in rows), strict=True
        )
        pairs.append(PairOfCopies((rows[0], rows[1]), ids, parts, labels, bool(exact), float(similarity)))
    return sorted(pairs, key=lambda pair: (not pair.crosses, not pair.exact, -pair.similarity, pair.rows))


def _parts_of_rows(dataset: Dataset, images: Decoded) -> list[str]:
    where = np.full(len(images.ids), NO_PART, dtype="<U16")
    drawn = drawn_part(set(images.parts.tolist()))
    left_out: Mapping[str, np.ndarray] = {} if drawn == "all" else copies_left_out(dataset, images, official_rows(images))
    for part, rows in left_out.items():
        where[rows] = f"{part}{LEFT_OUT}"
    for part, rows in split(dataset, images).items():
        where[rows] = part
    named: list[str] = where.tolist()
    return named


def _label(dataset: Dataset, label: np.ndarray) -> str:
    if label.ndim == 0:
        return dataset.classes[int(label)]
    return "|".join(dataset.classes[number] for number in np.flatnonzero(label))
