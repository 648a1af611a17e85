"""The small files of a run: its predictions, and what is noted beside them. Trained networks are none of them."""

import io
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pyarrow import ArrowException

from results.error import CatsError, first_line
from results.files.limits import FILE, amount, whole_file
from results.files.parquet_size import require_small_parquet
from results.record import PREDICTIONS, VALIDATION_PREDICTIONS
from results.sharing.run_copy import RunCopy
from results.statistics.influence import check_predictions
from results.tracking.artifacts import PlaceError, fetched, local_folder, repository
from results.tracking.connection import FAILURES, reason_of
from results.tracking.prediction_file import read_predictions, write_predictions

if TYPE_CHECKING:
    from results.tracking.experiment import Experiment

TABLES = (PREDICTIONS, VALIDATION_PREDICTIONS)
SMALL = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}\.(?:parquet|json)")
# (copy, tables) → both as they may leave this machine: names of patients and images become digests.
Protect = Callable[[RunCopy, Mapping[str, pd.DataFrame]], tuple[RunCopy, Mapping[str, pd.DataFrame]]]


class FileError(CatsError):
    """A file of a run that cannot be used; no other run is concerned."""


def unchanged(copy: RunCopy, tables: Mapping[str, pd.DataFrame]) -> tuple[RunCopy, Mapping[str, pd.DataFrame]]:
    """A copy and its tables as they are, where nothing leaves this machine."""
    return copy, tables


def protected(
    tracking: "Experiment", run_id: str, copy: RunCopy, protect: Protect, say: Callable[[str], object]
) -> tuple[RunCopy, dict[str, bytes]]:
    """A copy and the contents of its files, both as they may leave this machine.

    `say` gets a sentence about files that cannot be read and are left out. Raises CatsError if MLflow cannot be used.
    """
    try:
        files = files_of(tracking, run_id)
        tables = {name: table_of(files.pop(name), f"{name} of {copy.who}") for name in TABLES if name in files}
    except (FileError, PlaceError) as odd:
        say(f"the files of {copy.who} are left out: {odd}")
        files, tables = {}, {}
    copy, safe = protect(copy, tables)
    return copy, {**files, **{name: bytes_of(table) for name, table in safe.items()}}


def files_of(tracking: "Experiment", run_id: str) -> dict[str, bytes]:
    """The contents of the small files of a run, by name.

    Raises FileError for a file that is too large, PlaceError where the place of the files is not trusted, and CatsError if
    MLflow fails.
    """
    try:
        artifacts = str(tracking.client.get_run(run_id).info.artifact_uri)
        here = local_folder(tracking.uri, artifacts)
        if here is not None:
            paths = sorted(path for path in here.iterdir() if _is_small(path.name) and path.is_file()) if here.is_dir() else []
            return {path.name: _read(path) for path in paths}
        listed = repository(tracking.uri, artifacts).list_artifacts()
        names = sorted(each.path for each in listed if not each.is_dir and _is_small(each.path))
        with tempfile.TemporaryDirectory() as folder:
            return {name: _read(fetched(tracking.uri, artifacts, name, Path(folder))) for name in names}
    except FAILURES as error:
        raise CatsError(
            f"the files of run {run_id} cannot be read from {tracking.shown}: {reason_of(error, tracking.name)}"
        ) from error


def _is_small(name: str) -> bool:
    return SMALL.fullmatch(name) is not None


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > FILE:
        raise FileError(f"{path.name} has {amount(size)}; {amount(FILE)} are allowed")
    return whole_file(path)


def table_of(content: bytes, what: str) -> pd.DataFrame:
    """A table of predictions from the content of its file. Raises FileError, naming `what`, if it is none."""
    try:
        require_small_parquet(io.BytesIO(content), what)
        table = read_predictions(io.BytesIO(content))
        check_predictions(table)
    except CatsError as error:
        raise FileError(str(error)) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, ArrowException) as error:
        raise FileError(f"{what} cannot be read: {first_line(error)}") from error
    return table


def bytes_of(table: pd.DataFrame) -> bytes:
    """The content of the file of a table of predictions: the same, whether its texts were just made or read from a file."""
    file = io.BytesIO()
    texts = [name for name in table if pd.api.types.is_string_dtype(table[name].dtype)]
    write_predictions(table.astype(dict.fromkeys(texts, object)), file)
    return file.getvalue()
