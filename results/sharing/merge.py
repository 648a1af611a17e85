"""Merges the runs of archives and databases into an experiment: each attempt once, and nothing is changed that is there."""

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.files.digest import digest
from results.sharing.run_copy import Input, RunCopy, is_half, run_of
from results.text.plain import LONGEST_NAME, plain, shortened
from results.tracking.artifacts import upload
from results.tracking.connection import reason_of
from results.tracking.database import settle
from results.tracking.deduplicate import remove_duplicates
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease
from results.tracking.mlflow_format import LONGEST, LONGEST_PARAM, WHOLE
from results.tracking.oddity import oddity
from results.tracking.plan_run import folded
from results.tracking.send import BATCH

OTHER = "the same attempt was recorded with other values"  # why a run of an attempt that is there already does not count
ORIGIN = "cats.merged_attempt"  # the attempt that such a run was, before it got a name of its own
PARAMS = 100  # of a call that MLflow accepts
ASKED = 64  # runs written between two checks of the lease
Files = Callable[[], Mapping[str, bytes]]  # the contents of the files of a run, read when they are written


@dataclass(frozen=True)
class Merged:
    """What became of a run: `added`, `there` (nothing is written), or `odd` (it cannot be a run of ours).

    `said`: a sentence about a conflict, or why the run is odd; None if there is nothing to say.
    `again`: whether the cell had been finished by another attempt, with the same values or with others. `bare`: whether a
    finished cell was added without files, and so without predictions.
    """

    copy: RunCopy
    act: Literal["added", "there", "odd"]
    said: str | None = None
    again: bool = False
    bare: bool = False


def merge(tracking: Experiment, runs: Iterable[tuple[RunCopy, Files]], lease: Lease | None = None) -> Iterator[Merged]:
    """Write the runs that an experiment does not have; yields every run as soon as it is written.

    A run is known by its key and its attempt. A second finished attempt at a key is kept beside the first one as the project
    does it: the one that began first counts, the other becomes KILLED, with the reason. An attempt that is there with other
    values is kept beside it in the same way.

    Raises CatsError if MLflow refuses, LostError if another driver has taken over.
    """
    there = _there(tracking)
    try:
        for number, (copy, files) in enumerate(runs):
            if lease is not None and number % ASKED == 0:
                lease.check()
            yield _merged(tracking, copy, files, there)
        settle(tracking.uri)
    except (MlflowException, OSError) as error:
        raise CatsError(f"MLflow at {tracking.shown} could not store a run: {reason_of(error, tracking.name)}") from error


class _There(dict[str, dict[str, Run]]):
    """Key → attempt → run of an experiment, without those whose writing broke off; `half` holds these."""

    def __init__(self) -> None:
        super().__init__()
        self.half: dict[tuple[str, str], str] = {}

    def note(self, run: Run) -> None:
        key, attempt = run.data.tags.get("cats.key", ""), run.data.tags.get("cats.attempt", "")
        if is_half(run):
            self.half[key, attempt] = run.info.run_id
        else:
            self.setdefault(key, {})[attempt] = run


def _there(tracking: Experiment) -> _There:
    there = _There()
    for run in tracking.runs("tags.`cats.key` != ''"):
        there.note(run)
    return there


def _merged(tracking: Experiment, copy: RunCopy, files: Files, there: _There) -> Merged:
    odd = oddity(run_of(copy)) or _too_long(copy)
    if odd is not None:
        return Merged(copy, "odd", f"{copy.who}: {odd}")
    others = there.get(copy.key, {})
    same, said = others.get(copy.attempt), None
    if same is not None:
        differing = differences(copy, same)
        if not differing:
            return Merged(copy, "there")
        copy = _renamed(copy)
        said = f"{copy.who}: {OTHER} ({'; '.join(differing[:3])}); both are kept, and the one that was there counts"
        if copy.attempt in others:
            return Merged(copy, "there", said)
    finished = [run for run in others.values() if run.info.status == "FINISHED"] if same is None else []
    again = bool(finished) and copy.status == "FINISHED"
    if again:
        differing = differences(copy, finished[0], scores_only=True)
        said = f"{copy.who}: another attempt has {'; '.join(differing[:3])}; both are kept" if differing else None
    half = there.half.pop((copy.key, copy.attempt), None)
    if half is not None:
        tracking.client.delete_run(half)
    contents = files()
    run_id = _write(tracking, copy, contents)
    if again:
        remove_duplicates(tracking, copy.key)
    there.note(tracking.client.get_run(run_id))
    bare = not contents and copy.kind == "cell" and copy.status == "FINISHED" and "cats.imported" not in copy.tags
    return Merged(copy, "added", said, again, bare)


