#!/usr/bin/env python
"""What a cell costs beside its training, and how far that scales: many cells, many workers, a finished plan once more.

    .venv/bin/python scripts/bench_scale.py [PART ...] [--cells N] [--json FILE] [--folder FOLDER]

PART: overhead (N no-op cells through runner, outbox and MLflow: on sqlite, on PostgreSQL if it is installed, with Dask
workers), resume (`cats run` of a finished plan of N cells, the one that overhead left on sqlite if it ran before), memory
(peak of the driver for N / 10, N and 10 N cells, without MLflow), real (training on two Dask workers with one thread each,
beside bare loops in two processes), cluster (200 workers that sleep and come and go). Without PART: overhead, resume, real.
N is 10,000 by default, which takes some ten minutes on each store.

A no-op leaves the record of a linear probe without predictions; everything behind it is the product's own. Every run is a
process of its own. Times per cell are from the first record to the last; CPU is that of the driver, which says more than the
wall where other jobs run.
"""

import argparse
import json
import os
import platform
import shlex
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measuring.machine import processor
from scale import noop
from scale.drive import CALLS, Order, begun, ended
from scale.real import efficiency
from scale.simulate import Load, simulated

ROOT = Path(__file__).parents[1]
PARTS = ("overhead", "resume", "memory", "real", "cluster")
SHORT = ("overhead", "resume", "real")
STORES = ("sqlite", "postgresql")
LIBRARIES = ("mlflow", "sqlalchemy", "distributed", "torch", "pandas", "pyarrow")


def main() -> None:
    given = asked()
    about = f"{processor()}, load {os.getloadavg()[0]:.1f}; python {platform.python_version()}; " + ", ".join(
        f"{name} {version(name)}" for name in LIBRARIES
    )
    print(f"{about}; sqlite {sqlite3.sqlite_version}\n{shlex.join(['scripts/bench_scale.py', *sys.argv[1:]])}", flush=True)
    found = {}
    with tempfile.TemporaryDirectory(prefix="cats-scale-", dir=given.folder) as folder:
        for part in given.part or SHORT:
            place = Path(folder) / part
            place.mkdir()
            found[part] = MEASURES[part](place, given)
    if given.json:
        given.json.write_text(json.dumps({"about": about, "command": sys.argv, "found": found}, indent=2), encoding="utf-8")


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--cells", type=int, default=10_000, metavar="N", help="no-op cells")
    parser.add_argument("--stores", nargs="*", choices=STORES, default=STORES, help="of MLflow, without Dask; sqlite with it")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4], help="of Dask, one run each")
    parser.add_argument("--repeats", type=int, default=3, help="of resume and real")
    parser.add_argument("--real-cells", type=int, default=8, help="real cells for each worker")
    parser.add_argument("--epochs", type=int, default=10, help="of a real cell")
    parser.add_argument("--seconds", type=float, default=10, help="of a bare loop")
    parser.add_argument("--cluster-cells", type=int, default=20_000)
    parser.add_argument("--cluster-workers", type=int, default=200)
    parser.add_argument("--cluster-hosts", type=int, default=Load.hosts, help="processes that hold its workers")
    parser.add_argument("--idle", type=float, default=Load.idle, help="seconds for which idle workers are watched")
    parser.add_argument("--lull", type=float, default=Load.lull, help="seconds until the next of them is killed")
    parser.add_argument("--kills", type=int, help="how often that happens; else as long as there is work")
    seconds = (Load.shortest, Load.longest)
    parser.add_argument("--sleep", type=float, nargs=2, default=seconds, metavar=("SHORTEST", "LONGEST"), help="of its cells")
    parser.add_argument("--folder", type=Path, help="where everything is written, and removed; else among temporary files")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    return parser.parse_args()


