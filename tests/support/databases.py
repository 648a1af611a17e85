"""New MLflow databases in no time: MLflow makes its tables once for all tests, and every other new database is a copy of these.

Making the tables takes MLflow a second of work, and hundreds of tests want a database of their own. Only what fills a new
database is replaced; `make_database` itself runs as it is. Nor do sqlite and this process wait for the disk: what they have
written survives the end of a process, however sudden; the test that takes the power from a disk lets them wait.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

FLUSH = os.fsync  # which waits for the disk
PLACE = "CATS_TESTS_SHARED"  # names the folder that the processes of one run of the tests share


def share_tables() -> None:
    """From now on, new databases of this process are copies. Comes before `results.tracking.experiment` is imported."""
    from results.tracking import database

    real = database.make_database

    def make_database(uri, make):
        know_revision()
        real(uri, copied if getattr(make, "__name__", "") == "MlflowClient" else make)

    database.make_database = make_database
    event.listen(Engine, "connect", hasten)
    share_statements()
    os.fsync = unflushed


def know_revision() -> None:
    """From now on, MLflow knows the latest revision of its tables; it loads all its migrations to find that out each time."""
    from mlflow.store.db import utils

    if not hasattr(utils._get_latest_schema_revision, "cache_info"):
        utils._get_latest_schema_revision = cache(utils._get_latest_schema_revision)


def share_statements() -> None:
    """From now on, what SQLAlchemy has made of a statement for one sqlite database serves all sqlite databases.

    It translates dozens of statements of MLflow for each new database, although all sqlite databases speak the same language.
    """
    kind, kept = SQLiteDialect_pysqlite, LRUCache(2000)
    kind.__eq__ = lambda one, other: type(one) is type(other)
    kind.__hash__ = lambda one: hash(type(one))

    def keep(connection):
        if type(connection.dialect) is kind:
            connection.engine._compiled_cache = kept

    event.listen(Engine, "engine_connect", keep)


def hasten(connection, _) -> None:
    """sqlite hands what it writes to the system and goes on. PostgreSQL does the same in tests, see servers.py."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def unflushed(handle: int) -> None:
    """What is written to a file stays with the system. Raises OSError if the file is not open."""
    os.fstat(handle)


def copied(uri: str) -> None:
    """Fill the sqlite database of an address with MLflow's tables."""
    head, _, path = uri.partition(":///")
    # an address that names the driver has a path with percent signs, see connection.engine_address
    shutil.copy(template(Path(os.environ[PLACE])), unquote(path) if "+" in head else path)


def made_once(name: str, fill: Callable[[Path], object]) -> Path:
    """A folder that all processes of one run of the tests read, filled by whichever of them needs it first."""
    folder, done = (Path(os.environ[PLACE]) / each for each in (name, f"{name}.done"))
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that could not fill it
            folder.mkdir()
            fill(folder)
            done.touch()
    return folder


def template(folder: Path) -> Path:
    """A database that MLflow has made its tables in, by whichever process needs it first."""
    path, draft = folder / "template.db", folder / "template.draft"
    with FileLock(folder / "template.lock"):
        if not path.exists():
            from mlflow import MlflowClient

            from results.tracking.connection import quiet

            quiet()  # MLflow uses what SQLAlchemy calls outdated
            MlflowClient(f"sqlite:///{draft}")
            draft.rename(path)
    return path
