#!/usr/bin/env python
"""How long `cats score` takes for 10 sources, 10 targets and 500 images: this checkout beside another one.

    .venv/bin/python scripts/bench_score.py [--before FOLDER] [--sources 10] [--targets 10] [--sample 500] [--workers N]
        [--repeats 1] [--measures NAME ...] [--folder FOLDER] [--json FILE]

FOLDER is a checkout of the commit to compare with, as `git worktree add FOLDER COMMIT` makes it; without --before this one is
timed alone. The measures that both have are scored. Data sets and weights that lie in CATS_DATA and CATS_WEIGHTS are taken
first; what is missing to the number asked for is drawn from a seed. Images are decoded and sources pretrained before anything
is timed, once for both checkouts; features and scores are computed again in each call. Both run with the same interpreter, in
turn, in processes of their own. Wall seconds, and CPU seconds of the process with its children; at last both scores are
compared.
"""

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ("imagenet", "inat_bird", "inat_insect")
SOURCES = {"mednist": "archives/mednist.zip", "cifar10": "archives/cifar10.zip", "textures": ""}
TARGETS = {
    "breastmnist": "medmnist/breastmnist.npz",
    "pneumoniamnist": "medmnist/pneumoniamnist.npz",
    "retinamnist": "medmnist/retinamnist.npz",
    "idc": "archives/idc.zip",
    "ham10000": "archives/ham10000_28.npz",
    "ihc": "",
    "digits": "",
}  # name → its file below CATS_DATA; those without a file come with packages
BACKBONE = "mobilenetv2_100"
CLASSES = (2, 3, 4, 5, 7, 8, 9, 6, 10, 11)
ENTRY = '''"""Images drawn from a seed: a pattern for each class, and noise."""

import numpy as np

from benchmark import Dataset, Samples, Target, generator

NAME, CLASSES, COUNT, SIDE = "{name}", {classes}, 800, 32


def read(_):
    rng = generator(NAME)
    labels = np.arange(COUNT) % CLASSES
    patterns = rng.integers(60, 196, (CLASSES, SIDE, SIDE, 3))
    images = (np.clip(patterns[label] + 40 * rng.standard_normal((SIDE, SIDE, 3)), 0, 255).astype(np.uint8) for label in labels)
    return Samples(images, labels, [str(number) for number in range(COUNT)])


target = Target(
    name=NAME,
    dataset=Dataset(
        name=NAME, title=NAME, modality="drawn", task="{task}", classes=tuple(f"c{{n}}" for n in range(CLASSES)),
        licence="none", citation="drawn from a seed", read=read,
    ),
)
'''


def main() -> None:
    asked = arguments()
    folder = Path(asked.folder or tempfile.mkdtemp(prefix="bench_score-")).resolve()
    plan = prepared(asked, folder)
    before = asked.before.resolve() if asked.before else None
    first = before or ROOT
    home = folder / "prepared"
    # measures without images make the records of pretrainings and decode every image
    called(first, plan, home, folder / "prepare.db", ["--sample", str(asked.sample), "--draws", "10"], "random")
    for made in ("features", "scores"):
        shutil.rmtree(home / made, ignore_errors=True)
    rows: list[dict[str, Any]] = []
    for turn in range(asked.repeats):
        for name, checkout in (("before", before), ("after", ROOT)):
            if checkout is not None:
                rows.append(timed(name, checkout, plan, folder, turn, asked))
                print("{name}, turn {turn}: {wall:.1f} s, CPU {cpu:.1f} s".format(**rows[-1]), flush=True)
    seconds = {name: [row["wall"] for row in rows if row["name"] == name] for name in ("before", "after")}
    for name, each in seconds.items():
        if each:
            print(f"{name}: median {statistics.median(each):.1f} s of {len(each)}")
    if seconds["before"]:
        ratio = statistics.median(seconds["before"]) / statistics.median(seconds["after"])
        print(
            f"{asked.sources} x {asked.targets} pairs, {os.cpu_count()} cores: before takes {ratio:.2f} times as long as after"
        )
        print(*compared(folder), sep="\n")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    if not asked.folder:
        shutil.rmtree(folder)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="FOLDER")
    parser.add_argument("--sources", type=int, default=10)
    parser.add_argument("--targets", type=int, default=10)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--workers", type=int, help="for this checkout; by default it decides itself")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--measures", nargs="+", default=[])
    parser.add_argument("--size", type=int, default=64, help="of images, in pixels")
    parser.add_argument("--folder", help="where everything is made, and kept; by default a temporary one")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def prepared(asked: argparse.Namespace, folder: Path) -> Path:
    """The plan, and entries of what is drawn from a seed."""
    data, weights = (Path(os.environ.get(name, "/nowhere")) for name in ("CATS_DATA", "CATS_WEIGHTS"))
    sources = [name for name in WEIGHTS if (weights / f"{BACKBONE}.{name}.safetensors").is_file()] + ["scratch"]
    sources += [name for name, file in SOURCES.items() if (data / file).exists()]
    targets = [name for name, file in TARGETS.items() if (data / file).exists()]
    entries = folder / "entries" / "targets"
    entries.mkdir(parents=True, exist_ok=True)
    for kind, names, wanted in (("source", sources, asked.sources), ("target", targets, asked.targets)):
        for number in range(max(0, wanted - len(names))):
            name, classes = f"drawn_{kind}_{number}", CLASSES[number % len(CLASSES)]
            task = "binary" if classes == 2 else "multiclass"
            (entries / f"{name}.py").write_text(ENTRY.format(name=name, classes=classes, task=task))
            names.append(name)
        del names[wanted:]
    lines = [f"sources: [{', '.join(sources)}]", f"targets: [{', '.join(targets)}]", f"backbones: [{BACKBONE}]"]
    lines += [f"recipe: {{base: finetune, size: {asked.size}, epochs: 1}}", "seeds: 1", "pretraining: {size: 32, epochs: 1}"]
    lines += [f"subsample: {{train: {asked.sample}}}"]
    lines += [f"measures: [{', '.join(json.dumps(each) for each in asked.measures or measures(asked.before))}]"]
    plan = folder / "ten.yaml"
    plan.write_text("\n".join(lines) + "\n")
    print(plan.read_text())
    return plan


