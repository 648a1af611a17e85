"""Large files that are kept with their checksum: damage is noticed before anything is computed from them.

Beside a file X lies the note X.sum with its length and the CRC-32 of its content. The length is compared whenever the file is
opened; the content when the file is first read in a process, and again after every change of the file. CRC-32 finds every
flipped bit, and is computed faster than most disks read.

A file without such a note, which older versions have left, is used; its note is made at the first reading. A note that is
damaged counts as absent, because the file is the more likely one to be whole: it was flushed before it got its name.
"""

import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from results.error import CatsError, damage_of
from results.files.atomic import atomic_write
from results.files.sealed import make_way, read_note, sealed, tell, write_note

Content = TypeVar("Content")
CHUNK = 1 << 20  # bytes, which stay in the cache of a core

_compared: dict[Path, tuple[tuple[int, ...], str | None]] = {}  # the state of a file when this process read it, and its damage


@dataclass(frozen=True)
class Checksum:
    """Length and CRC-32 of a file."""

    size: int
    crc32: int


def checksum_of(path: Path) -> Checksum:
    """The checksum of a file. Raises OSError if the file cannot be read."""
    size = value = 0
    buffer = memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:  # read, not mapped: a page that a disk cannot read would kill the process
        while count := file.readinto(buffer):
            value = zlib.crc32(buffer[:count], value)
            size += count
    return Checksum(size, value)


def read_kept(path: Path, parse: Callable[[Path], Content], what: str) -> Content | None:
    """What `parse` makes of a kept file; None if there is no file, or, with a line in the log, if it is damaged.

    `what`: names the content in that line, in the plural.
    """
    if not path.exists():
        return None
    wrong = damage(path)
    if wrong is None:
        try:
            return parse(path)
        except Exception as error:  # noqa: BLE001 - a file without a note may hold anything, and libraries raise errors of many kinds
            wrong = f"cannot be read: {damage_of(error)}"
    tell(path, f"{wrong}; the {what} are made again")
    return None


@contextmanager
def kept_write(path: Path, what: str) -> Iterator[Path]:
    """As atomic_write; the file gets a checksum, is flushed to the disk, and replaces even a folder."""
    with atomic_write(path, what, durable=True) as draft:
        yield draft
        keep_checksum(path, checksum_of(draft))
        make_way(path)


def keep_checksum(path: Path, checksum: Checksum) -> None:
    """Write the note of a file, which may not have its name yet. Raises CatsError if the disk refuses."""
    write_note(note_of(path), _text(checksum), f"the checksum of {path.name}", durable=True)


def seal_draft(folder: Path, *names: str) -> None:
    """Write the notes of the named files in a draft of a folder, or of all, which is flushed later.

    Raises OSError if the disk refuses.
    """
    for path in [folder / name for name in names] or list(folder.iterdir()):
        note_of(path).write_bytes(sealed(_text(checksum_of(path))))


def note_of(path: Path) -> Path:
    """The file that holds the checksum of a file."""
    return path.with_name(f"{path.name}.sum")


def damage(path: Path, *, adopt: bool = True) -> str | None:
    """What is wrong with a kept file, as the end of a sentence that begins with its path; None if nothing is.

    `adopt`: whether a file without a note gets one.
    """
    try:
        state = path.stat()
        now = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        before, wrong = _compared.get(path, (None, None))
        if now == before:
            return wrong
        wrong = _difference(path, state, adopt=adopt)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    _compared[path] = now, wrong
    return wrong


def _difference(path: Path, state: os.stat_result, *, adopt: bool) -> str | None:
    """Compare a file with its note. Raises OSError if the file cannot be read."""
    if not stat.S_ISREG(state.st_mode):
        return "is no file"
    if not state.st_size:
        return "is empty"
    noted = read_note(note_of(path), _parsed)
    if noted is None and not adopt:
        return None
    if noted is not None and noted.size != state.st_size:
        return f"has {state.st_size:,} bytes instead of {noted.size:,}"
    found = checksum_of(path)
    if noted is None:
        with suppress(CatsError):  # in a folder that may not be written the file stays without a note
            keep_checksum(path, found)
    return None if noted in {None, found} else "has another checksum than when it was written"


def _text(checksum: Checksum) -> bytes:
    return f"{checksum.size} {checksum.crc32:08x}".encode("ascii")


def _parsed(content: bytes) -> Checksum:
    size, crc = content.decode("ascii").split()
    return Checksum(int(size), int(crc, 16))
