"""A table of pictures: one row each, with path, label and, where known, group and part."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from benchmark.dataset import Reader, Samples
from benchmark.readers import pictures
from benchmark.tree import Tree
from results.error import CatsError, nearest


@dataclass(frozen=True)
class Columns:
    """How to read a table; see `table`."""

    file: str
    path: str
    label: str | list[str]
    classes: list[str] | dict[str, int]
    group: str = ""
    part: str = ""
    part_values: dict[str, str] | None = None
    images: str = ""
    ending: str = ""
    separator: str = ","
    labels_separator: str = ""
    nothing: str = ""


def table(**options: Any) -> Reader:
    """A CSV or Parquet table beside the pictures, in a folder, zip or tar.

    file: the table. path, label, group, part: names of its columns. classes: the labels in their order, or label → index.
    Multi-label: `label` is a list of columns of 0 and 1, or `labels_separator` stands between the labels of one cell, and
    `nothing` is what the cell holds where there is none. part_values: what the column says → train, val, test.
    images: folder of the pictures, ending: what the column leaves away. separator: between the columns of a CSV.
    """
    columns = Columns(**options)

    def read(folder: Path) -> Samples:
        tree = Tree(folder)
        rows, names = named_rows(tree, columns)
        groups = [str(value) for value in rows[columns.group]] if columns.group else None
        return Samples(pictures(tree, names), labels_of(rows, columns, tree.path), names, groups, parts_of(rows, columns))

    return read


def named_rows(tree: Tree, columns: Columns) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the table and the name of each row's picture. Raises CatsError naming a column or picture that is absent."""
    where = f"{tree.path}/{columns.file}"
    rows = _frame(tree, columns, where)
    labels = columns.label if isinstance(columns.label, list) else [columns.label]
    for column in (columns.path, *labels, columns.group, columns.part):
        if column and column not in rows:
            raise CatsError(f"{where} has no column '{column}'{nearest(column, map(str, rows))}")
    known = set(tree.names)
    names = []
    for number, value in enumerate(rows[columns.path], 2):
        name = str(PurePosixPath(columns.images) / f"{value}{columns.ending}")
        if name not in known:
            raise CatsError(f"{where}, line {number} names {name}, which is not there")
        names.append(name)
    return rows, names


def _frame(tree: Tree, columns: Columns, where: str) -> pd.DataFrame:
    if columns.file not in tree.names:
        raise CatsError(f"{where} is not there")
    content = io.BytesIO(next(iter(tree.read([columns.file]))))
    try:
        if columns.file.endswith(".parquet"):
            return pd.read_parquet(content)
        return pd.read_csv(content, sep=columns.separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise CatsError(f"{where} cannot be read as a table: {error}") from error


def labels_of(rows: pd.DataFrame, columns: Columns, path: Path) -> np.ndarray:
    """(N,) int64; multi-label (N, C). Raises CatsError naming line, label and what is allowed."""
    index = columns.classes if isinstance(columns.classes, dict) else {name: i for i, name in enumerate(columns.classes)}
    lookup = {str(name): number for name, number in index.items()}

    def number(value: str, line: int) -> int:
        if value not in lookup:
            raise CatsError(f"{path}/{columns.file}, line {line} has the label '{value}'; allowed are {', '.join(lookup)}")
        return lookup[value]

    if isinstance(columns.label, list):
        return rows[columns.label].astype(int).to_numpy(np.int64)
    cells = [str(value) for value in rows[columns.label]]
    if not columns.labels_separator:
        return np.array([number(cell, line) for line, cell in enumerate(cells, 2)], dtype=np.int64)
    found = np.zeros((len(cells), max(lookup.values()) + 1), dtype=np.int64)
    for row, cell in enumerate(cells):
        for value in cell.split(columns.labels_separator) if cell != columns.nothing else ():
            found[row, number(value, row + 2)] = 1
    return found


def parts_of(rows: pd.DataFrame, columns: Columns) -> list[str] | None:
    """The part of each row, if the table says it."""
    if not columns.part:
        return None
    words = columns.part_values or {}
    return [words.get(str(value), str(value)) for value in rows[columns.part]]


def decoded_by(decode: Callable[[bytes, str], np.ndarray], tree: Tree, names: list[str]) -> Iterator[np.ndarray | CatsError]:
    """The images of a tree by another decoder; one that cannot be read stands there as its error."""
    for name, content in zip(names, tree.read(names), strict=True):
        try:
            yield decode(content, f"{tree.path}/{name}")
        except CatsError as error:
            yield error
