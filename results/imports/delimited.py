"""Text tables as spreadsheets and scripts write them: the separator, the decimal sign and the encoding are found out.

What can be read in two ways is refused, and the sentence names the option that decides.
"""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from results.error import CatsError, first_line
from results.imports.separators import SEPARATORS, even_columns

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
DECIMAL = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
WHOLE = re.compile(r"[+-]?\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Writing:
    """How a text table is written, where its author says it; None is found out."""

    separator: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        """Raises CatsError for a separator of several characters, or a decimal sign that is neither point nor comma."""
        if self.separator is not None and len(self.separator) != 1:
            raise CatsError(f"--separator is '{self.separator}'; one character is needed, for example ';'")
        if self.decimal not in {None, ".", ","}:
            raise CatsError(f"--decimal is '{self.decimal}'; it must be '.' or ','")


def read_delimited(path: Path, writing: Writing) -> pd.DataFrame:
    """Read a text table. Raises CatsError for a file that is no table, or one that can be read in two ways."""
    text = _text(path)
    line, _, rest = text.partition("\n")
    separator = writing.separator
    if re.fullmatch(r"sep=.", line.strip()):  # the first line that spreadsheets write for each other
        separator, text = separator or line.strip()[-1], rest
    separator = separator or _separator(text, path)
    _require_distinct(text, separator, path)
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator)
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise CatsError(f"{path} cannot be read as {path.suffix or 'a CSV file'}: {first_line(error)}") from error
    if len(table.columns) < 2:
        raise CatsError(
            f"{path} has one column only; columns are separated by {', '.join(SEPARATORS.values())}, or as --separator says"
        )
    return _with_points(table, writing.decimal, path)


def _require_distinct(text: str, separator: str, path: Path) -> None:
    """Raises CatsError if two columns have one name; pandas would call the second one NAME.1."""
    try:
        names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=separator), [])]
    except csv.Error as error:
        raise CatsError(f"the first line of {path} cannot be read as names of columns: {error}") from error
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise CatsError(f"{path}: two columns have the name '{twice}'")


def _text(path: Path) -> str:
    content = path.read_bytes()
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CatsError(f"{path} is no text in UTF-8 ({error.reason}); save it as a CSV file in UTF-8") from error


def _separator(text: str, path: Path) -> str:
    """The separator that gives every row equally many columns. Raises CatsError if two do."""
    fitting = list(even_columns(text))
    if len(fitting) > 1:
        both = " and ".join(SEPARATORS[sign] for sign in fitting)
        raise CatsError(
            f"the columns of {path} may be separated by {both}; say which one, for example --separator '{fitting[0]}'"
        )
    if fitting:
        return fitting[0]
    header = text.partition("\n")[0]
    held = [sign for sign in SEPARATORS if sign in header]
    return held[0] if len(held) == 1 else ","


def _with_points(table: pd.DataFrame, decimal: str | None, path: Path) -> pd.DataFrame:
    """The table with numbers instead of texts such as 0,91. Raises CatsError if such a text may be a thousand."""
    columns = [name for name in table if decimal != "." and _is_decimal(table[name])]
    if not columns:
        return table
    cells = [str(cell).strip() for name in columns for cell in table[name].dropna() if "," in str(cell)]
    _require_one_comma(cells, path)
    if decimal is None and all(THOUSANDS.fullmatch(cell) for cell in cells):
        point = cells[0].replace(",", ".")
        whole = cells[0].replace(",", "")
        raise CatsError(f"{path}: '{cells[0]}' may be {point} or {whole}; say --decimal , for the first, or write {whole}")
    points = [name for name in table if pd.api.types.is_float_dtype(table[name]) and (table[name].dropna() % 1 != 0).any()]
    if points:
        raise CatsError(
            f"{path} has decimal commas in column '{columns[0]}' ({cells[0]}) and decimal points in column '{points[0]}'; "
            f"write all numbers in one way"
        )
    table = table.assign()
    for name in columns:
        table[name] = table[name].map(lambda cell: str(cell).strip().replace(",", "."), na_action="ignore").astype(float)
    return table


def _require_one_comma(cells: Sequence[str], path: Path) -> None:
    """Raises CatsError for a number with several commas, which separate thousands and are no decimal commas."""
    several = next((cell for cell in cells if cell.count(",") > 1), None)
    if several is None:
        return
    decimal = next((cell for cell in cells if not THOUSANDS.fullmatch(cell)), None)
    beside = f", and '{decimal}' a decimal comma" if decimal else ""
    raise CatsError(f"{path}: '{several}' has commas between thousands{beside}; write {several.replace(',', '')}")


def _is_decimal(column: "pd.Series[Any]") -> bool:
    """Whether a column holds texts, each of them a number, with a decimal comma in one of them at least."""
    if pd.api.types.is_numeric_dtype(column):
        return False
    cells = [str(cell).strip() for cell in column.dropna()]
    return any(map(DECIMAL.fullmatch, cells)) and all(
        DECIMAL.fullmatch(c) or THOUSANDS.fullmatch(c) or WHOLE.fullmatch(c) for c in cells
    )
