"""Folders of cats on this machine. Paths never enter a key."""

import os
import platform
from pathlib import Path

from results.error import CatsError


def home() -> Path:
    """The folder of everything that cats makes and keeps, `CATS_HOME`: decoded images, pretrained weights, features, outbox."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cats-bench"
    return Path(os.environ.get("CATS_HOME") or default).expanduser()


def downloads_folder() -> Path:
    """Files of data sets that `cats fetch` has downloaded."""
    return home() / "data"


def decoded_folder() -> Path:
    """Decoded images, one folder for each data set and size."""
    return home() / "images"


def digests_folder() -> Path:
    """Digests of files, by path, size and time of change."""
    return home() / "digests"


def leakage_folder() -> Path:
    """Results of searching two data sets, or two parts of a data set, for shared images."""
    return home() / "leakage"


def pretrained_folder() -> Path:
    """Weights of sources that were pretrained on this machine."""
    return home() / "pretrained"


def pretraining_records_folder() -> Path:
    """Records of pretrainings that no driver has put into its outbox yet."""
    return pretrained_folder() / "records"


def checkpoints_folder() -> Path:
    """States of trainings between two epochs, from which interrupted ones go on."""
    return home() / "checkpoints"


def registry_weights_folder() -> Path:
    """Weights that came from MLflow's model registry, by their checksum."""
    return home() / "published"


def features_folder() -> Path:
    """Features of data sets, extracted by frozen networks."""
    return home() / "features"


def scores_folder() -> Path:
    """Scores of measures, by the digest of everything that decides them."""
    return home() / "scores"


def calibrations_folder() -> Path:
    """Costs of single training steps, measured on this hardware."""
    return home() / "calibrations"


def compiled_folder() -> Path:
    """Code that torch.compile has made for this machine; other machines may not be able to run it."""
    return home() / "compiled" / platform.node() / "torch"


def outbox_folder() -> Path:
    """Records that have not reached MLflow yet, one folder for each experiment of each server."""
    return home() / "outbox"


def snapshots_folder() -> Path:
    """Copies of the runs of experiments, from which boards are read."""
    return home() / "snapshots"


def data_folders() -> list[Path]:
    """The folders where cats looks for the files of data sets, in this order: `CATS_DATA`, then `CATS_HOME`/data."""
    return [*_folder_named_by("CATS_DATA"), downloads_folder()]


def weight_folders() -> list[Path]:
    """The folders where cats looks for files of weights, in this order: `CATS_WEIGHTS`, then `CATS_HOME`/weights."""
    return [*_folder_named_by("CATS_WEIGHTS"), home() / "weights"]


def check_variables() -> None:
    """Raises CatsError if CATS_DATA or CATS_WEIGHTS names no folder; its files would be missing without a visible reason."""
    for variable in ("CATS_DATA", "CATS_WEIGHTS"):
        _folder_named_by(variable)


def _folder_named_by(variable: str) -> list[Path]:
    """The folder that a variable names, or nothing if the variable is not set. Raises CatsError if there is no such folder."""
    text = os.environ.get(variable)
    if not text:
        return []
    folder = Path(text).expanduser()
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise CatsError(f"{variable} is '{text}', which {what}; {variable} must name a folder, or not be set")
    return [folder]


def entries_folder() -> Path:
    """The folder of the user's own entries: `CATS_ENTRIES`, by default a folder of the user's settings.

    It has the folders `sources`, `targets` and `similarity`. It is not below CATS_HOME, which is a cache: emptying a cache must
    not delete what a user wrote.
    """
    default = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "cats-bench"
    return Path(os.environ.get("CATS_ENTRIES") or default).expanduser()


def entries_missing() -> str:
    """The end of a sentence about a name that was not found, if CATS_ENTRIES names no folder; else nothing.

    Only `cats new` may be given a folder that does not exist yet.
    """
    named = os.environ.get("CATS_ENTRIES")
    return f"; CATS_ENTRIES is '{named}', which is no folder" if named and not entries_folder().is_dir() else ""
