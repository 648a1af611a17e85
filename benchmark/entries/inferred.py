"""The facts that can be inferred from undescribed data, and the small steps that all kinds of data share."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.picture_format import PICTURE_ENDINGS
from benchmark.data.readers.samples import PARTS
from results.error import CatsError

PART_WORDS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
MAX_OPENED = 5000  # pictures that are opened to see their shape


@dataclass(frozen=True)
class Inferred:
    """The inferred facts about a data set.

    Attributes:
        path: the folder or file that was examined.
        reader: the reader and its options as an entry names them, `{folders: {...}}`.
        counts: images of each class.
        inside: the file that the entry declares; None if `path` is a tree.
        parts: images of each official part; empty if there are none.
        groups: what several images can belong to, as in `groups:` of an entry; None if unknown.
        shapes: (height, width) → pictures, of those that were opened. grey: True if all of them are grey.
        multilabel: True if an image may have several labels.
        total: number of images, where it is not that of the parts or classes.
        spellings: label → class, where the data write a class otherwise. notes: sentences about what was decided or left out.
    """

    path: Path
    reader: dict[str, dict[str, Any]]
    counts: dict[str, int]
    inside: Path | None = None
    parts: dict[str, int] = field(default_factory=dict)
    groups: str | None = None
    shapes: dict[tuple[int, int], int] = field(default_factory=dict)
    grey: bool = False
    multilabel: bool = False
    total: int = 0
    spellings: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """Number of images; an image with several labels counts once."""
        return self.total or sum(self.parts.values()) or sum(self.counts.values())


def picture_names(tree: Tree) -> list[str]:
    """Names of all pictures in a tree."""
    return [name for name in tree.names if PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS]


def in_part_order(counts: Counter[str]) -> dict[str, int]:
    """Counts of parts in the order train, val, test, without parts that have no image."""
    return {part: counts[part] for part in PARTS if counts[part]}


def require_two_classes(path: Path, counts: dict[str, int]) -> None:
    """Raises CatsError if there are fewer than two classes."""
    if len(counts) < 2:
        raise CatsError(f"{path} has only the class '{next(iter(counts))}'; at least two are needed")


def picture_shapes(tree: Tree, names: Sequence[str]) -> tuple[dict[tuple[int, int], int], bool]:
    """(height, width) → number of pictures, and whether all are grey, of at most MAX_OPENED pictures.

    Raises CatsError that names a picture that cannot be read.
    """
    opened = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(len(names), MAX_OPENED)).astype(int))]
    shapes: Counter[tuple[int, int]] = Counter()
    grey = True
    for name, content in zip(opened, tree.read(opened), strict=True):
        try:
            with Image.open(io.BytesIO(content)) as image:
                shapes[image.height, image.width] += 1
                grey = grey and image.mode in {"1", "L", "I;16"}
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise CatsError(f"{tree.path}: {name} is not a picture that can be read: {error}") from error
    return dict(shapes.most_common()), grey
