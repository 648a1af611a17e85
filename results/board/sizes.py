"""The number of training images by which runs are told apart: as plans and people write it, and as records hold it."""

from typing import TYPE_CHECKING

from results.error import CatsError, nearest
from results.text.brief import briefly

if TYPE_CHECKING:
    import pandas as pd

DataSize = int | None  # a number of training images, as a plan states it; None: all of them
ALL = "all"
TRAIN = "subsample.train"  # the setting of a record that holds the number
PER_CLASS = "subsample.per_class"  # the setting that says whether the number is one of each class


def size_text(size: DataSize) -> str:
    """A number of training images as a person writes it."""
    return ALL if size is None else str(size)


def images_text(size: DataSize, *, per_class: bool) -> str:
    """A number of training images as sentences name it: `50 training images`; `of each class` where the plan counts so."""
    return f"{size_text(size)} training images{' of each class' if per_class and size is not None else ''}"


def counts_each_class(cells: "pd.DataFrame") -> bool:
    """Whether the numbers of training images of some runs are those of each class."""
    return PER_CLASS in cells and bool((cells[PER_CLASS] == "True").any())


def size_of(written: str) -> DataSize:
    """A number of training images from the setting of a record."""
    return int(written) if written.isascii() and written.isdigit() else None


def stated_size(text: str) -> DataSize:
    """A number of training images from what a person writes. Raises CatsError for anything else."""
    if text == ALL:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 17 and int(text) > 0):
        raise CatsError(f"--train is {briefly(text)}; give a number of training images from 1 on, such as 50, or {ALL}")
    return int(text)


def in_order(sizes: "set[DataSize]") -> list[DataSize]:
    """Numbers of training images in ascending order, all of them at the end."""
    return sorted(sizes, key=lambda size: (size is None, size or 0))


def sizes_in(cells: "pd.DataFrame") -> list[DataSize]:
    """The numbers of training images of some runs, ascending."""
    return in_order({size_of(str(each)) for each in cells[TRAIN].dropna()}) if TRAIN in cells else []


def require_one_size(cells: "pd.DataFrame", experiment: str) -> None:
    """Raises CatsError if the runs of a target have several numbers of training images."""
    import pandas as pd

    held = cells.groupby("target")[TRAIN].nunique() if TRAIN in cells else pd.Series(dtype=int)
    for target in held.index[held > 1]:
        each = [size_text(size) for size in sizes_in(cells[cells["target"] == target])]
        raise CatsError(
            f"experiment '{experiment}' mixes {TRAIN} {' and '.join(each)} on {target}, and sources with different numbers of "
            f"training images cannot be compared; name one of them with --train, such as {each[-1]}, or the plan file"
        )


def of_size(cells: "pd.DataFrame", size: DataSize, experiment: str) -> "pd.DataFrame":
    """The runs with one number of training images. Raises CatsError that says which numbers there are, if there is none."""
    here = cells[cells[TRAIN].astype(str) == str(size)] if TRAIN in cells else cells[:0]
    if not len(here):
        known = [size_text(each) for each in sizes_in(cells)]
        hint = nearest(size_text(size), known)
        raise CatsError(f"experiment '{experiment}' holds no run with {size_text(size)} training images{hint}")
    return here
