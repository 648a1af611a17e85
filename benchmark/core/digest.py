"""Digests: the same content gives the same name, wherever it lies."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.core.paths import digests_folder
from results.atomic import atomic_write
from results.digest import digest
from results.error import CatsError


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """sha256 or md5 (hex) of a file. Remembered by path, size and time of change."""

    def read() -> str:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, algorithm).hexdigest()

    state = path.stat()
    return remembered([str(path.resolve()), state.st_size, state.st_mtime_ns, algorithm], read)


def remembered(state: Any, make: Callable[[], str]) -> str:
    """What `make` gave when the state (plain data) was the same; noted under CATS_HOME."""
    stamp = digest(state)
    note = digests_folder() / stamp
    if note.exists():
        return note.read_text(encoding="ascii")
    value = make()
    # Without the note the value is made again next time; an empty note would be believed.
    with suppress(CatsError), atomic_write(note, "a note", durable=True) as draft:
        draft.write_text(value, encoding="ascii")
    return value
