"""One driver in a process of its own: `python -m scale.drive '{...}'` runs a plan of no-ops and prints its figures as JSON."""

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Order:
    """What a driver is to do.

    Attributes:
        workers: of a Dask cluster of its own; none makes the no-ops in the driver. scheduler: of one that runs.
        make: which function of scale.noop, or None for what cells are made with.
        deliver: whether MLflow gets the records; else they leave the outbox as if it had them.
    """

    plan: str
    uri: str
    workers: int | None = None
    scheduler: str | None = None
    make: str | None = "make"
    deliver: bool = True


def driven(order: Order, environment: dict[str, str]) -> dict[str, Any]:
    """The figures of a driver, once it has ended."""
    process = begun(order, environment)
    return ended(process)


def begun(order: Order, environment: dict[str, str]) -> "subprocess.Popen[str]":
    path = os.pathsep.join([str(SCRIPTS), str(SCRIPTS.parent)])
    command = [sys.executable, "-m", "scale.drive", json.dumps(asdict(order))]
    return subprocess.Popen(command, env={**os.environ, **environment, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> dict[str, Any]:
    told, _ = process.communicate()
    if process.returncode:
        sys.exit(f"a driver ended with exit code {process.returncode}")
    return json.loads(told.splitlines()[-1])


class Clock:
    """Adds up the time of calls, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.calls: dict[str, int] = defaultdict(int)

    def of(self, owner: object, *names: str) -> None:
        """From now on these methods of an object are timed."""
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


def main(order: Order) -> dict[str, Any]:
    from scale import noop

    from benchmark import engine_dask, runner
    from benchmark.engine import Engine, Local
    from benchmark.plan import load_plan
    from benchmark.runner import Watch, run
    from benchmark.store import home
    from results.lease import Lease
    from results.outbox import Outbox
    from results.tracking import Tracking

    start, clock, arrivals = time.perf_counter(), Clock(), list[tuple[float, float]]()
    plan = load_plan(order.plan)
    tracking, outbox = Tracking(order.uri, plan.experiment), Outbox(home() / "outbox" / Path(order.plan).stem)
    clock.of(outbox, "put", "remove")
    clock.of(tracking.client, "search_runs", "create_run", "log_batch", "log_inputs", "set_terminated")
    clock.of(runner, "prepare", "look")
    if not order.deliver:
        tracking.deliver = lambda waiting, *_: sum(1 for path, _ in waiting if waiting.remove(path) is None)
    engine: Engine = Local("cpu") if order.make else noop.NoOp()
    if order.workers is not None or order.scheduler is not None:
        chosen = {"make": getattr(noop, order.make)} if order.make else {}
        engine = engine_dask.Dask("cpu", order.scheduler, order.workers, False, **chosen)
    elif order.make:
        engine = noop.NoOp()
    watch = Watch(lambda _: None, lambda *_: arrivals.append((time.perf_counter(), time.process_time())))
    with Lease(tracking, outbox, print):
        state = run(plan, tracking, outbox, engine, watch)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cells": state.cells, "made": state.made, "failed": len(state.failed), "waiting": state.waiting,
        "before": arrivals[0][0] - start if arrivals else 0.0, "arrivals": arrivals if len(arrivals) < 1000 else [arrivals[0], arrivals[-1]],
        "cpu": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024,
        "seconds": dict(clock.seconds), "calls": dict(clock.calls),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(Order(**json.loads(sys.argv[1])))))
