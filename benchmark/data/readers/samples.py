"""Defines what a reader of a data set is, and the samples that it returns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.scale import Scale
from results.error import CatsError

PARTS = ("train", "val", "test")
Image = np.ndarray | tuple[np.ndarray, ...]  # a picture, or the slices of a volume


@dataclass(frozen=True)
class Samples:
    """The images of a data set with their labels, ids, groups and parts, all in one order.

    Attributes:
        images: N arrays, each (H, W) or (H, W, 3) uint8, RGB; of volumes N tuples of such arrays, their slices. May be a
            generator, as it is iterated over once. A picture that cannot be read is replaced by the CatsError that names it.
        labels: (N,) int64, the index of the class; multi-label: (N, C) of 0 and 1.
        ids: N names, unique inside the data set.
        groups: N names of the patient, slide, lesion or block of each image; None if unknown.
        parts: N of 'train', 'val', 'test' if there is an official split, any other word for an image that is in no part
            (idc: 'extra'); else None.
        left_out: sentences about images that are left out because the entry declares so.
        unreadable: row numbers of files of which the reader knows, before it decodes them, that they are broken.
        stored: the numbers behind the images; None if the reader does not scale them to 8 bits.
        attributes: name (age_band, sex, site ...) → its text for each image, "" if it is unknown; results are shown for
            subgroups of equal texts.
        slices: number of slices of each volume; 1 for pictures.
    """

    images: Iterable[Image | CatsError]
    labels: np.ndarray
    ids: list[str]
    groups: list[str] | None = None
    parts: list[str] | None = None
    left_out: tuple[str, ...] = ()
    stored: "StoredNumbers | None" = None
    unreadable: frozenset[int] = frozenset()
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    slices: int = 1


@dataclass(frozen=True)
class StoredNumbers:
    """The numbers behind the images of Samples, before they are scaled to 8 bits.

    Attributes:
        of: row numbers → (row number, numbers) of each of these images. Images that cannot be read, or whose file says how it
            is shown, are left out.
        scale: how they are scaled. apart: True if each image is scaled from its own smallest to its own largest value.
    """

    of: Callable[[Sequence[int]], Iterator[tuple[int, np.ndarray]]]
    scale: Scale
    apart: bool = False


def chosen(images: Iterator[np.ndarray], rows: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    """The images of these rows with their row numbers, from images that can be read in turn only."""
    wanted = set(rows)
    return ((row, image) for row, image in enumerate(images) if row in wanted)


Reader = Callable[[Path], Samples]


@dataclass(frozen=True)
class TreeReader:
    """A reader that knows which files of a tree it reads. Other files beside them do not change the identity of the data.

    Attributes:
        read: the samples of the folder or archive at a path.
        files: names of the files that `read` uses.
        revision: of the names of these files in their tree; empty if they are read as by all earlier versions, otherwise a word
            that becomes part of the identity of the data, so that other images or another split never have the old identity.
        expects: True for a name that should be read if that file were a picture; `cats check` counts such files that are not.
        class_folders: the folders that are declared classes; `cats check` refuses one that holds files but no picture.
        unmistakable: the names of the files belong to this data set alone, so that `cats new` knows a part of them too.
    """

    read: Reader
    files: Callable[[Tree], list[str]]
    revision: Callable[[list[str], Tree], str] = lambda _names, _tree: ""
    expects: Callable[[str], bool] = lambda _: False
    class_folders: frozenset[str] = frozenset()
    unmistakable: bool = False

    def __call__(self, path: Path) -> Samples:
        """The samples of the folder or archive at a path."""
        return self.read(path)


Kept = TypeVar("Kept", bound=Reader)


Note = Callable[[Tree | None, bool], str]


def noted(read: Kept, note: Note) -> Kept:
    """The reader with a note for the identity of its data; empty if pixels are as in all earlier versions.

    note: tree, and whether files that could not be read were left out → text.
    """
    read.__dict__["note"] = note
    return read


def of_volumes(read: Kept) -> Kept:
    """The reader, marked as one of volumes, of which a network sees slices, perhaps a single one."""
    read.__dict__["volumes"] = True
    return read


def reads_volumes(read: Reader) -> bool:
    """Whether a reader is marked as one of volumes."""
    return bool(getattr(read, "volumes", False))


def note_of(read: Reader, tree: Tree | None, *, tolerant: bool) -> str:
    """The note of a reader about the files in a tree; empty if it has none."""
    note: Note = getattr(read, "note", lambda _tree, _tolerant: "")
    return note(tree, tolerant)


def reading_of(read: Reader, tree: Tree | None, *, tolerant: bool) -> dict[str, str]:
    """Words for the identity of data that this reader reads otherwise than earlier versions did; empty if there are none.

    tolerant: the entry allows unreadable images, so that those which can be read now were left out before.
    """
    words = {"pixels": note_of(read, tree, tolerant=tolerant)}
    if tree is not None:
        names = read.files(tree) if isinstance(read, TreeReader) else tree.names
        words["links"] = "followed" if tree.listing.followed & set(names) else ""
        words["reading"] = read.revision(names, tree) if isinstance(read, TreeReader) else ""
    return {key: word for key, word in words.items() if word}
