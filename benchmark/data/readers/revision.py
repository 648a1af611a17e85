"""What readers make of the same files otherwise than they once did: it enters the identity of the data sets concerned.

A reader without a note here has always read its files in this way, so that its data sets keep their digests.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from benchmark.core.digest import remembered
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.opening import DAMAGED
from benchmark.data.readers.scale import Scale
from benchmark.data.readers.stored import is_misread, reopened
from results.digest import digest

DICOM = "dicom 2"  # 1 knew no look-up tables, palettes, sigmoid windows, padding and frames
WHITE = "white 2"  # 1 was for grey of 16 bits alone
TIFF = "tiff 2"  # 1 took Pillow's word for pictures that it misreads
NONE = digest([])


def of_pictures(scale: Scale) -> Callable[[Tree | None], str]:
    """The note of readers of picture files."""

    def note(tree: Tree | None) -> str:
        white = [WHITE] if scale.white not in {None, 65535} else []
        misread = _misread(tree) if tree else NONE
        return " ".join([*white, *([f"{TIFF} {misread}"] if misread != NONE else [])])

    return note


def _misread(tree: Tree) -> str:
    """Digest of the names of the TIFF files that were once misread, cached by the state of all TIFF files."""
    names = [name for name in tree.names if PurePosixPath(name).suffix.lower() in {".tif", ".tiff"}]
    if not names:
        return NONE
    places = [tree.path / name for name in names] if tree.path.is_dir() else [tree.path]
    states = [[str(place), place.stat().st_size, place.stat().st_mtime_ns] for place in places]
    return remembered(["misread", str(tree.path.resolve()), states], lambda: digest(list(_misread_names(tree, names))))


def _misread_names(tree: Tree, names: list[str]) -> Iterator[str]:
    archived = iter(()) if tree.path.is_dir() else tree.read(names)
    for name in names:
        try:
            with reopened(tree.path / name if tree.path.is_dir() else io.BytesIO(next(archived))) as opened:
                if is_misread(opened):
                    yield name
        except DAMAGED:
            continue  # it could not be read before either
