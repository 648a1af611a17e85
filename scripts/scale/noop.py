"""Cells that cost nothing, for measuring what is around them: their entries, plans and records, and who makes them.

A plan of n cells has up to 10 sources (files of weights), up to 10 targets of 60 noisy images, and as many seeds as n asks for.
"""

import json
import time
import uuid
from pathlib import Path

from benchmark.core.seed import generator
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job
from benchmark.specs.recipe import flat
from results.record import Cost, Energy, Outcome, Record

EXPERIMENT, BACKBONE, MOST = "scale", "test_resnet", 10
TARGET = """
import numpy as np
from benchmark.data.dataset import Dataset
from benchmark.data.readers.samples import Samples
from benchmark.core.seed import generator
from benchmark.specs.target import Target

def target(number=0):
    def read(_):
        pictures = generator("tiny", number).integers(0, 256, (60, 32, 32), dtype=np.uint8)
        parts = ["train"] * 40 + ["val"] * 10 + ["test"] * 10
        return Samples(pictures, np.arange(60) % 2, [f"i{i}" for i in range(60)], None, parts)
    about = {"title": "noise", "modality": "none", "licence": "none", "citation": "none"}
    noise = Dataset(name=f"tiny{number}", task="binary", classes=("a", "b"), images=60, read=read, **about)
    return Target(name="tiny", dataset=noise)
"""
SOURCE = """
from benchmark.specs.source import Source, Weights

def source(number=0):
    weights = Weights(file=f"ready{number}", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    return Source(name="ready", title="ready weights", licence="none", citation="none", weights=weights)
"""


def write_entries(folder: Path) -> dict[str, str]:
    """Entries and weights below a folder; the environment in which a plan finds them."""
    import torch
    from safetensors.torch import save_file

    from benchmark.machine.timm_import import timm

    for kind, text in (("targets/tiny", TARGET), ("sources/ready", SOURCE)):
        path = folder / f"{kind}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "weights").mkdir(exist_ok=True)
    for number in range(MOST):
        torch.manual_seed(number)
        network = timm.create_model(BACKBONE)
        save_file(network.state_dict(), folder / "weights" / f"{BACKBONE}.ready{number}.safetensors")
    return {"CATS_ENTRIES": str(folder), "CATS_WEIGHTS": str(folder / "weights"), "CATS_HOME": str(folder / "home")}


def write_plan(folder: Path, n: int) -> Path:
    """The file of a plan of n cells, or of a few less where n is no product."""
    sources = targets = max(1, min(MOST, int((n / 10) ** 0.5)))
    content = {
        "experiment": EXPERIMENT,
        "sources": [f"ready[number={number}]" for number in range(sources)],
        "targets": [f"tiny[number={number}]" for number in range(targets)],
        "backbones": [BACKBONE],
        "recipe": {"base": "probe", "size": 32},
        "seeds": max(1, n // (sources * targets)),
    }
    path = folder / f"{EXPERIMENT}.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")  # which is YAML too
    return path


def make(job: Job, *_: object) -> list[Outcome]:
    """Nothing is done; the record is that of a probe cell. Called as engines call execute.make."""
    return [Outcome(record(cell, job.experiment)) for cell in job.cells]


def make_slowly(job: Job, *_: object, shortest: float, longest: float) -> list[Outcome]:
    """Sleeps for some seconds, which the key decides, as if it worked elsewhere."""
    time.sleep(float(generator("sleep", job.key).uniform(shortest, longest)))
    return make(job)


def record(cell: Cell, experiment: str) -> Record:
    energy = {name: Energy(kwh=1e-6, provenance="modelled") for name in ("cpu", "ram")}
    now, rng = time.time(), generator("score", cell.key)
    names = {"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)}
    drawn = {f"subsample.{name}": str(value) for name, value in cell.subsample.model_dump().items()}
    scores = ("auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "brier")
    validation = ("images_train", "images_val", "images_test", "best_c", "val_auc", "val_loss")
    environment = ("cats_bench", "trainer", "python", "torch", "timm", "device", "hardware", "threads")
    return Record(
        kind="cell", key=cell.key, attempt=uuid.uuid4().hex, experiment=experiment, status="finished", point=cell.point,
        names=names, settings={**flat(cell.recipe), **drawn, "rule": cell.rule},
        facts={"data": cell.data, "start": cell.start.key, "groups": "None", "images": cell.data},
        scores={name: float(rng.uniform(0.5, 1)) for name in scores}, validation=dict.fromkeys(validation, 1.0),
        curves={name: [0.5] * 10 for name in ("c", "val_auc", "val_loss")},
        costs=tuple(Cost(phase=phase, seconds=0.001, energy=energy, kg_per_kwh=0.3) for phase in ("features", "training")),
        environment=dict.fromkeys(environment, "1"), started=now, ended=now + 0.002,
    )  # fmt: skip
