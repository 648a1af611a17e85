"""Why attempts at cells failed, as `cats plan --list-cells` says it."""

from results.record import Outcome
from results.tracking.failures import failures_of
from results.tracking.send import send
from tests.support.records import OLD


def put(tracking, key, number, **changes):
    update = {"key": key, "attempt": f"{key}{number}", "started": 1e9 + number, "ended": 1e9 + number + 1, **changes}
    return send(tracking, Outcome(OLD.model_copy(update=update)))


def failed(tracking, key, number, reason):
    return put(tracking, key, number, status="failed", reason=reason)


def test_the_last_failure_of_each_cell_counts_and_its_first_line_is_said(tracking, monkeypatch):
    monkeypatch.setattr("results.tracking.experiment.PAGE", 2)  # several pages
    failed(tracking, "one", 3, "no memory\nmore of it")
    failed(tracking, "one", 1, "no file")
    failed(tracking, "two", 2, " \n")
    put(tracking, "three", 4)
    put(tracking, "four", 5, status="interrupted", reason="stopped by the user")
    tracking.client.set_terminated(tracking.client.create_run(tracking.experiment_id).info.run_id, "FAILED")
    assert failures_of(tracking) == {"one": "no memory", "two": "no reason was recorded"}


def test_the_failure_of_a_deleted_run_is_not_said(tracking):
    """A user who deletes a failed run in MLflow's pages wants to hear of it no more."""
    run_id = failed(tracking, "one", 1, "no memory")
    tracking.client.delete_run(run_id)
    assert failures_of(tracking) == {}
