#!/usr/bin/env python
"""How long a board waits for its runs: MLflow's own search beside the snapshot, cold, unchanged and after a change.

    .venv/bin/python scripts/bench_board.py [n ...] [--json FILE] [--keep FOLDER]     (1000, 10000 and 30000 by default)
    .venv/bin/python scripts/bench_board.py --bootstrap [--json FILE]                 (the statistics alone, no MLflow)

The runs are made fast: one record goes through the product, then its rows are copied inside the sqlite database by SQL, with
other ids, keys, names and numbers. So every row has the form MLflow gave it, but histories of metrics are copied for the one
only; no search reads them. The bootstrap is that of a board of 300 sources x 40 targets x 3 seeds: 1,000 draws and their ranks
on each target, then over targets mean ranks, means and chances to be the best. The whole board adds intervals, tie groups,
strengths and the test of the differences. The runs are a grid: 15 sources x 12 targets
x 10 seeds x as many points as n asks for, and every run has the predictions of 200 test images. Everything that is timed goes
through MLflow's public API.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from measuring.machine import processor
from scipy.special import softmax

from results.board.board import make_board
from results.board.ranking import Standing, over_targets, rows_of
from results.board.request import Judging, RunQuery
from results.record import Cost, Energy, Outcome, Record
from results.statistics.intervals import DRAWS, TargetResults, draw_means, rank_draws
from results.statistics.mean_ranks import best_chances, mean_ranks, mean_values
from results.tracking.experiment import Experiment
from results.tracking.predictions import images_of
from results.tracking.send import send
from results.tracking.snapshot import file_of, frame_of, unchanged

EXPERIMENT = "bench"
REPEATS = 3
BOOTSTRAPS = 5
SIZES = {"sources": 300, "targets": 40, "seeds": 3, "images": 200}  # of the bootstrap
VALUES = """case key when 'source' then 's' || (n % 15) when 'target' then 't' || (n / 15 % 12)
            when 'seed' then cast(n / 180 % 10 as text) else value end"""
TAGS = """case key when 'cats.key' then 'k' || n when 'cats.attempt' then 'a' || n when 'cats.point' then 'p' || n / 1800
          else value end"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n", nargs="*", type=int, default=[1000, 10_000, 30_000])
    parser.add_argument("--bootstrap", action="store_true", help="time the bootstrap of a large board alone")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--keep", type=Path, help="folder for the databases, which stay; else a temporary one")
    given = parser.parse_args()
    about = f"{processor()}; python {platform.python_version()}; " + ", ".join(
        f"{name} {version(name)}" for name in ("mlflow", "numpy", "scipy", "pandas", "pyarrow", "sqlalchemy")
    )
    print(f"{about}; sqlite {sqlite3.sqlite_version}\nseconds, median of n (least to most)")
    found: dict[str, dict[str, list[float]]] = {"bootstrap": bootstraps()}
    with tempfile.TemporaryDirectory() as draft:
        folder = given.keep or Path(draft)
        folder.mkdir(parents=True, exist_ok=True)
        found |= {str(n): measured(folder, n) for n in ([] if given.bootstrap else given.n)}
    if given.json:
        given.json.write_text(json.dumps({"about": about, "seconds": found}, indent=2), encoding="utf-8")


def measured(folder: Path, n: int) -> dict[str, list[float]]:
    database, snapshots = folder / f"{n}.db", folder / "snapshots"
    if not database.exists():
        make(database, n)
    uri = f"sqlite:///{database}"
    mlflow.set_tracking_uri(uri)
    tracking = Experiment(uri, EXPERIMENT, create=False)
    tracking.page(None, 1)
    file_of(snapshots, uri, EXPERIMENT).unlink(missing_ok=True)
    few = REPEATS if n <= 1000 else 1
    frame = frame_of(tracking, snapshots)
    touch = iter(range(1000))

    def changed() -> None:
        frame_of(tracking, snapshots)

    def send_one() -> None:
        number = next(touch)
        send(tracking, Outcome(record(f"new{number}-{time.time()}", 2e9 + number)))

    acts: dict[str, tuple[Callable[[], object], int, Callable[[], object] | None]] = {
        "mlflow.search_runs": (lambda: mlflow.search_runs([tracking.experiment_id], max_results=10**6), few, None),
        "snapshot, cold": (lambda: frame_of(tracking, snapshots, fresh=True), few, None),
        "snapshot, unchanged": (lambda: unchanged(snapshots, uri, EXPERIMENT), REPEATS, None),
        "board of the frame, first": (lambda: board(frame, uri, snapshots, fresh=True), 1, None),
        "read and board, warm": (lambda: board(unchanged(snapshots, uri, EXPERIMENT), uri, snapshots), REPEATS, None),
        "the process `cats board`, warm": (lambda: process(folder, uri), REPEATS, None),
        # Last: a changed database takes a whole round of readings until its snapshot is known to be what it is.
        "snapshot, one new run": (changed, REPEATS, send_one),
        "the process `cats board`, new run": (lambda: process(folder, uri), REPEATS, send_one),
    }
    found = {}
    for name, (act, repeats, before) in acts.items():
        found[name] = timed(act, repeats, before)
        show(n, name, found[name])
    return found


def show(n: int, name: str, seconds: list[float]) -> None:
    median, low, high = statistics.median(seconds), min(seconds), max(seconds)
    print(f"{n:>7}  {name:<32} {median:8.2f}  n={len(seconds)} ({low:.2f} to {high:.2f})", flush=True)


