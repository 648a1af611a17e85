"""Inference of classes from columns of 0 and 1: one label for each image (one-hot), or several."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.readers.cells import quoted
from benchmark.data.readers.table_file import lines_of, texts_of
from benchmark.data.readers.table_labels import left_out, mark_of
from benchmark.entries.infer_labels import Labels, dropped_labels, refuse_absent
from benchmark.entries.said import DROP, Said
from results.error import CatsError


def labels_of_columns(rows: pd.DataFrame, columns: Sequence[str], said: Said, where: str) -> Labels:
    """The classes of a table with a column of 0 and 1 for each. Raises CatsError for a cell that holds something else."""
    cells = [texts_of(rows, column) for column in columns]
    every = [cell for column in cells for cell in column]
    dropped = dropped_labels(every, said, where)
    refuse_absent([cell for cell in every if cell not in dropped], said, where)
    for column, texts in zip(columns, cells, strict=True):
        strange = next((i for i, cell in enumerate(texts) if mark_of(cell) is None and cell not in dropped), None)
        if strange is not None:
            line = lines_of(rows)[strange]
            raise CatsError(f"{where}, line {line} has '{texts[strange]}' in column '{column}'; allowed are 0 and 1")
    absent = [next((cell for cell in row if cell in dropped), None) for row in zip(*cells, strict=True)]
    kept = np.array([value is None for value in absent])
    marks = np.array([[mark_of(cell) or 0 for cell in column] for column in cells]).T
    counts = Counter(value for value in absent if value is not None)
    found = labels_of_marks(marks, kept, counts, said, where)
    return replace(found, counts=dict(zip(columns, found.counts.values(), strict=True)))


def labels_of_marks(marks: np.ndarray, kept: np.ndarray, counts: Counter[str], said: Said, where: str) -> Labels:
    """Labels of (N, C) marks of 0 and 1: one-hot if each image has exactly one, multi-label if an image has several.

    The classes are named by their numbers. counts: contents of the rows that are already left out. Raises CatsError if both
    readings are possible.
    """
    sums = marks.sum(axis=1)
    zero, several = int((sums[kept] == 0).sum()), int((sums[kept] > 1).sum())
    single = said.task not in {None, "multilabel"}
    if single and several:
        raise CatsError(f"{where}: {several:,} images have several labels, which the task {said.task} does not allow")
    one_hot = said.task != "multilabel" and not several
    if one_hot and zero and said.missing != DROP:
        multilabel = "" if single else ", or --task multilabel if an image may have none of the labels"
        raise CatsError(
            f"{where}: {zero:,} of {int(kept.sum()):,} images have none of the labels and the others have exactly one: say "
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


def mark_columns(rows: pd.DataFrame, besides: Sequence[str]) -> list[str]:
    """The columns that hold nothing but 0 and 1, both."""
    columns = [str(column) for column in rows if column not in besides]
    return [column for column in columns if {mark_of(cell) for cell in set(texts_of(rows, column))} == {0, 1}]


def offer(columns: Sequence[str]) -> str:
    """The end of a sentence that offers columns of 0 and 1 as labels; empty if there are not several."""
    return (
        f"; {quoted(columns)} hold 0 and 1: say --label {','.join(columns)} if they are the labels" if len(columns) > 1 else ""
    )
