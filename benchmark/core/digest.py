"""Digests of files, cached so that an unchanged file is read only once."""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmark.core.paths import digests_folder
from results.error import CatsError
from results.files.digest import digest
from results.files.limits import require_regular
from results.files.sealed import read_note, write_note


def file_digest(path: Path, algorithm: str = "sha256", *, fresh: bool = False) -> str:
    """Return the sha256 or md5 (hex) of a file, cached by its path, size and time of change.

    `fresh`: read the file all the same, and renew the note: a disk that damages a file changes neither its size nor its time.
    Raises CatsError for a pipe or a device, OSError for a file that cannot be read.
    """

    def read() -> str:
        require_regular(path)
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, algorithm).hexdigest()

    state = path.stat()
    stamp = [str(path.resolve()), state.st_size, state.st_mtime_ns, algorithm]
    return remembered(stamp, read, hashlib.new(algorithm).digest_size, fresh=fresh)


def remembered(state: Any, make: Callable[[], str], size: int = 32, *, fresh: bool = False) -> str:
    """Return the digest (hex) that `make()` gives, of `size` bytes, cached under CATS_HOME by `state` (plain data)."""
    stamp = digest(state)
    note = digests_folder() / stamp

    def parsed(content: bytes) -> str:
        text = content.decode("ascii")
        if re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text) is None:
            raise ValueError("it holds no digest")
        return text

    known = None if fresh else read_note(note, parsed)
    if known is not None:
        return known
    value = make()
    # A note that a power cut has lost or left empty costs one computation, so the note need not wait for the disk.
    with suppress(CatsError):
        write_note(note, value.encode("ascii"), "a note", durable=False)
    return value
