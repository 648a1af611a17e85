"""Where things lie on this machine. Paths never enter a key."""

import os
from pathlib import Path


def home() -> Path:
    """What cats makes and keeps: decoded images, pretrained weights, features, the outbox. `CATS_HOME` moves it."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cats-bench"
    return Path(os.environ.get("CATS_HOME") or default).expanduser()


def data_folders() -> list[Path]:
    """Where the files of data sets are looked for, in order: `CATS_DATA`, then `CATS_HOME`/data."""
    given = os.environ.get("CATS_DATA")
    return [*([Path(given).expanduser()] if given else []), home() / "data"]


def weight_folders() -> list[Path]:
    """Where weight files are looked for, in order: `CATS_WEIGHTS`, then `CATS_HOME`/weights."""
    given = os.environ.get("CATS_WEIGHTS")
    return [*([Path(given).expanduser()] if given else []), home() / "weights"]


def tracking_uri() -> str:
    """MLflow's tracking server or database, and its model registry: `MLFLOW_TRACKING_URI`, else a file where one works."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def entries_folder() -> Path:
    """The user's own entries, in `sources` and `targets` below it: `CATS_ENTRIES`, else among the user's settings.

    Not below CATS_HOME: that is a cache, and emptying a cache must lose nothing that a person wrote.
    """
    default = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "cats-bench"
    return Path(os.environ.get("CATS_ENTRIES") or default).expanduser()
