"""Engines by name: our own, and those that other packages register under the entry points `cats.engines`.

An entry point names a function that takes EngineOptions and returns an Engine:

    [project.entry-points."cats.engines"]
    slurm = "my_package.slurm:engine"
"""

import importlib.metadata
import logging
from importlib.metadata import EntryPoint

from benchmark.execution.engine import Engine, EngineOptions
from results.error import CatsError, nearest

log = logging.getLogger(__name__)
GROUP = "cats.engines"
OURS = {"local": "benchmark.execution.engine:local", "dask": "benchmark.execution.cluster.engine:dask"}


def engine_names() -> list[str]:
    """Names of all engines that are installed."""
    return sorted({point.name for point in _points()})


def engine_named(name: str, options: EngineOptions) -> Engine:
    """The engine of this name.

    Raises CatsError if there is none, if two packages use the name, if another package's engine cannot be made, or if the
    engine refuses the options.
    """
    points = [point for point in _points() if point.name == name]
    if not points:
        raise CatsError(f"no engine called '{name}'{nearest(name, engine_names())}")
    if len(points) > 1:
        both = " and ".join(map(_where, points))
        raise CatsError(f"there are {len(points)} engines called '{name}': {both}; uninstall one of the packages")
    try:
        engine: Engine = points[0].load()(options)
    except CatsError:
        raise
    except Exception as error:
        if points[0].dist is None:  # an error of our own engine keeps its traceback
            raise
        log.debug("the engine '%s' cannot be made", name, exc_info=True)
        raise CatsError(
            f"the engine '{name}' cannot be made by {_where(points[0])}: {type(error).__name__}: {error}"
        ) from error
    missing = [member for member in ("device", "remote", "outcomes") if not hasattr(engine, member)]
    if missing:
        raise CatsError(f"{_where(points[0])} makes a {type(engine).__name__} without {missing[0]}, which every engine needs")
    return engine


def _points() -> list[EntryPoint]:
    """Our engines are listed here and not in our package's metadata, which is out of date in a checkout that was updated."""
    ours = [EntryPoint(name, value, GROUP) for name, value in OURS.items()]
    return [*ours, *importlib.metadata.entry_points(group=GROUP)]


def _where(point: EntryPoint) -> str:
    return f"{point.value} of the package {point.dist.name if point.dist else 'cats-bench'}"
