"""Inference from an npz file in MedMNIST's layout."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.dataset import GROUP_KINDS
from benchmark.data.readers.cells import cell_text
from benchmark.data.readers.npz import label_arrays, opened_npz
from benchmark.data.readers.samples import PARTS
from benchmark.data.readers.table_labels import left_out
from benchmark.entries.infer_labels import Labels, dropped_labels, refuse_absent
from benchmark.entries.infer_marks import labels_of_marks
from benchmark.entries.inferred import Inferred, in_part_order, require_two_classes
from benchmark.entries.said import Said
from results.error import CatsError
from results.files.limits import CLASSES


def infer_npz(path: Path, said: Said) -> Inferred:
    """Infer classes and shapes from the arrays `{train,val,test}_{images,labels}`.

    Raises CatsError if an array is missing, if images or labels have another form, or if labels can be read in two ways.
    """
    with opened_npz(path) as content:
        labels = label_arrays(content, path)
        grouped = all(f"{part}_groups" in content.files for part in PARTS)
        shapes: Counter[tuple[int, ...]] = Counter()
        for part, found in zip(PARTS, labels, strict=True):
            shape = _image_shape(content[f"{part}_images"], len(found), f"{path}: {part}_images")
            shapes[shape] += len(found)
    counts = {part: len(found) for part, found in zip(PARTS, labels, strict=True)}
    empty = [part for part in ("train", "test") if not counts[part]]
    if empty:
        raise CatsError(f"{path} has no image in {' and '.join(empty)}; only val may be empty, and is then drawn from train")
    where = f"{path}: the array of labels"
    every = np.concatenate([part for part in labels if len(part)])
    decided = _numbers(every[:, 0], said, where) if every.shape[1] == 1 else _marks(every, said, where)
    require_two_classes(path, decided.counts)
    parts = Counter(np.repeat(PARTS, list(counts.values()))[decided.kept].tolist())
    real = {shape: count for shape, count in shapes.items() if count}
    return Inferred(
        path.parent, {"npz": {"file": path.name, **decided.options}}, decided.counts, inside=path, parts=in_part_order(parts),
        groups=_kind_of_group(said, where) if grouped else None, shapes={(s[0], s[1]): n for s, n in real.items()},
        grey=all(len(shape) == 2 or shape[2] == 1 for shape in real), multilabel=decided.multilabel,
        total=int(decided.kept.sum()), notes=decided.notes,
    )  # fmt: skip


def _image_shape(images: np.ndarray, labels: int, where: str) -> tuple[int, ...]:
    """(H, W) or (H, W, channels) of the images of a part. Raises CatsError for arrays that no reader takes for images."""
    if images.ndim == 0 or len(images) != labels:
        raise CatsError(f"{where} holds {len(images) if images.ndim else 'no list of'} images for {labels} labels")
    allowed = "allowed are numbers of shape (N, H, W) or (N, H, W, 3)"
    if images.dtype.kind not in "uif" and labels:
        raise CatsError(f"{where} holds {images.dtype}; {allowed}")
    if labels and (images.ndim not in {3, 4} or (images.ndim == 4 and images.shape[3] not in {1, 3})):
        first = images.ndim == 4 and images.shape[1] in {1, 3}
        hint = ": the pixels are flat" if images.ndim == 2 else ": the channels come first" if first else ""
        if images.ndim == 4 and not first:
            hint = ": volumes have entries that are written by hand, with `views` of the reader npz (docs/volumes.md)"
        raise CatsError(f"{where} has the shape {images.shape}{hint}; {allowed}")
    return images.shape[1:]


def _numbers(column: np.ndarray, said: Said, where: str) -> Labels:
    """One number for each image. Raises CatsError for labels that are missing, no whole numbers, or do not count from 0."""
    values, inverse, times = np.unique(column, return_inverse=True, return_counts=True)
    texts = [cell_text(value) for value in values.tolist()]
    cells = [text for text, n in zip(texts, times, strict=True) for _ in range(n)]
    dropped = dropped_labels(cells, said, where)
    refuse_absent([cell for cell in cells if cell not in dropped], said, where, numbered=True)
    kept = np.array([text not in dropped for text in texts])[inverse.reshape(-1)]
    rest = column[kept]
    strange = rest[~((rest >= 0) & (rest < CLASSES) & (rest == np.round(rest)))]
    if len(strange):
        raise CatsError(
            f"{where} holds {cell_text(strange[0])}; allowed are whole numbers from 0 on, which count the classes, at most "
            f"{CLASSES:,}"
        )
    found = np.bincount(rest.astype(np.int64)) if len(rest) else np.zeros(0, dtype=np.int64)
    absent = np.flatnonzero(found == 0)
    if absent.size:
        raise CatsError(
            f"{where} goes from {int(rest.min())} to {int(rest.max())}, and no image has {absent[0]}; allowed are numbers that "
            "count the classes from 0 without a gap"
        )
    options: dict[str, Any] = {"missing": list(dropped)} if dropped else {}
    notes = left_out(Counter(cell for cell in cells if cell in dropped))
    return Labels({str(i): int(n) for i, n in enumerate(found)}, kept, options, {}, notes)


def _marks(rows: np.ndarray, said: Said, where: str) -> Labels:
    """Several columns for each image, each 0 or 1."""
    values = np.unique(rows)
    cells = [cell_text(value) for value in values.tolist()]
    dropped = dropped_labels(cells, said, where)
    refuse_absent([cell for cell in cells if cell not in dropped], said, where, numbered=True)
    strange = [cell for cell in cells if cell not in {"0", "1", *dropped}]
    if strange:
        raise CatsError(f"{where} has {rows.shape[1]} columns and holds {strange[0]}; several columns must hold 0 and 1")
    first: list[str | None] = [None] * len(rows)
    for cell, value in zip(cells, values, strict=True):
        if cell in dropped:
            where_found = np.isnan(rows) if np.isnan(value) else rows == value
            for row in np.flatnonzero(where_found.any(axis=1)):
                first[row] = cell
    kept = np.array([cell is None for cell in first])
    marks = np.where(kept[:, None], rows, 0).astype(np.int64)
    found = labels_of_marks(marks, kept, Counter(cell for cell in first if cell is not None), said, where)
    named = {f"label {name}" if found.multilabel else name: n for name, n in found.counts.items()}
    return replace(found, counts=named)


def _kind_of_group(said: Said, where: str) -> str:
    if said.group not in {None, "", *GROUP_KINDS}:
        raise CatsError(f"{where} comes with groups; --group is '{said.group}', allowed are {', '.join(GROUP_KINDS)}")
    return said.group or "patient"
