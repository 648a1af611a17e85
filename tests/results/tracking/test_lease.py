import json
import os
import signal
import subprocess
import threading
import time
from contextlib import ExitStack

import pytest

from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.lease import PULSE, TAG, Lease, LostError, holder_of
from results.tracking.outbox import Outbox
from results.tracking.send import send
from results.tracking.writer import Writer
from tests.support import processes
from tests.support.records import record

pytestmark = pytest.mark.slow

OTHER = {"id": "another", "host": "elsewhere", "pid": 7, "every": 0.1}


@pytest.fixture(autouse=True)
def ada(monkeypatch):
    monkeypatch.setattr("results.tracking.lease.user", lambda: {"mlflow.user": "ada"})


@pytest.fixture
def tracking(tmp_path):
    return Experiment(f"sqlite:///{tmp_path}/mlflow.db", "shared")


def box(tmp_path, name="one"):
    return Outbox(tmp_path / name / "box")


def written(tracking, **said):
    tracking.client.set_experiment_tag(tracking.experiment_id, TAG, json.dumps(OTHER | said))


def tag(tracking, name=TAG):
    return tracking.client.get_experiment(tracking.experiment_id).tags.get(name, "")


def holder(tracking):
    return holder_of(tag(tracking), tag(tracking, PULSE))


@pytest.mark.parametrize("places", [("one", "one"), ("one", "two")], ids=["same home", "other home"])
def test_a_second_driver_waits_until_the_first_has_ended_and_touches_nothing_before(tmp_path, tracking, places):
    first, second = (box(tmp_path, place) for place in places)
    done, said = [], []

    def wait():
        with Lease(Experiment(tracking.uri, "shared"), second, said.append, 0.1):
            done.append("second")

    with Lease(tracking, first, said.append, 0.1):
        draft = first.folder / ".draft"
        draft.mkdir()
        other = threading.Thread(target=wait)
        other.start()
        while not said:
            time.sleep(0.01)
        time.sleep(0.1 * 10)  # three beats in which the first is heard of, and more
        assert draft.exists()
        done.append("first")
    other.join(30)
    assert done == ["first", "second"]
    who = f"user ada, pid {os.getpid()} on {os.uname().nodename}"
    waits = (
        f"another cats run ({who}) works on experiment 'shared'; "
        "this run waits until the other one ends, and Ctrl-C stops the waiting"
    )
    assert said == [waits]
    assert holder(tracking) is None


def test_a_driver_that_is_not_heard_of_any_more_is_taken_for_dead(tmp_path, tracking):
    written(tracking, beat=1)
    said = []
    with Lease(tracking, box(tmp_path), said.append, 0.1) as lease:
        assert holder(tracking).id == lease.id
    assert len(said) == 1


@pytest.mark.parametrize("same_home", [True, False])
def test_who_waits_long_says_so_again_and_why_mlflow_cannot_be_asked(tmp_path, tracking, monkeypatch, same_home):
    monkeypatch.setattr("results.files.lock.REMINDER_SECONDS", 0.1)
    monkeypatch.setattr("results.files.lock.QUICK_SECONDS", 0.1)
    second, said = Experiment(tracking.uri, "shared"), []

    def wait():
        with Lease(second, box(tmp_path, "one" if same_home else "two"), said.append, 0.1):
            pass

    def hears(end):
        limit = time.monotonic() + 30
        while not said or not said[-1].endswith(end):
            assert time.monotonic() < limit, said
            time.sleep(0.01)

    with Lease(tracking, box(tmp_path), said.append, 0.1):
        other = threading.Thread(target=wait)
        other.start()
        who = f"user ada, pid {os.getpid()} on {os.uname().nodename}"
        hears(f"has waited 0 minutes for another cats run ({who}) on experiment 'shared'")
        asked = second.client.get_experiment
        with monkeypatch.context() as patch:
            patch.setattr(second.client, "get_experiment", _refuses)
            hears("cannot be read: the server is away")
        assert second.client.get_experiment == asked
    other.join(30)
    assert not other.is_alive()


