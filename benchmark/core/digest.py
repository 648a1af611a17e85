"""Digests of files, cached so that an unchanged file is read only once."""

import hashlib
import re
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
    return remembered(
        [str(path.resolve()), state.st_size, state.st_mtime_ns, algorithm], read, hashlib.new(algorithm).digest_size
    )


def remembered(state: Any, make: Callable[[], str], size: int = 32) -> str:
    """Return the digest (hex) that `make()` gives, of `size` bytes, cached under CATS_HOME by `state` (plain data)."""
    stamp = digest(state)
    note = digests_folder() / stamp
    if note.exists():
        text = note.read_text(encoding="ascii", errors="replace")
        if re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text):
            return text
    value = make()
    # A note that a power cut has lost or left empty costs one computation, so the note need not wait for the disk.
    with suppress(CatsError), atomic_write(note, "a note", durable=False) as draft:
        draft.write_text(value, encoding="ascii")
    return value
