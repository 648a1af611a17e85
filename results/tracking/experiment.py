"""Records to MLflow and back: one run per attempt, written with one `log_batch`, found again by tags.

A run is created only when its record lies in the outbox, so a process that dies leaves at worst a run whose record is
still there: the next delivery finds it by its attempt and completes it. No run stays RUNNING.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunInfo, RunTag, ViewType
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from results.error import CatsError
from results.record import PREDICTIONS, Outcome, Record
from results.tracking.artifacts import check_place, fetched, local_folder, repository, upload
from results.tracking.change_counter import absolute
from results.tracking.connection import quiet, reach, reason_of
from results.tracking.database import make_database
from results.tracking.deduplicate import TWICE, settle
from results.tracking.frame import row_of
from results.tracking.gc_pause import uncollected
from results.tracking.mlflow_format import WHOLE, measurements, tags_of
from results.tracking.outbox import Outbox, examine
from results.tracking.uri import check, shown
from results.tracking.writer import ABANDONED, BATCH, STATUS

PAGE = 1000


class NoExperimentError(CatsError):
    """The tracking server has no experiment of that name."""


class Tracking:
    """One experiment on one tracking server. Made once, before any work starts: database and experiment exist after it.

    A lease (tracking.lease) sets two questions: `permit`, asked before a record is sent, raises CatsError where it must not be;
    `alone`, asked when it is there, tells whether nobody else can have written meanwhile.

    Raises CatsError, in one sentence, if the server cannot be reached or the experiment was deleted.
    """

    permit: Callable[[], None] | None = None
    alone: Callable[[], bool] | None = None

    def __init__(self, uri: str, experiment: str, *, create: bool = True) -> None:
        quiet()
        check(uri)
        self.uri, self.experiment = absolute(uri), experiment
        self.shown = shown(uri)
        try:
            reach(self.uri)
            make_database(self.uri, MlflowClient)
            self.client = MlflowClient(tracking_uri=self.uri)
            found = self.client.get_experiment_by_name(experiment)
            if found is None and not create:
                names = [e.name for e in self.client.search_experiments()]
                raise NoExperimentError(f"no experiment '{experiment}' on {self.shown}; there are {', '.join(names) or 'none'}")
            if found is not None and found.lifecycle_stage != "active":
                raise CatsError(f"experiment '{experiment}' on {self.shown} was deleted; restore it in MLflow, or name another")
            self.experiment_id = str(found.experiment_id if found else self._created())
            if create:  # whoever will write finds out now where his artifacts would go
                check_place(self.uri, str((found or self.client.get_experiment(self.experiment_id)).artifact_location))
        except (MlflowException, SQLAlchemyError, OSError, ImportError) as error:
            raise CatsError(f"MLflow at {self.shown} cannot be used: {reason_of(error)}") from error

    def _created(self) -> str:
        try:
            return str(self.client.create_experiment(self.experiment))
        except MlflowException as error:  # somebody else may have made it just now
            found = self.client.get_experiment_by_name(self.experiment)
            if found is None or error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return str(found.experiment_id)

    def runs(self, condition: str = "", view: int = ViewType.ACTIVE_ONLY) -> Iterator[Run]:
        """All runs of the experiment that meet an MLflow filter, page by page. Raises CatsError if MLflow fails."""
        token = None
        while True:
            page, token = self.page(token, PAGE, condition, view)
            yield from page
            if not token:
                return

    def page(self, token: str | None, size: int, condition: str = "", view: int = ViewType.ALL) -> tuple[list[Run], str | None]:
        """Up to `size` runs from a page token on, in the order of their start, and the token of what follows if any does."""
        order = ["attributes.start_time"]
        try:
            with uncollected():
                page = self.client.search_runs([self.experiment_id], condition, view, size, order, token)
        except (MlflowException, OSError) as error:
            raise CatsError(f"MLflow at {self.shown} cannot be read: {reason_of(error)}") from error
        token = page.token.decode() if isinstance(page.token, bytes) else page.token
        return list(page), token or None

    def deliver(self, outbox: Outbox, shelter: Callable[[], AbstractContextManager[None]] = nullcontext) -> int:
        """Send everything that waits; what arrived leaves the outbox. Returns how many records were sent.

        Each is sent inside `shelter()`, which may keep Ctrl-C from leaving it half sent.
        """
        sent = 0
        for path, outcome in outbox:
            with shelter():
                if self.permit is not None:
                    self.permit()
                new = outbox.first_try(path)
                if not new:
                    examine(outcome)
                self.send(outcome, first=new)
                outbox.remove(path)
            sent += 1
        return sent

    def close_abandoned(self) -> int:
        """End runs of ours that are RUNNING; what still waits is completed when it is sent. Returns how many there were."""
        left = list(self.runs("attributes.status = 'RUNNING' and tags.`cats.kind` != ''"))
        try:
            for run in left:
                self.client.set_tag(run.info.run_id, "cats.reason", ABANDONED)
                self.client.set_terminated(run.info.run_id, "KILLED")
        except (MlflowException, OSError) as error:
            raise CatsError(f"MLflow at {self.shown} cannot be written: {reason_of(error)}") from error
        return len(left)

    def send(self, outcome: Outcome, *, first: bool = False) -> str:
        """Write one record; sending it twice gives one run. Returns the run's id.

        `first`: nobody has begun to send it before, so its run need not be looked for, which takes longer the more runs there
        are. Whether somebody else has finished the key meanwhile is looked at in the end (deduplicate), if that can be.

        A second finished attempt at a key (two machines made it before either knew of the other) is kept for its cost
        but as KILLED, with the reason, so that every key is finished once.
        """
        record = outcome.record
        try:
            same = [] if first else list(self.runs(f"tags.`cats.key` = '{record.key}'"))
            mine = next((r for r in same if r.data.tags.get("cats.attempt") == record.attempt), None)
            abandoned = mine is not None and mine.data.tags.get("cats.reason") == ABANDONED
            # A run that was closed as abandoned meanwhile is completed, wherever its writing broke off.
            if mine is not None and mine.info.status != "RUNNING" and WHOLE in mine.data.tags and not abandoned:
                settle(self, record.key)  # a crash may have come between
                return str(mine.info.run_id)
            status, reason = STATUS[record.status], record.reason
            if status == "FINISHED" and any(r.info.status == "FINISHED" for r in same if r is not mine):
                status, reason = "KILLED", TWICE
            start, end = int(record.started * 1000), int(record.ended * 1000)
            info = mine.info if mine else self._create(record, start, reason)
            run_id = str(info.run_id)
            marks = tags_of(record, None if abandoned else reason) if mine else {WHOLE: str(record.version)}
            self._write(info, outcome, end, marks)
            # One that was closed meanwhile ends anew: whoever follows the experiment finds what ended since he looked.
            closed = mine is not None and mine.info.status != "RUNNING"
            self.client.set_terminated(run_id, status, int(time.time() * 1000) if closed else end)
            if abandoned and reason:  # last: until here it is to be completed
                self.client.set_tag(run_id, "cats.reason", reason)
            elif abandoned:
                self.client.delete_tag(run_id, "cats.reason")
            if self.alone is None or not self.alone():
                settle(self, record.key)
        except (MlflowException, OSError) as error:
            raise CatsError(f"MLflow at {self.shown} did not take a record: {reason_of(error)}") from error
        return run_id

    def _create(self, record: Record, start: int, reason: str | None = None) -> RunInfo:
        """A run with all tags but the one that says that it is whole: MLflow takes ten times as long to add them later."""
        tags = {"cats.key": record.key, "cats.attempt": record.attempt, "cats.kind": record.kind, **tags_of(record, reason)}
        del tags[WHOLE]
        title = " → ".join(record.names[n] for n in ("source", "target") if n in record.names)
        # The point tells the runs of a grid apart.
        name = f"{title}, {record.names['backbone']}, seed {record.names['seed']}, {record.point[:6]}"
        return self.client.create_run(self.experiment_id, start, tags, name).info

    def _write(self, info: RunInfo, outcome: Outcome, end: int, marks: Mapping[str, str]) -> None:
        record, run_id = outcome.record, str(info.run_id)
        metrics = [Metric(name, value, end, step) for name, value, step in measurements(record)]
        params = [Param(name, value[:6000]) for name, value in {**record.settings, **record.names}.items()]
        tags = [RunTag(name, value) for name, value in marks.items()]
        if "target" in record.names:
            source = json.dumps({"name": record.names["target"]})
            data = Dataset(record.names["target"], record.facts["data"][:36], "cats", source)
            inputs = [DatasetInput(data, [InputTag("mlflow.data.context", "evaluation")])]
            try:
                self.client.log_inputs(run_id, inputs)
            except MlflowException:  # of two drivers that bring the same data set at the same moment MLflow refuses one
                self.client.log_inputs(run_id, inputs)
        if isinstance(outcome.predictions, Path):
            upload(self.uri, str(info.artifact_uri), outcome.predictions)
        elif outcome.predictions is not None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / PREDICTIONS
                outcome.predictions.to_parquet(path, index=False)
                upload(self.uri, str(info.artifact_uri), path)
        head, last = metrics[:-BATCH], metrics[-BATCH:]
        for start in range(0, len(head), BATCH):
            self.client.log_batch(run_id, head[start : start + BATCH])
        self.client.log_batch(run_id, last, params, tags)  # with the mark that it is whole

    def predictions(self, run_id: str) -> pd.DataFrame | None:
        """What a run said of every test image; None if it left nothing. Raises CatsError if MLflow fails."""
        try:
            artifacts = str(self.client.get_run(run_id).info.artifact_uri)
            here = local_folder(self.uri, artifacts)
            if here is not None:  # MLflow copies a file of this machine in ten times the time of reading it
                return pd.read_parquet(here / PREDICTIONS) if (here / PREDICTIONS).exists() else None
            if not any(file.path == PREDICTIONS for file in repository(self.uri, artifacts).list_artifacts()):
                return None
            with tempfile.TemporaryDirectory() as folder:
                return pd.read_parquet(fetched(self.uri, artifacts, PREDICTIONS, Path(folder)))
        except (MlflowException, OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
            raise CatsError(f"the predictions of run {run_id} cannot be read from {self.shown}: {reason_of(error)}") from error

    def frame(self) -> pd.DataFrame:
        """The attempts at cells and pretrainings, one row each.

        Columns: run_id, status, key, kind, point, started; every param and metric; artifacts, their place; costs and reasons,
        JSON texts (cost_columns.unpacked); kwh and energy, what is asked of the costs most (cost_columns.brief).
        """
        return pd.DataFrame([row_of(run) for run in self.runs("tags.`cats.key` != ''")])
