"""The pictures that a CSV or Parquet table names, with or without further columns."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.data.readers.cells import number_of, quoted
from benchmark.data.readers.picture_format import named_as_picture
from benchmark.data.readers.table_file import lines_of, separator_of, table_of, texts_of
from benchmark.entries.infer_columns import LABEL_WORDS, listed, plain_name
from benchmark.entries.picture_fit import Fit, fit_of, is_index
from benchmark.entries.said import Said
from benchmark.entries.table_of_patients import row_per_patient
from benchmark.entries.table_place import Place, place_of_table
from benchmark.models.incoming import Incoming
from results.error import CatsError, nearest

ENOUGH = 0.5  # share of the cells that must name a picture, for a column to be taken without `--path`


def incoming_of_table(path: Path, classes: Sequence[str], column: str = "") -> Incoming:
    """The pictures that the cells of a column name, row by row, among the files in or below the folder of the table.

    classes: of the classifier; a column that holds them is not used, and a sentence says so.

    A cell that names no file, or more than one, becomes a fault of its row. Raises CatsError if it is not clear which column
    names the pictures, or if no cell names one.
    """
    place, _ = place_of_table(path, Said())
    content = place.content()
    separator = "," if place.file.lower().endswith(".parquet") else separator_of(content)
    rows = table_of(content, place.file, separator, place.where)
    if rows.empty:
        raise CatsError(f"{place.where} holds no row; it needs a line of column names and a row for each picture")
    fit = _column(rows, column.strip(), place)
    names, members, faults = [], list[str | None](), dict[int, str]()
    for number, (cell, hits, line) in enumerate(zip(fit.cells, fit.hits, lines_of(rows), strict=True)):
        names.append(cell.strip())
        members.append(hits[0].name if len(hits) == 1 else None)
        if not cell.strip():
            faults[number] = f"{place.where}, line {line} names no file"
        elif not hits:
            faults[number] = f"{place.where}, line {line} names {cell.strip()}, which is no picture in {place.tree.path}"
        elif len(hits) > 1:
            faults[number] = f"{place.where}, line {line} names '{cell}', which may be {quoted(hit.name for hit in hits)}"
    if len(faults) == len(names):
        raise CatsError(f"no row of {place.where} names a picture; the first: {faults[0]}")
    note = f"{place.where}: the column '{fit.column}' names the pictures"
    notes = () if column or len(rows.columns) == 1 else (note,)
    return Incoming(names, place.tree, members, faults, notes=notes, unscored=_unused_labels(rows, fit.column, classes, place))


def _unused_labels(rows: pd.DataFrame, path: str, classes: Sequence[str], place: Place) -> tuple[str, ...]:
    """The sentence about a column that holds classes of the classifier: a table is predicted, and only a target is scored.

    Classes that are numbers are looked for only under a name of labels, as a column of 0 and 1 may be anything.
    """
    numbers = all(number_of(name) is not None for name in classes)
    for name in map(str, rows):
        cells = {cell.strip() for cell in texts_of(rows, name)} - {""}
        if name != path and cells and cells <= set(classes) and (not numbers or plain_name(name) in LABEL_WORDS):
            scored = f"`cats new target NAME --from {place.where}`, then `cats predict MODEL NAME --target-part all`"
            held = f"the column '{name}' holds classes of the classifier and is not used"
            return (f"{place.where}: {held}: nothing is scored; for scores, {scored}",)
    return ()


def _column(rows: pd.DataFrame, column: str, place: Place) -> Fit:
    """The column that names pictures: the stated one, or the only one that can. Raises CatsError if it is not clear."""
    columns = [str(name) for name in rows]
    if column:
        if column not in columns:
            raise CatsError(f"{place.where} has no column '{column}'{nearest(column, columns)}")
        return fit_of(rows, column, place.index, Said())
    fits = [fit_of(rows, name, place.index, Said()) for name in columns if not is_index(name)]
    able = [fit for fit in fits if _may_name_pictures(fit)]
    named = [fit for fit in able if fit.explicit] or [fit for fit in able if fit.speaking] or able
    if not named:
        patients = row_per_patient(rows, place)
        if patients:
            raise CatsError(f"{place.where} has {patients}; name the pictures themselves: {place.tree.path}")
        raise CatsError(
            f"no column of {place.where} names pictures in {place.tree.path}; name the column with --path, {listed(rows)}"
        )
    if len({_first_names(fit) for fit in named}) > 1:
        seen = ", ".join(f"'{fit.column}' ('{fit.cells[0]}')" for fit in named)
        raise CatsError(f"{place.where} has several columns that may name the pictures: {seen}; say which with --path")
    return named[0]


def _may_name_pictures(fit: Fit) -> bool:
    """Whether a column names pictures by its cells; bare numbers do so only under a name that says it."""
    if fit.by_number and fit.counting:
        return False
    return fit.share >= ENOUGH or all(named_as_picture(cell.strip()) for cell in fit.cells if cell.strip())


def _first_names(fit: Fit) -> Sequence[str]:
    return tuple(hits[0].name if hits else "" for hits in fit.hits)
