"""Reader of a table of pictures: each row has the path, the label and, if known, group and part of a picture."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.readers.cells import quoted, same_groups
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.packed import Packed
from benchmark.data.readers.picture_files import PictureFiles
from benchmark.data.readers.pictures import groups_of_names, pictures, stored_values
from benchmark.data.readers.revision import of_pictures
from benchmark.data.readers.samples import Reader, Samples, StoredNumbers, TreeReader, noted
from benchmark.data.readers.scale import scale_of
from benchmark.data.readers.table_file import Columns, lines_of, paths_of, table_of, texts_of
from benchmark.data.readers.table_labels import column_names, labelled_rows, labels_of, left_out_of
from benchmark.data.readers.table_parts import differ_from_before, parts_of_words
from results.error import CatsError, nearest

if TYPE_CHECKING:
    import pandas as pd  # lists of entries are made without it


def table(**options: Any) -> TreeReader:
    """A CSV or Parquet table beside the pictures, in a folder, zip or tar.

    file: the table. path, label, group, part, id: names of its columns; without id the path is the id. columns: names of all
    columns, of a CSV that has no line of names. classes: the labels in their order, or label → index, or label → class, in the
    order of the first ones. group: also a regular expression on the name of the file, whose first bracket is the group.
    Multi-label: `label` is a list of columns of 0 and 1, or `labels_separator` separates the labels of one cell, and
    `nothing` is the content of a cell without labels. marks: what other contents of columns of 0 and 1 mean, `{"-1": 1}`.
    one_hot: of a list of columns exactly one is 1, and it is the class.
    missing: contents of the label that mean that there is none ("" is a blank cell); their rows are left out and counted.
    part_values: value of the column → train, val, test, or `extra` for rows that are in no part; usual words need none.
    path: also several columns, as in `{folder}/{file}`. images: folder of the pictures, or several; `scans/**` is any folder
    below scans. ending: end of their names that the column omits, or several. strip: beginning of the cells that is no folder
    of the tree. alike: `case`, `ending` and `zeros` may differ between a cell and the name of its file. Each row must name
    exactly one file. archives: of the folder, whose files are read in place. separator: between the columns of a CSV.
    attributes: names of attributes of the images, such as site, and their columns, by which results are shown for subgroups.
    white, range: which stored values become black and white, see Scale.
    """
    scale, others = scale_of(options)
    columns = Columns(**others)

    def read(folder: Path) -> Samples:
        tree = tree_of(folder, columns)
        rows, names = named_rows(tree, columns)
        groups = groups_of_rows(rows, names, columns, folder) if columns.group else None
        stored = StoredNumbers(stored_values(tree, names), scale)
        return Samples(
            pictures(tree, names, scale), groups=groups, stored=stored, **said_of_rows(rows, names, columns, tree.path)
        )

    return noted(reader_of_table(read, columns), of_pictures(scale))


def reader_of_table(read: Reader, columns: Columns) -> TreeReader:
    """The reader with the files that the table names, and a revision where words of parts or numbers of groups are now read."""

    @lru_cache(maxsize=1)  # the identity of the data asks twice
    def files(tree: Tree) -> list[str]:
        whole = tree_of(tree.path, columns) if columns.archives else tree
        names = named_rows(whole, columns)[1]
        return [columns.file, *(whole.files(names) if isinstance(whole, Packed) else names)]

    def revision(_: list[str], tree: Tree) -> str:
        if not columns.part and not columns.group:
            return ""
        rows = labelled_rows(_rows(tree, columns), columns)
        words = list(dict.fromkeys(texts_of(rows, columns.part))) if columns.part else []
        parts = differ_from_before(_meaning(words, columns, tree.path), columns.part_values or {})
        cells = texts_of(rows, columns.group) if columns.group in rows else []
        return ("2" if parts else "") + (" groups 2" if same_groups(cells) != cells else "")

    return TreeReader(read, files, revision)


def named_rows(tree: Tree, columns: Columns) -> "tuple[pd.DataFrame, list[str]]":
    """The rows of the table that have a label, and the name of each row's picture.

    Raises CatsError for a missing column, for a picture that is missing, and for a cell that names two files.
    """
    where = f"{tree.path}/{columns.file}"
    rows = labelled_rows(_rows(tree, columns), columns)
    files = PictureFiles(tree.names, columns.images, columns.ending, strip=columns.strip, alike=columns.alike or ())
    names = []
    for cell, line in zip(paths_of(rows, columns.path), lines_of(rows), strict=True):
        found = files.of(cell)
        if not found:
            raise CatsError(f"{where}, line {line} names {files.expected(cell)}, which does not exist")
        if len(found) > 1:
            raise CatsError(f"{where}, line {line} names '{cell}', which may be {quoted(found)}; state images or ending")
        names += found
    return rows, names


def _rows(tree: Tree, columns: Columns) -> "pd.DataFrame":
    """All rows of the table. Raises CatsError if the table or one of its columns is missing."""
    where = f"{tree.path}/{columns.file}"
    if columns.file not in tree.names:
        raise CatsError(f"{where} does not exist")
    rows = table_of(next(iter(tree.read([columns.file]))), columns.file, columns.separator, where, columns.columns)
    for column in column_names(columns, list(map(str, rows))):
        if column not in rows:
            raise CatsError(f"{where} has no column '{column}'{nearest(column, map(str, rows))}")
    return rows


def tree_of(folder: Path, columns: Columns) -> Tree:
    """The files among which the table names pictures: those of a folder or archive, and of archives in a folder."""
    return Packed(folder, columns.archives) if columns.archives else Tree(folder)


def groups_of_rows(rows: "pd.DataFrame", names: list[str], columns: Columns, path: Path) -> list[str]:
    """The group of each row: from a column, or from the names of the pictures if it is a regular expression."""
    if columns.group in rows:
        return same_groups(texts_of(rows, columns.group))
    return groups_of_names(columns.group, names, path)


def said_of_rows(rows: "pd.DataFrame", names: list[str], columns: Columns, path: Path) -> dict[str, Any]:
    """What the table says of the pictures, as arguments of Samples: labels, ids, parts, what is left out, and attributes.

    The id of a row without one is the name of its picture. Raises CatsError for a label or a part that is not known.
    """
    attributes = (columns.attributes or {}).items()
    return {
        "labels": labels_of(rows, columns, path),
        "ids": texts_of(rows, columns.id) if columns.id else names,
        "parts": _parts_of(rows, columns, path),
        "left_out": left_out_of(rows),
        "attributes": {name: [text.strip() for text in texts_of(rows, column.strip())] for name, column in attributes},
    }


def _parts_of(rows: "pd.DataFrame", columns: Columns, path: Path) -> list[str] | None:
    """The part of each row, or None if the table has none. Raises CatsError for a word that is not known."""
    if not columns.part:
        return None
    cells = texts_of(rows, columns.part)
    meaning = _meaning(list(dict.fromkeys(cells)), columns, path)
    return [meaning[cell] for cell in cells]


def _meaning(words: list[str], columns: Columns, path: Path) -> dict[str, str]:
    return parts_of_words(words, columns.part_values or {}, f"{path}/{columns.file}: the column '{columns.part}'")
