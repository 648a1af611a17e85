"""Labels that are stored as numbers, in npz, HDF5 and on the hub: whole, missing, or one-hot."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.data.readers.cells import cell_text, number_of, spelling
from benchmark.data.readers.table_labels import left_out
from results.error import CatsError
from results.files.limits import CLASSES


@dataclass(frozen=True)
class NumberedLabels:
    """Labels of a data set, and which of its images have one.

    Attributes:
        labels: (n,) int64, multi-label (n, C), of the images that are kept.
        kept: (N,) bool. left_out: sentences about the images that are not.
    """

    labels: np.ndarray
    kept: np.ndarray
    left_out: tuple[str, ...]

    def of(self, values: Sequence[Any]) -> list[Any]:
        """Those of N values that belong to images that are kept."""
        return [value for value, kept in zip(values, self.kept, strict=True) if kept]


def numbered_labels(
    raw: np.ndarray, ids: Sequence[str], where: str, missing: Sequence[Any] | None = None, *, one_hot: bool = False
) -> NumberedLabels:
    """Whole numbers (N,) or (N, C) from an array of numbers; `one_hot` makes (N,) of columns of which exactly one is 1.

    missing: labels that mean that there is none, such as -1; "" is NaN, or with `one_hot` a row without a 1. Raises CatsError
    that names `where` and the id of the first image whose label is no whole number.
    """
    rows = raw.reshape(len(raw), -1) if raw.size else raw.reshape(len(raw), 1)
    kept, counts = np.ones(len(rows), dtype=bool), Counter[str]()
    for text in dict.fromkeys(spelling(cell_text(value)) for value in missing or ()):
        absent = kept & _equal(rows, text, one_hot=one_hot)
        if absent.any():
            counts["" if text == "" else text] = int(absent.sum())
        kept &= ~absent
    chosen = rows[kept]
    wrong = np.flatnonzero(~_whole(chosen).all(axis=1))
    if wrong.size:
        name = ids[np.flatnonzero(kept)[wrong[0]]]
        found = cell_text(chosen[wrong[0]][~_whole(chosen[wrong[0]])][0])
        what = f"the label {found}" if found else "no label (NaN)"
        hint = "" if found else '; images without a label are left out with missing: [""]'
        raise CatsError(f"{where}: image {name} has {what}; labels must be whole numbers below {CLASSES:,}{hint}")
    labels = chosen.astype(np.int64)
    if one_hot:
        labels = _one_hot(labels, [name for name, keep in zip(ids, kept, strict=True) if keep], where)
    elif labels.shape[1] == 1:
        labels = labels[:, 0]
    return NumberedLabels(labels, kept, left_out(counts))


def _whole(labels: np.ndarray) -> np.ndarray:
    """True where a label is a whole number that may count a class; -1 and others below 0 have a sentence of their own."""
    whole: np.ndarray = np.isfinite(labels) & (labels == np.round(labels)) & (np.abs(labels.astype(np.float64)) < CLASSES)
    return whole


def _equal(rows: np.ndarray, text: str, *, one_hot: bool) -> np.ndarray:
    """(N,) True where a row holds the label that `text` says."""
    if text in {"", "nan"}:
        absent: np.ndarray = np.isnan(rows).any(axis=1)
        return absent | (rows == 0).all(axis=1) if one_hot else absent
    number = number_of(text)
    found: np.ndarray = np.zeros(len(rows), dtype=bool) if number is None else (rows == number).any(axis=1)
    return found


def _one_hot(marks: np.ndarray, ids: Sequence[str], where: str) -> np.ndarray:
    wrong = np.flatnonzero((marks.sum(axis=1) != 1) | ~np.isin(marks, (0, 1)).all(axis=1))
    if wrong.size:
        found = ", ".join(map(str, marks[wrong[0]].tolist()))
        raise CatsError(f"{where}: image {ids[wrong[0]]} has the labels {found}; with `one_hot` exactly one must be 1")
    labels: np.ndarray = marks.argmax(axis=1)
    return labels


def require_numbers(raw: np.ndarray, where: str) -> np.ndarray:
    """The array itself. Raises CatsError if it holds anything but numbers, one or several for each image."""
    if raw.ndim == 0 or raw.dtype.kind not in "iubf" or (len(raw) and not raw.size):
        text = raw.dtype.kind in "US" and raw.size
        found = f"text such as '{cell_text(raw.reshape(-1)[0])}'" if text else f"{raw.dtype} of shape {raw.shape}"
        raise CatsError(f"{where} holds {found}; labels must be whole numbers, as many for each image")
    return raw
