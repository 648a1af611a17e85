"""Engines by name: our own, and those that other packages register under the entry points `cats.engines`.

An entry point names a function that takes EngineOptions and returns an Engine:

    [project.entry-points."cats.engines"]
    my_engine = "my_package.engine:engine"
"""

from benchmark.execution.engine import Engine, EngineOptions
from results.extension import Extensions

OURS = {"local": "benchmark.execution.engine:local", "dask": "benchmark.execution.cluster.engine:dask"}
ENGINES = Extensions("engine", "engines", "cats.engines", OURS, ("device", "remote", "outcomes"))


def engine_named(name: str, options: EngineOptions) -> Engine:
    """The engine of this name.

    Raises CatsError if there is none, if two packages use the name, if another package's engine cannot be made, or if the
    engine refuses the options.
    """
    engine: Engine = ENGINES.make(name, options)
    return engine
