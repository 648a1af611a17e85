"""MLflow on a real PostgreSQL: the same boards as sqlite, and nothing lost or twice when it is shared or dies."""

import subprocess

import pandas as pd
import pytest

from benchmark.execution.records import outbox_of
from results.error import CatsError
from results.record import Outcome
from results.tracking.deduplicate import TWICE, remove_duplicates
from results.tracking.experiment import Experiment
from results.tracking.mlflow_format import WHOLE
from results.tracking.outbox import Outbox
from results.tracking.send import create_run, write_run
from tests.integration.servers.records import COLUMNS, PLAN, board_of, records, same_frame, send_all
from tests.support import processes
from tests.support.servers import PASSWORD, QUOTED

pytestmark = pytest.mark.server

PATIENCE_SECONDS = 250


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(PLAN)
    return path


def cats(*arguments):
    return processes.start(["-m", "benchmark", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process, code=0):
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code, out + err
    return out, err


def outcome_of(uri):
    """What a run of the plan leaves, without what depends on the moment."""
    frame = Experiment(uri, "small", create=False).frame()
    assert set(frame["status"]) == {"FINISHED"}
    assert frame["key"].is_unique
    return frame[COLUMNS].sort_values("key", ignore_index=True)


def test_the_same_records_give_the_same_frame_and_board_as_sqlite(tracking, tmp_path):
    local = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "toy")
    for one in (tracking, local):
        send_all(one)
    same_frame(tracking.frame(), local.frame())
    assert board_of(tracking) == board_of(local)


def test_two_processes_that_send_the_same_and_different_records_finish_every_key_once(tracking, tmp_path):
    """Each has records of its own, other attempts at keys of the other one, and the very same records."""
    code = (
        "import sys; from pathlib import Path; from results.tracking.outbox import Outbox\n"
        "from results.tracking.experiment import Experiment; from results.tracking.writer import Writer\n"
        "tracking, box = Experiment(sys.argv[1], 'toy'), Path(sys.argv[2]); print('ready', flush=True)\n"
        "while not (box.parent / 'go').exists(): pass\n"
        "print(Writer(tracking, Outbox(box)).deliver())"
    )
    made = records()
    for name in "ab":
        box = Outbox(tmp_path / name)
        for number, record in enumerate(made):
            mine = number % 3 == 0
            box.put(Outcome(record if mine else record.model_copy(update={"attempt": f"{record.attempt}{name}"})))
        box.put(Outcome(made[0].model_copy(update={"key": f"only-{name}", "attempt": f"only-{name}"})))
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    senders = [processes.start(["-c", code, tracking.uri, tmp_path / name], **how) for name in "ab"]
    for process in senders:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    for process in senders:
        assert ended(process)[0] == f"{len(made) + 1}\n"
    frame = tracking.frame()
    finished = frame[frame["status"] == "FINISHED"]
    assert sorted(finished["key"]) == sorted([*(record.key for record in made), "only-a", "only-b"])
    shared = {record.key for record in made[::3]}
    assert len(frame[frame["key"].isin(shared)]) == len(shared)  # the same record is one run
    assert set(frame["status"]) == {"FINISHED", "KILLED"}


def test_what_two_writers_left_at_one_moment_is_settled_alike_by_both(tracking):
    """As if neither had seen the other: the first in order stays, a copy goes, another attempt is kept for its cost."""
    record = records()[0]
    for attempt, start in (("b", 3.0), ("a", 1.0), ("a", 2.0)):
        one = record.model_copy(update={"attempt": attempt, "started": start})
        run = create_run(tracking, one)
        write_run(tracking, run, Outcome(one), 5000, {WHOLE: "1"})
        tracking.client.set_terminated(run.run_id, "FINISHED", 5000)
    for _ in range(2):
        remove_duplicates(tracking, record.key)
        left = [(r.data.tags["cats.attempt"], r.info.status, r.data.tags.get("cats.reason")) for r in tracking.runs()]
        assert left == [("a", "FINISHED", None), ("b", "KILLED", TWICE)]


@pytest.mark.slow
def test_a_plan_runs_onto_postgresql_and_is_done_then(database, plan):
    out, err = ended(cats("run", plan, "--tracking-uri", database))
    assert "6 cells: 0 were done, 6 made now, 0 attempts failed" in err
    again, err = ended(cats("run", plan, "--tracking-uri", database))
    assert "6 cells: 6 were done, 0 made now, 0 attempts failed" in err
    assert again == out
    assert PASSWORD not in out + err
    assert QUOTED not in out + err


@pytest.mark.slow
@pytest.mark.timeout(900)  # three runs
def test_postgresql_killed_in_the_middle_of_a_run_loses_nothing(postgres, database, plan):
    ended(cats("run", plan, "--tracking-uri", "sqlite:///calm.db"))
    run = cats("run", plan, "--tracking-uri", database)
    next(line for line in run.stderr if line.startswith("2/6"))
    postgres.kill()
    try:
        out, err = run.communicate(timeout=PATIENCE_SECONDS)
        box = outbox_of(database, "small").folder
        waiting = len(list(box.iterdir()))
        assert 0 < waiting < 6
        assert "6 cells: 0 were done, 6 made now, 0 attempts failed" in err
        assert f"{waiting} records wait in the outbox" in err
        assert "Traceback" not in err
        assert PASSWORD not in out + err
        assert QUOTED not in out + err
        with pytest.raises(CatsError, match=r"MLflow at postgresql://\*\*\*@127.0.0.1:\d+/test_\d+ cannot be used: "):
            Experiment(database, "small")
    finally:
        run.kill()
        postgres.start()
    _, err = ended(cats("run", plan, "--tracking-uri", database))
    assert "6 cells: 6 were done, 0 made now" in err
    assert list(box.iterdir()) == []
    pd.testing.assert_frame_equal(outcome_of(database), outcome_of("sqlite:///calm.db"))
