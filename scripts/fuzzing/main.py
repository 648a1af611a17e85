"""Fuzzes cats for some seconds and says how many inputs of each kind were tried and held; see `scripts/fuzz`."""

import argparse
import gc
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from importlib import import_module
from pathlib import Path

from fuzzing.kinds import KINDS
from fuzzing.stage import Stage
from fuzzing.trial import Name, Trial, Trials
from sqlalchemy import event
from sqlalchemy.engine import Engine

WARM = (
    "benchmark.cli.main", "benchmark.cli.query", "benchmark.cli.progress", "benchmark.execution.runner",
    "benchmark.execution.execute", "benchmark.execution.resolution", "benchmark.execution.detection",
    "benchmark.execution.up_to_date", "benchmark.execution.engine_catalogue", "benchmark.execution.budget.forecast",
    "benchmark.entries.examine", "benchmark.entries.infer", "benchmark.entries.scaffold", "benchmark.entries.describe",
    "benchmark.entries.conformance_weights", "benchmark.entries.copy_list", "benchmark.entries.contact_sheet",
    "benchmark.data.readers.registry", "benchmark.data.readers.hdf5", "benchmark.measures.scoring",
    "benchmark.training.protocols.finetune", "benchmark.networks.load", "results.tracking.experiment",
    "results.tracking.incremental", "results.tracking.predictions", "results.tracking.writer", "results.tracking.lease",
    "results.imports.upload", "results.imports.table", "results.imports.matrix", "results.board.text", "results.board.compare",
    "results.board.sensitivity", "results.agreement.judge", "results.agreement.text", "results.agreement.combine",
    "results.cost.text", "results.report.build", "results.report.export", "similarity.lp", "similarity.class_count",
    "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_workspace_store", "alembic.command",
    "sqlalchemy.dialects.sqlite", "codecarbon", "codecarbon.external.geography", "codecarbon.core.emissions", "pycountry",
    "cpuinfo", "pydicom", "pydicom.pixels", "h5py", "tifffile", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "rich.console", "rich.table", "pyarrow.parquet", "pyarrow.compute", "pyarrow.dataset",
    "pyarrow.pandas_compat", "scipy.stats", "sklearn.linear_model", "sklearn.neighbors", "sklearn.discriminant_analysis",
    "sklearn.decomposition", "skimage.color", "timm", "torch", "safetensors.torch", "jinja2", "cffi", "PIL.PpmImagePlugin",
    "PIL.JpegImagePlugin", "PIL.GifImagePlugin", "PIL.BmpImagePlugin",
)  # fmt: skip
SPACE = 4 * 2**30  # bytes
NUMBER = re.compile(r"\S*/\S*|\d+|0x[0-9a-f]+|'[^']*'|\"[^\"]*\"")  # what differs between two failures of one kind


def main() -> int:
    """Return 1 if an input did not hold."""
    options = _options()
    _warm()
    with tempfile.TemporaryDirectory(prefix="cats-fuzz-", dir=_memory_disk()) as folder:
        stage = Stage(Path(folder))
        begun = time.monotonic()
        stage.build()
        sys.stderr.write(f"the stage was built in {time.monotonic() - begun:.0f} s\n")
        trials = Trials(stage)
        try:
            if options.only:
                return _again(trials, [Name.parsed(text) for text in options.only])
            return _many(trials, options)
        finally:
            stage.restore()  # so that the folder can be removed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tries damaged and hostile inputs of every kind.")
    parser.add_argument("--seconds", type=float, default=120, help="how long; the stage is built before")
    parser.add_argument("--each", type=int, help="so many inputs of each kind, however long that takes, instead of --seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="this kind only; may be repeated")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for inputs that did not hold")
    parser.add_argument("--only", action="append", metavar="KIND:SEED:NUMBER", help="one input again, with all its output")
    return parser.parse_args()


def _warm() -> None:
    """Import what the commands import, in one thread: a process with several must not be forked."""
    from benchmark.machine.memory import large_pages
    from benchmark.machine.threads import wait_briefly

    wait_briefly()
    large_pages()
    for module in WARM:
        import_module(module)
    event.listen(Engine, "connect", hasten)
    if threading.active_count() > 1:
        raise RuntimeError(f"threads before the first fork: {threading.enumerate()}")
    gc.collect()
    gc.freeze()


def hasten(connection: object, _: object) -> None:
    """sqlite does not wait for the disk: no attempt takes the power from the machine."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def _memory_disk() -> str | None:
    """A folder in memory if there is one with space, where flushing costs nothing."""
    disk = Path("/dev/shm")
    return str(disk) if disk.is_dir() and shutil.disk_usage(disk).free > SPACE else None


def _again(trials: Trials, names: list[Name]) -> int:
    failed = 0
    for name in names:
        trial = trials.trial(name)
        print(trial.text, "\n" + ("failed" if trial.complaints else "held"))
        failed += bool(trial.complaints)
    return int(failed > 0)


def _many(trials: Trials, options: argparse.Namespace) -> int:
    """Try inputs until the time is over, the kind with the least time next; or as many of each kind as are asked for."""
    kinds = options.kind or list(KINDS)
    spent, tried, failed = dict.fromkeys(kinds, 0.0), Counter[str](), Counter[str]()
    seen: defaultdict[str, list[Trial]] = defaultdict(list)
    end = time.monotonic() + options.seconds
    while kinds_left := [kind for kind in kinds if options.each is None or tried[kind] < options.each]:
        begun = time.monotonic()
        if options.each is None and begun >= end:
            break
        kind = min(kinds_left, key=spent.__getitem__)
        trial = trials.trial(Name(kind, options.seed, tried[kind]))
        tried[kind] += 1
        if trial.complaints:
            failed[kind] += 1
            mark = NUMBER.sub("_", " ".join(trial.complaints[0].split()))[:160]
            if mark not in seen:
                print(f"failed {trial.name}: {trial.complaints[0]}", flush=True)
                trials.keep(trial, options.keep)
            seen[mark].append(trial)
        spent[kind] += time.monotonic() - begun
    _table(kinds, tried, failed)
    for mark, alike in sorted(seen.items(), key=lambda pair: -len(pair[1])):
        print(f"{len(alike):>5} × {mark}: {', '.join(str(trial.name) for trial in alike[:5])}")
    if failed:
        print(f"inputs that did not hold lie in {options.keep}; `scripts/fuzz --only NAME` repeats one")
    return int(bool(failed))


def _table(kinds: list[str], tried: Counter[str], failed: Counter[str]) -> None:
    print(f"{'kind':<14}{'tried':>8}{'held':>8}{'failed':>8}")
    for kind in kinds:
        print(f"{kind:<14}{tried[kind]:>8}{tried[kind] - failed[kind]:>8}{failed[kind]:>8}")
    print(f"{'all':<14}{tried.total():>8}{tried.total() - failed.total():>8}{failed.total():>8}")


if __name__ == "__main__":
    raise SystemExit(main())
