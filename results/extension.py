"""Extensions by name: our own, and those that other packages register under an entry point, such as `cats.engines`."""

import importlib.metadata
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from results.error import CatsError, nearest

log = logging.getLogger(__name__)

Folder = tuple[Path, int]  # its path, and when something was last added to it or removed from it


@dataclass(frozen=True)
class Extensions:
    """What can be named of one kind.

    Attributes:
        kind, kinds: the word for one and for several of them, as sentences say it.
        group: the entry points of other packages.
        ours: name → `module:function`. They are listed here and not in our package's metadata, which is out of date in a
            checkout that was updated.
        members: names of attributes that each of them has.
    """

    kind: str
    kinds: str
    group: str
    ours: Mapping[str, str]
    members: tuple[str, ...]

    def names(self) -> list[str]:
        """Names of all that are installed."""
        return sorted({point.name for point in self._points()})

    def make(self, name: str, *arguments: Any) -> Any:
        """What the entry point of this name returns for these arguments.

        Raises CatsError if there is none, if two packages use the name, if that of another package cannot be made or has not
        all members, and whatever CatsError it raises itself, for example because it refuses the arguments.
        """
        points = [point for point in self._points() if point.name == name]
        if not points:
            raise CatsError(f"no {self.kind} called '{name}'{nearest(name, self.names())}")
        if len(points) > 1:
            both = " and ".join(map(_where, points))
            raise CatsError(f"there are {len(points)} {self.kinds} called '{name}': {both}; uninstall one of the packages")
        try:
            made = points[0].load()(*arguments)
        except CatsError:
            raise
        except Exception as error:
            if points[0].dist is None:  # an error of our own keeps its traceback
                raise
            log.debug("the %s '%s' cannot be made", self.kind, name, exc_info=True)
            raise CatsError(
                f"the {self.kind} '{name}' cannot be made by {_where(points[0])}: {type(error).__name__}: {error}"
            ) from error
        missing = [member for member in self.members if not hasattr(made, member)]
        if missing:
            raise CatsError(
                f"{_where(points[0])} makes a {type(made).__name__} without {missing[0]}, which every {self.kind} needs"
            )
        return made

    def _points(self) -> list[EntryPoint]:
        ours = [EntryPoint(name, value, self.group) for name, value in self.ours.items()]
        return [*ours, *entry_points(self.group)]


def entry_points(group: str) -> list[EntryPoint]:
    """Return the entry points that installed packages register under this group.

    The files of all packages are read once in a process, because several parts of a command ask for entry points. They are read
    again where `sys.path` or a folder in it has changed, as when a notebook installs a package.
    """
    return list(_of_group(tuple(map(_state, sys.path)), group))


def _state(path: str) -> Folder:
    folder = Path(path).absolute()
    try:
        return folder, folder.stat().st_mtime_ns
    except OSError:
        return folder, 0


@lru_cache(maxsize=8)
def _of_group(path: tuple[Folder, ...], group: str) -> tuple[EntryPoint, ...]:
    return tuple(_of_all_groups(path).select(group=group))


@lru_cache(maxsize=1)
def _of_all_groups(path: tuple[Folder, ...]) -> Any:  # noqa: ARG001 - the key of the cache
    return importlib.metadata.entry_points()  # SelectableGroups in Python 3.11, EntryPoints in later versions


def _where(point: EntryPoint) -> str:
    return f"{point.value} of the package {point.dist.name if point.dist else 'cats-bench'}"
