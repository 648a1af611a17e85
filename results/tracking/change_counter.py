"""A sqlite file as tracking database: which file an address names, and whether it has changed, without asking MLflow."""

import os
import re
import stat
from pathlib import Path

SQLITE = "sqlite:///"
DRIVERS = ("sqlite", "sqlite+pysqlite")
LINK = "file:"  # sqlite:///file:PATH?mode=ro&uri=true is sqlite's own syntax for options of a file
# Options of Python's driver and, with LINK alone, of sqlite. Another ? is a part of the name of a file or a folder.
OF_DRIVER = r"timeout|isolation_level|detect_types|check_same_thread|cached_statements|uri"
OF_SQLITE = r"mode|cache|immutable|nolock|psow|vfs|modeof"
OPTIONS = re.compile(rf"(?:(?:{OF_DRIVER}|{OF_SQLITE})=[^&=]*&?)+")
MAGIC = b"SQLite format 3\0"
ROLLBACK = b"\x01\x01"  # file format: no write-ahead log, whose writers leave the counter alone


def sqlite_file(uri: str) -> str | None:
    """The path in the address of a sqlite file; None for other servers, and for an address in sqlite's own syntax."""
    parts = _divided(uri)
    return parts[0] if parts is not None else None


def _divided(uri: str) -> tuple[str, str] | None:
    """The path of a sqlite file and the options behind it, such as ?timeout=30."""
    driver, mark, file = uri.partition(":///")
    if not mark or driver not in DRIVERS or file.startswith(LINK):
        return None
    path, sign, options = file.rpartition("?")
    return (path, f"?{options}") if sign and OPTIONS.fullmatch(options) else (file, "")


def absolute(uri: str) -> str:
    """A database file by its full path: MLflow keeps the engine of a relative one when the working directory changes."""
    parts = _divided(uri)
    return uri if parts is None else f"{SQLITE}{os.path.realpath(parts[0])}{parts[1]}"


def options_of(uri: str) -> str:
    """The options behind the file in the address of a sqlite file, such as ?timeout=30; empty for other servers."""
    parts = _divided(uri)
    return "" if parts is None else parts[1]


def is_missing(uri: str) -> bool:
    """True only for a sqlite file that does not exist: asking MLflow about it would create one."""
    file = sqlite_file(uri)
    return file is not None and not os.path.exists(file)  # noqa: PTH110 - Path.exists raises errors for odd names


def change_token(uri: str) -> str | None:
    """A text that changes with every write to a sqlite database; None where no such text exists.

    SQLite raises a counter in the header of the file with every transaction that writes (bytes 24 to 27, see "Database
    File Format" of its manual). Identity, size and time of the file detect a file that has replaced another one. Other
    servers, databases with a write-ahead log, and databases that are being written to give None.
    """
    file = sqlite_file(uri)
    if file is None:
        return None
    path = Path(os.path.realpath(file))
    try:
        if any(_holds_something(path.with_name(path.name + end)) for end in ("-journal", "-wal")):
            return None
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):  # opening a pipe would wait for its other end
            return None
        with path.open("rb") as content:
            header = content.read(100)
    except (OSError, ValueError):
        return None
    if not header.startswith(MAGIC) or header[18:20] != ROLLBACK:
        return None
    return f"{state.st_dev}-{state.st_ino}-{state.st_size}-{state.st_mtime_ns}-{int.from_bytes(header[24:28], 'big')}"


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