def bootstraps() -> dict[str, list[float]]:
    """Of the seeds alone, and of the seeds with the test images that all sources of a target share."""
    rng, count = np.random.default_rng(0), SIZES["sources"]
    values = rng.normal(0.8, 0.05, (SIZES["targets"], count, 1)) + rng.normal(
        0, 0.02, (SIZES["targets"], count, SIZES["seeds"])
    )
    shares = rng.normal(0, 0.001, (SIZES["targets"], SIZES["images"], count))
    found = {}
    for of, images in (
        ("seeds", [None] * SIZES["targets"]),
        ("seeds and images", list(shares - shares.mean(axis=1)[:, None])),
    ):
        for name, act in ((of, bootstrap), (f"{of}, the whole board", whole_board)):
            found[name] = timed(partial(act, values, images), BOOTSTRAPS, None)
            show(values.size, f"{'bootstrap of ' if act is bootstrap else ''}{name}", found[name])
    return found


def bootstrap(values: np.ndarray, images: Sequence[np.ndarray | None]) -> None:
    """values: (T, S, seeds); images: (G, S) for each target."""
    found = standings(values, images).values()
    means, variances = (
        np.stack([one.measured.means for one in found]),
        np.stack([one.ranks.variance for one in found if one.ranks]),
    )
    best = best_chances(means, variances, np.random.default_rng(0))
    measured = [one.measured for one in found]
    assert np.isfinite([mean_ranks(means, variances)[1], mean_values(measured, (0.0, 1.0))[1], best]).all()


def standings(values: np.ndarray, images: Sequence[np.ndarray | None]) -> dict[str, Standing]:
    names, found = [f"s{number:03}" for number in range(values.shape[1])], {}
    for number, (here, shares) in enumerate(zip(values, images, strict=True)):
        measured = TargetResults(list(here), shares)
        drawn = draw_means(measured, np.random.default_rng(number), DRAWS)
        found[f"t{number}"] = Standing(names, measured, drawn, rank_draws(drawn))
    return found


def whole_board(values: np.ndarray, images: Sequence[np.ndarray | None]) -> None:
    found = standings(values, images)
    rows = {target: rows_of(one, "auc", {}) for target, one in found.items()}
    overall, differ, _ = over_targets(found, rows, "auc", None)
    assert len(overall) == values.shape[1]
    assert differ is not None


def board(frame: pd.DataFrame | None, uri: str, snapshots: Path, *, fresh: bool = False) -> None:
    assert frame is not None
    images = images_of(uri, EXPERIMENT, snapshots, fresh=fresh)
    assert make_board(frame, RunQuery(EXPERIMENT), Judging(images)).images


def process(home: Path, uri: str) -> None:
    command = [str(Path(sys.executable).parent / "cats"), "board", EXPERIMENT, "--tracking-uri", uri]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "CATS_HOME": str(home)})


def predictions() -> pd.DataFrame:
    """Of 200 test images of 5 classes."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 5
    given = softmax(rng.normal(size=(200, 5)) + np.eye(5)[labels], axis=1)
    names = [f"i{i}" for i in range(200)]
    return pd.DataFrame({"sample": names, "group": "", "label": labels} | {f"probability_{c}": given[:, c] for c in range(5)})


def timed(act: Callable[[], object], repeats: int, before: Callable[[], object] | None) -> list[float]:
    seconds = []
    for _ in range(repeats):
        if before is not None:
            before()
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return seconds


def record(key: str, started: float) -> Record:
    energy = {name: Energy(kwh=1e-4, provenance="modelled") for name in ("cpu", "ram")}
    settings = (
        "protocol size epochs batch_size lr momentum weight_decay dropout optimiser schedule augment crop flip rotation rule"
    )
    return Record(
        kind="cell", key=key, attempt=key, experiment=EXPERIMENT, status="finished", point="p",
        names={"source": "s0", "target": "t0", "backbone": "net", "seed": "0"},
        settings=dict.fromkeys([*settings.split(), "subsample.train", "subsample.val", "subsample.seed"], "1"),
        facts=dict.fromkeys(("data", "start", "images", "split", "groups"), "0" * 64),
        scores=dict.fromkeys(["auc", "accuracy", "balanced_accuracy", "brier", "precision", "recall", "f1"], 0.5),
        validation=dict.fromkeys(["best_epoch", "val_auc", "val_loss", "epochs_run", "train_images"], 0.5),
        curves={name: [0.1, 0.2] for name in ("train_loss", "val_loss", "val_auc", "learning_rate")},
        costs=tuple(Cost(phase=p, seconds=1.0, energy=energy, kg_per_kwh=0.3) for p in ("features", "training", "evaluation")),
        environment=dict.fromkeys(["torch", "timm", "python", "hardware", "cats"], "1"), started=started, ended=started + 1,
    )  # fmt: skip


def make(database: Path, n: int) -> None:
    start = time.perf_counter()
    run = send(Experiment(f"sqlite:///{database}", EXPERIMENT), Outcome(record("k0", 1.7e9), predictions()))
    with sqlite3.connect(database) as db:
        db.execute("CREATE TEMP TABLE numbers (n INTEGER, id TEXT)")
        db.executemany("INSERT INTO numbers VALUES (?, ?)", ((i, f"{i * 2654435761 % 2**32:08x}{i:024x}") for i in range(1, n)))
        new = {"start_time": "start_time + n * 1000", "end_time": "end_time + n * 1000", "run_uuid": "id"}
        for table, value in (
            ("runs", ""),
            ("params", VALUES),
            ("tags", TAGS),
            ("latest_metrics", "value + n * 7919 % 1000 / 2500.0"),
        ):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            taken = ", ".join({**new, "value": value}.get(name, f'"{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            db.execute(f"INSERT INTO {table} ({names}) SELECT {taken} FROM {table}, numbers WHERE run_uuid = ?", (run,))
    db.close()
    print(f"{n:>7}  {'making them':<32} {time.perf_counter() - start:8.2f}", flush=True)


if __name__ == "__main__":
    main()
