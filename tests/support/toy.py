"""A made-up experiment in a real database: three sources of known skill, two targets, three seeds, two grid points."""

import contextlib

import numpy as np

from results.metrics import scores
from results.record import Outcome, Record
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.paths import ASSETS
from tests.support.predictions import predictions

OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())
SKILL = {"good": 3.0, "fair": 1.0, "bad": 0.2}


def fill(tracking):
    for t, target in enumerate(("ihc", "pond")):
        for s, (source, skill) in enumerate(SKILL.items()):
            for seed in range(3):
                for p, point in enumerate(("p", "q")):
                    table = predictions(np.random.default_rng(t), 90, 2, model_seed=[t, s, seed, p], skill=skill)
                    given = table[["probability_0", "probability_1"]].to_numpy()
                    names = {"source": source, "target": target, "backbone": "net", "seed": str(seed), "protocol": "finetune"}
                    record = OLD.model_copy(update={
                        "key": f"{source}-{target}-{seed}-{point}", "attempt": f"{source}{target}{seed}{point}", "point": point,
                        "names": names, "scores": scores("binary", table["label"].to_numpy(), given),
                        "validation": {"val_loss": 1.0 + p, "val_auc": 0.5 + p / 10}, "experiment": "toy",
                        "settings": {"rule": "min_val_loss"},
                    })  # fmt: skip
                    send(tracking, Outcome(record, table))


def in_folder(folder):
    """Fill a new database mlflow.db in a folder with the experiment `toy`."""
    with contextlib.chdir(folder):
        fill(Experiment("sqlite:///mlflow.db", "toy"))
