"""Writes one record as an MLflow run, with one `log_batch`; its tags find the run again."""

import re
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mlflow.entities import Metric, Param, Run, RunInfo, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    BAD_REQUEST,
    INVALID_PARAMETER_VALUE,
    INVALID_STATE,
    RESOURCE_CONFLICT,
    RESOURCE_DOES_NOT_EXIST,
    ErrorCode,
)

from results.error import CatsError, first_line
from results.record import Outcome, Record
from results.tracking.artifacts import upload
from results.tracking.captions import title_of, user
from results.tracking.connection import reason_of
from results.tracking.data_input import data_of
from results.tracking.database import settle
from results.tracking.deduplicate import TWICE, remove_duplicates
from results.tracking.experiment import Experiment
from results.tracking.mlflow_format import LAYOUT, WHOLE, measurements, params_of, tags_of
from results.tracking.oddity import oddity
from results.tracking.plan_run import folded
from results.tracking.prediction_file import write_predictions

STATUS = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
BATCH = 1000  # metrics per call that MLflow accepts
REFUSALS = {  # what MLflow answers to a record that it does not take, in contrast to when it takes nothing now
    ErrorCode.Name(code)
    for code in (INVALID_PARAMETER_VALUE, BAD_REQUEST, RESOURCE_DOES_NOT_EXIST, INVALID_STATE, RESOURCE_CONFLICT)
}
KEY = re.compile(r"[\w.-]+")
ABANDONED = "its process died before the record was complete"


class RefusedError(CatsError):
    """MLflow answers, and does not take this record."""


def send(tracking: Experiment, outcome: Outcome, *, first: bool = False, alone: Callable[[], bool] = lambda: False) -> str:
    """Write one record; sending a record twice gives one run. Returns the id of the run.

    A second finished attempt at a key (two machines made it before either knew of the other) is kept for its cost, but as
    KILLED and with the reason, so that every key is finished once.

    Args:
        tracking: the experiment.
        outcome: the record and its predictions.
        first: no process has begun to send this record before, so its run need not be searched for, which takes longer the
            more runs there are.
        alone: asked after the writing: whether no other process can have written meanwhile. If one can, runs of the same key
            are searched for.

    Raises:
        RefusedError: if MLflow refuses this record, or if the record is such that no run can be made of it.
        CatsError: if MLflow takes nothing now.
    """
    record = outcome.record
    try:
        if not KEY.fullmatch(record.key):  # MLflow's filters have no way to write a quote
            raise ValueError("its key is not one of cats-bench")
        same = [] if first else list(tracking.runs(f"tags.`cats.key` = '{record.key}'"))
        run = next((r for r in same if r.data.tags.get("cats.attempt") == record.attempt), None)
        abandoned = run is not None and run.data.tags.get("cats.reason") == ABANDONED
        # A run that was closed as abandoned is completed, wherever its writing broke off.
        if run is not None and run.info.status != "RUNNING" and WHOLE in run.data.tags and not abandoned:
            remove_duplicates(tracking, record.key)  # the process may have died before it could
            return str(run.info.run_id)
        status, reason = STATUS[record.status], record.reason
        if status == "FINISHED" and any(r.info.status == "FINISHED" and oddity(r) is None for r in same if r is not run):
            status, reason = "KILLED", TWICE
        run_id = _complete(tracking, run, outcome, status, reason)
        if abandoned and reason:  # last: until here the run still has to be completed
            tracking.client.set_tag(run_id, "cats.reason", reason)
        elif abandoned:
            _delete_reason(tracking, run_id)
        if not alone():
            remove_duplicates(tracking, record.key)
        settle(tracking.uri)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RefusedError(f"no run can be made of the record ({type(error).__name__}: {first_line(error)})") from error
    except (MlflowException, OSError) as error:
        refuses = isinstance(error, MlflowException) and error.error_code in REFUSALS
        raise (RefusedError if refuses else CatsError)(
            f"MLflow at {tracking.shown} could not store a record: {reason_of(error, tracking.name)}"
        ) from error
    return run_id


def _delete_reason(tracking: Experiment, run_id: str) -> None:
    try:
        tracking.client.delete_tag(run_id, "cats.reason")
    except MlflowException:
        if "cats.reason" in tracking.client.get_run(run_id).data.tags:  # otherwise another process was faster
            raise


def _complete(tracking: Experiment, run: Run | None, outcome: Outcome, status: str, reason: str | None) -> str:
    """Create the run of a record, or take the one that an earlier process began; write the record and end the run."""
    record = outcome.record
    end = int(record.ended * 1000)
    if run is None:
        info, tags = create_run(tracking, record, reason), {WHOLE: LAYOUT}
    else:
        abandoned = run.data.tags.get("cats.reason") == ABANDONED
        info, tags = run.info, tags_of(record, None if abandoned else reason)
    run_id = str(info.run_id)
    write_run(tracking, info, outcome, end, tags)
    # A run that was closed before ends a second time, now: readers find it among the runs that ended since they last read.
    closed = run is not None and run.info.status != "RUNNING"
    tracking.client.set_terminated(run_id, status, int(time.time() * 1000) if closed else end)
    return run_id


def create_run(tracking: Experiment, record: Record, reason: str | None = None) -> RunInfo:
    """A run with all tags but the one that marks it as whole: MLflow takes ten times as long to add tags later."""
    tags = {"cats.key": record.key, "cats.attempt": record.attempt, "cats.kind": record.kind, **tags_of(record, reason)}
    del tags[WHOLE]
    start = int(record.started * 1000)
    return tracking.client.create_run(tracking.experiment_id, start, tags | user() | folded(tracking), title_of(record)).info


def write_run(tracking: Experiment, info: RunInfo, outcome: Outcome, end: int, marks: Mapping[str, str]) -> None:
    """Write everything of a record into its run, which goes on until it is ended. `marks`: the tags, with the mark WHOLE."""
    record, run_id = outcome.record, str(info.run_id)
    metrics = [Metric(name, value, end, step) for name, value, step in measurements(record)]
    params = [Param(*pair) for pair in params_of(record).items()]
    tags = [RunTag(name, value) for name, value in marks.items()]
    data = data_of(record)
    if data:
        tracking.client.log_inputs(run_id, data)
    _upload_predictions(tracking, str(info.artifact_uri), outcome)
    head, last = metrics[:-BATCH], metrics[-BATCH:]
    for start in range(0, len(head), BATCH):
        tracking.client.log_batch(run_id, head[start : start + BATCH])
    tracking.client.log_batch(run_id, last, params, tags)  # together with the tag that marks the run as whole


def _upload_predictions(tracking: Experiment, artifacts: str, outcome: Outcome) -> None:
    for name, table in outcome.tables.items():
        if isinstance(table, Path):
            upload(tracking.uri, artifacts, table)
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            write_predictions(table, path)
            upload(tracking.uri, artifacts, path)
