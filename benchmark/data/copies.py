"""Copies: images of one data set that show the same picture, and the one judgement of what may become of them.

`cats check`, `cats plan`, `cats run` and the split all ask this module. Two images are exact copies if all pixels of their
fingerprints (32 × 32, grey) are equal, and near-copies if their fingerprints are as similar as those of one picture that was
stored twice (benchmark.data.fingerprint).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from benchmark.data.fingerprint import VERSION, Fingerprints, find_pairs, fingerprints_of
from results.files.kept import kept_write, read_kept
from results.record import Frozen
from results.text.counts import how_many

Handling = Literal["refuse", "keep-first", "drop", "allow"]
WAYS_OUT_OF_COPIES = (
    "`cats check {target} --duplicates copies.csv` lists them; write `duplicates: keep-first`, `drop` or `allow` into the "
    "entry of the target, or set `allow_leakage: true` in the plan to run it off the ranking"
)
Rows = Mapping[str, np.ndarray]  # train, val and test → row numbers


@dataclass(frozen=True)
class Copies:
    """The pairs of copies among N images.

    Attributes:
        pairs: (P, 2) int64 row numbers, the smaller one first. Equal images are each paired with the first one of them only.
        exact: (P,) bool. similarity: (P,) float32, the cosine of the fingerprints; 1 for exact copies.
    """

    pairs: np.ndarray
    exact: np.ndarray
    similarity: np.ndarray

    def among(self, rows: np.ndarray, count: int, *, exact: bool = False) -> np.ndarray:
        """The pairs of which both images are in `rows`, by their places in `rows`, (n, 2).

        If the first one of equal images is not in `rows`, the next one of them takes its place.
        """
        first = self.originals(count)
        stands_for = np.full(count, -1)
        stands_for[first[rows][::-1]] = np.arange(len(rows))[::-1]
        own = stands_for[first[rows]]
        equal = np.flatnonzero(own != np.arange(len(rows)))
        near = stands_for[self.pairs[~self.exact]] if not exact else np.zeros((0, 2), dtype=np.int64)
        return np.concatenate([np.stack([own[equal], equal], axis=1), near[(near >= 0).all(axis=1)]])

    def components(self, rows: np.ndarray, count: int) -> np.ndarray:
        """The group of copies of each of `rows` of `count` images, (K,) int64, through pairs of these rows alone."""
        return components(len(rows), self.among(rows, count))

    def copied(self, rows: np.ndarray, count: int) -> tuple[int, int, int]:
        """Of `rows`: images with an exact copy among them, other images with a near-copy, and groups of copies."""
        equal = self.among(rows, count, exact=True)
        every = self.among(rows, count)
        exact = len(np.unique(equal))
        return exact, len(np.unique(every)) - exact, len(np.unique(components(len(rows), every)[every.ravel()]))

    def originals(self, count: int) -> np.ndarray:
        """The first one of the equal images of each of `count` images, (N,) int64; the image itself if no other is equal."""
        first = np.arange(count)
        first[self.pairs[self.exact, 1]] = self.pairs[self.exact, 0]
        return first


Arrays = TypeVar("Arrays", Copies, Fingerprints)
NONE = Copies(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.float32))


def components(count: int, pairs: np.ndarray) -> np.ndarray:
    """The number of the connected component of each of `count` nodes, (count,) int64, from pairs (n, 2)."""
    if not len(pairs):
        return np.arange(count)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components  # takes a tenth of a second to import

    graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


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


def crossing(copies: Copies, parts: Rows, ids: np.ndarray) -> tuple[Overlap, ...]:
    """The images of val and test that have a copy in an earlier part. `ids`: (N,) of all images."""
    before = np.concatenate([parts["train"], parts["val"]])
    val = _crossing(copies, parts["train"], parts["val"], ids)
    test = _crossing(copies, before, parts["test"], ids)
    found = ((val, "val", "train"), (test, "test", "train and val"))
    return tuple(
        Overlap(part=part, earlier=earlier, images=images, exact=exact, example=example)
        for (images, exact, example), part, earlier in found
        if images
    )


def _crossing(copies: Copies, earlier: np.ndarray, later: np.ndarray, ids: np.ndarray) -> tuple[int, int, tuple[str, str]]:
    """How many of `later` have a copy in `earlier`, how many of them an exact one, and the ids of an example."""
    original = copies.originals(len(ids))
    twin = np.full(len(ids), -1)  # an image of `earlier` for each original that has one there
    twin[original[earlier][::-1]] = earlier[::-1]
    near = np.full(len(ids), -1)  # the same for the originals of near-copies, the most similar one
    pairs, order = copies.pairs[~copies.exact], np.argsort(copies.similarity[~copies.exact], kind="stable")
    for one, other in ((0, 1), (1, 0)):
        ways = pairs[order][twin[pairs[order, other]] >= 0]
        near[ways[:, one]] = twin[ways[:, other]]
    exact, some = twin[original[later]], near[original[later]]
    shared = np.flatnonzero((exact >= 0) | (some >= 0))
    if not shared.size:
        return 0, 0, ("", "")
    example = shared[(exact[shared] >= 0).argmax()]  # an exact copy, if there is one
    other_row = exact[example] if exact[example] >= 0 else some[example]
    return len(shared), int((exact >= 0).sum()), (str(ids[other_row]), str(ids[later[example]]))


def left_out(copies: Copies, parts: Rows, handling: Handling, count: int) -> dict[str, np.ndarray]:
    """The rows of official parts that an entry leaves out, by part: copies of images of another part.

    `keep-first` keeps the images of the earliest part, in the order train, val, test; `drop` keeps none of them.
    """
    rows = np.concatenate(list(parts.values()))
    place = np.repeat(np.arange(len(parts)), [len(own) for own in parts.values()])
    group = copies.components(rows, count)
    earliest, latest = np.full(len(rows), len(parts)), np.full(len(rows), -1)
    np.minimum.at(earliest, group, place)
    np.maximum.at(latest, group, place)
    out = place > earliest[group] if handling == "keep-first" else earliest[group] < latest[group]
    return {part: rows[out & (place == number)] for number, part in enumerate(parts)}


def refusal(name: str, overlaps: tuple[Overlap, ...], handling: Handling, declared: int) -> str | None:
    """A sentence if a target has more images in two parts than its entry allows; else None.

    `overlaps`: what is left after the entry's own handling. `declared`: its known duplicates.
    """
    if handling == "allow" or sum(overlap.images for overlap in overlaps) <= declared:
        return None
    known = f"; {declared} are declared" if declared else ""
    return f"{shared_in_words(name, overlaps)} an earlier part too{example_of(overlaps)}{known}"


def shared_in_words(name: str, overlaps: tuple[Overlap, ...]) -> str:
    """The beginning of a sentence: how many images of a data set lie in ..."""
    total = sum(overlap.images for overlap in overlaps)
    return f"{how_many(total, 'image')} of {name} ({numbers_of(overlaps)}) {'lies' if total == 1 else 'lie'} in"


def example_of(overlaps: tuple[Overlap, ...]) -> str:
    """The end of that sentence: one of these images, and its copy."""
    one, other = overlaps[-1].example
    return f", for example '{other}', there '{one}'"


def numbers_of(overlaps: tuple[Overlap, ...]) -> str:
    """The numbers of overlaps in words, as in `1 in val and 5 in test; 4 exact copies, 2 near-copies`."""
    total, exact = sum(overlap.images for overlap in overlaps), sum(overlap.exact for overlap in overlaps)
    return f"{' and '.join(f'{o.images} in {o.part}' for o in overlaps)}; {kinds_of(exact, total - exact)}"


def kinds_of(exact: int, near: int) -> str:
    """Numbers of exact copies and near-copies in words."""
    return f"{how_many(exact, 'exact copy', 'exact copies')}, {how_many(near, 'near-copy', 'near-copies')}"


def stored_copies(images: np.ndarray) -> Copies:
    """The copies among decoded (memory-mapped) images of 32 pixels; searched in the first call, then read from their folder."""
    path = _beside(images, f"copies-{VERSION}.npz")
    return _stored(path, Copies, lambda: Copies(*find_pairs(stored_fingerprints(images))), "copies of images")


def stored_fingerprints(images: np.ndarray) -> Fingerprints:
    """Fingerprints of decoded (memory-mapped) images; computed in the first call, then read from the images' folder."""
    path = _beside(images, f"fingerprints-{VERSION}.npz")
    return _stored(path, Fingerprints, lambda: fingerprints_of(images), "fingerprints of images")


def _stored(path: Path, kind: type[Arrays], make: Callable[[], Arrays], what: str) -> Arrays:
    """The arrays in a file; made and written if there is no file, or, with a line in the log, if the file is damaged."""

    def parsed(file: Path) -> Arrays:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:  # numpy leaves a damaged file open
            return kind(*(content[name] for name in kind.__dataclass_fields__))

    known = read_kept(path, parsed, what)
    if known is not None:
        return known
    made = make()
    with kept_write(path, what) as draft:
        np.savez(draft, **vars(made))
    return made


def _beside(images: np.ndarray, name: str) -> Path:
    assert isinstance(images, np.memmap)
    return Path(str(images.filename)).with_name(name)
