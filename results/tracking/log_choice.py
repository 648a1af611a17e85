"""Logs the answer of `cats choose` to MLflow as tags of a run of kind 'choice', which boards and plans ignore."""

import hashlib
from typing import TYPE_CHECKING

from results.error import CatsError
from results.tracking.connection import FAILURES, reason_of
from results.tracking.experiment import Experiment
from results.tracking.mlflow_format import joined, pieces

if TYPE_CHECKING:
    from mlflow.entities import Run

KIND, TEXT, DIGEST = "choice", "cats.choice", "cats.choice_digest"


def log_choice(tracking: Experiment, text: str) -> str:
    """Log an answer; the newest answer again gives the same run. Returns the id of the run.

    An answer that is equal to an earlier one, with others in between, is logged once more, so that it is the newest again.
    Raises CatsError if MLflow does not take the answer.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    newest = _newest(tracking)
    if newest is not None and newest.info.status == "FINISHED" and newest.data.tags.get(DIGEST) == digest:
        return str(newest.info.run_id)
    tags = {"cats.kind": KIND, DIGEST: digest, **pieces(TEXT, text)}
    try:
        run_id = str(tracking.client.create_run(tracking.experiment_id, tags=tags, run_name=KIND).info.run_id)
        tracking.client.set_terminated(run_id, "FINISHED")
    except FAILURES as error:
        raise CatsError(f"MLflow at {tracking.shown} could not store the answer: {reason_of(error, tracking.name)}") from error
    return run_id


def last_choice(tracking: Experiment) -> str | None:
    """The newest answer of an experiment; None if it holds none. Raises CatsError if MLflow fails."""
    newest = _newest(tracking)
    return None if newest is None else joined(newest.data.tags, TEXT)


def _newest(tracking: Experiment) -> "Run | None":
    """The run of the newest answer."""
    found = list(tracking.runs(f"tags.`cats.kind` = '{KIND}'"))
    return found[-1] if found else None
