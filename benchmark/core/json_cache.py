"""Caches figures that were measured on this machine. A lost figure is measured again."""

import contextlib
from pathlib import Path
from typing import TypeVar

from results.atomic import atomic_write
from results.error import CatsError
from results.record import Frozen

Figure = TypeVar("Figure", bound=Frozen)


def read(kind: type[Figure], path: Path) -> Figure | None:
    """Return the cached figure in a file; None if the file is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    return None


def keep(figure: Frozen, path: Path) -> None:
    """Write a figure to a file, which is then complete or absent; an error of the disk is ignored."""
    with contextlib.suppress(CatsError), atomic_write(path, "a figure", durable=False) as draft:
        draft.write_text(figure.model_dump_json(), encoding="utf-8")
