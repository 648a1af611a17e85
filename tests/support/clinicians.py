"""The section of a report for clinicians, of a small board with drawn predictions."""

import numpy as np
import pandas as pd

from results.board.board import judged_runs, make_board
from results.board.request import RunQuery
from results.report.clinician import clinician
from tests.support.predictions import predictions
from tests.support.runs import run


def made(classes=2, validation=True, multilabel=False, name="c", **changes):
    """Two sources with two seeds on one target; the second seed has the smaller validation loss."""
    rows = [
        run(source, "a", seed, auc - seed / 50, run_id=f"{source}-{seed}", val_loss=1 - seed / 2)
        for source, auc in (("good", 0.9), ("bad", 0.6))
        for seed in (0, 1)
    ]
    frame, query = pd.DataFrame(rows), RunQuery("toy")
    board = make_board(frame, query)

    def table(run_id, part):
        drawn = predictions(
            np.random.default_rng(part), 120, classes, multilabel=multilabel, model_seed=[len(run_id), part], skill=2.0
        )
        drawn = drawn.rename(columns=lambda column: column.replace("probability_", f"probability_{name}"))
        drawn = drawn.rename(columns=lambda column: column.replace("label_", f"label_{name}"))
        return drawn.assign(**changes)

    read = [lambda run_id: table(run_id, 0), lambda run_id: table(run_id, 1) if validation else None]
    return clinician(board, judged_runs(frame, query), *read), read
