#!/usr/bin/env python
"""Large data sets of generated pictures through `cats new`, decoding, the search for copies, `cats check` and one epoch.

    .venv/bin/python scripts/bench_large.py [CASE ...] [--cores N ...] [--json FILE] [--folder FOLDER]

CASE: a number of JPEG pictures of 96 pixels in class folders, with patients in their names (30000, 100000 and 300000 by
default); pcam and idc: the true layouts at their full sizes, 327,680 and 277,524 patches. Every step is a process of its own:

    new     `cats new target` writes the entry (not for pcam, whose entry exists and whose files it does not read)
    decode  at 64 pixels, once for each number of cores, each time from the beginning; another process for each core
    guard   decodes at 32 pixels, makes fingerprints, and compares every image with every other one
    check   `cats check`, which finds the images decoded
    epoch   `cats run`: one epoch of a small network (test_resnet, 32 pixels) on all training images, and all predictions

Peak memory is that of all processes of a step together, without pages of mapped files. What is generated is removed.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from large import made
from large.watched import Taken, watched
from measuring.growth import slope
from measuring.machine import processor

ROOT = Path(__file__).resolve().parents[1]
STEPS = ("new", "guard", "check", "epoch")
DEFAULT = ("30000", "100000", "300000")
FACTS = ("--modality", "noise", "--licence", "CC0", "--citation", "none, generated")
PLAN = """experiment: large
sources: [scratch]
targets: [{name}]
backbones: [test_resnet]
recipe: {{base: finetune, size: 32, epochs: 1, batch_size: 128}}
seeds: 1
allow_leakage: true
subsample: {{train: {train}}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", metavar="CASE", default=DEFAULT, help="numbers of pictures, pcam, idc")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="one decoding for each of these numbers")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS, help="beside decode; all by default")
    parser.add_argument("--train", type=int, help="training images of the epoch; all by default")
    parser.add_argument("--folder", type=Path, help="where everything is written, and removed; else among temporary files")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    about = f"{processor()}, load {os.getloadavg()[0]:.1f}; python {platform.python_version()}; " + ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "pillow", "torch")
    )
    print(f"{about}\n{shlex.join(['scripts/bench_large.py', *sys.argv[1:]])}", flush=True)
    found = {}
    for case in given.case:
        with tempfile.TemporaryDirectory(prefix="cats-large-", dir=given.folder) as folder:
            found[case] = steps(case, Path(folder), given)
        if given.json:
            given.json.write_text(json.dumps({"about": about, "command": sys.argv, "found": found}, indent=2), encoding="utf-8")
    print(table(found))


def steps(case: str, folder: Path, given: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """What each step of a case took."""
    data, entries, home = folder / "data", folder / "entries", folder / "home"
    environment = {
        **os.environ, "CATS_DATA": str(data), "CATS_ENTRIES": str(entries), "CATS_HOME": str(home),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    environment.pop("OMP_NUM_THREADS", None)  # the steps use the cores that there are
    data.mkdir()
    entries.mkdir()
    place, name = generated(case, data)
    cats = [sys.executable, "-m", "benchmark"]
    decode = [sys.executable, str(ROOT / "scripts" / "large" / "decode.py"), name]
    found = {}

    def step(what: str, command: list[str], allowed: tuple[int, ...] = (0,)) -> Taken:
        taken = watched(command, environment, folder, allowed)
        found[what] = {"seconds": taken.seconds, "cpu": taken.cpu, "peak_mib": taken.peak_mib}
        last = taken.said.strip().splitlines()[-1:] or [""]
        print(f"{case:>8} {what:<16} {line(found[what])}  {last[0][:100]}", flush=True)
        return taken

    if place is not None and "new" in given.steps:
        more = ["--layout", "patient/class"] if case == "idc" else ["--group", r"(p\d+)_"]
        new = name if case != "idc" else "idc_new"
        step("new", [*cats, "new", "target", new, "--from", str(place), *more, *FACTS])
    for cores in given.cores:
        shutil.rmtree(home, ignore_errors=True)
        step(f"decode, {cores} core{'s' * (cores > 1)}", [*decode, "64", "--cores", str(cores)])
    images = next(iter((home / "images").glob(f"{name}-64-*")))
    found["store"] = {"mib": sum(path.stat().st_size for path in images.iterdir()) / 2**20}
    if "guard" in given.steps:
        step("guard", [*decode, "guard"])
    if "check" in given.steps:
        step("check", [*cats, "check", name], (0, 1))
    if "epoch" in given.steps:
        plan = folder / "large.yaml"
        plan.write_text(PLAN.format(name=name, train=given.train or "null"), encoding="utf-8")
        step("epoch", [*cats, "run", str(plan), "--device", "cpu"])
    return found


def generated(case: str, data: Path) -> tuple[Path | None, str]:
    """The folder from which `cats new` makes an entry, if it can, and the name of the target."""
    if case == "pcam":
        made.pcam(data)
        return None, "pcam"
    if case == "idc":
        return made.idc(data), "idc"
    return made.folders(data / "many", int(case)), "many"


def line(row: dict[str, Any]) -> str:
    return f"{row['seconds']:8.1f} s {row['cpu']:8.1f} s of CPU {row['peak_mib']:7.0f} MiB"


def table(found: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Seconds, CPU seconds and MiB of each step, and the slopes of the logarithms of CPU seconds over that of the number."""
    numbers = [case for case in found if case.isdecimal()]
    rows = ["| step | " + " | ".join(f"{int(case):,}" if case in numbers else f"`{case}`" for case in found) + " | slope |"]
    rows.append("| --- |" + " ---: |" * (len(found) + 1))
    for what in dict.fromkeys(step for steps in found.values() for step in steps if step != "store"):
        cells = [_cell(found[case].get(what)) for case in found]
        growth = slope({int(case): found[case][what] for case in numbers if what in found[case]})
        rows.append(f"| {what} | " + " | ".join(cells) + f" | {growth} |")
    stores = [f"{found[case]['store']['mib']:,.0f} MiB" for case in found]
    return "\n".join([*rows, "| store at 64 pixels | " + " | ".join(stores) + " | |"])


def _cell(row: dict[str, Any] | None) -> str:
    return "–" if row is None else f"{row['seconds']:.0f} s, {row['cpu']:.0f} s, {row['peak_mib']:,.0f} MiB"


if __name__ == "__main__":
    main()
