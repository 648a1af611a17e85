"""The rows of a table that a user gives to `cats new`, and whether its first line holds names of columns."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark.data.readers.picture_files import form_of, forms_of
from benchmark.data.readers.picture_format import named_as_picture
from benchmark.data.readers.table_file import BLANKS, separator_of, table_of, texts_of
from benchmark.entries.picture_fit import Fit, pictures_by_cell
from benchmark.entries.said import Said
from benchmark.entries.table_place import Place
from results.error import CatsError

LOOKED_AT = 30  # rows
COLUMNS = 2000


def rows_of(place: Place, said: Said) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of a table, and the options of the reader that say how it is written.

    Raises CatsError if it is no table, or if its first line is a row and nobody has said how the columns are called.
    """
    content, where = place.content(), place.where
    parquet = place.file.lower().endswith(".parquet")
    separator = "," if parquet else separator_of(content)
    columns = [name.strip() for name in said.columns.split(",")] if said.columns is not None else None
    if parquet and columns:
        raise CatsError(f"--columns cannot be used with {where}, which names its columns")
    rows = table_of(content, place.file, separator, where, columns)
    if rows.empty or len(rows.columns) < 2:
        raise CatsError(f"{where} needs a line of column names, at least two columns, and a row per picture")
    if len(rows.columns) > COLUMNS:
        raise CatsError(
            f"{where} has {len(rows.columns):,} columns; {COLUMNS:,} are examined: leave out those that describe no picture"
        )
    inside = next((column for column in rows if isinstance(rows[column].iloc[0], bytes | dict)), None)
    if inside is not None:
        raise CatsError(f"{where} holds the pictures themselves, in the column '{inside}'; write an entry with the reader hub")
    if not parquet:
        widths = _widths(content, separator, where)
        short = next((number for number, width in widths if width != widths[0][1]), None)
        if short:
            raise CatsError(f"{where}, line {short} does not have as many values as there are columns")
    if not columns and not parquet:
        _refuse_names_of_pictures(rows, place)
    how: dict[str, Any] = {"separator": separator} if separator != "," else {}
    return rows, how | ({"columns": columns} if columns else {})


def _widths(content: bytes, separator: str, where: str) -> list[tuple[int, int]]:
    """(line, number of values) of each line of a CSV that is not empty."""
    text = content.decode("utf-8-sig")
    if separator == BLANKS:
        return [(number, len(line.split())) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [(lines.line_num, len(line)) for line in lines if line]
    except csv.Error as error:
        raise CatsError(f"{where}, line {lines.line_num} cannot be read as a table: {error}") from error


def _refuse_names_of_pictures(rows: pd.DataFrame, place: Place) -> None:
    """Raises CatsError if the first line holds what names a picture, as the cells below do."""
    columns = [str(column) for column in rows]
    if columns == [str(number) for number in range(len(columns))]:  # as pandas writes columns without names
        return
    first = rows.iloc[:LOOKED_AT]
    for column in columns:
        cells = texts_of(first, column)
        ending = named_as_picture(column) and all(map(named_as_picture, cells))
        if ending or (_names_picture(column, place) and all(_names_picture(cell, place) for cell in cells)):
            raise _without_names(rows, column, place.where)


def _names_picture(cell: str, place: Place) -> bool:
    return any(form in place.index for form in map(form_of, forms_of(cell)))


def refuse_first_row(rows: pd.DataFrame, fit: Fit, place: Place, said: Said) -> None:
    """Raises CatsError if the name of the column that names pictures is that of a picture of which no row speaks."""
    if said.columns is None and fit.column in rows:
        index = pictures_by_cell(place.names, fit.alike) if fit.alike else place.index
        named = {hit.name for hits in fit.hits for hit in hits}
        first = [hit.name for form in forms_of(fit.column) for hit in index.get(form_of(form, fit.alike), ())]
        if first and not named.intersection(first) and not place.file.lower().endswith(".parquet"):
            raise _without_names(rows, fit.column, place.where)


def _without_names(rows: pd.DataFrame, column: str, where: str) -> CatsError:
    names = _offered([str(name) for name in rows], column)
    return CatsError(
        f"{where} has no line of column names, as its first line names the picture {column}: say how the columns are called, "
        f"as in --columns {','.join(names)}"
    )


def _offered(columns: Sequence[str], path: str) -> list[str]:
    """Names for the columns of a table without names: `file`, and `label` if there is one other column."""
    others = ["label"] if len(columns) == 2 else [f"column_{number}" for number in range(2, len(columns) + 1)]
    return ["file" if column == path else others.pop(0) for column in columns]
