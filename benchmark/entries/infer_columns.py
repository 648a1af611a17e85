"""Inference of the label columns of a table by their names, and what names of columns say."""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.part_words import are_parts
from benchmark.data.readers.table_file import texts_of
from benchmark.data.readers.table_labels import mark_of
from benchmark.entries.infer_marks import mark_columns, offer
from benchmark.entries.said import Said
from results.error import CatsError, nearest

LABEL_WORDS = ("label", "class", "target", "diagnosis", "dx", "category", "labels", "finding", "findinglabels", "y")
OF_PEOPLE = frozenset({"sex", "gender", "age", "race", "ethnicity", "site", "location", "laterality", "side", "view"})
FEW = 20  # different values of a column that may be a label


def label_columns(rows: pd.DataFrame, said: Said, besides: Sequence[str], where: str) -> list[str]:
    """The column of labels, or the columns of 0 and 1 that are one label each.

    Raises CatsError if there is none by name, or if several fit by name and say different things.
    """
    if said.label is not None:
        return [require_column(rows, name, where) for name in named_labels(rows, said)]
    found = [column for column in _by_name(rows) if column not in besides and not are_parts(texts_of(rows, column))]
    found = [column for column in found if plain_name(column) != "y"] or found
    if list(map(plain_name, found)) == ["y"] and any(plain_name(str(column)) == "x" for column in rows):
        raise CatsError(
            f"{where}: '{found[0]}' beside 'x' may be a coordinate; name the column of labels with --label, {listed(rows)}"
        )
    marks = mark_columns(rows, besides)
    if not found and len(marks) > 2 and all(map(_has_one, zip(*(texts_of(rows, column) for column in marks), strict=True))):
        _refuse_dummies(rows, marks, besides, where)
        return marks
    if not found:
        offered = offer(mark_columns(rows, besides, gaps=True))
        raise CatsError(f"{where} has no column that looks like a label; name it with --label, {listed(rows)}{offered}")
    cells = [texts_of(rows, column) for column in found]
    differ = [column for column, texts in zip(found, cells, strict=True) if not same_division(texts, cells[0])]
    if differ:
        raise CatsError(
            f"{where} has several columns that look like labels, {quoted([found[0], *differ])}; name one with --label"
        )
    return [require_column(rows, found[0], where)]


def _has_one(cells: Sequence[str]) -> bool:
    """True if exactly one of the cells is 1."""
    return sum(mark_of(cell) or 0 for cell in cells) == 1


def same_division(one: Sequence[str], other: Sequence[str]) -> bool:
    """True if two columns divide the rows in the same way, such as 0 and 1 beside benign and malignant."""
    return len(set(one)) == len(set(other)) == len(set(zip(one, other, strict=True)))


def _refuse_dummies(rows: pd.DataFrame, marks: Sequence[str], besides: Sequence[str], where: str) -> None:
    """Raises CatsError if columns of 0 and 1 may be the values of something other than the label, such as race_a and race_b."""
    others = [str(column) for column in rows if str(column) not in {*marks, *besides}]
    few = [column for column in others if plain_name(column) not in OF_PEOPLE and _is_few(texts_of(rows, column))]
    shared = re.match(r"(.+?)[_ .:-]", marks[0])
    if few or (shared and all(mark.startswith(shared[0]) for mark in marks)):
        beside = f", and '{few[0]}' may be the label" if few else f", all of '{shared[1]}'" if shared else ""
        raise CatsError(
            f"{where} has no column that is called a label; {quoted(marks)} hold 0 and 1{beside}: say --label "
            f"{','.join(marks)} if these are the labels, or name the column of labels with --label"
        )


def _is_few(cells: Sequence[str]) -> bool:
    """True if a column has several values, each for many rows, as a label has."""
    return 1 < len(set(cells)) <= min(FEW, len(cells) // 2)


def named_labels(rows: pd.DataFrame, said: Said) -> list[str]:
    """The columns of labels that the user names: one, or several that are separated by commas."""
    if said.label is None:
        return []
    return [said.label] if said.label in rows else [name.strip() for name in said.label.split(",")]


def _by_name(rows: pd.DataFrame) -> list[str]:
    found = [str(column) for column in rows if plain_name(str(column)) in LABEL_WORDS]
    return sorted(found, key=lambda column: LABEL_WORDS.index(plain_name(column)))


def require_column(rows: pd.DataFrame, name: str, where: str) -> str:
    """The name itself. Raises CatsError if the table has no such column, or two."""
    if name not in rows:
        raise CatsError(f"{where} has no column '{name}'{nearest(name, map(str, rows))}")
    if f"{name}.1" in rows:  # pandas numbers columns of one name
        raise CatsError(f"{where} has two columns called '{name}'; rename one of them")
    return name


def plain_name(column: str) -> str:
    """The name of a column without case, spaces and signs: `Patient ID` and `patient_id` are the same."""
    return re.sub(r"[^0-9a-z]", "", column.casefold())


def listed(columns: Iterable[object]) -> str:
    """The end of a sentence that says what may be chosen."""
    return f"one of {', '.join(map(str, columns))}"
