#!/usr/bin/env python
"""The recipe `fast`, one run, beside a grid of 12 points of `cats2024`, whose best epoch of the best point is chosen by
validation AUC: test AUC and energy. The epoch of `fast` is chosen by `within_one_se`.

    .venv/bin/python scripts/bench_fast.py [TARGET ...] [--seeds N] [--size PIXELS] [--tracking-uri URI] [--json FILE]

MobileNetV2-100 from ImageNet, 100 training images per class as in CATS 2024, both recipes with the same images and heads.
--size: the pixels of the grid, 64 by default (CATS 2024 has 224, which take twelve times as long); `fast` comes with
its own. Every run is a cell of an experiment in MLflow, so that the script goes on where it was stopped. Needs CATS_DATA and
CATS_WEIGHTS.
"""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from training.figure import interval, printed_facts
from training.of_plan import cells_of

from benchmark.machine.device import device_of
from benchmark.specs.plan import Plan
from results.tracking.cost_columns import hardware as provenance

TARGETS = ("breastmnist", "pneumoniamnist", "retinamnist")
RECIPES: dict[str, dict[str, Any]] = {
    "grid": {
        "base": "cats2024", "lr": [0.1, 0.01, 0.001], "weight_decay": [0, 1e-4], "momentum": 0.9, "batch_size": [32, 64],
    },
    "fast": {"base": "fast"},
}  # fmt: skip
RULES: dict[str, str] = {"grid": "max_val_auc", "fast": "within_one_se"}  # which epoch of a run counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--tracking-uri", default="sqlite:///fast.db")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    logging.basicConfig(level="WARNING")
    about = printed_facts(device_of("auto"))
    found = {}
    for target in given.targets:
        made = {name: runs(name, target, given) for name in RECIPES}
        chosen = {name: best(frame) for name, frame in made.items()}
        found[target] = summary(target, made, chosen)
    if given.json:
        given.json.write_text(json.dumps({**about, "found": found}, indent=2), encoding="utf-8")


def runs(name: str, target: str, given: argparse.Namespace) -> pd.DataFrame:
    """The finished cells of one recipe on one target."""
    plan = Plan(
        experiment=f"bench_{name}", sources=("imagenet",), targets=(target,), backbones=("mobilenetv2_100",), seeds=given.seeds,
        recipe={**RECIPES[name], **({"size": given.size} if name == "grid" else {})}, rule=RULES[name],
        subsample={"train": 100, "val": 25, "per_class": True, "stratified": False, "seed": 24},
    )  # fmt: skip
    state, frame = cells_of(plan, given.tracking_uri)
    for record in state.failed:  # a rate of a grid may be too high
        print(f"  failed: {record.reason}")
    return frame


def best(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each seed the run with the largest validation AUC; of equals the one with the smaller validation loss."""
    finished = frame[frame["status"] == "FINISHED"].sort_values(["val_auc", "val_loss"], ascending=[False, True])
    return finished.drop_duplicates("seed").sort_values("seed")


def summary(target: str, made: dict[str, pd.DataFrame], chosen: dict[str, pd.DataFrame]) -> dict[str, object]:
    """Print what came out on one target, and give it back."""
    seeds = sorted(set(chosen["fast"]["seed"]) & set(chosen["grid"]["seed"]))  # a seed whose runs all failed has no pair
    if not seeds:
        raise SystemExit(f"{target}: no seed has finished runs of both recipes")
    auc = {name: [float(v) for v in frame.set_index("seed")["test_auc"].loc[seeds]] for name, frame in chosen.items()}
    wh = {
        name: [1000 * float(v) for v in frame.groupby("seed")["kwh"].sum(min_count=1).loc[seeds]]
        for name, frame in made.items()
    }
    gap = np.subtract(auc["fast"], auc["grid"]).tolist()
    share = np.divide(wh["fast"], wh["grid"]).tolist()
    print(f"\n{target}, n={len(gap)} seeds; energy: {', '.join(provenance(pd.concat(list(made.values()))))}")
    for name, frame in made.items():
        runs_each = len(frame) // frame["seed"].nunique()
        print(f"  {name:<5} {runs_each:>3} runs   test AUC {interval(auc[name])}   Wh {interval(wh[name])}")
    print(f"  fast - grid: AUC {interval(gap)}   fast / grid: energy {interval(share)}")
    return {"auc": auc, "wh": wh, "difference": gap, "share": share}


if __name__ == "__main__":
    main()
