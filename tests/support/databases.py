"""New MLflow databases in no time: MLflow makes its tables once for all tests, and every other new database is a copy of these.

Making the tables takes MLflow a second of work, and hundreds of tests want a database of their own. Only what fills a new
database is replaced; `make_database` itself runs as it is.
"""

import os
import shutil
from pathlib import Path

from filelock import FileLock

PLACE = "CATS_TESTS_SHARED"  # names the folder that the processes of one run of the tests share


def share_tables() -> None:
    """From now on, new databases of this process are copies. Comes before `results.tracking.experiment` is imported."""
    from results.tracking import database

    real = database.make_database

    def make_database(uri, make):
        real(uri, copied if getattr(make, "__name__", "") == "MlflowClient" else make)

    database.make_database = make_database


def copied(uri: str) -> None:
    """Fill the sqlite database of an address with MLflow's tables."""
    shutil.copy(template(Path(os.environ[PLACE])), uri.removeprefix("sqlite:///"))


def template(folder: Path) -> Path:
    """A database that MLflow has made its tables in, by whichever process needs it first."""
    path, draft = folder / "template.db", folder / "template.draft"
    with FileLock(folder / "template.lock"):
        if not path.exists():
            from mlflow import MlflowClient

            MlflowClient(f"sqlite:///{draft}")
            draft.rename(path)
    return path
