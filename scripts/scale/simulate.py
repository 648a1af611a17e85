"""A simulated cluster: a scheduler, 200 workers in a few processes, cells that sleep for some seconds; processes are killed
with all their workers and others take their places."""

import json
import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
from scale import noop
from scale.drive import Order, begun, ended, python

ONE_MINUTE, ROOM = 60.0, 0.8  # seconds of a cell, and the share of a core that a cluster may take


@dataclass(frozen=True)
class Load:
    """What a cluster goes through.

    Attributes:
        hosts: processes that hold the workers. idle: seconds for which idle workers are watched. lull: seconds until the next
            process is killed. kills: how often that happens; None as long as there is work. shortest, longest: seconds for
            which a cell sleeps.
    """

    cells: int
    workers: int
    hosts: int = 5
    idle: float = 10.0
    lull: float = 60.0
    kills: int | None = None
    shortest: float = 2.0
    longest: float = 5.0


@dataclass
class Cluster:
    """The scheduler and the processes with workers."""

    folder: Path
    load: Load
    hosts: list["subprocess.Popen[str]"] = field(default_factory=list)
    killed: int = 0

    def __enter__(self) -> Self:
        file = self.folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        self._scheduler = python("dask", "scheduler", *options, DASK_LOGGING__DISTRIBUTED="error")  # it unpickles tasks too
        self.scheduler = psutil.Process(self._scheduler.pid)
        while not (file.exists() and file.stat().st_size):
            time.sleep(0.1)
        self.address = json.loads(file.read_text())["address"]
        hosts = [self._started() for _ in range(self.load.hosts)]
        for host in hosts:
            assert host.stdout is not None
            host.stdout.readline()
        self.hosts = hosts
        return self

    def _started(self) -> "subprocess.Popen[str]":
        return python("scale.host", self.address, str(self.load.workers // self.load.hosts), DASK_LOGGING__DISTRIBUTED="error")

    def replace_one(self) -> None:
        """Kill the oldest process with all its workers; the one that takes its place needs a while to come."""
        oldest = self.hosts.pop(0)
        oldest.kill()
        oldest.wait()
        self.killed += self.load.workers // self.load.hosts
        self.hosts.append(self._started())

    def __exit__(self, *_: object) -> None:
        for process in (*self.hosts, self._scheduler):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


def cpu(*processes: psutil.Process) -> float:
    """Seconds that living processes have spent so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def simulated(folder: Path, load: Load) -> dict[str, Any]:
    """The figures of one run."""
    environment = noop.write_entries(folder)
    plan = noop.write_plan(folder, load.cells)
    with Cluster(folder, load) as cluster:
        before = cpu(cluster.scheduler)
        time.sleep(load.idle)
        resting = (cpu(cluster.scheduler) - before) / load.idle
        sleep, uri = {"shortest": load.shortest, "longest": load.longest}, f"sqlite:///{folder}/mlflow.db"
        order = Order(str(plan), uri, scheduler=cluster.address, make="make_slowly", how=sleep, deliver=False)
        driver = begun(order, environment)
        assert driver.stdout is not None
        driver.stdout.readline()  # the first record has come
        before, start, dead = cpu(cluster.scheduler), time.perf_counter(), 0
        while driver.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                driver.wait(load.lull)
            if driver.poll() is None and dead != load.kills:
                cluster.replace_one()
                dead += 1
        busy, seconds = cpu(cluster.scheduler) - before, time.perf_counter() - start
        summary = ended(driver)
    (first, spent), (last, all_spent) = summary["arrivals"][0], summary["arrivals"][-1]
    made, window = summary["made"], last - first
    found = {
        "cells": summary["cells"], "made": made, "failed": summary["failed"], "reasons": summary["reasons"],
        "workers": load.workers, "killed": cluster.killed,
        "cells_per_second": (made - 1) / window, "seconds": seconds,
        "scheduler_idle_share": resting, "scheduler_share": busy / seconds, "driver_share": (all_spent - spent) / window,
        "driver_peak_mib": summary["peak_mib"], "cores": os.cpu_count(),
    }  # fmt: skip
    return found | {name: largest(found, name) for name in ("scheduler", "driver")}


def largest(found: dict[str, Any], who: str) -> float:
    """How many workers with 1-minute cells fill `ROOM` of a core of scheduler or driver. Heartbeats cost the scheduler in
    proportion to the workers, cells cost both in proportion to cells."""
    resting = found["scheduler_idle_share"] if who == "scheduler" else 0.0
    for_each_cell = max(found[f"{who}_share"] - resting, 1e-9) / found["cells_per_second"]
    return ROOM / (resting / found["workers"] + for_each_cell / ONE_MINUTE)
