"""Reader of a table of pictures: each row has the path, the label and, if known, group and part of a picture."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.pictures import pictures
from benchmark.data.readers.samples import Reader, Samples
from results.error import CatsError, nearest


@dataclass(frozen=True)
class Columns:
    """How to read a table; see `table`."""

    file: str
    path: str
    label: str | list[str]
    classes: list[str] | dict[str, int] | dict[str, str]
    group: str = ""
    part: str = ""
    part_values: dict[str, str] | None = None
    images: str = ""
    ending: str = ""
    separator: str = ","
    labels_separator: str = ""
    nothing: str = ""
    id: str = ""


def table(*, white: int = 65535, **options: Any) -> Reader:
    """A CSV or Parquet table beside the pictures, in a folder, zip or tar.

    file: the table. path, label, group, part, id: names of its columns; without id the path is the id. classes: the labels
    in their order, or label → index, or label → class, in the order of the first ones.
    Multi-label: `label` is a list of columns of 0 and 1, or `labels_separator` separates the labels of one cell, and
    `nothing` is the content of a cell without labels. part_values: value of the column → train, val, test.
    images: folder of the pictures. ending: end of their names that the column omits. separator: between the columns of a CSV.
    white: the value of white in 16-bit pictures.
    """
    columns = Columns(**options)

    def read(folder: Path) -> Samples:
        tree = Tree(folder)
        rows, names = named_rows(tree, columns)
        groups = [cell_text(value) for value in rows[columns.group]] if columns.group else None
        labels, ids = labels_of(rows, columns, tree.path), ids_of(rows, columns, names)
        return Samples(pictures(tree, names, white), labels, ids, groups, parts_of(rows, columns))

    return read


def named_rows(tree: Tree, columns: Columns) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the table and the name of each row's picture. Raises CatsError for a missing column or picture."""
    where = f"{tree.path}/{columns.file}"
    rows = _frame(tree, columns, where)
    labels = columns.label if isinstance(columns.label, list) else [columns.label]
    for column in (columns.path, *labels, columns.group, columns.part, columns.id):
        if column and column not in rows:
            raise CatsError(f"{where} has no column '{column}'{nearest(column, map(str, rows))}")
    existing = set(tree.names)
    names = []
    for number, value in enumerate(rows[columns.path], 2):
        name = str(PurePosixPath(columns.images) / f"{cell_text(value)}{columns.ending}")
        if name not in existing:
            raise CatsError(f"{where}, line {number} names {name}, which does not exist")
        names.append(name)
    return rows, names


def cell_text(value: Any) -> str:
    """A cell as CSV would write it: Parquet may hold 1.0 for 1, or nothing."""
    if value is None or value != value:  # noqa: PLR0124 - only NaN is not itself
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _frame(tree: Tree, columns: Columns, where: str) -> pd.DataFrame:
    if columns.file not in tree.names:
        raise CatsError(f"{where} does not exist")
    content = io.BytesIO(next(iter(tree.read([columns.file]))))
    try:
        if columns.file.endswith(".parquet"):
            return pd.read_parquet(content)
        return pd.read_csv(content, sep=columns.separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise CatsError(f"{where} cannot be read as a table: {error}") from error


def labels_of(rows: pd.DataFrame, columns: Columns, path: Path) -> np.ndarray:
    """Labels (N,) int64; multi-label (N, C). Raises CatsError with line, label and allowed labels."""
    where = f"{path}/{columns.file}"
    lookup = _indices(columns.classes)

    def number(value: str, line: int) -> int:
        if value not in lookup:
            raise CatsError(f"{where}, line {line} has the label '{value}'; allowed are {', '.join(lookup)}")
        return lookup[value]

    if isinstance(columns.label, list):
        return np.stack([_marks(rows[column], where) for column in columns.label], axis=1)
    cells = [cell_text(value) for value in rows[columns.label]]
    if not columns.labels_separator:
        return np.array([number(cell, line) for line, cell in enumerate(cells, 2)], dtype=np.int64)
    marks = np.zeros((len(cells), max(lookup.values()) + 1), dtype=np.int64)
    for row, cell in enumerate(cells):
        for value in cell.split(columns.labels_separator) if cell != columns.nothing else ():
            marks[row, number(value, row + 2)] = 1
    return marks


def _indices(classes: list[str] | dict[str, int] | dict[str, str]) -> dict[str, int]:
    """Label → index of its class."""
    if not isinstance(classes, dict):
        return {str(name): index for index, name in enumerate(classes)}
    order = list(dict.fromkeys(value for value in classes.values() if isinstance(value, str)))
    if order and not all(isinstance(value, str) for value in classes.values()):
        raise CatsError(f"the classes of a table must be all indices or all names, not {', '.join(map(str, classes.values()))}")
    return {str(label): order.index(value) if isinstance(value, str) else value for label, value in classes.items()}


def _marks(column: "pd.Series[Any]", where: str) -> np.ndarray:
    """A column of 0 and 1 as (N,) int64. Raises CatsError naming line, column and cell."""
    values = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "False": 0, "True": 1}
    marks = []
    for line, value in enumerate(column, 2):
        if cell_text(value) not in values:
            raise CatsError(f"{where}, line {line} has '{cell_text(value)}' in column '{column.name}'; allowed are 0 and 1")
        marks.append(values[cell_text(value)])
    return np.array(marks, dtype=np.int64)


def ids_of(rows: pd.DataFrame, columns: Columns, names: list[str]) -> list[str]:
    """The id of each row: from the table, else the name of its picture."""
    return [cell_text(value) for value in rows[columns.id]] if columns.id else names


def parts_of(rows: pd.DataFrame, columns: Columns) -> list[str] | None:
    """The part of each row, or None if the table has none."""
    if not columns.part:
        return None
    words = columns.part_values or {}
    return [words.get(cell_text(value), cell_text(value)) for value in rows[columns.part]]


def decode_with(decode: Callable[[bytes, str], np.ndarray], tree: Tree, names: list[str]) -> Iterator[np.ndarray | CatsError]:
    """The images of a tree decoded by `decode`; an image that cannot be read is replaced by its CatsError."""
    for name, content in zip(names, tree.read(names), strict=True):
        try:
            yield decode(content, f"{tree.path}/{name}")
        except CatsError as error:
            yield error
