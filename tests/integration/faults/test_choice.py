"""A choice that is killed while it makes its cells: what it makes and answers in the end is that of an undisturbed one."""

import json
import os
import signal
import subprocess

import pandas as pd
import pytest

from results.tracking.experiment import Experiment
from tests.integration.faults.driver import DYING
from tests.support import processes
from tests.support.choices import CALL, furnish

pytestmark = pytest.mark.slow
# Three sources with two settings each, then a second seed for the best setting of each of the best two: what the first six
# runs show decides which two of the six remaining cells are made.
SOURCES = ("imagenet", "inat_bird", "scratch")
OPTIONS = ("--cells", "8", "--seeds", "2", "--sources", *SOURCES, "--device", "cpu", "--format", "json")
RENAMES = {  # what a driver is about to rename, and how many renames later it dies
    "a record is written but not in its place": (r"/outbox/\w+/\.cats-draft-\w+-\w+-\w+ -> ", 0),
    "a later record is in its place": (r"/outbox/\w+/\.cats-draft-\w+-\w+-\w+ -> ", 20),
    "the classifier is written but not in its place": (r" -> \S*models/ihc$", 0),
}


@pytest.fixture(scope="module")
def furnished(with_decoded):
    """`furnished(place)` makes a place to choose in, whose home has decoded images."""

    def of(place):
        with_decoded(place / "home")
        return furnish(place)

    return of


def start(place, program=("-m", "benchmark"), more=()):
    surroundings = {**os.environ, "CATS_HOME": str(place / "home"), "CATS_WEIGHTS": str(place / "weights")}
    return processes.start(
        [*program, *CALL, *OPTIONS, *more], cwd=place, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ended(process, code=0):
    out, err = process.communicate(200)
    assert process.returncode == code, err
    return out


def made(place):
    """Key, status and validation loss of every cell that was finished, in the order of their start."""
    runs = Experiment(f"sqlite:///{place / 'mlflow.db'}", "choose-ihc-tiny", create=False).frame()
    assert not (runs["status"] == "RUNNING").any()
    done = runs[(runs["kind"] == "cell") & (runs["status"] == "FINISHED")].sort_values("started")
    assert len(set(done["key"])) == len(done)
    return done[["key", "source", "lr", "seed", "val_loss", "test_auc"]].reset_index(drop=True)


def answer(out):
    said = json.loads(out)
    tried = [{name: run[name] for name in ("source", "setting", "seed", "val_loss")} for run in said["tried"]]
    return {name: value for name, value in said.items() if name not in {"spent", "sources"}} | {"tried": tried}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, furnished):
    place = furnished(tmp_path_factory.mktemp("undisturbed"))
    found, cells = answer(ended(start(place))), made(place)
    assert len(cells) == 8
    losses = cells[cells["seed"] == "0"].groupby("source")["val_loss"].min().sort_values()
    assert len(losses) == len(SOURCES)
    assert set(cells.loc[cells["seed"] == "1", "source"]) == set(losses.index[:2])
    return found, cells


@pytest.mark.parametrize("moment", RENAMES)
def test_a_choice_killed_at_any_moment_ends_as_an_undisturbed_one(tmp_path, undisturbed, furnished, moment):
    furnished(tmp_path)
    names, more = RENAMES[moment]
    ended(start(tmp_path, ("-c", DYING, names, str(more))), -signal.SIGKILL)
    said = answer(ended(start(tmp_path)))
    before, cells = undisturbed
    pd.testing.assert_frame_equal(made(tmp_path), cells)
    assert {**said, "ended": ""} == {**before, "ended": ""}


@pytest.mark.cluster
def test_two_workers_make_every_cell_once(tmp_path, undisturbed, furnished):
    furnished(tmp_path)
    with processes.forked_workers():
        said = answer(ended(start(tmp_path, more=("--engine", "dask", "--workers", "2", "--keep", "none"))))
    _, cells = undisturbed
    table = made(tmp_path)
    assert len(table) == len(cells) == len(said["tried"])
    assert set(table["key"]) == set(cells["key"])
