"""The record of a pretraining outlives the process that made it, and goes with its weights."""

import errno
import os
import threading
from contextlib import contextmanager, nullcontext

import pytest

from benchmark.execution import pretraining_records
from benchmark.execution.delivery import store
from benchmark.execution.execute import make_pretraining, pretraining_outcomes
from benchmark.execution.pretraining_records import NO_WEIGHTS, Holder, adopt, made_once, signs_of_life
from benchmark.machine.meter import Stopwatch
from benchmark.specs.plan import load_plan
from benchmark.specs.start import pretrained_path
from results.files import atomic
from results.files.atomic import DRAFT
from results.files.lock import locked_if_free
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.plans import cells_of

pytestmark = pytest.mark.slow


@pytest.fixture
def start(tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "experiment: toy\nsources: [digits]\ntargets: [ihc]\nbackbones: [test_resnet]\n"
        "recipe: {base: finetune, size: 16, epochs: 1}\npretraining: {size: 16, epochs: 0}\n"
    )
    return next(iter(cells_of(load_plan(str(plan))))).start


def waiting(outbox):
    return [(outcome.record.status, outcome.record.reason) for _, outcome in outbox]


def test_a_record_that_no_driver_took_is_adopted_by_the_next_one_of_its_experiment(start, tmp_path):
    made = make_pretraining(start, "toy", Stopwatch("NLD", "cpu"))
    other, mine = Outbox(tmp_path / "other"), Outbox(tmp_path / "mine")
    adopt(other, "another")
    assert other.empty
    for _ in range(2):
        adopt(mine, "toy")
        assert waiting(mine) == [("finished", None)]
    ((path, found),) = mine
    assert found.record == made.record
    assert not mine.first_try(path)  # another process may have begun to send it


def test_a_record_that_a_driver_has_taken_is_not_adopted_again(start, tmp_path):
    taken, later = Outbox(tmp_path / "taken"), Outbox(tmp_path / "later")
    store([make_pretraining(start, "toy", Stopwatch("NLD", "cpu"))], taken)
    adopt(later, "toy")
    assert (len(list(taken)), later.empty) == (1, True)


def test_a_record_without_weights_tells_that_they_were_not_kept(start, tmp_path):
    make_pretraining(start, "toy", Stopwatch("NLD", "cpu"))
    pretrained_path(start).unlink()
    box = Outbox(tmp_path / "box")
    for _ in range(2):
        adopt(box, "toy")
        assert waiting(box) == [("failed", NO_WEIGHTS)]


@pytest.mark.parametrize("refused", ["record", "weights"])
def test_a_pretraining_that_the_disk_refuses_has_failed_and_leaves_nothing(start, tmp_path, refused, monkeypatch):
    path, flush = pretrained_path(start), atomic.flush
    place = path.parent / "records"
    place.parent.mkdir(parents=True)

    def refuse(part):
        if part.name.endswith(path.name):
            raise OSError(errno.EROFS, "Read-only file system")
        flush(part)

    if refused == "record":
        place.write_text("no folder")
    else:
        monkeypatch.setattr(atomic, "flush", refuse)
    found = make_pretraining(start, "toy", Stopwatch("NLD", "cpu")).record
    sentence = (
        f"the outbox {place} cannot be created: File exists; "
        if refused == "record"
        else f"cannot keep pretrained weights in {path.parent}: Read-only file system; "
    )
    assert (found.status, found.reason) == ("failed", f"{sentence}set CATS_HOME to a folder that can be written")
    place.unlink() if refused == "record" else None
    box = Outbox(tmp_path / "box")
    adopt(box, "toy")
    assert box.empty
    assert not list(path.parent.glob(f"{DRAFT}*"))


def test_a_record_that_finds_no_space_is_one_sentence(start, monkeypatch):
    records, flush = pretrained_path(start).parent / "records", atomic.flush

    def full(path):
        if records in path.parents:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(path)

    monkeypatch.setattr(atomic, "flush", full)
    found = make_pretraining(start, "toy", Stopwatch("NLD", "cpu")).record
    assert found.reason == (
        f"cannot keep the record of {start.key[:12]} in {records}: No space left on device; "
        "make room there, or set CATS_HOME to a folder with space"
    )


def test_weights_are_flushed_once_just_before_they_get_their_name(start, monkeypatch):
    path, flushed = pretrained_path(start), []

    def note(part):
        flushed.append((part, path.exists()))

    monkeypatch.setattr(atomic, "flush", note)
    assert make_pretraining(start, "toy", Stopwatch("NLD", "cpu")).record.status == "finished"
    assert [named for part, named in flushed if part.name.endswith(path.name)] == [False]
    assert flushed[-1] == (path.parent, True)


