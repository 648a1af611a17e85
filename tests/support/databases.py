"""New MLflow databases in no time: MLflow makes its tables once for all tests, and every other new database is a copy of these.

Making the tables takes MLflow a second of work, and hundreds of tests want a database of their own. Only what fills a new
database is replaced; `make_database` itself runs as it is. Nor does sqlite wait for the disk: what it has written survives
the end of a process, however sudden; the test that takes the power from a disk lets it wait.
"""

import os
import shutil
import sqlite3
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock
from sqlalchemy import event
from sqlalchemy.engine import Engine

PLACE = "CATS_TESTS_SHARED"  # names the folder that the processes of one run of the tests share


def share_tables() -> None:
    """From now on, new databases of this process are copies. Comes before `results.tracking.experiment` is imported."""
    from results.tracking import database

    real = database.make_database

    def make_database(uri, make):
        real(uri, copied if getattr(make, "__name__", "") == "MlflowClient" else make)

    database.make_database = make_database
    event.listen(Engine, "connect", hasten)


def hasten(connection, _) -> None:
    """sqlite hands what it writes to the system and goes on. PostgreSQL does the same in tests, see servers.py."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def copied(uri: str) -> None:
    """Fill the sqlite database of an address with MLflow's tables."""
    head, _, path = uri.partition(":///")
    # an address that names the driver has a path with percent signs, see connection.engine_address
    shutil.copy(template(Path(os.environ[PLACE])), unquote(path) if "+" in head else path)


def template(folder: Path) -> Path:
    """A database that MLflow has made its tables in, by whichever process needs it first."""
    path, draft = folder / "template.db", folder / "template.draft"
    with FileLock(folder / "template.lock"):
        if not path.exists():
            from mlflow import MlflowClient

            MlflowClient(f"sqlite:///{draft}")
            draft.rename(path)
    return path
