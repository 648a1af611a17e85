"""Notes that hold the checksum of their own content: what a disk or a power cut has damaged is noticed when a note is read.

A note ends with a line that holds the CRC-32 of everything before it. Notes of older versions end without that line; they are
read as they are, so that nothing is made again only because the program is a newer one.
"""

import logging
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from results.error import damage_of
from results.files.atomic import atomic_write, discard

Content = TypeVar("Content")
SEAL = re.compile(rb"\ncats-crc32 ([0-9a-f]{8})\n")
LENGTH = len("\ncats-crc32 01234567\n")

log = logging.getLogger(__name__)
_told: set[tuple[Path, int | None]] = set()  # files that this process has named, and when they had last changed


class DamagedError(ValueError):
    """The content of a file is not what was written."""


def sealed(content: bytes) -> bytes:
    """The content with the line that holds its checksum."""
    return content + f"\ncats-crc32 {zlib.crc32(content):08x}\n".encode()


def unsealed(data: bytes) -> bytes:
    """The content without that line. Raises DamagedError if it is empty or differs from its checksum."""
    seal = SEAL.fullmatch(data[-LENGTH:])
    if seal is None and any(part in data[-LENGTH:] for part in (b"cats-", b"crc32")):
        raise DamagedError("its last line is damaged")
    content = data if seal is None else data[:-LENGTH]
    if not content:
        raise DamagedError("the file is empty")
    if seal is not None and zlib.crc32(content) != int(seal[1], 16):
        raise DamagedError("its checksum differs")
    return content


def read_note(path: Path, parse: Callable[[bytes], Content]) -> Content | None:
    """What `parse` makes of the content of a note; None if there is no note, or, with a line in the log, if it is damaged."""
    try:
        return parse(unsealed(path.read_bytes()))
    except FileNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001 - the libraries that parse damaged content raise errors of many kinds
        reason = damage_of(error)
        tell(path, f"is damaged and is made again: {reason}")
        return None


def tell(path: Path, what: str) -> None:
    """Log what is wrong with a file, once until the file changes. `what`: the end of a sentence that begins with its path."""
    state = None
    with suppress(OSError):
        state = path.stat().st_ctime_ns
    if (path, state) not in _told:
        log.warning("%s %s", path, what)
    _told.add((path, state))


def write_note(path: Path, content: bytes, what: str, *, durable: bool) -> None:
    """Write a note, which is then whole or absent. Raises CatsError if the disk refuses. The arguments: see atomic_write."""
    with atomic_write(path, what, durable=durable) as draft:
        draft.write_bytes(sealed(content))
        make_way(path)


def make_way(path: Path) -> None:
    """Remove a folder that lies where a file belongs: an accident, since only files are kept there."""
    if path.is_dir() and not path.is_symlink():
        discard(path)
