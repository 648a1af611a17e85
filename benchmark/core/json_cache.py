"""Caches figures that were measured on this machine. A lost or damaged figure is measured again."""

import contextlib
from pathlib import Path
from typing import TypeVar

from results.error import CatsError
from results.files.sealed import read_note, write_note
from results.record import Frozen

Figure = TypeVar("Figure", bound=Frozen)


def read(kind: type[Figure], path: Path) -> Figure | None:
    """Return the cached figure in a file; None if the file is missing or, with a line in the log, damaged."""
    return read_note(path, kind.model_validate_json)


def keep(figure: Frozen, path: Path) -> None:
    """Write a figure to a file, which is then complete or absent; an error of the disk is ignored."""
    with contextlib.suppress(CatsError):
        write_note(path, figure.model_dump_json().encode(), "a figure", durable=False)
