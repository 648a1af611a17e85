"""Labels of a table as numbers: one column of names, several names in one cell, or several columns of 0 and 1."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.data.readers.cells import absent_labels, cell_text, counted, joined_labels, spelling, whole_number
from benchmark.data.readers.table_file import Columns, fields_of, lines_of, texts_of
from results.error import CatsError
from results.files.limits import CLASSES, LABELS
from results.text.brief import briefly, short
from results.text.counts import how_many

if TYPE_CHECKING:
    import pandas as pd  # lists of entries are made without it

MARKS = {
    "0": 0, "1": 1, "false": 0, "true": 1, "f": 0, "t": 1, "no": 0, "yes": 1, "n": 0, "y": 1, "negative": 0, "positive": 1,
    "neg": 0, "pos": 1, "absent": 0, "present": 1,
}  # fmt: skip
ALLOWED_MARKS = "0 and 1, and words such as no and yes, false and true, negative and positive"
LEFT_OUT = "left_out"  # key of DataFrame.attrs


def mark_of(cell: str, marks: Mapping[str, int] | None = None) -> int | None:
    """0 or 1 as a cell of marks says, in any case, also as a word; None for another content.

    marks: what other contents mean, by their spelling.
    """
    form = spelling(cell)
    return MARKS.get(form) if not marks or form not in marks else marks[form]


def spelt_marks(marks: Mapping[str, int] | None) -> dict[str, int]:
    """The meanings of contents by their spelling, as `mark_of` looks them up."""
    return {spelling(cell_text(content)): mark for content, mark in (marks or {}).items()}


def labelled_rows(rows: "pd.DataFrame", columns: Columns) -> "pd.DataFrame":
    """The rows that have a label; a row without is left out if `missing` declares its content, and then counted.

    With several columns of labels a row is left out if any of them is missing; with `one_hot`, also if none of them is 1.
    """
    if not columns.missing:
        return rows
    marks = spelt_marks(columns.marks)
    declared = {spelling(cell_text(value)) for value in columns.missing}
    names = columns.label if isinstance(columns.label, list) else [columns.label]
    cells = list(zip(*(texts_of(rows, name) for name in names), strict=True))
    forms = {value: spelling(value) for value in {value for row in cells for value in row}}
    without = {value for value, form in forms.items() if form in declared and form not in marks}
    absent = [next((value for value in row if value in without), None) for row in cells]
    if columns.one_hot and "" in declared:
        some = {value for value in forms if mark_of(value, marks) != 0}
        absent = ["" if value is None and some.isdisjoint(row) else value for value, row in zip(absent, cells, strict=True)]
    kept = rows[[value is None for value in absent]]
    kept.attrs[LEFT_OUT] = left_out(Counter(value for value in absent if value is not None))
    return kept


def left_out(counts: Counter[str]) -> tuple[str, ...]:
    """The sentence about images without a label that a declaration leaves out; empty if there is none."""
    if not counts:
        return ()
    images = how_many(sum(counts.values()), "image without a label is", "images without a label are")
    return (f"{images} left out, as declared: {counted(counts)}",)


def left_out_of(rows: "pd.DataFrame") -> tuple[str, ...]:
    """What `labelled_rows` left out, as sentences."""
    sentences: tuple[str, ...] = rows.attrs.get(LEFT_OUT, ())
    return sentences


def labels_of(rows: "pd.DataFrame", columns: Columns, path: Path) -> np.ndarray:
    """Labels (N,) int64; multi-label (N, C). Raises CatsError with line, label and allowed labels."""
    where = f"{path}/{columns.file}"
    if isinstance(columns.label, list):
        meant = spelt_marks(columns.marks)
        marks = np.stack([_marks(rows, column, where, meant) for column in columns.label], axis=1)
        return _one_hot(marks, rows, where) if columns.one_hot else marks
    lookup = _indices(columns.classes)
    known = {whole_number(label): index for label, index in lookup.items()} | lookup
    cells, lines = texts_of(rows, columns.label), lines_of(rows)

    def number(value: str, line: int) -> int:
        for form in (value, value.strip(), whole_number(value)):
            if form in known:
                return known[form]
        raise CatsError(f"{where}, line {line} has the label '{value}'; allowed are {', '.join(lookup)}{_hint(value, lookup)}")

    if not columns.labels_separator:
        return np.array([number(cell, line) for cell, line in zip(cells, lines, strict=True)], dtype=np.int64)
    if len(cells) * (max(lookup.values()) + 1) > LABELS:
        raise CatsError(f"{where} has {len(cells):,} rows for {len(lookup):,} classes; images times classes may be {LABELS:,}")
    marks = np.zeros((len(cells), max(lookup.values()) + 1), dtype=np.int64)
    for row, (cell, line) in enumerate(zip(cells, lines, strict=True)):
        for value in _several(cell, columns, f"{where}, line {line}"):
            marks[row, number(value, line)] = 1
    return marks


def _several(cell: str, columns: Columns, where: str) -> list[str]:
    """The labels of one cell of several labels. Raises CatsError for a blank cell of which nobody says what it means."""
    if columns.nothing is not None and cell.strip() == columns.nothing.strip():
        return []
    if not cell.strip():
        raise CatsError(
            f"{where} has a blank cell in the column '{columns.label}'; declare nothing: '' if such an image has none of the "
            "labels, or missing: [''] to leave these rows out"
        )
    return pieces_of(cell, columns.labels_separator)


def _hint(value: str, classes: Iterable[str]) -> str:
    """The end of a sentence about an unknown label: which option reads it, if one does."""
    if value in absent_labels([value, *classes]):
        return "; rows without a label are left out if `missing` lists them"
    joined = joined_labels([value, *classes])[:1] == [value]
    return "; several labels in one cell need `labels_separator`" if joined else ""


def pieces_of(cell: str, separator: str) -> list[str]:
    """The labels of one cell; a separator at its end begins no label."""
    return [piece for piece in cell.split(separator) if piece.strip()] or [cell]


def _indices(classes: list[str] | dict[str, int] | dict[str, str]) -> dict[str, int]:
    """Label → index of its class."""
    if not isinstance(classes, dict):
        return {str(name): index for index, name in enumerate(classes)}
    order = list(dict.fromkeys(value for value in classes.values() if isinstance(value, str)))
    beyond = next((value for value in classes.values() if isinstance(value, int) and not 0 <= value < CLASSES), None)
    if beyond is not None:
        raise CatsError(f"classes has the index {briefly(beyond)}; allowed are 0 to {CLASSES - 1:,}")
    if order and not all(isinstance(value, str) for value in classes.values()):
        raise CatsError(
            f"the classes of a table must be all indices or all names, not {short(', '.join(map(str, classes.values())))}"
        )
    return {str(label): order.index(value) if isinstance(value, str) else value for label, value in classes.items()}


def _marks(rows: "pd.DataFrame", column: str, where: str, meant: Mapping[str, int]) -> np.ndarray:
    """A column of 0 and 1 as (N,) int64. Raises CatsError naming line, column and cell."""
    cells = texts_of(rows, column)
    known = {cell: mark_of(cell, meant) for cell in set(cells)}
    strange = next((row for row, cell in enumerate(cells) if known[cell] is None), None)
    if strange is not None:
        raise CatsError(
            f"{where}, line {lines_of(rows)[strange]} has '{cells[strange]}' in column '{column}'; allowed are "
            f"{ALLOWED_MARKS}; `marks` says what another content means, and rows whose content `missing` lists are left out"
        )
    return np.array([known[cell] for cell in cells], dtype=np.int64)


def _one_hot(marks: np.ndarray, rows: "pd.DataFrame", where: str) -> np.ndarray:
    sums = marks.sum(axis=1)
    wrong = np.flatnonzero(sums != 1)
    if wrong.size:
        line = lines_of(rows)[wrong[0]]
        raise CatsError(f"{where}, line {line} has {sums[wrong[0]]} labels; with `one_hot` each row must have one")
    labels: np.ndarray = marks.argmax(axis=1)
    return labels


def column_names(columns: Columns, present: Sequence[str]) -> list[str]:
    """The columns that an entry names; `present` are those of the table, which decide what is a pattern."""
    labels = columns.label if isinstance(columns.label, list) else [columns.label]
    group = "" if "(" in columns.group and columns.group not in present else columns.group
    others = [name.strip() for name in (columns.attributes or {}).values()]
    named: list[Any] = [*fields_of(columns.path, present), *labels, group, columns.part, columns.id, *others]
    return [column for column in named if column]
