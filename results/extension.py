"""Extensions by name: our own, and those that other packages register under an entry point, such as `cats.engines`."""

import importlib.metadata
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint
from typing import Any

from results.error import CatsError, nearest

log = logging.getLogger(__name__)


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
    """The entry points of this group that installed packages have.

    A process reads the files of all packages once, and again where `sys.path` has changed: several parts of one command ask.
    """
    return list(_of_group(tuple(sys.path), group))


@lru_cache(maxsize=8)
def _of_group(path: tuple[str, ...], group: str) -> tuple[EntryPoint, ...]:
    return tuple(_of_all_groups(path).select(group=group))


@lru_cache(maxsize=1)
def _of_all_groups(path: tuple[str, ...]) -> Any:  # noqa: ARG001 - by which it is kept
    return importlib.metadata.entry_points()


def _where(point: EntryPoint) -> str:
    return f"{point.value} of the package {point.dist.name if point.dist else 'cats-bench'}"
