"""A snapshot of the runs of an experiment in one parquet file, from which boards read thousands of runs in milliseconds.

MLflow holds the runs; the file can be deleted at any time. It is replaced as a whole, so a process that reads it at the same
time sees the old file or the new one.
"""

import json
import logging
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from results.error import CatsError
from results.files.sealed import read_note, write_note
from results.tracking.change_counter import change_token
from results.tracking.frame import framed
from results.tracking.uri import identity

if TYPE_CHECKING:
    from results.tracking.experiment import Experiment
    from results.tracking.incremental import Seen

log = logging.getLogger(__name__)
VERSION = 13
NAME = b"cats"


def file_of(folder: Path, uri: str, experiment: str) -> Path:
    """The file of the snapshot of one experiment of one server, below `folder`."""
    return folder / sha256(json.dumps([identity(uri), experiment]).encode()).hexdigest()[:16] / "runs.parquet"


def unchanged(folder: Path, uri: str, experiment: str) -> pd.DataFrame | None:
    """The frame of the snapshot if the database has certainly not changed since; else None. Does not import MLflow."""
    now = change_token(uri)
    facts, table = _read(file_of(folder, uri, experiment), lambda facts: now is not None and facts["witness"] == now)
    return None if facts is None or table is None else framed(table)


def frame_of(tracking: "Experiment", folder: Path, *, fresh: bool = False) -> pd.DataFrame:
    """The same as `tracking.frame()`, from the snapshot below `folder`, which is updated first.

    `incremental` says which changes are found at once and which later. `fresh` reads every run again. A snapshot that is
    damaged, of another version, or of an experiment that was deleted and created again is replaced. If the snapshot cannot be
    written, the runs are read all the same.
    """
    current = None if fresh else unchanged(folder, tracking.uri, tracking.name)
    if current is not None:
        return current
    from results.tracking.incremental import Seen, read_all, read_on

    file = file_of(folder, tracking.uri, tracking.name)
    before, now = (
        change_token(tracking.uri),
        int(time.time() * 1000),
    )  # from before the reading: runs that arrive meanwhile are found next time
    identity = [VERSION, tracking.experiment_id, tracking.created()]
    facts, table = _read(file, lambda facts: not fresh and facts["identity"] == identity)
    if facts is None or table is None:
        seen = read_all(tracking, now)
    else:
        marks = tuple((position, token) for position, token in facts["marks"])
        seen = read_on(tracking, Seen(table, marks, tuple(facts["cursor"]), facts["looked"], 0), now, ends=before is not None)
    # A tag written by hand is found when its slice is read again. So only after all slices of an unchanged database were read
    # is the snapshot certainly equal to the database. One call reads one slice.
    witnessed, count = facts["round"] if facts is not None else (None, 0)
    count = seen.again + (count if witnessed == before else 0)
    whole = before if count >= len(seen.runs) else None
    _write(file, seen, {"identity": identity, "witness": whole, "round": [before, count]})
    return framed(seen.runs)


def _read(file: Path, good: Callable[[dict[str, Any]], bool]) -> tuple[dict[str, Any] | None, pa.Table | None]:
    """Facts and runs of a snapshot; (None, None) if there is none, if it cannot be read, or if its facts are not good."""

    def parsed(content: bytes) -> tuple[dict[str, Any] | None, pa.Table | None]:
        facts = json.loads((pq.read_schema(pa.BufferReader(content)).metadata or {})[NAME])
        whole = facts["identity"][0] == VERSION and good(facts)
        return (facts, pq.read_table(pa.BufferReader(content))) if whole else (None, None)

    return read_note(file, parsed) or (None, None)


def _write(file: Path, seen: "Seen", facts: dict[str, Any]) -> None:
    facts |= {"marks": seen.marks, "cursor": seen.cursor, "looked": seen.looked}
    try:
        content = pa.BufferOutputStream()
        pq.write_table(seen.runs.replace_schema_metadata({NAME: json.dumps(facts)}), content, compression="lz4")
        write_note(file, content.getvalue().to_pybytes(), "the snapshot of the experiment", durable=False)
    except (CatsError, pa.ArrowException) as error:
        log.warning("%s", error)
