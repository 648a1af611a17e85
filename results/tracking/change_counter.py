"""Whether a tracking database has changed, read from its file alone, without asking MLflow."""

from pathlib import Path

SQLITE = "sqlite:///"
LINK = "file:"  # sqlite:///file:PATH?mode=ro&uri=true is sqlite's own syntax for options of a file
MAGIC = b"SQLite format 3\0"
ROLLBACK = b"\x01\x01"  # file format: no write-ahead log, whose writers leave the counter alone


def absolute(uri: str) -> str:
    """A database file by its full path: MLflow keeps the engine of a relative one when the working directory changes."""
    file = uri.removeprefix(SQLITE)
    return uri if file == uri or file.startswith(LINK) else f"{SQLITE}{Path(file).resolve()}"


def is_missing(uri: str) -> bool:
    """True only for a sqlite file that does not exist: asking MLflow about it would create one."""
    file = uri.removeprefix(SQLITE)
    return file != uri and not file.startswith(LINK) and not Path(file).exists()


def change_token(uri: str) -> str | None:
    """A text that changes with every write to a sqlite database; None where no such text exists.

    SQLite raises a counter in the header of the file with every transaction that writes (bytes 24 to 27, see "Database
    File Format" of its manual). Identity, size and time of the file detect a file that has replaced another one. Other
    servers, databases with a write-ahead log, and databases that are being written to give None.
    """
    if not uri.startswith(SQLITE):
        return None
    path = Path(absolute(uri).removeprefix(SQLITE))
    try:
        if any(_holds_something(path.with_name(path.name + end)) for end in ("-journal", "-wal")):
            return None
        with path.open("rb") as file:
            header = file.read(100)
        stat = path.stat()
    except OSError:
        return None
    if not header.startswith(MAGIC) or header[18:20] != ROLLBACK:
        return None
    return f"{stat.st_dev}-{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}-{int.from_bytes(header[24:28], 'big')}"


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
