#!/usr/bin/env python
"""How long measures take and how much memory: every one in similarity/ that takes arrays, each in a process of its own.

    .venv/bin/python scripts/bench_measures.py [MEASURE ...] [--images 1000 10000 50000] [--features 512 2048]
        [--classes 2 9 100] [--threads 2] [--repeats 3] [--limit 120] [--resamples 0] [--json FILE]
    .venv/bin/python scripts/bench_measures.py --sum
    .venv/bin/python scripts/bench_measures.py --growth [MEASURE ...] [--write]
    .venv/bin/python scripts/bench_measures.py --peers FOLDER [MEASURE ...] [--cases 1000x512x9 ...] [--sum] [--write]

Memory is what a measure needs beyond its input and its imports. `growth` is the exponent of N, from the first to the last N.
A combination that would exceed --limit seconds, as estimated from the one with fewer images, is left out and named.
--sum prints the sum over nine measures at N = 10,000, D = 2,048, C = 9 with 1,000 logits.

--growth prints a Markdown table: CPU seconds at N = 1,000, 4,000, 16,000 and 50,000 with D = 512 and C = 9, one thread,
the slope of their logarithms, and the peak memory; --write puts it into docs/performance.md.

--peers runs ours beside public code that you fetched into FOLDER, in turn in one process with one thread, median of 3; it
prints the ratio of CPU seconds and the largest relative difference, and with --sum the sum over the same nine measures at
the same size, for which the public code needs 6 GB. Nothing of that code is a part of this project. Where numba or TensorFlow
is not installed, stand-ins take their place, and a line says so. To fetch it:

{fetch}
"""

import argparse
import importlib
import itertools
import json
import math
import os
import pkgutil
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from measuring import beside, growth
from measuring.child import ROOT, alone
from measuring.machine import processor
from measuring.peers import how_to_fetch

NOT_ARRAYS = {"network", "images", "source", "elsewhere", "rng"}
NINE = ["logme", "leep", "nce", "hscore", "hscore_shrunk", "gbc", "transrate", "sfda", "parc"]
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    asked = arguments()
    for name in LIMITS:
        os.environ[name] = str(asked.threads)  # before numpy is loaded, here and in every child
    sys.path.insert(0, str(ROOT))
    print(header(asked))
    if asked.peers:
        beside.run(asked)
        return
    known = names()
    wanted = (NINE if asked.sum else asked.measures or (growth.MEASURES if asked.growth else [])) or known
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
    if asked.growth:
        growth.report(rows, asked.images, write=asked.write)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": header(asked), "rows": rows}, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=str(__doc__).replace("{fetch}", how_to_fetch()), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measures", nargs="*")
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    parser.add_argument("--features", type=int, nargs="+", default=[512, 2_048])
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 9, 100])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one score")
    parser.add_argument("--resamples", type=int, default=0, help="also time as many resamples at once")
    parser.add_argument("--sum", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--peers", type=Path, metavar="FOLDER")
    parser.add_argument("--cases", nargs="+", metavar="NxDxC", help="sizes for --peers", default=beside.CASES)
    parser.add_argument("--write", action="store_true", help="put the table of --growth or --peers into docs/performance.md")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.sum and not asked.peers:
        asked.images, asked.features, asked.classes = [10_000], [2_048], [9]
    if asked.growth:
        asked.images, asked.features, asked.classes, asked.threads, asked.limit = growth.IMAGES, [512], [9], 1, 600.0
    if asked.peers:
        asked.threads = 1
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


def header(asked: argparse.Namespace) -> str:
    import numpy as np
    import scipy
    import sklearn

    return (
        f"{processor()}, load {os.getloadavg()[0]:.1f}; python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}; {asked.threads} threads"
    )


if __name__ == "__main__":
    main()
