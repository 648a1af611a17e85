#!/usr/bin/env python
"""How long measures take and how much memory: every one in similarity/ that takes arrays, each in a process of its own.

    .venv/bin/python scripts/bench_measures.py [MEASURE ...] [--images 1000 10000 50000] [--features 512 2048]
        [--classes 2 9 100] [--threads 2] [--repeats 3] [--limit 120] [--resamples 0] [--json FILE]
    .venv/bin/python scripts/bench_measures.py --sum

Memory is what a measure needs beyond its input and its imports. `growth` is the exponent of N, from the first to the last N.
A combination that would exceed --limit seconds, as estimated from the one with fewer images, is left out and named.
--sum prints the sum over nine measures at N = 10,000, D = 2,048, C = 9 with 1,000 logits.
"""

import argparse
import contextlib
import importlib
import itertools
import json
import math
import multiprocessing
import os
import pkgutil
import platform
import resource
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOT_ARRAYS = {"network", "images", "source", "elsewhere", "rng"}
NINE = ["logme", "leep", "nce", "hscore", "hscore_shrunk", "gbc", "transrate", "sfda", "parc"]
LOGITS = 1_000
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    asked = arguments()
    for name in LIMITS:
        os.environ[name] = str(asked.threads)  # before numpy is loaded, here and in every child
    sys.path.insert(0, str(ROOT))
    known = names()
    wanted = (NINE if asked.sum else asked.measures) or known
    print(header(asked))
    if unknown := sorted(set(wanted) - set(known)):
        print(f"not in similarity/, or not of arrays: {', '.join(unknown)}")
    wanted = [name for name in wanted if name in known]
    rows = []
    for dims, classes, name in itertools.product(asked.features, asked.classes, wanted):
        with tempfile.TemporaryDirectory() as folder:
            rows += series(name, dims, classes, asked, Path(folder))
    if asked.sum:
        done = [row for row in rows if "seconds" in row]
        print(f"sum of {len(done)} of {len(NINE)} measures: {sum(row['seconds'] for row in done):.1f} s")
    if asked.json:
        asked.json.write_text(json.dumps({"machine": header(asked), "rows": rows}, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*")
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--features", type=int, nargs="+", default=[512, 2_048])
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 9, 100])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one score")
    parser.add_argument("--resamples", type=int, default=0, help="also time as many resamples at once")
    parser.add_argument("--sum", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.sum:
        asked.images, asked.features, asked.classes = [10_000], [2_048], [9]
    return asked


def names() -> list[str]:
    found = []
    for module in pkgutil.iter_modules([str(ROOT / "similarity")]):
        if not module.name.startswith("_"):
            made = getattr(importlib.import_module(f"similarity.{module.name}"), module.name)
            if not NOT_ARRAYS & set(made.needs):
                found.append(module.name)
    return found


def series(name: str, dims: int, classes: int, asked: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """One measure with growing N; prints a line for each and the growth at the end."""
    rows: list[dict[str, Any]] = []
    for count in sorted(asked.images):
        row: dict[str, Any] = {"measure": name, "N": count, "D": dims, "C": classes}
        done = [r for r in rows if "seconds" in r and "undefined" not in r]
        expected = done[-1]["seconds"] * count / done[-1]["N"] if done else 0.0
        if rows and "left out" in rows[-1]:
            row["left out"] = "as with fewer images"
        elif expected > asked.limit:
            row["left out"] = f"at least {expected:.0f} s expected, more than {asked.limit:g} s"
        else:
            row |= alone(name, (count, dims, classes), asked, folder)
        rows.append(row)
        print(line(row), flush=True)
    done = [r for r in rows if "seconds" in r and "undefined" not in r]
    if len(done) > 1:
        first, last = done[0], done[-1]
        growth = math.log(last["seconds"] / first["seconds"]) / math.log(last["N"] / first["N"])
        print(f"{name:16} D = {dims}, C = {classes}: grows as N^{growth:.2f}", flush=True)
        last["growth"] = growth
    return rows


def line(row: dict[str, Any]) -> str:
    head = f"{row['measure']:16} N = {row['N']:6}, D = {row['D']:5}, C = {row['C']:3}: "
    if "left out" in row:
        return head + f"left out, {row['left out']}"
    text = f"{row['seconds']:8.3f} s (median of {row['n']}), {row['peak_mib']:7.0f} MiB"
    if "resampled_seconds" in row:
        text += f", resamples {row['resampled_seconds']:.3f} s"
    return head + text + (f", undefined: {row['undefined']}" if "undefined" in row else "")


def alone(name: str, size: tuple[int, int, int], asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Time and memory in a fresh process, killed once it is over its time."""
    import numpy as np

    made = getattr(importlib.import_module(f"similarity.{name}"), name)
    for need, values in inputs(made.needs, *size).items():
        np.save(folder / f"{need}.npy", values)
    fresh = multiprocessing.get_context("spawn")
    here, there = fresh.Pipe(duplex=False)
    child = fresh.Process(target=work, args=(there, name, folder, asked.repeats, asked.resamples))
    child.start()
    there.close()
    found: dict[str, Any] = {}
    try:
        # the first message says that the input is there, the second is the result
        if here.poll(600) and here.recv() == "ready" and here.poll(asked.limit * (asked.repeats + 1 + (asked.resamples > 0))):
            found = here.recv()
        else:
            found = {"left out": f"stopped: {asked.repeats} scores took more than {asked.limit:g} s each"}
    except EOFError:
        found = {"left out": "its process ended early, perhaps for want of memory"}
    child.kill()
    child.join()
    return found


def work(out: Connection, name: str, folder: Path, repeats: int, resamples: int) -> None:
    sys.path.insert(0, str(ROOT))
    import numpy as np

    from benchmark.specs.needs import check_inputs
    from results.error import CatsError

    made = getattr(importlib.import_module(f"similarity.{name}"), name)
    given = {need: np.load(folder / f"{need}.npy") for need in made.needs}
    with contextlib.suppress(CatsError):  # a few images, so that what a measure imports by itself is there
        made(**{need: values[:60] for need, values in given.items()})
    out.send("ready")
    before = highest()
    seconds, found = [], {}
    while len(seconds) < repeats:
        start = time.perf_counter()
        try:
            made(**given)
        except CatsError as error:
            found["undefined"] = str(error)
        seconds.append(time.perf_counter() - start)
        if seconds[-1] > 30:
            break
    peak = highest() - before
    found |= {"seconds": statistics.median(seconds), "n": len(seconds), "peak_mib": peak / 1024}
    if resamples and "undefined" not in found:
        found["resampled_seconds"] = resampled(made, check_inputs(name, given), resamples)
    out.send(found)


def highest() -> int:
    """Most KiB that this process has held. Linux counts the parent's in ru_maxrss, which outlives the start of a program."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resampled(made: Any, given: Any, number: int) -> float:
    import numpy as np

    from benchmark.specs.measure import Draws
    from benchmark.specs.needs import OF_SOURCE, OF_TARGET

    rng = np.random.default_rng(1)
    target = next((len(given[n]) for n in made.needs if n in OF_TARGET), 0)
    source = next((len(given[n]) for n in made.needs if n in OF_SOURCE), 0)
    rows = np.empty((number, target), dtype=np.int64)
    labels = given.get("labels", np.zeros(target))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        rows[:, own] = rng.choice(own, (number, len(own)))
    draws = Draws(rows, rng.integers(0, max(source, 1), (number, source)))
    start = time.perf_counter()
    made.resample(given, draws)
    return time.perf_counter() - start


def inputs(needs: tuple[str, ...], count: int, dims: int, classes: int) -> dict[str, Any]:
    """Rectified Gaussian features with a decaying spectrum, as those of networks are, and what else is needed."""
    import numpy as np

    def features(rows: int, labels: Any, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        made = rng.standard_normal((rows, dims))
        made *= np.arange(1, dims + 1) ** -0.5
        made[:, : min(classes, dims)] += np.eye(classes)[labels][:, : min(classes, dims)]
        turn = np.random.default_rng(0).standard_normal((dims, dims)) / np.sqrt(dims)
        made = made @ turn
        made += 0.3
        return np.maximum(made, 0, out=made)

    labels = np.arange(count) % classes
    rng, given = np.random.default_rng(3), {}
    for need in needs:
        if need in {"labels", "source_labels"}:
            given[need] = labels
        elif need in {"logits", "probabilities"}:
            logits = rng.standard_normal((count, LOGITS))
            logits[np.arange(count), labels] += 2
            given[need] = logits if need == "logits" else np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        else:
            given[need] = features(count, labels, seed=1 if need.startswith("source") else 2)
    return given


def header(asked: argparse.Namespace) -> str:
    import numpy as np
    import scipy
    import sklearn

    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return (
        f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}; {asked.threads} threads"
    )


if __name__ == "__main__":
    main()