def _refuses(_):
    raise OSError("the server is away")


def test_a_driver_whose_counter_moves_is_waited_for_whatever_its_clock_says(tmp_path, tracking):
    entered = threading.Event()

    def take():
        with Lease(Experiment(tracking.uri, "shared"), box(tmp_path), lambda what: None, 0.1):
            entered.set()

    written(tracking, beat=0)
    other = threading.Thread(target=take)
    other.start()
    for beat in (3, 2, 1, 1000, -5, 4) * 2:  # what only moves, forward or back, is alive
        assert not entered.is_set()
        written(tracking, beat=beat)
        time.sleep(0.1)
    other.join(30)
    assert entered.is_set()


def test_who_died_in_the_same_home_is_not_waited_for(tmp_path, tracking):
    outbox = box(tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from results.tracking.lease import Lease\n"
        "from results.tracking.outbox import Outbox\n"
        "from results.tracking.experiment import Experiment\n"
        f"with Lease(Experiment({tracking.uri!r}, 'shared'), Outbox(Path({str(outbox.folder)!r})), print):\n"
        "    print('held', flush=True); time.sleep(100)"
    )
    process = processes.start(["-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert holder(tracking).who.partition(", ")[2].startswith(f"pid {process.pid} on ")
    said = []
    with Lease(tracking, outbox, said.append):
        assert said == []


def test_who_was_taken_for_dead_sends_nothing_more_and_loses_nothing(tmp_path, tracking):
    outbox = box(tmp_path)
    with Lease(tracking, outbox, print, 5) as lease:
        writer = Writer(tracking, outbox, lease)
        outbox.put(Outcome(record()))
        assert writer.deliver() == 1
        outbox.put(Outcome(record("a2")))
        written(tracking, beat=1)
        with pytest.raises(LostError, match="has taken over experiment 'shared'.*start this run again"):
            writer.deliver()
    assert len(list(outbox)) == 1
    assert len(tracking.frame()) == 1
    assert holder(tracking).id == "another"  # the end of this one is not the end of that one


def test_the_beat_itself_finds_out_that_another_one_has_taken_over(tmp_path, tracking):
    with Lease(tracking, box(tmp_path), print, 0.05) as lease:
        written(tracking, beat=1)
        lease._thread.join(30)
        tracking.client.set_experiment_tag(tracking.experiment_id, TAG, "")
        with pytest.raises(LostError):
            lease.check()


@pytest.mark.parametrize("act", ["beat", "end"])
def test_what_a_driver_that_was_frozen_still_writes_takes_nothing_from_the_one_that_took_over(tmp_path, tracking, act):
    frozen, thawed = threading.Event(), threading.Event()
    late = Lease(Experiment(tracking.uri, "shared"), box(tmp_path, "one"), print, 0.05)
    write = late.tracking.client.set_experiment_tag

    def freeze(*arguments):
        frozen.set()
        thawed.wait(60)
        write(*arguments)

    late.id = "late"
    late._claim()
    late.tracking.client.set_experiment_tag = freeze
    asleep = threading.Thread(target=lambda: late._pulse(ended=act == "end"))  # it has just read that the experiment is its own
    asleep.start()
    frozen.wait(60)
    with Lease(tracking, box(tmp_path, "two"), print, 0.05) as lease:
        thawed.set()
        asleep.join(60)
        lease.check()
        assert holder(tracking).id == lease.id
        with pytest.raises(LostError):
            late.check()
        lease.check()


def test_who_is_alone_does_not_search_for_what_others_wrote(tmp_path, tracking, monkeypatch):
    outbox = box(tmp_path)
    with Lease(tracking, box(tmp_path), print):
        pass
    with Lease(tracking, outbox, print) as lease:
        outbox.put(Outcome(record()))
        monkeypatch.setattr(tracking.client, "search_runs", lambda *asked: pytest.fail("it searched"))
        assert Writer(tracking, outbox, lease).deliver() == 1


def attempts(tracking):
    return {run.data.tags["cats.attempt"]: run.info.status for run in tracking.runs()}


def test_who_took_over_from_a_driver_that_was_not_heard_of_finds_what_that_one_still_wrote(tmp_path, tracking):
    written(tracking, beat=1)
    outbox = box(tmp_path)
    with Lease(tracking, outbox, lambda what: None, 0.1) as lease:
        send(Experiment(tracking.uri, "shared"), Outcome(record("a2")))  # it had been frozen
        outbox.put(Outcome(record("a3")))
        Writer(tracking, outbox, lease).deliver()
    assert sorted(attempts(tracking).values()) == ["FINISHED", "KILLED"]


def test_a_claim_frozen_before_it_was_written_knows_of_the_driver_that_began_meanwhile(tmp_path, tracking, monkeypatch):
    late = Experiment(tracking.uri, "shared")
    write, boxes = late.client.set_experiment_tag, [box(tmp_path, name) for name in ("one", "two")]
    boxes[0].put(Outcome(record("a2")))
    boxes[1].put(Outcome(record("a3")))
    first = Lease(tracking, boxes[0], print)
    with ExitStack() as stack:

        def freeze(*arguments):
            late.client.set_experiment_tag = write
            stack.enter_context(first)
            write(*arguments)

        late.client.set_experiment_tag = freeze
        with Lease(late, boxes[1], print) as lease:
            assert not lease.alone()
            with monkeypatch.context() as patch:  # it was asked before this one was frozen
                patch.setattr(first, "check", lambda: None)
                Writer(tracking, boxes[0], first).deliver()
            Writer(late, boxes[1], lease).deliver()
    assert sorted(attempts(tracking).values()) == ["FINISHED", "KILLED"]


def test_who_loses_the_experiment_while_it_sends_finds_what_the_other_one_wrote(tmp_path, tracking):
    outbox = box(tmp_path)
    with Lease(tracking, outbox, print) as lease:
        outbox.put(Outcome(record("a2")))
        end = tracking.client.set_terminated

        def frozen(*arguments):
            tracking.client.set_terminated = end
            written(tracking)
            send(Experiment(tracking.uri, "shared"), Outcome(record("a3")))
            end(*arguments)

        tracking.client.set_terminated = frozen
        Writer(tracking, outbox, lease).deliver()
    assert sorted(attempts(tracking).values()) == ["FINISHED", "KILLED"]


def test_a_lease_beats(tmp_path, tracking):
    with Lease(tracking, box(tmp_path), print, 0.05):
        seen = set()
        for _ in range(1000):
            seen.add(json.loads(tag(tracking, PULSE) or "{}").get("beat", 0))
            if len(seen) > 2:
                break
    assert len(seen) > 2


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "1", "{}", '{"id": 1}', "[" * 4000, '{"id": 1, "host": 1, "pid": "x", "every": 1}']
)
def test_what_a_person_wrote_into_the_tag_holds_nobody_up(text):
    assert holder_of(text) is None


@pytest.mark.parametrize("every", ["1e9", "-1", "0", "NaN", "Infinity"])
def test_no_tag_makes_others_wait_for_ever_or_prints_what_is_no_text(every):
    text = f'{{"id": "x", "host": "a\\u001b[2Jb{"c" * 500}", "pid": 1, "every": {every}}}'
    found = holder_of(text)
    assert found.every == 60
    assert "\x1b" not in found.who
    assert len(found.who) < 100


@pytest.mark.parametrize(("user", "named"), [({}, ""), ({"user": None}, ""), ({"user": "b\x1bo"}, "user bo, ")])
def test_a_driver_is_named_with_its_user_if_its_version_says_who_that_is(user, named):
    assert holder_of(json.dumps(OTHER | user)).who == f"{named}pid 7 on elsewhere"


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path, tracking):
    outbox = box(tmp_path)
    outbox.folder.with_suffix(".lock").mkdir()
    with (
        pytest.raises(
            Exception, match="cannot write .*box.lock: Is a directory; set CATS_HOME to a folder that can be written"
        ),
        Lease(tracking, outbox, print),
    ):
        pass
