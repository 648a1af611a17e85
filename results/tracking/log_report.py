"""Logs a report to MLflow as an artifact of a run of kind 'report'. The run has no key: boards and plans ignore it."""

import hashlib
import os
import socket
import tempfile
import time
from pathlib import Path

import psutil
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.files.boot_id import boot_id
from results.tracking.artifacts import upload
from results.tracking.connection import reason_of
from results.tracking.experiment import Experiment
from results.tracking.oddity import started_at
from results.tracking.writer import close_run

KIND, DIGEST, WHO, NAME = "report", "cats.report", "cats.process", "report.html"
LONGEST = 3600  # seconds that a process takes to log a page, at the most; it is a matter of seconds


def log_page(tracking: Experiment, html: str) -> str:
    """Log a page; the same page again gives the same run, and a run that a crash left unfinished is completed.

    Returns the id of the run. Raises CatsError if MLflow does not take the page.
    """
    digest = hashlib.sha256(html.encode()).hexdigest()
    _close_killed(tracking, digest)
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
        raise CatsError(f"MLflow at {tracking.shown} could not store the report: {reason_of(error, tracking.name)}") from error
    return run_id


def _close_killed(tracking: Experiment, digest: str) -> None:
    """End the reports of processes that died while they logged them, but for that of this page, which is completed.

    Raises CatsError if MLflow refuses.
    """
    latest, here = int((time.time() - LONGEST) * 1000), _process("")
    try:
        for run in list(tracking.runs(f"attributes.status = 'RUNNING' and tags.`cats.kind` = '{KIND}'")):
            who = run.data.tags.get(WHO, "")
            number = who.removeprefix(here)
            dead = who.startswith(here) and number.isdecimal() and not psutil.pid_exists(int(number[:9]))
            began = started_at(run)
            if (dead or (began is not None and began < latest)) and run.data.tags.get(DIGEST) != digest:
                close_run(tracking, run.info.run_id)
    except (MlflowException, OSError) as error:
        raise CatsError(
            f"MLflow at {tracking.shown} could not close an earlier report: {reason_of(error, tracking.name)}"
        ) from error


def _process(number: object) -> str:
    """A process of this machine, or of this container of it, as no other machine names one of its own."""
    return f"{boot_id()}-{socket.gethostname()}-{number}"


def _begun(tracking: Experiment, before: list[Run], digest: str) -> str:
    if before:
        return str(before[0].info.run_id)
    tags = {"cats.kind": KIND, DIGEST: digest, WHO: _process(os.getpid())}
    return str(tracking.client.create_run(tracking.experiment_id, tags=tags, run_name="report").info.run_id)
