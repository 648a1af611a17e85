"""Logs a report to MLflow as an artifact of a run of kind 'report'. The run has no key: boards and plans ignore it."""

import hashlib
import tempfile
from pathlib import Path

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.tracking.artifacts import upload
from results.tracking.connection import reason_of
from results.tracking.experiment import Experiment

KIND, DIGEST, NAME = "report", "cats.report", "report.html"


def log_page(tracking: Experiment, html: str) -> str:
    """Log a page; the same page again gives the same run, and a run that a crash left unfinished is completed.

    Returns the id of the run. Raises CatsError if MLflow does not take the page.
    """
    digest = hashlib.sha256(html.encode()).hexdigest()
    before = list(tracking.runs(f"tags.`{DIGEST}` = '{digest}'"))
    done = next((run for run in before if run.info.status == "FINISHED"), None)
    if done is not None:
        return str(done.info.run_id)
    try:
        run_id = _begun(tracking, before, digest)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / NAME
            path.write_text(html, encoding="utf-8")
            place = str(tracking.client.get_run(run_id).info.artifact_uri)
            upload(tracking.uri, place, path)
        tracking.client.set_terminated(run_id, "FINISHED")
    except (MlflowException, OSError) as error:
        raise CatsError(f"MLflow at {tracking.shown} could not store the report: {reason_of(error)}") from error
    return run_id


def _begun(tracking: Experiment, before: list[Run], digest: str) -> str:
    if before:
        return str(before[0].info.run_id)
    tags = {"cats.kind": KIND, DIGEST: digest}
    return str(tracking.client.create_run(tracking.experiment_id, tags=tags, run_name="report").info.run_id)
