"""The files in a folder of decoded images: an array of pixels, and a table with labels, ids, groups, parts and sizes."""

from pathlib import Path

import numpy as np

from results.files.kept import read_kept
from results.record import ATTRIBUTE

IMAGES, TABLE = "images.npy", "table.npz"
SIDES = "sides"  # the column of heights and widths in the files
WHAT = "decoded images"
Files = tuple[np.ndarray, dict[str, np.ndarray]]


def read_files(folder: Path) -> Files | None:
    """The pixels (N, size, size, 1 or 3), memory-mapped, and the columns of the table.

    None if a file is missing, or, with a line in the log, if one is damaged. All pixels are read once in a process, because a
    flipped bit would change every figure without a word.
    """
    images = read_kept(folder / IMAGES, _mapped, WHAT)
    table = None if images is None else read_kept(folder / TABLE, table_of, WHAT)
    return None if images is None or table is None else (images, table)


def _mapped(path: Path) -> np.ndarray:
    images: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return images


def table_of(path: Path) -> dict[str, np.ndarray]:
    """The columns of a table. Raises OSError, ValueError, KeyError, EOFError, BadZipFile or zlib.error if it is damaged."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:  # numpy leaves a damaged file open
        more = [name for name in content.files if name.startswith(ATTRIBUTE) or name == SIDES]  # older tables have no sizes
        return {name: content[name] for name in ("labels", "ids", "groups", "parts", *more)}
