"""The run of kind 'plan', below which MLflow folds the runs of an experiment: ten thousand cells are one row.

It holds the plan that was run last and what all attempts took together. It has no key: boards and plans ignore it. It has
ended as soon as it is there, so that no driver that dies leaves it running.
"""

import hashlib
import logging
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from mlflow.entities import Metric, Run

from results.error import CatsError
from results.text.program import program
from results.tracking.artifacts import fetched, upload
from results.tracking.captions import NOTE, user
from results.tracking.connection import FAILURES, reason_of
from results.tracking.database import settle
from results.tracking.experiment import Experiment

log = logging.getLogger(__name__)
KIND, PLAN, DIGEST = "plan", "plan.yaml", "cats.plan_digest"
WORDS = (
    "All attempts of the experiment are folded below this run. The artifact `plan.yaml`, if it is there, is the plan that was "
    "run last; the metrics are those of all attempts together, as of the last board."
)  # the description of the run


def folded(tracking: Experiment) -> dict[str, str]:
    """The tag that puts a new run below the run of the plan."""
    return {} if tracking.parent is None else {"mlflow.parentRunId": tracking.parent}


def fold(tracking: Experiment, plan: str | None = None) -> None:
    """Have MLflow show the runs that are created from now on below the run of the plan, see plan_run."""
    tracking.parent = plan_run(tracking, plan)


def plan_run(tracking: Experiment, plan: str | None = None) -> str | None:
    """The id of the run, which is created if there is none; None, with a line in the log, if MLflow refuses.

    Of two drivers that create one at the same moment, each takes the first in MLflow's order, and the other one is removed.

    Args:
        tracking: the experiment.
        plan: as YAML; it becomes the artifact PLAN, in place of an earlier one. None: the artifact stays as it is.
    """
    try:
        found = _plans(tracking)
        if not found:
            tags = {"cats.kind": KIND, "mlflow.source.name": program(), "mlflow.source.type": "LOCAL", NOTE: WORDS} | user()
            now = int(time.time() * 1000)
            made = tracking.client.create_run(tracking.experiment_id, now, tags, tracking.name).info.run_id
            found = _plans(tracking)
            if found[0].info.run_id != made:
                tracking.client.delete_run(made)
        first = found[0].info
        if first.status != "FINISHED":
            tracking.client.set_terminated(first.run_id, "FINISHED", first.start_time)
            settle(tracking.uri)
        if plan is not None:
            _keep(tracking, found[0], plan)
    except (*FAILURES, CatsError) as error:
        log.info("MLflow at %s could not store the run of the plan: %s", tracking.shown, reason_of(error, tracking.name))
        return None
    return str(first.run_id)


def last_plan(tracking: Experiment) -> str | None:
    """The plan that was run last, as YAML; None if there is none, or if MLflow does not give it."""
    try:
        run = next((each for each in _plans(tracking) if DIGEST in each.data.tags), None)
        if run is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            return fetched(tracking.uri, str(run.info.artifact_uri), PLAN, Path(folder)).read_text(encoding="utf-8")
    except (*FAILURES, CatsError, UnicodeError) as error:
        log.info("MLflow at %s could not give the plan: %s", tracking.shown, reason_of(error, tracking.name))
        return None


def log_totals(tracking: Experiment, totals: Mapping[str, float]) -> None:
    """Write what all attempts took together, as far as the run does not say it. Raises what MLflow raises, and CatsError."""
    found = _plans(tracking)
    if not found:  # an experiment of an earlier version: its runs are below none
        return
    known, now = found[0].data.metrics, int(time.time() * 1000)
    changed = [Metric(name, value, now, 0) for name, value in totals.items() if known.get(name) != value]
    if changed:
        tracking.client.log_batch(found[0].info.run_id, changed)


def _keep(tracking: Experiment, run: Run, plan: str) -> None:
    digest = hashlib.sha256(plan.encode()).hexdigest()
    if run.data.tags.get(DIGEST) == digest:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PLAN
        path.write_text(plan, encoding="utf-8")
        upload(tracking.uri, str(run.info.artifact_uri), path)
    tracking.client.set_tag(run.info.run_id, DIGEST, digest)
    settle(tracking.uri)


def _plans(tracking: Experiment) -> list[Run]:
    return list(tracking.runs(f"tags.`cats.kind` = '{KIND}'"))
