"""Puts a board where MLflow's users look: the description of the experiment, and one run of kind 'board'.

The run has no key: boards and plans ignore it. It is updated, so that there is one of it, and nothing is written if MLflow has
this board already.
"""

import hashlib
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow.entities import Metric, RunTag

from results.error import CatsError
from results.record import metric_name
from results.text.program import program
from results.tracking.artifacts import upload
from results.tracking.captions import NOTE, user
from results.tracking.connection import FAILURES, reason_of
from results.tracking.database import settle
from results.tracking.experiment import Experiment
from results.tracking.links import VIEW, view_text
from results.tracking.plan_run import log_totals

if TYPE_CHECKING:
    from mlflow.entities import Run

KIND, DIGEST, METRIC = "board", "cats.board_digest", "cats.metric"
OURS = "cats.note_digest"  # a tag of the experiment, beside its description
WORDS = "The board of the experiment: `board.json` has all figures, and the description of the experiment the verdict."
LONGEST_NOTE = 4900  # characters; MLflow keeps 5,000 of a tag of an experiment
PRIMARY, SHARED = "mlflow.experiment.primaryMetric.name", "mlflow.sharedViewState."


@dataclass(frozen=True)
class BoardPage:
    """A board as MLflow shows it.

    Attributes:
        name, text: of the artifact. note: the description of the experiment, in Markdown, at most LONGEST_NOTE characters.
        metric: of the test images, by which the board ranks; `higher`: whether higher is better.
        figures: name → number, the metrics of the run.
    """

    name: str
    text: str
    note: str
    metric: str
    higher: bool
    figures: Mapping[str, float]

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        parts = [self.name, self.text, self.note, self.metric, *map(repr, sorted(self.figures.items()))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def log_board(tracking: Experiment, page: BoardPage, totals: Mapping[str, float] | None = None) -> str:
    """Write a board into its experiment, and what its runs took together into the run of its plan. Returns the id of its run.

    A description that a person has written stays. Raises CatsError if MLflow does not take the board.
    """
    try:
        _describe(tracking, page)
        log_totals(tracking, totals or {})
        before = _boards(tracking)
        run = before[0] if before else None
        figures = {metric_name(name): value for name, value in page.figures.items()}
        if run is not None and run.info.status == "FINISHED" and run.data.tags.get(DIGEST) == page.digest:
            return str(run.info.run_id)
        if run is not None and not set(run.data.metrics) <= set(figures):  # MLflow cannot take a metric away from a run
            tracking.client.delete_run(run.info.run_id)
            run = None
        run_id = _written(tracking, run, page, figures)
        settle(tracking.uri)
    except FAILURES as error:
        raise CatsError(f"MLflow at {tracking.shown} could not store the board: {reason_of(error, tracking.name)}") from error
    return run_id


def metric_shown(tracking: Experiment) -> str:
    """The metric of the board that an experiment shows; auc if it shows none. Raises CatsError if MLflow fails."""
    try:
        return tracking.client.get_experiment(tracking.experiment_id).tags.get(METRIC) or "auc"
    except FAILURES as error:
        raise CatsError(f"MLflow at {tracking.shown} cannot be read: {reason_of(error, tracking.name)}") from error


def has_view(tracking: Experiment) -> bool:
    """Whether an experiment holds the view of its board. Raises CatsError if MLflow fails."""
    try:
        return f"{SHARED}{VIEW}" in tracking.client.get_experiment(tracking.experiment_id).tags
    except FAILURES as error:
        raise CatsError(f"MLflow at {tracking.shown} cannot be read: {reason_of(error, tracking.name)}") from error


def _boards(tracking: Experiment) -> "list[Run]":
    return list(tracking.runs(f"tags.`cats.kind` = '{KIND}'"))


def _written(tracking: Experiment, run: "Run | None", page: BoardPage, figures: Mapping[str, float]) -> str:
    client, now = tracking.client, int(time.time() * 1000)
    made = run is None
    if run is None:
        tags = {"cats.kind": KIND, "mlflow.source.name": program(), "mlflow.source.type": "LOCAL", NOTE: WORDS} | user()
        run_id = str(client.create_run(tracking.experiment_id, now, tags, KIND).info.run_id)
    else:
        run_id = str(run.info.run_id)
    first = _boards(tracking)[0].info.run_id if made else run_id
    if first != run_id:  # another process has made one meanwhile
        client.delete_run(run_id)
        run_id = str(first)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / page.name
        path.write_text(page.text, encoding="utf-8")
        upload(tracking.uri, str(client.get_run(run_id).info.artifact_uri), path)
    metrics = [Metric(name, value, now, 0) for name, value in figures.items()]
    client.log_batch(run_id, metrics, tags=[RunTag(METRIC, page.metric), RunTag(DIGEST, page.digest)])
    client.set_terminated(run_id, "FINISHED", now)
    return run_id


def _describe(tracking: Experiment, page: BoardPage) -> None:
    """Write the description of the experiment, unless a person has written it, and what its pages show first."""
    tags = tracking.client.get_experiment(tracking.experiment_id).tags
    note, kept = page.note[:LONGEST_NOTE], tags.get(NOTE) or ""
    wanted = {METRIC: page.metric, PRIMARY: f"test_{page.metric}", **tracking.KIND_TAGS}
    wanted[f"{SHARED}{VIEW}"] = view_text(page.metric, higher=page.higher)
    if not kept or _short(kept) == tags.get(OURS):
        wanted |= {NOTE: note, OURS: _short(note)}
    for name, value in wanted.items():
        if tags.get(name) != value:
            tracking.client.set_experiment_tag(tracking.experiment_id, name, value)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
