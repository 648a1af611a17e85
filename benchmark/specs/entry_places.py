"""Where the entries of each kind are, by their names; no entry is read or imported, so that lists of names answer at once."""

import importlib.resources
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Literal

from benchmark.core.paths import entries_folder
from results.extension import entry_points

Kind = Literal["sources", "targets", "similarity"]
Place = Path | EntryPoint


def names(kind: Kind) -> list[str]:
    """Return the names of all entries of one kind: of this checkout, of the user and of other packages."""
    return sorted(places(kind))


def shipped(kind: Kind) -> list[str]:
    """Return the names of the entries of this checkout."""
    return [
        name for name, found in sorted(places(kind).items()) if isinstance(found[0], Path) and found[0].parent == ours(kind)
    ]


def places(kind: Kind) -> dict[str, list[Place]]:
    """Return the places of each entry of one kind. A name with two places is an error only for a command that uses it."""
    by_name: dict[str, list[Place]] = {}
    for folder in dict.fromkeys((ours(kind), (entries_folder() / kind).resolve())):
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file.suffix in {".py", ".yaml"} and not file.name.startswith(("_", ".")):
                by_name.setdefault(file.stem, []).append(file)
    for point in entry_points(f"cats.{kind}"):
        by_name.setdefault(point.name, []).append(point)
    return by_name


@cache
def ours(kind: Kind) -> Path:
    """Return the folder of the entries of this checkout."""
    return Path(str(importlib.resources.files(kind))).resolve()
