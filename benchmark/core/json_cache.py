"""Figures that were measured on this machine, kept under CATS_HOME: losing one costs no more than to measure it again."""

import contextlib
from pathlib import Path
from typing import TypeVar

from results.atomic import atomic_write
from results.error import CatsError
from results.record import Frozen

Figure = TypeVar("Figure", bound=Frozen)


def read(kind: type[Figure], path: Path) -> Figure | None:
    """A figure that was kept; None if there is none, or it was damaged by a disk."""
    with contextlib.suppress(OSError, ValueError):
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    return None


def keep(figure: Frozen, path: Path) -> None:
    """Keep a figure, if the disk takes it: the file is whole or absent."""
    with contextlib.suppress(CatsError), atomic_write(path, "a figure", durable=False) as draft:
        draft.write_text(figure.model_dump_json(), encoding="utf-8")
