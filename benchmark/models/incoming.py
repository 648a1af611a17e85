"""The pictures that a kept classifier is used on: of a folder, an archive, a table, single files, or a data set by its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmark.data.readers.file_tree import Tree
from results.error import CatsError

Content = bytes | Path | np.ndarray | CatsError  # an encoded picture, its file, decoded pixels, or why there is none


@dataclass(frozen=True)
class Incoming:
    """Pictures in the order in which they are used; none of them has been read yet.

    Attributes:
        names: as they are shown and written.
        tree, members: the tree and the name in it of each picture; None where `faults` says why there is no file.
        faults: number of a picture → why it cannot be read.
        pixels: (M, H, W, 1 or 3) uint8 that have been decoded already, instead of a tree; they may lie on the disk.
        rows: (N,) which of `pixels` are used; None for all.
        sides: (M, 2) height and width that each of `pixels` had in its file; None if they are not known.
        labels: index of the class of each picture, (N,), multi-label (N, C); -1 where it is unknown. None if no label is known.
        groups: the patient of each picture; None if patients are unknown.
        notes: sentences about what was found. unscored: sentences about labels that are not there or not used, for uses that
            score.
    """

    names: Sequence[str]
    tree: Tree | None = None
    members: Sequence[str | None] = ()
    faults: dict[int, str] = field(default_factory=dict)
    pixels: np.ndarray | None = None
    rows: np.ndarray | None = None
    sides: np.ndarray | None = None
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    unscored: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def contents(self) -> Iterator[Content]:
        """The content of each picture, in their order. A picture that cannot be read becomes the CatsError that names it."""
        if self.pixels is not None:
            yield from self.pixels if self.rows is None else (self.pixels[row] for row in self.rows)
        elif self.tree is not None and self.tree.unpacked:
            for number, member in enumerate(self.members):
                yield CatsError(self.faults[number]) if member is None else self.tree.path / member
        elif self.tree is not None:
            yield from self._unpacked(self.tree)

    def _unpacked(self, tree: Tree) -> Iterator[Content]:
        """The contents of the members of an archive; behind a damaged one reading begins again."""
        present = [member for member in self.members if member is not None]
        place, reading = 0, tree.read(present)
        for number, member in enumerate(self.members):
            if member is None:
                yield CatsError(self.faults[number])
                continue
            place += 1
            try:
                yield next(reading)
            except CatsError as error:
                reading = tree.read(present[place:])
                yield error
