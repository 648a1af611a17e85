"""Digests of files, cached so that an unchanged file is read only once."""

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
    """Return the sha256 or md5 (hex) of a file, cached by its path, size and time of change."""

    def read() -> str:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, algorithm).hexdigest()

    state = path.stat()
    return remembered([str(path.resolve()), state.st_size, state.st_mtime_ns, algorithm], read)


def remembered(state: Any, make: Callable[[], str]) -> str:
    """Return the value of `make()`, cached under CATS_HOME by `state` (plain data)."""
    stamp = digest(state)
    note = digests_folder() / stamp
    if note.exists():
        return note.read_text(encoding="ascii")
    value = make()
    # If the note cannot be written, the next call makes the value again. An incomplete note would be taken for the value.
    with suppress(CatsError), atomic_write(note, "a note", durable=True) as draft:
        draft.write_text(value, encoding="ascii")
    return value
