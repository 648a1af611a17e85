"""Records and a plan that every server is given, and what has to come back whichever it is."""

from pathlib import Path

import numpy as np
import pandas as pd

from results.board.board import make_board
from results.board.request import Judging, RunQuery
from results.record import Outcome, Record
from results.tracking.experiment import Experiment
from results.tracking.predictions import images_of
from results.tracking.send import send
from results.tracking.snapshot import frame_of
from tests.support.paths import ASSETS
from tests.support.predictions import predictions

OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())
PLAN = """
experiment: small
sources: [scratch]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: finetune, size: 16, epochs: 1, batch_size: 32}
seeds: 6
subsample: {train: 60}
"""
COLUMNS = ["key", "kind", "source", "target", "seed", "test_auc", "test_accuracy", "val_loss"]
SETTINGS = {"protocol": "finetune", "size": "32", "rule": "min_val_loss", "lr": "0.001"}


def records():
    """Three sources on two targets with three seeds each, as an experiment leaves them."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(18):
        source, target, seed = "abc"[number % 3], "xy"[number // 3 % 2], number // 6
        auc = 0.6 + 0.1 * (number % 3) + 0.02 * rng.normal()
        changes = {
            "key": f"{number:02d}{'e' * 62}", "attempt": f"attempt{number}", "settings": SETTINGS,
            "names": {"source": source, "target": target, "backbone": "net", "seed": str(seed)},
            "scores": {"auc": auc, "brier": 1 - auc}, "validation": {"val_loss": 1 - auc, "best_epoch": 1.0},
            "started": 1.7e9 + number // 2, "ended": 1.7e9 + number + 1,  # two start at once: their ids give the order
        }  # fmt: skip
        made.append(OLD.model_copy(update=changes))
    return made


def send_all(tracking):
    """All of them, with predictions, and one more that failed."""
    for number, record in enumerate(records()):
        table = predictions(np.random.default_rng(0), 20, 2, model_seed=number)
        send(tracking, Outcome(record, table))
    failed = records()[0].model_copy(update={"key": "f" * 64, "attempt": "f", "status": "failed", "reason": "it broke"})
    send(tracking, Outcome(failed))


def run_of_the_cell(key, uri):
    """A finished run of a cell with this key, as a plan leaves it."""
    place = Experiment(uri, "first")
    run = place.client.create_run(place.experiment_id, tags={"cats.key": key, "cats.kind": "cell"})
    place.client.set_terminated(run.info.run_id)
    return run.info.run_id


def same_frame(one, other):
    """Equal but for ids and places, which are the server's."""
    own = ["run_id", "artifacts"]
    one, other = (each.drop(columns=own).sort_values("key", ignore_index=True) for each in (one, other))
    pd.testing.assert_frame_equal(one, other, check_like=True)


def board_of(tracking, folder=Path("snapshots")):
    """The board as JSON, with the sampling error of the test images: predictions are read from the server."""
    images = images_of(tracking.uri, tracking.name, folder)
    frame = frame_of(tracking, folder)
    return make_board(frame, RunQuery(tracking.name), Judging(images)).to_dict()
