"""The run of kind 'plan', below which MLflow folds the runs of an experiment: ten thousand cells are one row.

It has no key: boards and plans ignore it. It has ended as soon as it is there, so that no driver that dies leaves it running.
"""

import logging
import time

from mlflow.entities import Run

from results.error import CatsError
from results.tracking.captions import user
from results.tracking.connection import FAILURES, reason_of
from results.tracking.database import settle
from results.tracking.experiment import Experiment

log = logging.getLogger(__name__)
KIND = "plan"


def plan_run(tracking: Experiment) -> str | None:
    """The id of the run, which is created if there is none; None, with a line in the log, if MLflow refuses.

    Of two drivers that create one at the same moment, each takes the first in MLflow's order, and the other one is removed.
    """
    try:
        found = _plans(tracking)
        if not found:
            tags = {"cats.kind": KIND, "mlflow.source.name": "cats run", "mlflow.source.type": "LOCAL"} | user()
            now = int(time.time() * 1000)
            made = tracking.client.create_run(tracking.experiment_id, now, tags, tracking.name).info.run_id
            found = _plans(tracking)
            if found[0].info.run_id != made:
                tracking.client.delete_run(made)
        first = found[0].info
        if first.status != "FINISHED":
            tracking.client.set_terminated(first.run_id, "FINISHED", first.start_time)
            settle(tracking.uri)
    except (*FAILURES, CatsError) as error:
        log.info("MLflow at %s could not store the run of the plan: %s", tracking.shown, reason_of(error))
        return None
    return str(first.run_id)


def _plans(tracking: Experiment) -> list[Run]:
    return list(tracking.runs(f"tags.`cats.kind` = '{KIND}'"))
