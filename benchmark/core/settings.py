"""The user's settings file: values of environment variables that hold for every command, unless the environment has another.

The file is `config.toml` in the folder of the user's settings, by default ~/.config/cats-bench. A key stands for a variable.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.core.paths import data_folders, entries_folder, home, settings_place, weight_folders
from results.error import CatsError, nearest
from results.text.brief import briefly
from results.text.hidden import shown
from results.tracking.uri import DATABASE

VARIABLES = {
    "data": "CATS_DATA", "weights": "CATS_WEIGHTS", "home": "CATS_HOME", "entries": "CATS_ENTRIES", "log": "CATS_LOG",
    "tracking_uri": "MLFLOW_TRACKING_URI",
}  # fmt: skip
FOLDERS = ("data", "weights", "home", "entries")
FILE = "config.toml"
BYTES = 100_000  # of the file; nobody writes more
_from_file: dict[str, str] = {}  # variables that this process has set from the file


@dataclass(frozen=True)
class Setting:
    """A setting as it holds now: its value, and where it comes from."""

    key: str
    variable: str
    value: str
    origin: str


def settings_file() -> Path | None:
    """The settings file, whether it exists or not; None for a user without a home folder."""
    folder = settings_place()
    return None if folder is None else folder / FILE


def apply_settings() -> None:
    """Set the variables that the file names and the environment does not. Raises CatsError for a file that is wrong."""
    for variable, value in _from_file.items():
        if os.environ.get(variable) == value:
            del os.environ[variable]
    _from_file.clear()
    for key, value in read_settings().items():
        if not os.environ.get(VARIABLES[key]):
            os.environ[VARIABLES[key]] = _from_file[VARIABLES[key]] = value


def read_settings() -> dict[str, str]:
    """The values in the file by their keys; none if there is no file. Raises CatsError for a file that is wrong.

    A folder that this user may not enter, such as the home folder of another user after `sudo`, counts as one without the file.
    """
    file = settings_file()
    try:
        if file is None or not _exists(file):
            return {}
        if file.stat().st_size > BYTES:
            raise CatsError(f"{file} has {file.stat().st_size:,} bytes; a settings file may have {BYTES:,}")
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatsError(f"{file} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatsError(f"{file} is not valid TOML: {error}; write lines like data = '/folder'") from error
    return _checked(content, file)


def _exists(file: Path) -> bool:
    try:
        return file.is_file()
    except PermissionError:
        return False


def _checked(content: Mapping[str, Any], file: Path) -> dict[str, str]:
    mistakes = [mistake for key, value in content.items() if (mistake := _mistake(key, value))]
    if mistakes:
        raise CatsError(*(f"{file}: {each}" for each in mistakes))
    return {key: str(Path(value).expanduser()) if key in FOLDERS else value for key, value in content.items()}


def _mistake(key: str, value: Any) -> str | None:
    """What is wrong with a key and its value; None if they are right."""
    if key not in VARIABLES:
        named = next((known for known, variable in VARIABLES.items() if variable == key.upper()), key)
        return f"there is no key '{key}'{nearest(named, VARIABLES)}"
    if not isinstance(value, str) or not value.strip():
        return f"{key} is {briefly(value)}; write a text in quotation marks"
    if key in FOLDERS:
        try:
            if not Path(value).expanduser().is_absolute():
                return f"{key} is '{value}', which depends on the working directory; write the whole path, or begin with ~"
        except RuntimeError:
            return f"{key} is '{value}', and the home folder of that user is not known; write the whole path"
    return None


def settings() -> list[Setting]:
    """All settings as they hold now."""
    defaults = {
        "data": data_folders()[-1], "weights": weight_folders()[-1], "home": home(), "entries": entries_folder(),
        "log": "WARNING", "tracking_uri": DATABASE,
    }  # fmt: skip
    found = []
    for key, variable in VARIABLES.items():
        value = os.environ.get(variable)
        origin = "default" if not value else FILE if _from_file.get(variable) == value else "environment"
        found.append(Setting(key, variable, shown(value or str(defaults[key])), origin))
    return found
