"""Turns MLflow runs into rows of the table of runs, and gives its columns their types."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results.text.counts import how_many
from results.text.hidden import shown
from results.tracking.cost_columns import totals
from results.tracking.mlflow_format import joined
from results.tracking.oddity import figures_of, is_ours, oddity, started_at

if TYPE_CHECKING:
    from mlflow.entities import Run

ALWAYS = (
    "run_id", "status", "started", "key", "kind", "point", "pretraining", "groups", "leak", "known_duplicates", "duplicates",
    "data", "split", "slices", "start", "identifiers", "adaptive", "evaluation_precision", "reasons", "source_images",
    "imported", "citation", "licence", "artifacts", "environment", "costs", "kwh", "energy", "cpu_seconds", "busy_seconds",
)  # fmt: skip
TAGS = (
    "kind", "point", "pretraining", "groups", "leak", "imported", "citation", "licence", "known_duplicates", "duplicates",
    "data", "split", "slices", "start", "source_images", "identifiers", "adaptive",
)  # fmt: skip
ENVIRONMENT = {
    "commit": "mlflow.source.git.commit",
    **{
        name: f"cats.{name}"
        for name in (
            "cats_bench", "trainer", "python", "torch", "timm", "codecarbon", "device", "hardware", "cpu", "cores", "ram_gb",
            "threads",
        )
    },
}  # fmt: skip
ODD = "cats.odd"  # a column of `table_of`: why a run is left out
LEFT_OUT = "left out"  # an attribute of a frame: sentences about the runs that are left out
NAMED = 20  # runs that are left out and named; of others the number is given


def row_of(run: "Run") -> dict[str, Any]:
    """One row of Experiment.frame. The run must not be odd (see results.tracking.oddity)."""
    tags = run.data.tags
    costs = joined(tags, "cats.costs") or "[]"
    return {
        **figures_of(run),
        "run_id": run.info.run_id,
        "status": run.info.status,
        "started": run.info.start_time,
        "key": tags["cats.key"],
        **{name: tags.get(f"cats.{name}") or None for name in TAGS},
        # Older versions predicted in the format of the training, and stated that alone.
        "evaluation_precision": tags.get("cats.evaluation_precision") or tags.get("cats.precision") or None,
        "reasons": joined(tags, "cats.reasons") or "{}",
        "artifacts": shown(run.info.artifact_uri or ""),
        "environment": json.dumps({name: tags[tag] for name, tag in ENVIRONMENT.items() if tag in tags}),
        "costs": costs,
        **totals(costs),
    }


def frame_of_runs(runs: "Iterable[Run]") -> pd.DataFrame:
    """The frame of some runs, see Experiment.frame; those that are odd are left out and named, see left_out."""
    rows, odd = [], []
    for run in runs:
        sentence = oddity(run)
        if sentence is None:
            rows.append(row_of(run))
        else:
            odd.append(sentence)
    return _marked(pd.DataFrame(rows), odd)


def table_of(runs: "Iterable[Run]") -> pa.Table:
    """One row for each run, columns as in Experiment.frame, `stage` (active, deleted), and `cats.odd`: why a run is left out.

    Of runs that are not ours or odd, whose key is null, only what they are known by. No run comes twice.
    """
    rows: dict[str, dict[str, Any]] = {}
    for run in runs:
        odd = oddity(run) if is_ours(run.data.tags) else None
        who = {"run_id": run.info.run_id, "started": started_at(run), "status": str(run.info.status)}
        row = row_of(run) if odd is None and run.data.tags.get("cats.key") else {**dict.fromkeys(ALWAYS), **who}
        rows[run.info.run_id] = row | {"stage": run.info.lifecycle_stage, ODD: odd}
    columns = dict.fromkeys(name for row in rows.values() for name in row)
    return pa.table({name: _column([row.get(name) for row in rows.values()]) for name in columns})


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """All tables as one. Where a column holds texts in one and numbers in another, the texts are kept."""
    texts = {field.name for table in tables for field in table.schema if pa.types.is_string(field.type)}
    alike = []
    for table in tables:
        for place, field in enumerate(table.schema):
            if field.name in texts and not pa.types.is_string(field.type):
                table = table.set_column(place, field.name, pa.nulls(len(table), pa.string()))  # noqa: PLW2901 - one step on
        alike.append(table)
    return pa.concat_tables(alike, promote_options="permissive")


def framed(runs: pa.Table) -> pd.DataFrame:
    """The active runs of ours of a table (see table_of) as Experiment.frame gives them."""
    if not len(runs):
        return pd.DataFrame()
    active = pc.equal(runs["stage"], "active")
    odd = runs[ODD].filter(pc.and_(active, pc.is_valid(runs[ODD]))).to_pylist()
    ours = runs.filter(pc.and_(pc.is_valid(runs["key"]), active))
    if not len(ours):
        return _marked(pd.DataFrame(), odd)
    for column in ours.column_names:
        if ours[column].null_count == len(ours):  # only a run that is left out has a value here
            at = ours.column_names.index(column)
            ours = ours.set_column(at, column, pa.nulls(len(ours))) if column in ALWAYS else ours.remove_column(at)
    return _marked(ours.drop_columns([name for name in ("stage", ODD) if name in ours.column_names]).to_pandas(), odd)


class _Sentences(tuple[str, ...]):
    """Sentences about a frame, which pandas hands on at every step; it would copy each of them if they were a list."""

    def __deepcopy__(self, _: Any) -> "_Sentences":
        return self


def left_out(frame: pd.DataFrame) -> list[str]:
    """Sentences about the runs of the experiment that a frame does not hold, because they cannot be read."""
    return list(frame.attrs.get(LEFT_OUT, ()))


def with_sentence(frame: pd.DataFrame, sentence: str) -> pd.DataFrame:
    """A copy of a frame that says one thing more about the runs that do not count, see left_out."""
    copy = frame.copy()
    copy.attrs[LEFT_OUT] = _Sentences([*left_out(frame), sentence])
    return copy


def _marked(frame: pd.DataFrame, odd: Sequence[str]) -> pd.DataFrame:
    if odd:
        more = (
            [how_many(len(odd) - NAMED, "more run is left out for such reasons", "more runs are left out for such reasons")]
            if len(odd) > NAMED
            else []
        )
        frame.attrs[LEFT_OUT] = _Sentences([*odd[:NAMED], *more])
    return frame


def _column(values: Sequence[Any]) -> pa.Array:
    """A column of one type: texts, where people have given one name to texts and to numbers."""
    try:
        return pa.array(values)
    except (pa.ArrowException, UnicodeError, OverflowError):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
