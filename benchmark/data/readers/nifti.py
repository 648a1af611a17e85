"""Readers of NIfTI files (.nii, .nii.gz): volumes of which a network sees slices (extra `nifti`)."""

from pathlib import Path
from typing import Any

from benchmark.data.readers.encoded import Encoded
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.folders import Layout, reader_of_folders
from benchmark.data.readers.nifti_file import ENDINGS, library
from benchmark.data.readers.nifti_view import VolumeView
from benchmark.data.readers.samples import Samples, TreeReader, noted, of_volumes
from benchmark.data.readers.strangers import is_stranger
from benchmark.data.readers.table import groups_of_rows, named_rows, reader_of_table, said_of_rows, tree_of
from benchmark.data.readers.table_file import Columns

NIFTI = "nifti 1"  # part of the identity; raised when slices are shown otherwise


def nifti(**options: Any) -> TreeReader:
    """NIfTI files named by a table: the options of `table`, except white, and of VolumeView."""
    view, others = _split(options)
    columns = Columns(**others)

    def read(folder: Path) -> Samples:
        library()
        tree = tree_of(folder, columns)
        rows, names = named_rows(tree, columns)
        groups = groups_of_rows(rows, names, columns, folder) if columns.group else None
        images, said = Encoded(tree, names, view.shown), said_of_rows(rows, names, columns, tree.path)
        return Samples(images, groups=groups, slices=view.slices, **said)

    return of_volumes(noted(reader_of_table(read, columns), lambda _tree, _tolerant: NIFTI))


def nifti_folders(**options: Any) -> TreeReader:
    """NIfTI files in one folder per class: the options of `folders`, except white, and of VolumeView."""
    view, others = _split(options)
    layout = Layout(**others)

    def files(tree: Tree) -> list[str]:
        return layout.of(nifti_names(tree))

    def read(folder: Path) -> Samples:
        library()
        tree = Tree(folder)
        names = files(tree)
        labels, groups, parts = layout.arranged(folder, names)
        return Samples(Encoded(tree, names, view.shown), labels, names, groups, parts, slices=view.slices)

    return of_volumes(noted(reader_of_folders(read, files, layout), lambda _tree, _tolerant: NIFTI))


def nifti_names(tree: Tree) -> list[str]:
    """Names of all NIfTI files of a tree, by their endings."""
    return [name for name in tree.names if name.lower().endswith(ENDINGS) and not is_stranger(name)]


def _split(options: dict[str, Any]) -> tuple[VolumeView, dict[str, Any]]:
    """The view and the other options."""
    seen = {name: value for name, value in options.items() if name in VolumeView.__dataclass_fields__}
    return VolumeView(**seen), {name: value for name, value in options.items() if name not in seen}
