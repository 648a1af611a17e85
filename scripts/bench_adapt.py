#!/usr/bin/env python
"""Ways to adapt a network side by side on BreastMNIST: trained weights, memory of a step, energy, and test AUC.

    .venv/bin/python scripts/bench_adapt.py [CASE ...] [--seeds N] [--tracking-uri URI] [--write]

A MobileNetV2 with ImageNet weights and a ViT with random weights, for which no file is needed; within a case all protocols have
the same images, seeds, size and epochs. Every run is a cell of an experiment in MLflow, so that the script goes on where it was
stopped. --write puts the table into docs/adapting.md. Needs CATS_DATA, and CATS_WEIGHTS for the MobileNet.
"""

import argparse
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from documentation.place import put
from training.figure import half_of, hardware, versions
from training.of_plan import cells_of

from benchmark.machine.device import device_of
from benchmark.specs.plan import Plan
from results.tracking.experiment import Experiment

PAGE = Path(__file__).resolve().parents[1] / "docs" / "adapting.md"
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {  # name → backbone, source, recipe keys of the protocols that train
    "mobilenet": ("mobilenetv2_100", "imagenet", {"size": 64, "epochs": 8}),
    "vit": ("vit_tiny_patch16_224", "scratch", {"size": 64, "epochs": 5}),
}
IMAGES = 200  # for training; the whole set would take more than a few minutes on two cores
PROTOCOLS = ("finetune", "lora", "bitfit", "probe")
HEAD = ("backbone, source", "protocol", "trained weights", "share", "memory of a step, MB", "energy, Wh", "test AUC")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=CASES, help=f"some of {', '.join(CASES)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tracking-uri", default="sqlite:///adapt.db")
    parser.add_argument("--write", action="store_true", help="put the table into docs/adapting.md")
    given = parser.parse_args()
    unknown = [name for name in given.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case '{unknown[0]}'; there are {', '.join(CASES)}")
    logging.basicConfig(level="WARNING")
    frames = {(case, name): runs(case, name, given) for case in given.cases for name in PROTOCOLS}
    lines = [row(case, name, frame) for (case, name), frame in frames.items()]
    table = "\n".join([line(HEAD), line(["---"] * len(HEAD)), *map(line, lines)])
    made = (
        f"BreastMNIST, {IMAGES} training images, {given.seeds} seeds, {formats(frames.values())}, "
        f"{hardware(device_of('auto'))}, {versions()}."
    )
    print(table, made, sep="\n\n")
    if given.write:
        put(PAGE, "bench_adapt", f"{table}\n\n{made}\n")


def line(cells: "list[str] | tuple[str, ...]") -> str:
    return f"| {' | '.join(cells)} |"


def plan_of(case: str, protocol: str, seeds: int) -> Plan:
    """The plan of one protocol; the protocols that train have equal numbers of epochs and images."""
    backbone, source, keys = CASES[case]
    own = keys if protocol != "probe" else {"size": keys["size"]}
    return Plan(
        experiment=f"bench_adapt_{case}_{protocol}", sources=(source,), targets=("breastmnist",), backbones=(backbone,),
        seeds=seeds, recipe={"base": protocol, **own}, subsample={"train": IMAGES},
    )  # fmt: skip


def runs(case: str, protocol: str, given: argparse.Namespace) -> pd.DataFrame:
    """The finished cells of one protocol, and `trained_in`, the number format of each training."""
    plan = plan_of(case, protocol, given.seeds)
    state, frame = cells_of(plan, given.tracking_uri)
    if state.failed:
        raise SystemExit(f"{case}, {protocol}: {state.failed[0].reason}")
    keyed = Experiment(given.tracking_uri, plan.experiment).runs("tags.`cats.key` != ''")
    formats_of = {run.info.run_id: run.data.tags.get("cats.precision") for run in keyed}
    frame = frame.assign(trained_in=frame["run_id"].map(formats_of))
    return frame[frame["status"] == "FINISHED"]


def formats(frames: Iterable[pd.DataFrame]) -> str:
    """The number formats in which networks were trained; probes train none."""
    found = {str(each) for frame in frames for each in frame["trained_in"].dropna()}
    return f"trained in {' and '.join(sorted(found))}" if found else "nothing trained"


def row(case: str, protocol: str, frame: pd.DataFrame) -> list[str]:
    """One line of the table: means over the seeds, and the interval of the AUC."""
    backbone, source, _ = CASES[case]
    trained, every = (float(frame[name].iloc[0]) for name in ("trained_parameters", "parameters"))
    memory = float(frame["step_memory_bytes"].mean()) / 1e6 if "step_memory_bytes" in frame else None
    area = [float(value) for value in frame["test_auc"]]
    mean = sum(area) / len(area)
    return [
        f"`{backbone}`, `{source}`", f"`{protocol}`", f"{trained:,.0f}", f"{trained / every:.2%}",
        "none" if memory is None else f"{memory:.0f}", f"{1000 * float(frame['kwh'].mean()):.3f}",
        f"{mean:.3f} ± {half_of(area):.3f}" if len(area) > 1 else f"{mean:.3f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
