"""Tables of pictures as data frames: CSV in any separator, or Parquet; and the columns that an entry names."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmark.data.readers.cells import cell_text
from results.error import CatsError


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
    images: str | list[str] = ""
    ending: str | list[str] = ""
    separator: str = ","
    labels_separator: str = ""
    nothing: str = ""
    id: str = ""
    one_hot: bool = False
    missing: list[str] | None = None

    def __post_init__(self) -> None:
        """Take white space from around the names of columns, as `table_of` does."""
        label = self.label.strip() if isinstance(self.label, str) else [name.strip() for name in self.label]
        object.__setattr__(self, "label", label)
        for role in ("path", "group", "part", "id"):
            object.__setattr__(self, role, getattr(self, role).strip())


def table_of(content: bytes, name: str, separator: str, where: str) -> pd.DataFrame:
    """The rows of a table, without empty ones, numbered from 0 by their index; cells of a CSV are text.

    White space around the names of columns is left out.

    Raises CatsError that names `where` if it cannot be read.
    """
    try:
        if name.lower().endswith(".parquet"):
            rows = pd.read_parquet(io.BytesIO(content))
            rows = rows.reset_index(drop=rows.index.names == [None])
        else:
            rows = pd.read_csv(io.BytesIO(content), sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        hint = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise CatsError(f"{where} cannot be read as a table: {error}{hint}") from error
    names = [str(column).strip() for column in rows.columns]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise CatsError(f"{where} has two columns called '{twice}'; rename one of them")
    return rows.set_axis(names, axis=1).reset_index(drop=True).loc[lambda frame: ~frame.isin(["", None]).all(axis=1)]


def lines_of(rows: pd.DataFrame) -> list[int]:
    """The line of each row in the file; the names of the columns are line 1."""
    return [int(number) + 2 for number in rows.index]


def separator_of(content: bytes) -> str:
    """The sign that separates the columns of a CSV: comma, semicolon, tab or bar.

    It is the one that divides the first lines into equally many columns, two or more; if none does, the most frequent one of
    the first line.
    """
    lines = content.decode("utf-8-sig", "replace").lstrip("\r\n").splitlines()[:50]
    try:
        widths = {sign: {len(row) for row in csv.reader(lines, delimiter=sign) if row} for sign in ",;\t|"}
    except csv.Error:  # `table_of` says what is wrong
        return ","
    even = [sign for sign, found in widths.items() if len(found) == 1 and found != {1}]
    return max(even, key=lambda sign: max(widths[sign])) if even else max(",;\t", key="".join(lines[:1]).count)


def texts_of(rows: pd.DataFrame, column: str) -> list[str]:
    """The cells of a column as text."""
    return [cell_text(value) for value in rows[column]]


def read_whole(path: Path) -> bytes:
    """The content of a file. Raises CatsError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CatsError(f"{path} cannot be read as a table: {error.strerror}") from error
