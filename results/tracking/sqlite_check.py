"""Looks into a sqlite file before MLflow does.

MLflow tries ten times within two minutes, without a word, to open a file that cannot be opened, and adds its tables to the
database of any other program.
"""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from results.error import CatsError
from results.tracking.change_counter import MAGIC
from results.tracking.schema import check_revision

PATIENCE_SECONDS = 5.0  # for another program that holds the lock of the file, which a writer does for a moment
OURS = {"experiments", "runs"}  # of the first tables that MLflow makes
WHY = {
    sqlite3.SQLITE_BUSY: "another program holds it; wait until that one ends, or end it",
    sqlite3.SQLITE_LOCKED: "another program holds it; wait until that one ends, or end it",
    sqlite3.SQLITE_NOTADB: "it is no database of sqlite, or is encrypted; name another file",
    sqlite3.SQLITE_CORRUPT: "it is damaged; put an earlier copy in its place, or try `sqlite3 FILE .recover`",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; change the rights of the file and its folder, or name another file",
    sqlite3.SQLITE_READONLY: "it may only be read, and an interrupted change in it has to be undone first; change the rights",
    sqlite3.SQLITE_IOERR: "its disk does not give it back",
}


def check_file(path: Path) -> None:
    """Raises CatsError, in one sentence, if a file cannot be MLflow's database. One that is missing or empty will be made."""
    try:
        state = path.stat()
        if stat.S_ISREG(state.st_mode) and state.st_size:
            with path.open("rb") as content:
                header = content.read(len(MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise CatsError(f"the database {path} cannot be used: {error.strerror}") from error
    if not stat.S_ISREG(state.st_mode):
        what = "a folder" if stat.S_ISDIR(state.st_mode) else "no file that can hold a database"
        raise CatsError(f"the database {path} cannot be used: it is {what}, and the address must name a file")
    if not state.st_size:
        return
    if header != MAGIC:
        raise CatsError(f"the database {path} cannot be used: {WHY[sqlite3.SQLITE_NOTADB]}")
    _check_tables(path)


def _check_tables(path: Path) -> None:
    # mode=rw creates no file. What an interrupted program has left half-done is undone, which mode=ro could not do.
    address = f"file:{quote(str(path))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE_SECONDS)) as database:
            tables = {str(name) for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            mark = database.execute("SELECT version_num FROM alembic_version").fetchone() if tables >= OURS else None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says more
        raise CatsError(f"the database {path} cannot be used: {WHY.get(code, str(error))}") from error
    strangers = sorted(name for name in tables if not name.startswith(("sqlite_", "alembic_")))
    if strangers and not tables >= OURS:
        named = ", ".join(strangers[:3])
        raise CatsError(
            f"the database {path} cannot be used: it belongs to another program and holds {named:.80}; name another file"
        )
    check_revision(str(mark[0]) if mark else None, str(path))