def differences(copy: RunCopy, run: Run, *, scores_only: bool = False) -> list[str]:
    """In which parameters and figures a copy and a run differ, in words. What one of them has alone does not count."""
    figures, params = run.data.metrics, run.data.params
    found = [
        f"{name} {value:g} and {figures[name]:g}"
        for name, value in copy.last.items()
        if name in figures and (not scores_only or name.startswith("test_")) and not math.isclose(value, figures[name])
    ]
    if not scores_only:
        found += [f"{name} '{shortened(value, 40)}' and '{shortened(params[name], 40)}'" for name, value in copy.params.items()
                  if name in params and params[name] != value]  # fmt: skip
    return [plain(each) for each in found]


def _renamed(copy: RunCopy) -> RunCopy:
    """A copy of an attempt that is there with other values, as an attempt of its own that does not count."""
    content = [copy.attempt, copy.params, {name: value.hex() for name, value in sorted(copy.last.items())}]
    tags = {**copy.tags, ORIGIN: copy.attempt, "cats.reason": copy.reason or OTHER}
    status = "KILLED" if copy.status == "FINISHED" else copy.status
    return copy.model_copy(update={"attempt": digest(content)[:32], "tags": tags, "status": status})


def _too_long(copy: RunCopy) -> str | None:
    """Why MLflow would not take a copy, if a text of it is too long."""
    tags = [name for name, value in copy.tags.items() if len(value) > LONGEST]
    params = [name for name, value in copy.params.items() if len(value) > LONGEST_PARAM]
    if not tags and not params:
        return None
    return f"its {'tag' if tags else 'parameter'} {plain(shortened((tags or params)[0], 60))} is too long for MLflow"


def _write(tracking: Experiment, copy: RunCopy, files: Mapping[str, bytes]) -> str:
    """Write a copy as a run, which goes on until it is ended; the tag that marks it as whole comes last. Returns its id."""
    tags = {"cats.key": copy.key, "cats.attempt": copy.attempt, "cats.kind": copy.kind, **copy.tags}
    last = {name: tags.pop(name) for name in (WHOLE,) if name in tags}
    name = shortened(plain(copy.name), LONGEST_NAME)
    info = tracking.client.create_run(tracking.experiment_id, copy.started, tags | folded(tracking), name).info
    run_id = str(info.run_id)
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            (Path(folder) / file).write_bytes(content)
            upload(tracking.uri, str(info.artifact_uri), Path(folder) / file)
    if copy.inputs:
        tracking.client.log_inputs(run_id, [_input(each) for each in copy.inputs])
    metrics = [Metric(name, value, time, step) for name, values in copy.metrics.items() for value, step, time in values]
    for start in range(0, len(metrics), BATCH):
        tracking.client.log_batch(run_id, metrics[start : start + BATCH])
    params = [Param(*each) for each in copy.params.items()]
    for start in range(0, len(params), PARAMS):
        tracking.client.log_batch(run_id, params=params[start : start + PARAMS])
    tracking.client.log_batch(run_id, tags=[RunTag(*each) for each in last.items()])
    tracking.client.set_terminated(run_id, copy.status, copy.ended)
    return run_id


def _input(each: Input) -> DatasetInput:
    data = Dataset(each.name, each.digest, each.source_type, each.source, each.schema_text, each.profile)
    return DatasetInput(data, [InputTag(*tag) for tag in each.tags.items()])
