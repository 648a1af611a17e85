"""The facts that can be inferred from undescribed data, and the small steps that all kinds of data share."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.image_file import stored_picture
from benchmark.data.readers.opening import DAMAGED, opened, unreadable
from benchmark.data.readers.picture_format import ending_of
from benchmark.data.readers.samples import PARTS
from benchmark.data.readers.stored import DEEP, GREY, is_unknown_tiff
from results.error import CatsError
from results.text.counts import how_many, share_of

MAX_PAGED = 500  # pictures that are opened to see their pages
MAX_OPENED = 5000  # pictures that are opened to see their shape
MAX_DECODED = 100_000_000  # pixels that are decoded to see damage, about two seconds


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
        multilabel: True if an image may have several labels. broken: share of pictures that may be unreadable.
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
    broken: float = 0.0
    total: int = 0
    spellings: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """Number of images; an image with several labels counts once."""
        return self.total or sum(self.parts.values()) or sum(self.counts.values())


def in_part_order(counts: Counter[str]) -> dict[str, int]:
    """Counts of parts in the order train, val, test, without parts that have no image."""
    return {part: counts[part] for part in PARTS if counts[part]}


def number_of_groups(groups: Sequence[str], kind: str) -> str:
    """How many groups there are, as in `9 patients`; an image without a group counts for none."""
    return how_many(len(set(groups) - {""}), kind)


def require_two_classes(path: Path, counts: dict[str, int]) -> None:
    """Raises CatsError if there are fewer than two classes."""
    if len(counts) < 2:
        raise CatsError(f"{path} has only the class '{next(iter(counts))}'; at least two are needed")


def evenly(names: Sequence[str], most: int) -> list[str]:
    """At most `most` of the names, evenly spread over all of them: neighbours often are of one class."""
    return [names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(len(names), most)).astype(int))]


def way_to_allow(faults: int, count: int) -> str:
    """The end of a sentence about `faults` of `count` files: the option that allows as many; empty if all are like that."""
    share = -(-100 * faults // count) / 100
    return f", or allow them with --broken {share} (in the entry: broken)" if share < 1 else ""


def picture_shapes(tree: Tree, names: Sequence[str], broken: float = 0.0) -> tuple[dict[tuple[int, int], int], bool]:
    """(height, width) → number of pictures, and whether all are grey, of at most MAX_OPENED pictures.

    Raises CatsError that names a picture that cannot be read, unless at most the share `broken` is like that.
    """
    chosen = evenly(names, MAX_OPENED)
    shapes: Counter[tuple[int, int]] = Counter()
    grey, decoded, faults = True, 0, []
    for name, content in zip(chosen, tree.read(chosen), strict=True):
        try:
            if is_unknown_tiff(content):
                values = stored_picture(content, name).values
                shapes[values.shape[0], values.shape[1]] += 1
                grey = grey and values.ndim == 2
                continue
            with opened(content, name) as image:
                decoded += image.width * image.height
                if decoded < MAX_DECODED:
                    image.load()
                shapes[image.height, image.width] += 1
                grey = grey and image.mode in {*GREY, *DEEP, "F"}
        except CatsError as error:
            faults.append(str(error))
        except DAMAGED as error:
            faults.append(str(unreadable(name, error)))
    if len(faults) > broken * len(chosen) or not shapes:
        raise CatsError(
            f"{tree.path}: {faults[0]}; {len(faults):,} of {len(chosen):,} pictures cannot be read: repair or remove them"
            + way_to_allow(len(faults), len(chosen))
        )
    return dict(shapes.most_common()), grey


def several_pages(tree: Tree, names: Sequence[str]) -> tuple[str, ...]:
    """A sentence if pictures hold several pages or frames, of which only the first one is read; looks at MAX_PAGED of them."""
    may = [name for name in names if ending_of(name) not in {".png", ".jpg", ".jpeg", ".bmp"}]
    chosen = evenly(may, MAX_PAGED)
    found = []
    for name, content in zip(chosen, tree.read(chosen), strict=True):
        with suppress(CatsError, *DAMAGED), opened(content, name) as image:
            if getattr(image, "n_frames", 1) > 1:
                found.append(name)
    if not found:
        return ()
    hold = share_of(len(found), len(chosen), "pictures", "holds", "hold")
    return (f"{hold} several pages, of which the first is read, as in {found[0]}",)
