"""Inference of the columns of a table by their names: label, group and part."""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.table_file import texts_of
from benchmark.data.readers.table_labels import MARKS
from benchmark.entries.infer_marks import mark_columns, offer
from benchmark.entries.said import Said
from results.error import CatsError, nearest

COLUMN_WORDS = {
    "label": ("label", "class", "target", "diagnosis", "dx", "category", "labels", "findinglabels", "y"),
    "group": ("patient", "patientid", "subject", "subjectid", "slide", "slideid", "lesion", "lesionid", "group"),
    "part": ("part", "split", "set", "subset", "partition"),
}


def label_columns(rows: pd.DataFrame, said: Said, besides: Sequence[str], where: str) -> list[str]:
    """The column of labels, or the columns of 0 and 1 that are one label each.

    Raises CatsError if there is none by name, or if several fit by name and say different things.
    """
    if said.label is not None:
        if said.label in rows:
            return [require_column(rows, said.label, where)]
        return [require_column(rows, name.strip(), where) for name in said.label.split(",")]
    found = _by_name(rows, "label")
    found = [column for column in found if plain_name(column) != "y"] or found
    marks = mark_columns(rows, besides)
    if not found and len(marks) > 2 and all(map(_has_one, zip(*(texts_of(rows, column) for column in marks), strict=True))):
        return marks
    if not found:
        raise CatsError(f"{where} has no column that looks like a label; name it with --label, {listed(rows)}{offer(marks)}")
    cells = [texts_of(rows, column) for column in found]
    differ = [column for column, texts in zip(found, cells, strict=True) if not _same_division(texts, cells[0])]
    if differ:
        raise CatsError(
            f"{where} has several columns that look like labels, {quoted([found[0], *differ])}; name one with --label"
        )
    return [require_column(rows, found[0], where)]


def _has_one(cells: Sequence[str]) -> bool:
    """True if exactly one of the cells is 1."""
    return sum(MARKS[cell] for cell in cells) == 1


def _same_division(one: Sequence[str], other: Sequence[str]) -> bool:
    """True if two columns divide the rows in the same way, such as 0 and 1 beside benign and malignant."""
    return len(set(one)) == len(set(other)) == len(set(zip(one, other, strict=True)))


def column_of(rows: pd.DataFrame, role: str, name: str | None, where: str) -> str | None:
    """The column of a role: the one that is named, none for an empty name, else the first whose name is usual for the role."""
    if name is not None:
        return require_column(rows, name, where) if name else None
    found = sorted(_by_name(rows, role), key=lambda column: COLUMN_WORDS[role].index(plain_name(column)))
    return require_column(rows, found[0], where) if found else None


def _by_name(rows: pd.DataFrame, role: str) -> list[str]:
    words = COLUMN_WORDS[role]
    found = [str(column) for column in rows if plain_name(str(column)) in words]
    return sorted(found, key=lambda column: words.index(plain_name(column)))


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


def kind_of_group(column: str | None) -> str | None:
    """What `groups:` of an entry says about a column: slide, lesion, block, or else patient."""
    word = plain_name(column or "").removesuffix("id")
    return None if not word else word if word in {"slide", "lesion", "block"} else "patient"
