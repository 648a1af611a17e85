"""Uploads imported records to MLflow, one run each and none twice; existing runs are updated by today's map."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.record import Record
from results.tracking.captions import title_of, user
from results.tracking.connection import reason_of
from results.tracking.deduplicate import remove_duplicates
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease
from results.tracking.mlflow_format import TOTALS, measurements, params_of, tags_of
from results.tracking.oddity import oddity
from results.tracking.plan_run import folded
from results.tracking.send import STATUS

COSTS = ("seconds_", "energy_kwh_", "co2e_kg_")  # metrics that follow from the costs, which a map may change
DROPPED = ("cats.source_images", "cats.leak", "cats.reason")  # tags that a map may remove
ORIGIN = "cats.imported"
ASKED = 256  # runs written between two checks of the lease


@dataclass(frozen=True)
class Upload:
    """The outcome of a record. `clashes`: fields in which it differs from its existing run, which is not changed."""

    record: Record
    act: Literal["made", "updated", "there", "left"]
    clashes: tuple[str, ...] = ()


def upload_records(tracking: Experiment, records: Sequence[Record], lease: Lease | None = None) -> Iterator[Upload]:
    """Write the records that the experiment does not have; yields every record as soon as it is written.

    A run that an interrupted import left half-written is completed. An existing run gets the tags of today's map, and missing
    parameters and metrics; its settings and figures are never changed. If another process has written the same key meanwhile,
    one run is kept. Raises CatsError if MLflow refuses, LostError if another driver has taken over (tracking.lease).
    """
    there = [run for run in tracking.runs("tags.`cats.key` != ''") if oddity(run) is None]  # an odd one is imported again
    keys = {run.data.tags["cats.key"]: run for run in there}
    # Keys were attempts before they held the title; such a run is known by its title and its attempt.
    earlier = {(run.data.tags[ORIGIN], run.data.tags.get("cats.attempt")): run for run in there if ORIGIN in run.data.tags}
    made = False
    try:
        for number, record in enumerate(records):
            if lease is not None and number % ASKED == 0:
                lease.check()
            result = _delivered(
                tracking, record, keys.get(record.key) or earlier.get((record.facts["imported"], record.attempt))
            )
            made |= result.act == "made"
            yield result
        if made:
            done = tracking.runs("tags.`cats.key` != ''")
            for key, times in Counter(run.data.tags["cats.key"] for run in done).items():
                if times > 1:
                    remove_duplicates(tracking, key)
    except (MlflowException, OSError) as error:
        raise CatsError(f"MLflow at {tracking.shown} could not store a run: {reason_of(error, tracking.name)}") from error


def _delivered(tracking: Experiment, record: Record, run: Run | None) -> Upload:
    # The point is among what is written last.
    if run is None or run.info.status == "RUNNING" or "cats.point" not in run.data.tags:
        _write(tracking, record, run.info.run_id if run else None)
        if run is not None and "cats.reason" in run.data.tags and not record.reason:  # the run was closed as abandoned
            tracking.client.delete_tag(run.info.run_id, "cats.reason")
        return Upload(record, "made")
    return _update(tracking, record, run)


def _write(tracking: Experiment, record: Record, run_id: str | None) -> None:
    """Write a record with three calls; a fourth, which searches for the run, would be slow for twenty thousand runs."""
    start, end = int(record.started * 1000), int(record.ended * 1000)
    if run_id is None:
        tags = {"cats.key": record.key, "cats.attempt": record.attempt, "cats.kind": record.kind}
        run_id = tracking.client.create_run(
            tracking.experiment_id, start, tags | user() | folded(tracking), title_of(record)
        ).info.run_id
    params = [Param(*pair) for pair in params_of(record).items()]
    metrics = [Metric(name, value, end, step) for name, value, step in measurements(record)]
    tracking.client.log_batch(run_id, metrics, params, [RunTag(*tag) for tag in tags_of(record, record.reason).items()])
    tracking.client.set_terminated(run_id, STATUS[record.status], end)


def _update(tracking: Experiment, record: Record, run: Run) -> Upload:
    params, metrics = params_of(record), {name: value for name, value, _ in measurements(record)}
    old_params, figures, tags = run.data.params, run.data.metrics, run.data.tags
    other = {name for name, value in metrics.items() if name in figures and not math.isclose(value, figures[name])}
    clashes = [name for name, value in params.items() if old_params.get(name, value) != value]
    clashes += [name for name in sorted(old_params) if name not in params]  # with fewer settings, points of a grid would be one
    clashes += [name for name in sorted(other) if name not in TOTALS and not name.startswith(COSTS)]
    if clashes:
        return Upload(record, "left", tuple(clashes))
    today = {"cats.key": record.key, **tags_of(record, record.reason), ORIGIN: tags.get(ORIGIN, record.facts["imported"])}
    changed = [RunTag(name, value) for name, value in today.items() if tags.get(name) != value]
    gone = [name for name in DROPPED if name in tags and name not in today]
    more = [Param(name, value) for name, value in params.items() if name not in old_params]
    now = int(time.time() * 1000)  # MLflow shows the later of two values of a metric
    measured = [Metric(name, value, now, 0) for name, value in metrics.items() if name in other or name not in figures]
    ended = run.info.status != STATUS[record.status]
    if not (changed or gone or more or measured or ended):
        return Upload(record, "there")
    tracking.client.log_batch(run.info.run_id, measured, more, changed)
    for name in gone:
        tracking.client.delete_tag(run.info.run_id, name)
    if ended:
        tracking.client.set_terminated(run.info.run_id, STATUS[record.status], int(record.ended * 1000))
    return Upload(record, "updated")
