"""Removes duplicate runs of a key.

Two processes that write the same key cannot see each other before they have written, so each searches afterwards. The last one
to search sees both runs, and every process keeps the same one: the first in MLflow's order.
"""

from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException

from results.tracking.oddity import oddity

if TYPE_CHECKING:
    from results.tracking.experiment import Experiment

TWICE = "the same key had been finished by another attempt"


def remove_duplicates(tracking: "Experiment", key: str) -> None:
    """Keep one run of every attempt at a key, and one finished attempt. Runs that are being written, or that are odd, stay."""
    attempts, finished = set(), False
    for run in tracking.runs(f"tags.`cats.key` = '{key}'"):
        if run.info.status == "RUNNING" or "cats.record_version" not in run.data.tags or oddity(run) is not None:
            continue
        attempt = run.data.tags.get("cats.attempt")
        if attempt in attempts:
            _delete(tracking, run.info.run_id)
        elif finished and run.info.status == "FINISHED":
            tracking.client.set_tag(run.info.run_id, "cats.reason", TWICE)
            tracking.client.set_terminated(run.info.run_id, "KILLED", run.info.end_time)
        attempts.add(attempt)
        finished |= run.info.status == "FINISHED"


def _delete(tracking: "Experiment", run_id: str) -> None:
    try:
        tracking.client.delete_run(run_id)
    except MlflowException:
        if not _is_gone(tracking, run_id):  # another process was faster
            raise


def _is_gone(tracking: "Experiment", run_id: str) -> bool:
    """Whether a run was deleted, in MLflow's pages or for good."""
    try:
        return bool(tracking.client.get_run(run_id).info.lifecycle_stage == "deleted")
    except MlflowException as error:
        return bool(error.error_code == "RESOURCE_DOES_NOT_EXIST")
