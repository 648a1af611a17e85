"""One driver in a process of its own: `python -m scale.drive '{...}'` runs a plan and prints its figures as JSON."""

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1]
CALLS = ("search_runs", "create_run", "log_batch", "log_inputs", "set_terminated", "get_experiment")
FEW = 1000  # records whose arrival is kept; of more, the last one too


@dataclass(frozen=True)
class Order:
    """What a driver is to do.

    Attributes:
        workers: of a Dask cluster of its own. scheduler: of one that runs. Without both, no-ops are made in the driver.
        make: which function of scale.noop makes cells; None makes real ones. how: further arguments of that function.
        deliver: whether MLflow gets the records; else they leave the outbox as if it had them.
    """

    plan: str
    uri: str
    workers: int | None = None
    scheduler: str | None = None
    make: str | None = "make"
    how: dict[str, float] = field(default_factory=dict)
    deliver: bool = True


def begun(order: Order, environment: dict[str, str]) -> "subprocess.Popen[str]":
    """A driver that has just been started."""
    return python("scale.drive", json.dumps(asdict(order)), **environment)


def python(module: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """A module as a process, whose output is to be read."""
    path = os.pathsep.join([str(SCRIPTS), str(SCRIPTS.parent)])
    command = [sys.executable, "-m", module, *arguments]
    given = {**os.environ, **environment, "PYTHONPATH": path}
    return subprocess.Popen(command, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The figures of a driver, once it has ended."""
    printed, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args} ended with exit code {process.returncode}")
    return json.loads(printed.splitlines()[-1])


class Clock:
    """Adds up the time of calls, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    def watch(self, owner: object, *names: str) -> None:
        """From now on these functions of a module or an object are timed."""
        for name in names:
            setattr(owner, name, self._timed(name, getattr(owner, name)))

    def _timed(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return act(*arguments, **options)
            finally:
                self.seconds[name] += time.perf_counter() - start
                self.calls[name] += 1

        return timed


class Arrivals:
    """When records came, (seconds of the wall, of the CPU); says a word at the first one, for a process that waits for it."""

    def __init__(self) -> None:
        self.few: list[tuple[float, float]] = []
        self.last = (0.0, 0.0)

    def note(self, *_: object) -> None:
        self.last = (time.perf_counter(), time.process_time())
        if len(self.few) < FEW:
            self.few.append(self.last)
        if len(self.few) == 1:
            print("first", flush=True)


def main(order: Order) -> dict[str, Any]:
    from scale import noop

    import benchmark.execution.execute
    from benchmark.execution import runner
    from benchmark.execution.cluster.engine import Dask
    from benchmark.execution.engine import Engine, Local
    from benchmark.execution.records import outbox_of
    from benchmark.execution.resolution import resolve_plan
    from benchmark.specs.plan import load_plan
    from results.tracking.experiment import Experiment
    from results.tracking.lease import Lease
    from results.tracking.writer import Writer

    start, clock, arrivals = time.perf_counter(), Clock(), Arrivals()
    plan = resolve_plan(load_plan(order.plan), order.uri)
    experiment = plan.plan.experiment
    tracking, outbox = Experiment(order.uri, experiment), outbox_of(order.uri, experiment)
    clock.watch(outbox, "put", "remove")
    clock.watch(tracking.client, *CALLS)
    clock.watch(runner, "prepare")
    if not order.deliver:
        Writer.deliver = lambda writer, _: len([writer.outbox.remove(path) for path, _ in writer.outbox])
    made = {"make": partial(getattr(noop, order.make), **order.how)} if order.make else {}
    engine: Engine
    if order.workers is None and order.scheduler is None:
        engine = Local("cpu")
        benchmark.execution.execute.make = made.get("make", benchmark.execution.execute.make)
    else:
        engine = Dask("cpu", order.scheduler, order.workers, shared_home=False, **made)
    watch = runner.Watch(lambda _: None, arrivals.note)
    with Lease(tracking, outbox, lambda said: print(said, file=sys.stderr)) as lease:
        state = runner.run(plan, Writer(tracking, outbox, lease), engine, watch)
    return {
        "cells": state.cells, "made": state.made, "failed": len(state.failed), "waiting": state.waiting,
        "reasons": sorted({str(record.reason) for record in state.failed})[:3],
        "before": arrivals.few[0][0] - start, "arrivals": [*arrivals.few[:-1], arrivals.last],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "seconds": clock.seconds, "calls": clock.calls,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(Order(**json.loads(sys.argv[1])))))