def overhead(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    print(f"\noverhead of {given.cells} no-op cells, ms per cell", flush=True)
    found = {}
    alone: list[tuple[str, int | None]] = [(store, None) for store in given.stores]
    for store, workers in [*alone, *(("sqlite", count) for count in given.workers)]:
        name = store if workers is None else f"{store}, dask, {workers} worker{'s' * (workers > 1)}"
        place = folder / name.replace(", ", "-").replace(" ", "-")
        place.mkdir()
        with address(store, place) as uri:
            if uri is not None:
                found[name] = show_overhead(name, plan_run(place, given.cells, uri, workers=workers))
    return found


def show_overhead(name: str, driven: dict[str, Any]) -> dict[str, Any]:
    per_cell = per(driven)
    each = {call: driven["seconds"].get(call, 0.0) / driven["made"] * 1000 for call in ("put", *CALLS, "remove")}
    where = ", ".join(f"{call} {value:.1f}" for call, value in each.items() if value >= 0.05)
    wall, cpu = per_cell
    print(
        f"{name:<26} {wall:7.1f} of wall, {cpu:6.1f} of CPU  (n={driven['made']}, {driven['failed']} failed)\n"
        f"{'':<26} {where}; before the first cell {driven['before']:.1f} s, of it prepare {driven['seconds']['prepare']:.1f} s",
        flush=True,
    )
    return {"wall_ms": wall, "cpu_ms": cpu, "each_ms": each, **driven}


def per(driven: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds of wall and of CPU per cell."""
    (start, spent), (end, all_spent) = driven["arrivals"][0], driven["arrivals"][-1]
    return (end - start) / (driven["made"] - 1) * 1000, (all_spent - spent) / (driven["made"] - 1) * 1000


def plan_run(folder: Path, n: int, uri: str, **order: Any) -> dict[str, Any]:
    environment = noop.write_entries(folder)
    return ended(begun(Order(str(noop.write_plan(folder, n)), uri, **order), environment))


@contextmanager
def address(store: str, folder: Path) -> Iterator[str | None]:
    """A new tracking server; None, and a sentence, if it is not installed."""
    if store == "sqlite":
        yield f"sqlite:///{folder}/mlflow.db"
        return
    import pytest

    sys.path.insert(0, str(ROOT))
    from tests.support.servers import Postgres, new_postgres

    class Durable(Postgres):
        fsync = "on"

    try:
        server = new_postgres(Durable)
    except pytest.skip.Exception as absent:
        print(f"{store:<26} skipped: {absent}")
        yield None
        return
    try:
        server.execute("CREATE DATABASE scale")
        yield server.uri("scale")
    finally:
        server.stop()


def resume(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """The first time reads every run, as where nobody has looked at the experiment yet; the others are what one waits for."""
    place = folder.parent / "overhead" / "sqlite"
    if not place.exists():
        place = folder
        plan_run(place, given.cells, f"sqlite:///{place}/mlflow.db")
    environment = {**os.environ, **noop.write_entries(place), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmark", "run", str(noop.write_plan(place, given.cells)), "--device", "cpu"]
    command += ["--tracking-uri", f"sqlite:///{place}/mlflow.db"]
    rows, cells = [], 0
    for _ in range(1 + given.repeats):
        said, *row = process(command, environment)
        cells = int(said.partition(" cells: ")[0])
        if f"{cells} cells: {cells} were done, 0 made now" not in said:
            sys.exit(said)
        rows.append(row)
    print(f"\nresume of {cells} finished cells, the process `cats run`, seconds", flush=True)
    for name, some in (("first", rows[:1]), ("again", rows[1:])):
        walls, cpus, peaks = zip(*some, strict=True)
        print(
            f"{name:<26} {statistics.median(walls):7.2f} of wall, {statistics.median(cpus):6.2f} of CPU  "
            f"n={len(some)} ({min(walls):.2f} to {max(walls):.2f}), peak {max(peaks):.0f} MiB",
            flush=True,
        )
    return {"cells": cells, "first": rows[0], "again": rows[1:]}


def process(command: list[str], environment: dict[str, str]) -> tuple[str, float, float, float]:
    """What a process says, its seconds of the wall and of the CPU, and its peak in MiB. Raises SystemExit if it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(said)
    return said, time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def memory(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    print("\nmemory of the driver, no-op cells, records dropped instead of sent to MLflow")
    found = {}
    for n in (given.cells // 10, given.cells, given.cells * 10):
        place = folder / str(n)
        place.mkdir()
        driven = plan_run(place, n, f"sqlite:///{place}/mlflow.db", deliver=False)
        wall, cpu = per(driven)
        costs = f"{wall:6.2f} ms of wall, {cpu:.2f} of CPU per cell"
        print(f"{driven['made']:>8} cells  peak {driven['peak_mib']:6.0f} MiB  {costs}", flush=True)
        found[n] = driven
    return found


def real(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    print(f"\nreal cells (resnet18, 32 px, ihc, {given.epochs} epochs), a second worker beside the first")
    found = efficiency(folder, given.real_cells, given.epochs, given.repeats, given.seconds)
    for name, text in (("limit", "two bare loops / one"), ("gain", "two workers / one"), ("share", "of the limit")):
        values = found[name]
        driven = f"n={len(values)} ({min(values):.2f} to {max(values):.2f})"
        print(f"{text:<26} {statistics.median(values):7.2f}  {driven}", flush=True)
    return found


def cluster(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    shortest, longest = given.sleep
    print(f"\na simulated cluster: cells that sleep {shortest:g} to {longest:g} s, records dropped instead of sent to MLflow")
    size = (given.cluster_cells, given.cluster_workers, given.cluster_hosts)
    load = Load(*size, given.idle, given.lull, given.kills, shortest, longest)
    found = simulated(folder, load)
    print(
        "{made} of {cells} cells made once, {failed} failed, in {seconds:.0f} s: {cells_per_second:.1f} cells/s on {workers} "
        "workers, {killed} of them killed and replaced\n"
        "scheduler {scheduler_share:.0%} of a core (idle {scheduler_idle_share:.0%}), driver {driver_share:.0%}, "
        "its peak {driver_peak_mib:.0f} MiB; this machine has {cores} cores for all of them\n"
        "at 80 % of a core and 1-minute cells: the scheduler suffices for {scheduler:.0f} workers, the driver {driver:.0f} "
        "(MLflow: 48 s / overhead per cell)".format(**found),
        flush=True,
    )
    return found


Measure = Callable[[Path, argparse.Namespace], dict[str, Any]]
MEASURES: dict[str, Measure] = {"overhead": overhead, "resume": resume, "memory": memory, "real": real, "cluster": cluster}

if __name__ == "__main__":
    main()
