"""How runs name their images: plainly, as older versions did, or by digests; and what makes both kinds comparable."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from results.files.sealed import read_note
from results.text.identifiers import digested, fingerprint

Key = Callable[[], bytes | None]
COLUMNS = ("run_id", "artifacts", "target", "identifiers")


@dataclass(frozen=True)
class NamedRun:
    """A run: the place of its artifacts, its target, and the fingerprint of the key of its digests; None for plain names."""

    place: str | None = None
    target: str | None = None
    key: str | None = None


class RunNames:
    """The runs of a snapshot, read when it is first asked for. `key`: gives the key of this machine, or None."""

    def __init__(self, snapshot: Path, key: Key) -> None:
        self._snapshot, self._key = snapshot, key

    @cached_property
    def _runs(self) -> dict[str, NamedRun]:
        return read_note(self._snapshot, _runs_of) or {}

    @cached_property
    def _keys(self) -> dict[str, set[str]]:
        """Target → the keys of its digests."""
        found: dict[str, set[str]] = {}
        for run in self._runs.values():
            if run.target and run.key:
                found.setdefault(run.target, set()).add(run.key)
        return found

    def place(self, run_id: str) -> str | None:
        """The place of the artifacts of a run, if the snapshot has it."""
        return self._runs.get(run_id, NamedRun()).place

    def alike(self, run_id: str, table: pd.DataFrame) -> pd.DataFrame:
        """The predictions of a run. Plain names are made digests if other runs of the target have digests of this key."""
        run = self._runs.get(run_id, NamedRun())
        if run.key or run.target not in self._keys:
            return table
        key = self._key()
        return table if key is None or fingerprint(key) not in self._keys[run.target] else digested(table, key)


def _runs_of(content: bytes) -> dict[str, NamedRun]:
    file = pq.ParquetFile(pa.BufferReader(content))
    table = file.read([name for name in COLUMNS if name in file.schema_arrow.names]).to_pydict()
    rows = zip(*(table.get(name, [None] * len(table["run_id"])) for name in COLUMNS), strict=True)
    return {run_id: NamedRun(*rest) for run_id, *rest in rows}
