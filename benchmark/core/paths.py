"""Folders of cats on this machine. Paths never enter a key."""

import os
import platform
from pathlib import Path

from results.error import CatsError
from results.text.plain import storable


def home() -> Path:
    """The folder of everything that cats makes and keeps, `CATS_HOME`: decoded images, pretrained weights, features, outbox."""
    named = os.environ.get("CATS_HOME")
    return _expanded("CATS_HOME", named) if named else _below_user("XDG_CACHE_HOME", ".cache", "CATS_HOME")


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


def networks_folder() -> Path:
    """Trained networks of cells, of plans that keep them."""
    return home() / "networks"


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
    """Raises CatsError if CATS_DATA or CATS_WEIGHTS names no folder; its files would be missing without a visible reason.

    CATS_HOME must be UTF-8, because tables and databases are kept below it. Where the user has no home folder, libraries that
    look for one get a folder below CATS_HOME.
    """
    for variable in ("CATS_DATA", "CATS_WEIGHTS"):
        _folder_named_by(variable)
    if storable(str(home())) != str(home()):
        raise CatsError(f"CATS_HOME is '{home()}', whose name is not in UTF-8; choose another folder")
    if _user_home() is None:
        os.environ["HOME"] = str(_instead_of_home())


def _instead_of_home() -> Path:
    """The folder that libraries get as the home folder of a user who has none."""
    return home().absolute() / "user"


def _user_home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # HOME is not set, and the system has no entry for this user, as in many containers
        return None


def _below_user(variable: str, name: str, instead: str) -> Path:
    """A folder of the user by the XDG convention. Raises CatsError, which names the variable `instead`, if none is known."""
    given, user = os.environ.get(variable), _user_home()
    if not given and user is None:
        raise CatsError(f"this user has no home folder; set {instead} to a folder")
    return (Path(given) if given else user / name if user else Path()) / "cats-bench"


def _expanded(variable: str, text: str) -> Path:
    """The folder that a variable names. Raises CatsError if it begins with ~ and that home folder is not known."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise CatsError(
            f"{variable} is '{text}', and the home folder of that user is not known; write the whole path"
        ) from None


def _folder_named_by(variable: str) -> list[Path]:
    """The folder that a variable names, or nothing if the variable is not set. Raises CatsError if there is no such folder."""
    text = os.environ.get(variable)
    if not text:
        return []
    folder = _expanded(variable, text)
    try:
        what = "" if folder.is_dir() else "is a file" if folder.exists() else "does not exist"
    except PermissionError:
        what = "may not be read"
    if what:
        raise CatsError(f"{variable} is '{text}', which {what}; {variable} must name a folder, or not be set")
    return [folder]


def settings_place() -> Path | None:
    """The folder of the user's settings file, by default ~/.config/cats-bench; None for a user without a home folder."""
    try:
        return _below_user("XDG_CONFIG_HOME", ".config", "XDG_CONFIG_HOME")
    except CatsError:
        return None


def entries_folder() -> Path:
    """The folder of the user's own entries: `CATS_ENTRIES`, by default a folder of the user's settings.

    It has the folders `sources`, `targets` and `similarity`. It is not below CATS_HOME, which is a cache: emptying a cache must
    not delete what a user wrote.
    """
    named = os.environ.get("CATS_ENTRIES")
    return _expanded("CATS_ENTRIES", named) if named else _below_user("XDG_CONFIG_HOME", ".config", "CATS_ENTRIES")


def entries_folder_to_write() -> Path:
    """The same, for a new entry. Raises CatsError if that would be below CATS_HOME, because the user has no home folder."""
    folder = entries_folder()
    if folder.absolute().is_relative_to(_instead_of_home()):
        raise CatsError("this user has no home folder; say with --output or CATS_ENTRIES where your entries are kept")
    return folder


def entries_missing() -> str:
    """The end of a sentence about a name that was not found, if CATS_ENTRIES names no folder; else nothing.

    Only `cats new` may be given a folder that does not exist yet.
    """
    named = os.environ.get("CATS_ENTRIES")
    return f"; CATS_ENTRIES is '{named}', which is no folder" if named and not entries_folder().is_dir() else ""
