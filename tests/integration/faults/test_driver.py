"""A driver that is killed, pre-empted, or not alone: the table in the end is that of an undisturbed run."""

import json
import os
import random
import signal
import time
from collections import Counter

import pytest

from results.tracking.experiment import Experiment
from tests.integration.faults.driver import DYING, ENDLESS, PLAN, Place, ended, heard, killed, left, same
from tests.support.small_plan import small

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("decoded")]
RENAMES = {  # what a driver is about to rename, and how many renames later it dies
    "the database is made but not in its place": (r"/\.cats-draft-\w+-mlflow\.db -> ", 0),
    "a record is written but not in its place": (r"home/outbox/\w+/\.cats-draft-\w+-\w+-\w+ -> ", 0),
    "a record is being sent": (r"/mlruns/\S+ -> \S+/predictions\.parquet$", 0),
    "MLflow has a record that still waits": (r"home/outbox/\w+/\w+-\w+ -> ", 0),
    "a pretraining is recorded and its weights are not kept": (r" -> \S+/home/pretrained/\w+\.safetensors$", 0),
    "weights are kept": (r" -> \S+/home/pretrained/\w+\.safetensors$", 1),
    "a pretraining is recorded twice": (r"home/pretrained/records/\w+-\w+ -> ", 0),
}
# CATS_KILLS=20 kills as many more drivers, each at a moment of its own: a share of the time that an undisturbed one takes.
RANDOM = random.Random(os.environ.get("CATS_KILLS_SEED", "0"))
MOMENTS = [round(RANDOM.random(), 3) for _ in range(int(os.environ.get("CATS_KILLS", "0")))]


ONE = small(seeds=1)  # both sources once: one cell before the pretraining, and one after it


@pytest.mark.parametrize("moment", ["it has the lease", *RENAMES, *MOMENTS])
def test_a_driver_killed_at_any_moment_loses_and_doubles_nothing(place, undisturbed, moment):
    place.write(PLAN if moment in MOMENTS else ONE)
    if moment in RENAMES:
        names, more = RENAMES[moment]
        ended(place.start(program=("-c", DYING, names, str(more))), -signal.SIGKILL)
    else:
        process = place.start()
        if moment == "it has the lease":
            left(process, place.home, "outbox/*.lock")
        else:
            time.sleep(moment * undisturbed.attrs["seconds"])
        killed(process)
        assert moment in MOMENTS or process.returncode == -signal.SIGKILL
    told = place.finish()
    assert "this run waits" not in told
    table = place.table()
    assert Counter(table["kind"]) == {"cell": 4 if moment in MOMENTS else 2, "pretraining": 1}
    same(table, undisturbed[undisturbed["key"].isin(table["key"])].reset_index(drop=True))


def test_sigterm_keeps_the_cost_of_the_stopped_cell_and_the_next_run_goes_on(place, undisturbed):
    place.write(ENDLESS)
    process = place.start()
    heard(process, "2/8")
    process.work(1)  # into the third
    process.send_signal(signal.SIGTERM)
    told = ended(process, 128 + signal.SIGTERM)
    assert "Resume with: cats run small.yaml" in told
    assert not list(place.home.glob("outbox/*/*"))
    runs = place.runs()
    (stopped,) = runs[runs["status"] == "KILLED"].to_dict("records")
    assert json.loads(stopped["costs"])[0]["seconds"] > 0
    place.write(PLAN)
    assert "this run waits" not in place.finish()
    table = place.table()
    same(table[table["key"].isin(undisturbed["key"])].reset_index(drop=True), undisturbed)


def test_two_drivers_of_one_home_make_every_cell_once(place, undisturbed):
    first = place.start()
    left(first, place.home, "outbox/*.lock")
    second = place.start()
    told = ended(first)
    waited = ended(second)
    assert "4 made now" in told
    assert f", pid {first.pid} on " in waited or "another cats run works on" in waited
    assert "4 were done, 0 made now" in waited
    assert len(place.runs()) == 5
    same(place.table(), undisturbed)


def test_two_drivers_of_two_homes_started_at_once_make_every_cell_once(tmp_path, undisturbed, with_decoded):
    one = Place(tmp_path / "one", uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    other = Place(tmp_path / "other", uri=one.uri)
    for each in (one, other):
        with_decoded(each.home)
    processes = [one.start(), other.start()]
    told = [ended(process) for process in processes]
    assert sorted("4 made now" in said for said in told) == [False, True]
    assert sorted("another cats run (user " in said for said in told) == [False, True]
    assert len(one.runs()) == 5
    same(one.table(), undisturbed)


def test_two_plans_at_once_in_one_home_make_the_pretraining_that_they_share_once(place, tmp_path):
    places = [Place(tmp_path / name, small(seeds=1, experiment=name, pretraining={"size": 16, "epochs": 20})) for name in "ab"]
    places[0].home = places[1].home = place.home
    told = [ended(process) for process in [place.start() for place in places]]
    assert all("2 made now" in said for said in told)
    kinds = [kind for place, name in zip(places, "ab", strict=True) for kind in Experiment(place.uri, name).frame()["kind"]]
    assert sorted(kinds) == ["cell"] * 4 + ["pretraining"]
    assert sorted("this one waits for the weights" in said for said in told) in ([False, False], [False, True])
