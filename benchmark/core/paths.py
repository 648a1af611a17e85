"""Where things lie on this machine. Paths never enter a key."""

import os
import platform
from pathlib import Path


def home() -> Path:
    """What cats makes and keeps: decoded images, pretrained weights, features, the outbox. `CATS_HOME` moves it."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cats-bench"
    return Path(os.environ.get("CATS_HOME") or default).expanduser()


def downloads_folder() -> Path:
    """Files of data sets that `cats fetch` has downloaded."""
    return home() / "data"


def decoded_folder() -> Path:
    """Decoded images, one folder for each data set and size."""
    return home() / "images"


def digests_folder() -> Path:
    """Notes of digests of files, by path, size and time of change."""
    return home() / "digests"


def leakage_folder() -> Path:
    """Notes of images that two data sets, or two parts of one, have in common."""
    return home() / "leakage"


def pretrained_folder() -> Path:
    """Weights of sources that were pretrained here."""
    return home() / "pretrained"


def pretraining_records_folder() -> Path:
    """Records of pretrainings that no driver has put into its outbox yet."""
    return pretrained_folder() / "records"


def registry_weights_folder() -> Path:
    """Weights that were fetched from MLflow's model registry, by their checksum."""
    return home() / "published"


def features_folder() -> Path:
    """Features of data sets, extracted by frozen networks."""
    return home() / "features"


def scores_folder() -> Path:
    """Scores of measures, by the digest of what decides them."""
    return home() / "scores"


def calibrations_folder() -> Path:
    """Costs of single training steps, measured on this hardware."""
    return home() / "calibrations"


def compiled_folder() -> Path:
    """What torch.compile keeps for this machine; its code does not run on every other one."""
    return home() / "compiled" / platform.node() / "torch"


def outbox_folder() -> Path:
    """Records that have not reached MLflow yet, one folder for each experiment of each server."""
    return home() / "outbox"


def snapshots_folder() -> Path:
    """Copies of the runs of experiments, from which boards are read."""
    return home() / "snapshots"


def data_folders() -> list[Path]:
    """Where the files of data sets are looked for, in order: `CATS_DATA`, then `CATS_HOME`/data."""
    given = os.environ.get("CATS_DATA")
    return [*([Path(given).expanduser()] if given else []), downloads_folder()]


def weight_folders() -> list[Path]:
    """Where weight files are looked for, in order: `CATS_WEIGHTS`, then `CATS_HOME`/weights."""
    given = os.environ.get("CATS_WEIGHTS")
    return [*([Path(given).expanduser()] if given else []), home() / "weights"]


def entries_folder() -> Path:
    """The user's own entries, in `sources` and `targets` below it: `CATS_ENTRIES`, else among the user's settings.

    Not below CATS_HOME: that is a cache, and emptying a cache must lose nothing that a person wrote.
    """
    default = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "cats-bench"
    return Path(os.environ.get("CATS_ENTRIES") or default).expanduser()
