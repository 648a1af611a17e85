"""Inference of classes from columns of 0 and 1: one label for each image (one-hot), or several."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.readers.cells import absent_labels, counted, quoted, spelling
from benchmark.data.readers.table_file import lines_of, texts_of
from benchmark.data.readers.table_labels import ALLOWED_MARKS, left_out, mark_of, spelt_marks
from benchmark.entries.infer_labels import Labels, dropped_labels, names_in_words, refuse_absent
from benchmark.entries.said import DROP, Said
from results.error import CatsError
from results.text.counts import how_many, share_of


def labels_of_columns(rows: pd.DataFrame, columns: Sequence[str], said: Said, where: str) -> Labels:
    """The classes of a table with a column of 0 and 1 for each. Raises CatsError for a cell that holds something else."""
    cells, declared = [texts_of(rows, column) for column in columns], said.mark_values()
    every, meant = [cell for column in cells for cell in column], spelt_marks(declared)
    marked = {cell: mark_of(cell, meant) for cell in set(every)}
    stated = {cell for cell in marked if spelling(cell) in meant}
    dropped = set(dropped_labels(every, said, where)) - stated
    refuse_absent([cell for cell in every if cell not in dropped and cell not in stated], said, where, marks=True)
    for column, texts in zip(columns, cells, strict=True):
        strange = next((i for i, cell in enumerate(texts) if marked[cell] is None and cell not in dropped), None)
        if strange is not None:
            raise CatsError(
                f"{where}, line {lines_of(rows)[strange]} has '{texts[strange]}' in column '{column}'; allowed are "
                f"{ALLOWED_MARKS}, and what --marks '{texts[strange].strip()}=...' says of another content"
            )
    absent = [next((cell for cell in row if cell in dropped), None) for row in zip(*cells, strict=True)]
    kept = np.array([value is None for value in absent])
    if not kept.any():
        raise CatsError(
            f"{where}: in every row one of the columns {quoted(columns)} holds no label, so that none is left; say what such "
            "cells mean, 0 or 1, with --marks '=0,-1=1'"
        )
    marks = np.array([[marked[cell] or 0 for cell in column] for column in cells]).T
    counts = Counter(value for value in absent if value is not None)
    found = labels_of_marks(marks, kept, counts, said, where)
    used = {content: mark for content, mark in declared.items() if any(spelling(cell) == spelling(content) for cell in marked)}
    notes = (f"cells of labels are read as declared: {_in_words(used, every)}",) if used else ()
    called = _names_of_columns(columns, said)
    return replace(
        found, counts=dict(zip(called.values() or columns, found.counts.values(), strict=True)), spellings=called,
        notes=(*found.notes, *notes, *names_in_words(called)), options=found.options | ({"marks": used} if used else {}),
    )  # fmt: skip


def _names_of_columns(columns: Sequence[str], said: Said) -> dict[str, str]:
    """Column → class, where `--label` lists the columns and `--classes` as many other names, in the same order."""
    fit = said.label is not None and len(said.classes) == len(columns) and not set(said.classes) & set(columns)
    return dict(zip(columns, said.classes, strict=True)) if fit else {}


def _in_words(marks: Mapping[str, int], cells: Sequence[str]) -> str:
    """What contents mean, with their numbers of cells, as in `blank (30) is 0, '-1' (4) is 1`."""
    times = Counter[str]()
    for cell, number in Counter(cells).items():
        times[spelling(cell)] += number
    return ", ".join(f"{counted({content: times[spelling(content)]})} is {mark}" for content, mark in marks.items())


def labels_of_marks(marks: np.ndarray, kept: np.ndarray, counts: Counter[str], said: Said, where: str) -> Labels:
    """Labels of (N, C) marks of 0 and 1: one-hot if each image has exactly one, multi-label if an image has several.

    The classes are named by their numbers. counts: contents of the rows that are already left out. Raises CatsError if both
    readings are possible.
    """
    sums = marks.sum(axis=1)
    zero, several = int((sums[kept] == 0).sum()), int((sums[kept] > 1).sum())
    single = said.task not in {None, "multilabel"}
    if single and several:
        have = how_many(several, "image has", "images have")
        raise CatsError(f"{where}: {have} several labels, which the task {said.task} does not allow")
    one_hot = said.task != "multilabel" and not several
    if one_hot and zero and said.missing != DROP:
        multilabel = "" if single else ", or --task multilabel if an image may have none of the labels"
        none = share_of(zero, int(kept.sum()), "images", "has", "have")
        raise CatsError(
            f"{where}: {none} none of the labels and the others have exactly one: say "
            f"--missing drop to leave the {zero:,} out{multilabel}"
        )
    missing = list(counts)
    if one_hot:
        counts = counts + Counter({"": zero})
        missing += [""] if zero and "" not in missing else []
        kept = kept & (sums == 1)
    options: dict[str, Any] = ({"one_hot": True} if one_hot else {}) | ({"missing": missing} if missing else {})
    notes = ("each image has one label (one-hot columns)", *left_out(counts)) if one_hot else left_out(counts)
    numbers = {str(i): int(n) for i, n in enumerate(marks[kept].sum(axis=0))}
    return Labels(numbers, kept, options, {}, notes, not one_hot)


def mark_columns(rows: pd.DataFrame, besides: Sequence[str], *, gaps: bool = False) -> list[str]:
    """The columns that hold nothing but 0 and 1 (or such words), both; with `gaps` also those in which labels are missing."""
    found = []
    for column in (str(column) for column in rows if column not in besides):
        cells = set(texts_of(rows, column))
        rest = cells - set(absent_labels(cells)) if gaps else cells
        if {mark_of(cell) for cell in rest} == {0, 1}:
            found.append(column)
    return found


def offer(columns: Sequence[str]) -> str:
    """The end of a sentence that offers columns of 0 and 1 as labels; empty if there are not several."""
    return (
        f"; {quoted(columns)} hold 0 and 1: say --label {shlex.quote(','.join(columns))} if they are the labels"
        if len(columns) > 1
        else ""
    )
