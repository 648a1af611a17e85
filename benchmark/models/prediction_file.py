"""Predictions as a file, written batch by batch: CSV for spreadsheets, Parquet for programs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np

from benchmark.models.prediction import Batch
from results.error import CatsError
from results.files.output import output
from results.files.output import require_place as require_writable
from results.text.plain import storable
from results.text.printing import csv_lines

ENDINGS = (".csv", ".parquet")
SCORE, FLAG = "out_of_distribution_score", "out_of_distribution"


class Writer(Protocol):
    """Takes batches, one after the other."""

    def write(self, batch: Batch, labels: Sequence[str] | None) -> None:
        """Append the rows of a batch. labels: the class of each picture, where labels are known."""
        ...


def require_place(path: Path, *, overwrite: bool) -> None:
    """Raises CatsError if predictions cannot be written to a path: another ending, a folder, a file that exists."""
    if path.suffix.lower() not in ENDINGS:
        raise CatsError(f"--output is {path}; predictions are written as {' or '.join(ENDINGS)}")
    require_writable(path, "the predictions")
    if path.is_file() and not overwrite:
        raise CatsError(f"{path} exists; name another file with --output, or say --overwrite")


@contextmanager
def prediction_file(path: Path, classes: Sequence[str], *, labelled: bool, overwrite: bool) -> Iterator[Writer]:
    """A writer whose file gets its name when the block ends without an error; nothing is left of it after one.

    Raises CatsError if the disk refuses, at the beginning where that is possible.
    """
    columns = _columns(classes, labelled)
    with output(path, "the predictions", new=not overwrite) as draft:
        if path.suffix.lower() == ".csv":
            with draft.open("w", encoding="utf-8", newline="") as file:
                file.write(csv_lines([[storable(name) for name in columns]]))
                yield _Csv(file)
        else:
            yield from _parquet(draft, columns, labelled)


def _columns(classes: Sequence[str], labelled: bool) -> list[str]:
    shares = [f"{kind}_{name}" for kind in ("probability", "raw") for name in classes]
    return ["file", *(["label"] if labelled else []), "predicted", *shares, SCORE, FLAG, "reason"]


def _cells(batch: Batch, labels: Sequence[str] | None) -> list[Sequence[Any]]:
    """The columns of a batch; numbers and flags are None where a picture cannot be used."""
    usable = batch.usable
    numbers = [*batch.calibrated.T, *batch.raw.T, batch.distance]
    figures = [[float(value) if ok else None for value, ok in zip(column, usable, strict=True)] for column in numbers]
    flags = [bool(value) if ok else None for value, ok in zip(batch.unlike, usable, strict=True)]
    words = [
        [storable(text) for text in texts] for texts in (batch.names, *([] if labels is None else [labels]), batch.predicted)
    ]
    return [*words, *figures, flags, [storable(reason) for reason in batch.reasons]]


class _Csv:
    """Rows of text; an apostrophe stands before what a spreadsheet would take for a formula."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, batch: Batch, labels: Sequence[str] | None) -> None:
        """See Writer.write."""
        self.file.write(csv_lines([_text(cell) for cell in row] for row in zip(*_cells(batch, labels), strict=True)))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"{cell:.9g}" if isinstance(cell, float) else str(cell)


def _parquet(draft: Path, columns: Sequence[str], labelled: bool) -> Iterator[Writer]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    texts = {"file", "predicted", "reason", *(["label"] if labelled else [])}
    kinds = [pa.string() if name in texts else pa.bool_() if name == FLAG else pa.float64() for name in columns]
    schema = pa.schema([pa.field(storable(name), kind) for name, kind in zip(columns, kinds, strict=True)])
    with ParquetWriter(draft, schema) as file:
        yield _Parquet(file, schema)


class _Parquet:
    """Row groups, one for each batch."""

    def __init__(self, file: Any, schema: Any) -> None:
        self.file, self.schema = file, schema

    def write(self, batch: Batch, labels: Sequence[str] | None) -> None:
        """See Writer.write."""
        import pyarrow as pa

        cells = _cells(batch, labels)
        arrays = [pa.array(column, type=field.type) for column, field in zip(cells, self.schema, strict=True)]
        self.file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema))


def label_texts(labels: np.ndarray, classes: Sequence[str]) -> list[str]:
    """The names of the labels of pictures, (N,) or (N, C); empty where a label is unknown."""
    if labels.ndim == 2:
        return ["|".join(name for name, one in zip(classes, row, strict=True) if one) for row in labels]
    return ["" if label < 0 else classes[label] for label in labels.tolist()]
