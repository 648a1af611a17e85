"""A run of MLflow as plain data that belongs to no server: what archives hold, and what is merged into another database."""

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from results.files.digest import digest
from results.record import Frozen
from results.text.plain import storable

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Run

    from results.tracking.experiment import Experiment

ABANDONED = "its process died before the record was complete"  # as results.tracking.writer says it
# Of MLflow's own tags; others name users, paths of a machine or other runs.
KEPT = ("mlflow.source.git.commit", "mlflow.source.type", "mlflow.note.content")
PROGRAM = "mlflow.source.name"  # is kept where it names a command of ours: elsewhere it is a path
OURS_FIRST = ("cats.key", "cats.attempt", "cats.kind")  # tags that are fields of a copy
NAME = re.compile(r"[\w.-]{1,250}")
LONGEST = 2**20  # characters of one value
LATEST = 253_402_300_799_000  # the end of the year 9999, in ms


def _key(text: str) -> str:
    if NAME.fullmatch(text) is None:
        raise ValueError(f"'{text[:40]}' is no key of cats-bench")
    return text


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("a metric is no finite number")
    return value


Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(storable)]
Key = Annotated[str, AfterValidator(_key)]
Time = Annotated[int, Field(ge=0, le=LATEST)]
Measured = tuple[Annotated[float, AfterValidator(_finite)], int, Time]  # value, step, time


class Input(Frozen):
    """A data set that a run names, as MLflow stores it."""

    name: Text
    digest: Text
    source_type: Text
    source: Text
    schema_text: Text | None = None
    profile: Text | None = None
    tags: dict[Text, Text] = {}


class RunCopy(Frozen):
    """One attempt of ours (see results.record.Record), as its run in MLflow says.

    Attributes:
        key, attempt, kind, status: as in a record; the status in MLflow's words.
        started, ended: ms since 1970.
        params, tags: without the tags of MLflow itself that name users, paths of a machine or other runs.
        metrics: name → (value, step, time) in the order of the steps.
        files: small files of the run, such as its predictions: name → path in the archive.
    """

    key: Key
    attempt: Key
    kind: Literal["cell", "pretraining", "score"]
    status: Literal["FINISHED", "FAILED", "KILLED"]
    name: Text
    started: Time
    ended: Time | None
    params: dict[Text, Text]
    tags: dict[Text, Text]
    metrics: dict[Text, list[Measured]]
    inputs: list[Input] = []
    files: dict[str, str] = {}

    @property
    def reason(self) -> str | None:
        """Why the attempt did not finish, if it did not."""
        return self.tags.get("cats.reason")

    @property
    def who(self) -> str:
        """The attempt as a sentence names it."""
        parts = [self.params[name] for name in ("source", "target") if name in self.params]
        more = [self.params[name] for name in ("backbone",) if name in self.params]
        seed = [f"seed {self.params['seed']}"] if "seed" in self.params else []
        return ", ".join([" → ".join(parts) or self.name, *more, *seed])

    @property
    def names(self) -> dict[str, str]:
        """The names of a record, see results.record.Record."""
        known = ("source", "target", "backbone", "seed", "measures")
        return {name: self.params[name] for name in known if name in self.params}

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric."""
        return {name: values[-1][0] for name, values in self.metrics.items() if values}


def copy_of(tracking: "Experiment", run: "Run") -> RunCopy | None:
    """The copy of a run that has ended and is whole; None for others. Raises CatsError if MLflow fails."""
    tags = run.data.tags
    if is_half(run):
        return None
    attempt = tags.get("cats.attempt") or digest([tags["cats.key"], run.info.start_time])[:32]
    return RunCopy(
        key=tags["cats.key"], attempt=attempt, kind=tags["cats.kind"], status=run.info.status,
        name=str(run.info.run_name or ""), started=run.info.start_time, ended=run.info.end_time,
        params=dict(sorted(run.data.params.items())), tags=kept_tags(tags), metrics=_metrics(tracking, run),
        inputs=_inputs(run),
    )  # fmt: skip


def is_half(run: "Run") -> bool:
    """Whether a run is being written, or its writing broke off."""
    return run.info.status in {"RUNNING", "SCHEDULED"} or run.data.tags.get("cats.reason") == ABANDONED


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that a copy holds, in alphabetical order."""
    return {
        name: value
        for name, value in sorted(tags.items())
        if name not in OURS_FIRST
        and (name in KEPT or not name.startswith("mlflow.") or (name == PROGRAM and value.startswith("cats ")))
    }


def _metrics(tracking: "Experiment", run: "Run") -> dict[str, list[tuple[float, int, int]]]:
    """Of most metrics the run has the only value; those with later steps are asked for."""
    from results.error import CatsError
    from results.tracking.connection import FAILURES, reason_of

    found: dict[str, list[tuple[float, int, int]]] = {}
    for last in sorted(run.to_proto().data.metrics, key=lambda metric: metric.key):
        history: list[Any] = [last]
        if last.step > 0:
            try:
                history = list(tracking.client.get_metric_history(run.info.run_id, last.key))
            except FAILURES as error:
                raise CatsError(f"MLflow at {tracking.shown} cannot be read: {reason_of(error, tracking.name)}") from error
        values = {(each.step, each.timestamp, each.value) for each in history if math.isfinite(each.value)}
        if values:
            found[last.key] = [(float(value), int(step), int(time)) for step, time, value in sorted(values)]
    return found


def _inputs(run: "Run") -> list[Input]:
    inputs = [_input(each) for each in (run.inputs.dataset_inputs if run.inputs else ())]
    return sorted(inputs, key=lambda one: (one.name, one.digest))


def _input(each: "DatasetInput") -> Input:
    data, tags = each.dataset, {tag.key: tag.value for tag in each.tags}
    return Input(
        name=data.name, digest=data.digest, source_type=data.source_type, source=data.source, schema_text=data.schema,
        profile=data.profile, tags=tags,
    )  # fmt: skip


def run_of(copy: RunCopy, experiment_id: str = "0") -> "Run":
    """The copy as a run of MLflow, to be examined as runs of a server are (results.tracking.oddity)."""
    from mlflow.entities import Metric, Param, Run, RunData, RunInfo, RunTag

    tags = {"cats.key": copy.key, "cats.attempt": copy.attempt, "cats.kind": copy.kind, **copy.tags}
    info = RunInfo("0" * 32, experiment_id, "", copy.status, copy.started, copy.ended, "active", run_name=copy.name)
    metrics = [Metric(name, value, copy.started, 0) for name, value in copy.last.items()]
    return Run(info, RunData(metrics, [Param(*each) for each in copy.params.items()], [RunTag(*each) for each in tags.items()]))