@pytest.mark.parametrize("experiment", ["toy", "another"])
def test_two_processes_of_one_home_make_the_weights_once(start, caplog, experiment):
    """The second one waits; here it is a thread, because a file lock keeps threads apart as it does processes.

    It returns the record of its own experiment: the driver may have given the first one up, and would never get the record.
    """
    begun, go = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(60)
        return make_pretraining(start, "toy", Stopwatch("NLD", "cpu"))

    made = {}
    first = threading.Thread(target=lambda: made.update(first=made_once(start, "toy", slow)))
    second = threading.Thread(
        target=lambda: made.update(second=pretraining_outcomes(start, experiment, Stopwatch("NLD", "cpu")))
    )
    first.start()
    assert begun.wait(60)
    second.start()
    while "waits for the weights" not in caplog.text:
        second.join(0.01)
    go.set()
    first.join()
    second.join()
    assert [outcome.record.status for outcome in made["first"]] == ["finished"]
    assert [outcome.record for outcome in made["second"]] == [made["first"][0].record] * (experiment == "toy")
    assert not list(pretrained_path(start).parent.glob(".*.lock"))


def test_a_record_that_a_driver_has_is_not_returned_again(start, tmp_path):
    store(pretraining_outcomes(start, "toy", Stopwatch("NLD", "cpu")), Outbox(tmp_path / "taken"))
    assert pretraining_outcomes(start, "toy", Stopwatch("NLD", "cpu")) == []


def test_a_process_without_a_sign_of_life_is_not_waited_for_and_its_late_result_changes_nothing(start, tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining_records, "SILENT_SECONDS", -1)
    monkeypatch.setattr(pretraining_records, "POLL_SECONDS", 0)
    taken, weights = Outbox(tmp_path / "taken"), []

    def overtaken():
        """What the first process does once it goes on: the second one, here a call inside, has ended."""
        store(pretraining_outcomes(start, "toy", Stopwatch("NLD", "cpu")), taken)
        weights.append(pretrained_path(start).stat().st_ino)
        return make_pretraining(start, "toy", Stopwatch("NLD", "cpu"))

    (late,) = made_once(start, "toy", overtaken)
    ((_, first),) = taken
    assert (first.record.status, first.record.attempt == late.record.attempt) == ("finished", False)
    assert [pretrained_path(start).stat().st_ino] == weights
    adopt(left := Outbox(tmp_path / "left"), "toy")
    assert left.empty
    assert not list(pretrained_path(start).parent.glob(f"{DRAFT}*"))


def test_a_process_that_gives_signs_of_life_is_waited_for(tmp_path, monkeypatch):
    """Only its own signs count, not that others try the lock."""
    monkeypatch.setattr(pretraining_records, "SIGN_SECONDS", 0)
    lock = tmp_path / "lock"
    lock.touch()
    os.utime(lock, (1, 1))
    holder = Holder(lock)
    monkeypatch.setattr(pretraining_records, "SILENT_SECONDS", -1)
    assert holder.silent()
    monkeypatch.setattr(pretraining_records, "SILENT_SECONDS", 3600)
    with signs_of_life(lock):
        while lock.stat().st_atime == 1:
            pass
    seen = lock.stat().st_atime_ns
    assert not holder.silent()
    with locked_if_free(lock) as free:
        assert free
    assert lock.stat().st_atime_ns == seen


def test_weights_that_another_process_could_not_make_are_made_by_the_one_that_waited(start, monkeypatch):
    looks = iter([False, True])

    @contextmanager
    def busy(path):
        yield next(looks)

    monkeypatch.setattr(pretraining_records, "locked_if_free", busy)
    monkeypatch.setattr(pretraining_records, "POLL_SECONDS", 0)
    (made,) = pretraining_outcomes(start, "toy", Stopwatch("NLD", "cpu"))
    assert made.record.status == "finished"


def test_a_stop_ends_the_waiting_without_a_record(start, monkeypatch):
    monkeypatch.setattr(pretraining_records, "locked_if_free", lambda path: nullcontext(False))
    monkeypatch.setattr(pretraining_records, "stop_requested", lambda: True)
    assert pretraining_outcomes(start, "toy", Stopwatch("NLD", "cpu")) == []


def test_a_key_is_finished_once_after_the_home_was_emptied(start, tmp_path):
    tracking = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "toy")
    for number in range(2):
        box = Outbox(tmp_path / f"box{number}")
        store([make_pretraining(start, "toy", Stopwatch("NLD", "cpu"))], box)
        Writer(tracking, box, lease=Alone()).deliver()
        pretrained_path(start).unlink()
    assert sorted(tracking.frame()["status"]) == ["FINISHED", "KILLED"]


class Alone:
    """The lease of a driver beside which no other one works."""

    def check(self):
        pass

    def alone(self):
        return True
