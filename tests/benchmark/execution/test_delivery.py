"""Outcomes of jobs are stored and sent, whatever fails or stops in between."""

import signal

import pytest

from benchmark.execution.delivery import drain, hand_over, store
from benchmark.execution.engine import RunControl
from benchmark.machine.signals import record_signals, signal_received, stop_on_signal
from results.error import CatsError
from results.record import GIVEN_OUT_AGAIN, STOPPED, Outcome
from results.tracking import writer
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from tests.support.records import record


def outcomes(*attempts):
    return [Outcome(record(attempt)) for attempt in attempts]


def attempts(outbox):
    return sorted(outcome.record.attempt for _, outcome in outbox)


def test_a_record_that_the_disk_refuses_takes_no_other_with_it(tmp_path):
    outbox = Outbox(tmp_path / "box")
    first, *_ = made = outcomes("a", "b", "c")
    outbox.put(first)  # an attempt is never written over
    with pytest.raises(CatsError, match="cannot keep the record of .*: Directory not empty"):
        store(made, outbox)
    assert attempts(outbox) == ["a", "b", "c"]


def drained(happens):
    """What the runner takes from an engine that goes on until it is stopped; `happens` is called at the second outcome."""
    control, taken = RunControl(lambda job: job), []

    def engine():
        yield ["one"]
        while not control.stopping:
            yield ["more"]
        yield ["running"]

    def take(some):
        taken.extend(some)
        if len(taken) == 2:
            happens()

    try:
        return drain(engine(), control, take)
    finally:
        assert taken == ["one", "more", "running"]


def test_what_an_engine_has_left_is_taken_after_a_fault_and_the_fault_is_told():
    def fails():
        raise CatsError("the disk is full")

    with pytest.raises(CatsError, match="the disk is full"):
        drained(fails)


def test_a_stop_while_the_runner_is_at_work_takes_what_is_left_too():
    with stop_on_signal():
        assert drained(lambda: signal.raise_signal(signal.SIGTERM))
        assert signal_received()


def test_a_stop_does_not_wait_for_all_that_the_outbox_holds_but_for_one_record(tmp_path, monkeypatch):
    outbox, tracking = Outbox(tmp_path / "box"), Experiment(f"sqlite:///{tmp_path}/mlflow.db", "e")
    store(outcomes("a", "b", "c"), outbox)
    send = writer.send

    def interrupted(*arguments, **how):
        if not signal_received():
            signal.raise_signal(signal.SIGTERM)
        return send(*arguments, **how)

    monkeypatch.setattr(writer, "send", interrupted)
    with stop_on_signal(), pytest.raises(KeyboardInterrupt):
        hand_over(outcomes("d"), writer.Writer(tracking, outbox))
    assert len(attempts(outbox)) == 3
    assert len(tracking.frame()) == 1


def test_that_mlflow_does_not_answer_is_said_once_for_each_time_that_it_is_away(tmp_path, monkeypatch, caplog):
    outbox, tracking = Outbox(tmp_path / "box"), Experiment(f"sqlite:///{tmp_path}/mlflow.db", "e")
    sent, send = writer.Writer(tracking, outbox), writer.send

    def away(*arguments, **how):
        raise CatsError("MLflow does not answer")

    for number in range(2):
        monkeypatch.setattr(writer, "send", away)
        for attempt in ("a", "b", "c"):
            hand_over(outcomes(f"{attempt}{number}"), sent)
        monkeypatch.setattr(writer, "send", send)
        hand_over(outcomes(f"d{number}"), sent)
        assert attempts(outbox) == []
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == ["MLflow does not answer; the records wait in the outbox until it answers"] * 2


@pytest.mark.parametrize(("number", "reason"), [(signal.SIGINT, STOPPED), (signal.SIGTERM, "stopped by the signal SIGTERM")])
def test_a_record_says_whether_the_user_or_the_system_has_stopped_the_run(tmp_path, number, reason):
    box, stopped = Outbox(tmp_path / "box"), record("a").model_copy(update={"status": "interrupted", "reason": STOPPED})
    lost = stopped.model_copy(update={"attempt": "b", "reason": f"its worker was lost{GIVEN_OUT_AGAIN}"})
    with stop_on_signal(), record_signals():
        signal.raise_signal(number)
        stored = store([Outcome(stopped), Outcome(lost), Outcome(record("c"))], box)
    assert [outcome.record.reason for outcome in stored] == [reason, lost.reason, None]
    assert {outcome.record.attempt: outcome.record.reason for _, outcome in box} == {"a": reason, "b": lost.reason, "c": None}
