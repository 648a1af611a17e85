"""Places where a command writes: looked at as soon as the command line is read, before anything else happens.

A folder that is missing is made when the file is written, and not before; docs/commands.md says so for all commands.
"""

from collections.abc import Callable
from pathlib import Path

from benchmark.cli.printing import require_picture
from results.error import CatsError
from results.files.output import require_place

Check = Callable[[Path | None], Path | None]  # callback of an option: what is given, or its default


def a_file(what: str, otherwise: str = "") -> Check:
    """Return the callback of an option that names the file of something, such as "the report".

    otherwise: the end of a sentence about a place that cannot be used: what to do instead.
    """

    def checked(path: Path | None) -> Path | None:
        if path is not None:
            try:
                require_place(path, what)
            except CatsError as error:
                raise CatsError(f"{error}{otherwise}") from None
        return path

    return checked


def a_folder(what: str) -> Check:
    """Return the callback of an option that names a folder; it may be there."""

    def checked(path: Path | None) -> Path | None:
        if path is not None:
            require_place(path, what, folder=True)
        return path

    return checked


def a_picture(path: Path | None) -> Path | None:
    """Return the file of a picture. Raises CatsError if its name says no format, or if nothing can be written there."""
    if path is not None:
        require_picture(path)
        require_place(path, "the picture")
    return path
