"""What readers make of the same files otherwise than they once did: it enters the identity of the data sets concerned.

A reader without a note here has always read its files in this way, so that its data sets keep their digests.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from benchmark.core.digest import remembered
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.opening import DAMAGED
from benchmark.data.readers.samples import Note
from benchmark.data.readers.scale import Scale
from benchmark.data.readers.stored import is_misread, is_unknown_tiff, reopened, stored
from results.error import CatsError
from results.files.digest import digest

DICOM = "dicom 2"  # 1 knew no look-up tables, palettes, sigmoid windows, padding and frames
WHITE = "white 2"  # 1 was for grey of 16 bits alone
TIFF = "tiff 2"  # 1 took Pillow's word for pictures that it misreads
MENDED = "tiff 3"  # before, TIFF files that Pillow does not know could not be read
NONE = digest([])


def of_pictures(scale: Scale) -> Note:
    """The note of readers of picture files."""

    def note(tree: Tree | None, tolerant: bool) -> str:
        white = [WHITE] if scale.white not in {None, 65535} else []
        misread = _digest_of("misread", tree, _misread_names)
        mended = _digest_of("mended", tree, _mended_names) if tolerant else NONE
        return " ".join([
            *white, *([f"{TIFF} {misread}"] if misread != NONE else []), *([f"{MENDED} {mended}"] if mended != NONE else [])
        ])  # fmt: skip

    return note


def _digest_of(what: str, tree: Tree | None, chosen: Callable[[Tree, list[str]], Iterator[str]]) -> str:
    """Digest of the names of TIFF files that a function chooses, cached by the state of all TIFF files."""
    names = [name for name in tree.names if PurePosixPath(name).suffix.lower() in {".tif", ".tiff"}] if tree else []
    if tree is None or not names:
        return NONE
    places = [tree.path / name for name in names] if tree.unpacked else [tree.path]
    states = [[str(place), place.stat().st_size, place.stat().st_mtime_ns] for place in places]
    return remembered([what, str(tree.path.resolve()), states], lambda: digest(list(chosen(tree, names))))


def _misread_names(tree: Tree, names: list[str]) -> Iterator[str]:
    """The files that were once misread."""
    archived = iter(()) if tree.unpacked else tree.read(names)
    for name in names:
        try:
            with reopened(tree.path / name if tree.unpacked else io.BytesIO(next(archived))) as opened:
                if is_misread(opened):
                    yield name
        except DAMAGED:
            continue  # see _mended_names


def _mended_names(tree: Tree, names: list[str]) -> Iterator[str]:
    """The files that Pillow cannot open and another library can: they once counted as broken, and were left out."""
    for name, content in zip(names, tree.read(names), strict=True):
        with suppress(CatsError, *DAMAGED):
            if is_unknown_tiff(content) and stored(content, name).values.size:
                yield name
