"""Readers of DICOM files: pixels as a viewer shows them, patients as groups."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from benchmark.data.readers.dicom_pixels import library, opened, pixels, undeclared_values
from benchmark.data.readers.dicom_view import View
from benchmark.data.readers.encoded import Encoded
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.folders import Layout, reader_of_folders
from benchmark.data.readers.picture_files import DICOM_ENDINGS
from benchmark.data.readers.picture_format import ending_of
from benchmark.data.readers.revision import DICOM
from benchmark.data.readers.samples import Samples, StoredNumbers, TreeReader, noted
from benchmark.data.readers.scale import Scale, scale_of
from benchmark.data.readers.strangers import is_stranger
from benchmark.data.readers.table import groups_of_rows, named_rows, reader_of_table, said_of_rows, tree_of
from benchmark.data.readers.table_file import Columns
from results.error import CatsError
from results.text.counts import how_many

MARK = slice(128, 132)  # where a DICOM file says DICM, whatever it is called


def dicom(**options: Any) -> TreeReader:
    """DICOM files named by a table: the options of `table`, of View and of Scale.

    The group of an image is its PatientID, or another attribute (`group_tag`), unless the table has a column `group`.
    """
    view, scale, others = _split(options)
    columns = Columns(**others)

    def read(folder: Path) -> Samples:
        library()
        tree = tree_of(folder, columns)
        rows, names = named_rows(tree, columns)
        groups = groups_of_rows(rows, names, columns, folder) if columns.group else groups_of(tree, names, view.group_tag)
        images = Encoded(tree, names, partial(pixels, view=view, scale=scale))
        unreadable = frozenset[int]() if columns.group else broken_of(groups)
        said = said_of_rows(rows, names, columns, tree.path)
        return Samples(images, groups=groups, stored=_stored(tree, names, view, scale), unreadable=unreadable, **said)

    return noted(reader_of_table(read, columns), lambda _tree, _tolerant: DICOM)


def dicom_folders(**options: Any) -> TreeReader:
    """DICOM files in one folder per class: the options of `folders`, of View and of Scale.

    Files are known by their ending or by their content; a DICOMDIR, and files without an image (reports, contours), are left
    out. The group of an image is its PatientID, or another attribute (`group_tag`), unless `group` takes it from the path.
    """
    view, scale, others = _split(options)
    layout = Layout(**others)

    def files(tree: Tree) -> list[str]:
        return layout.of(dicom_names(tree))

    def read(folder: Path) -> Samples:
        library()
        tree = Tree(folder)
        every = files(tree)
        names = [name for name, header in zip(every, headers(tree, every), strict=True) if holds_image(header)]
        labels, groups, parts = layout.arranged(folder, names)
        by_file = groups is None
        if groups is None:
            groups = groups_of(tree, names, view.group_tag)
        images = Encoded(tree, names, partial(pixels, view=view, scale=scale))
        others = len(every) - len(names)
        left_out = (without_image(others),) if others else ()
        unreadable = broken_of(groups) if by_file else frozenset[int]()
        return Samples(images, labels, names, groups, parts, left_out, _stored(tree, names, view, scale), unreadable)

    return noted(reader_of_folders(read, files, layout), lambda _tree, _tolerant: DICOM)


def _split(options: dict[str, Any]) -> tuple[View, Scale, dict[str, Any]]:
    """View, Scale and the other options."""
    scale, others = scale_of(options)
    seen = {name: value for name, value in others.items() if name in View.__dataclass_fields__}
    return View(**seen), scale, {name: value for name, value in others.items() if name not in seen}


def _stored(tree: Tree, names: list[str], view: View, scale: Scale) -> StoredNumbers:
    """The values of the files that nothing says how to show."""

    def look(rows: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        for row, content in zip(rows, tree.read([names[row] for row in rows]), strict=True):
            with suppress(CatsError):
                values = undeclared_values(content, f"{tree.path}/{names[row]}", view)
                if values is not None:
                    yield row, values

    return StoredNumbers(look, scale, apart=not scale.declared)


def dicom_names(tree: Tree) -> list[str]:
    """Names of all DICOM files of a tree: by ending, else by content; never a DICOMDIR, which lists the others."""
    return dicom_among(tree, tree.names)


def dicom_among(tree: Tree, names: Sequence[str]) -> list[str]:
    """Those of some names of a tree that are DICOM files."""
    names = [name for name in names if not is_stranger(name) and PurePosixPath(name).name.upper() != "DICOMDIR"]
    heads = tree.heads([name for name in names if ending_of(name) not in DICOM_ENDINGS])
    return [name for name in names if name not in heads or heads[name][MARK] == b"DICM"]


def headers(tree: Tree, names: Sequence[str]) -> Iterator[Any]:
    """The header of each file, without its pixels; the CatsError that names a file that cannot be read."""
    contents: Iterable[bytes | Path] = (tree.path / name for name in names) if tree.unpacked else tree.read(names)
    for name, content in zip(names, contents, strict=True):
        try:
            yield opened(content, f"{tree.path}/{name}", header_only=True)
        except CatsError as error:
            yield error


def holds_image(header: Any) -> bool:
    """True for a header of a file with an image. A file that cannot be read counts too: it is a broken image."""
    return isinstance(header, CatsError) or "Rows" in header


def groups_of(tree: Tree, names: Sequence[str], tag: str) -> list[str] | None:
    """The group of each image. Raises CatsError for a file without it: its patient could be in two parts."""
    if not tag:
        return None
    # A broken file has no group, and becomes an error in Samples.
    found = zip(names, headers(tree, names), strict=True)
    return ["" if isinstance(header, CatsError) else tag_of(header, tag, f"{tree.path}/{name}") for name, header in found]


def broken_of(groups: Sequence[str] | None) -> frozenset[int]:
    """The row numbers of broken files among the groups that `groups_of` returns: they alone have no group."""
    return frozenset(row for row, group in enumerate(groups or ()) if not group)


def tag_of(header: Any, tag: str, where: str) -> str:
    """An attribute of a file as text. Raises CatsError if it is absent, empty or damaged."""
    try:
        value = str(header.get(tag) or "").strip()
    except Exception as error:
        raise CatsError(f"{where}: its {tag} cannot be read: {error}") from error
    if not value:
        raise CatsError(f"{where} has no {tag}; choose another group_tag, or '' if patients are unknown")
    return value


def without_image(files: int) -> str:
    """The sentence about DICOM files that hold no image and are left out."""
    what = "no image (reports, contours)"
    return how_many(files, f"DICOM file holds {what} and is left out", f"DICOM files hold {what} and are left out")