def measures(before: Path | None) -> list[str]:
    """The measures that both checkouts have."""
    here, there = ({file.stem for file in (root / "similarity").glob("[!_]*.py")} for root in (ROOT, before or ROOT))
    return sorted(here & there)


def called(checkout: Path, plan: Path, home: Path, database: Path, options: list[str], only: str = "") -> None:
    """`cats score` of a checkout. only: the one measure that is scored instead of those of the plan."""
    if only:
        kept = [line for line in plan.read_text().splitlines() if not line.startswith("measures:")]
        plan = plan.with_name("prepare.yaml")
        plan.write_text("\n".join([*kept, f"measures: [{only}]"]) + "\n")
    environment = os.environ | {
        "CATS_HOME": str(home),
        "CATS_ENTRIES": str(plan.parent / "entries"),
        "PYTHONPATH": str(checkout),
    }
    environment.pop("OMP_NUM_THREADS", None)
    command = [sys.executable, "-m", "benchmark", "score", str(plan), "--tracking-uri", f"sqlite:///{database}", *options]
    done = subprocess.run(
        [*command, "--format", "json"], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} in {checkout}\n{done.stderr[-3000:]}")
    database.with_suffix(".json").write_text(done.stdout)


def timed(name: str, checkout: Path, plan: Path, folder: Path, turn: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Wall and CPU seconds of one call in a new home and a new database."""
    home, database = folder / f"home-{name}", folder / f"{name}.db"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(folder / "prepared", home)
    database.unlink(missing_ok=True)
    options = ["--sample", str(asked.sample)]
    if name == "after" and asked.workers:
        options += ["--workers", str(asked.workers)]
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    called(checkout, plan, home, database, options)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"name": name, "turn": turn, "wall": wall, "cpu": cpu}


def compared(folder: Path) -> list[str]:
    """Measures whose scores differ between the checkouts by more than rounding, and by how much."""
    sides = [json.loads((folder / f"{name}.json").read_text()) for name in ("before", "after")]
    tables = [{(row["target"], row["source"], row["measure"]): row["value"] for row in _rows(side)} for side in sides]
    apart: dict[str, float] = {}
    for key, one in tables[0].items():
        other = tables[1].get(key)
        if one is not None and other is not None and not math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9):
            apart[key[2]] = max(apart.get(key[2], 0.0), abs(one - other) / max(abs(one), abs(other)))
    if not apart:
        return [f"all {len(tables[0])} scores are equal to rounding"]
    return [f"{name}: scores differ by up to {100 * most:.4f} %" for name, most in sorted(apart.items())]


def _rows(found: Any) -> list[dict[str, Any]]:
    """The rows of a table of scores, wherever `--format json` put them."""
    return found if isinstance(found, list) else next(value for value in found.values() if isinstance(value, list))


if __name__ == "__main__":
    main()
