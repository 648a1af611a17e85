"""Turns MLflow runs into rows of the table of runs, and gives its columns their types."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from results.hidden import shown
from results.tracking.cost_columns import brief
from results.tracking.mlflow_format import joined

if TYPE_CHECKING:
    from mlflow.entities import Run

ALWAYS = (
    "run_id", "status", "started", "key", "kind", "point", "pretraining", "groups", "leak", "known_duplicates", "duplicates",
    "data", "reasons", "source_images", "imported", "artifacts", "costs", "kwh", "energy", "cpu_seconds", "busy_seconds",
)  # fmt: skip


def row_of(run: "Run") -> dict[str, Any]:
    """One row of Experiment.frame."""
    tags = run.data.tags
    costs = joined(tags, "cats.costs") or "[]"
    return {
        **run.data.params,
        **run.data.metrics,
        "run_id": run.info.run_id,
        "status": run.info.status,
        "started": run.info.start_time,
        "key": tags["cats.key"],
        "kind": tags.get("cats.kind"),
        "point": tags.get("cats.point"),
        "pretraining": tags.get("cats.pretraining"),
        "groups": tags.get("cats.groups"),
        "leak": tags.get("cats.leak"),
        "imported": tags.get("cats.imported"),
        "reasons": joined(tags, "cats.reasons") or "{}",
        "known_duplicates": tags.get("cats.known_duplicates"),
        "duplicates": tags.get("cats.duplicates"),
        "data": tags.get("cats.data"),
        "source_images": tags.get("cats.source_images"),
        "artifacts": shown(run.info.artifact_uri or ""),
        "costs": costs,
        **brief(costs),
    }


def table_of(runs: "Iterable[Run]") -> pa.Table:
    """One row for each run, columns as in Experiment.frame, and `stage` (active, deleted).

    Of runs that are not ours, whose key is null, only what they are known by. No run comes twice.
    """
    rows: dict[str, dict[str, Any]] = {}
    for run in runs:
        who = {"run_id": run.info.run_id, "started": run.info.start_time, "status": run.info.status}
        row = row_of(run) if run.data.tags.get("cats.key") else {**dict.fromkeys(ALWAYS), **who}
        rows[run.info.run_id] = row | {"stage": run.info.lifecycle_stage}
    columns = dict.fromkeys(name for row in rows.values() for name in row)
    return pa.table({name: [row.get(name) for row in rows.values()] for name in columns})
