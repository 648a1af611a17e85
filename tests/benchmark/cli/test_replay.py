"""`cats replay` on a database with runs of a table that was imported."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmark.cli.main import app
from results.error import CatsError

MAP = """
title: toy
source: source
target: target
backbone: {value: net}
settings: {rate: rate}
validation: {val_loss: loss}
scores: {auc: auc}
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    rng = np.random.default_rng(0)
    rows = [
        {"source": source, "target": target, "rate": rate, "auc": round(auc, 4), "loss": round(1 - auc, 4)}
        for target in ("octmnist", "organamnist", "organcmnist")
        for source in ("good", "fair", "poor")
        for rate in (0.1, 0.01)
        for auc in [{"good": 0.9, "fair": 0.8, "poor": 0.6}[source] - (0.05 if rate == 0.1 else 0) + rng.uniform(0, 0.01)]
    ]
    pd.DataFrame(rows).to_csv(folder / "runs.csv", index=False)
    (folder / "map.yaml").write_text(MAP)
    uri = f"sqlite:///{folder}/mlflow.db"
    arguments = ["import", f"{folder}/runs.csv", "--map", f"{folder}/map.yaml", "--experiment", "toy", "--tracking-uri", uri]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    return uri


def cats(database, *arguments):
    arguments = ["replay", "toy", "--tracking-uri", database, "--relabellings", "2", *arguments]
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def told(database, *arguments):
    done = cats(database, *arguments, "--format", "json")
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.slow
def test_every_policy_is_judged_and_the_default_one_comes_first(database):
    found = told(database)
    assert [policy["name"] for policy in found["policies"]] == ["race", "habit", "leader", "portfolio", "random", "static"]
    assert (found["unit"], found["targets"]) == ("cells", ["octmnist", "organamnist", "organcmnist"])
    by_target = next(policy for policy in found["policies"] if policy["name"] == "leader")["by_target"]
    assert [line[0] for line in by_target.values()] == [0, 0, 0]  # the other targets say which source and rate are the best
    assert any("neither energy nor hours" in note for note in found["notes"])


def test_families_of_entries_leave_the_prior_and_can_be_stated(database):
    alone = told(database, "--policy", "leader", "--leave-family")
    stated = told(database, "--policy", "leader", "--leave-family", "--family", "all=octmnist,organamnist,organcmnist")
    assert all(line[0] == 0 for line in alone["policies"][0]["by_target"].values())
    lines = stated["policies"][0]["by_target"]
    assert any(line[0] > 0 for line in lines.values())  # nobody is left to speak


def test_sources_can_be_left_out_and_hidden(database):
    without = told(database, "--policy", "leader", "--without", "good")
    hidden = told(database, "--policy", "leader", "--hide", "good")
    assert all(line[-1] == 0 for line in without["policies"][0]["by_target"].values())
    assert all(line[-1] == pytest.approx(0.1, abs=0.02) for line in hidden["policies"][0]["by_target"].values())
    assert hidden["hidden"] == ["good"]


@pytest.mark.parametrize(
    ("form", "begins"), [("table", "Regret of auc"), ("markdown", "**Regret of auc"), ("csv", "policy,target,share")]
)
def test_the_other_forms(database, form, begins):
    done = cats(database, "--policy", "race", "--policy", "random", "--format", form)
    assert done.stdout.startswith(begins)
    assert "no two runs are replicates" in " ".join((done.stdout + done.stderr).split())


def test_the_picture_is_written_beside_the_tables(database, tmp_path):
    done = cats(database, "--policy", "leader", "--policy", "random", "--picture", str(tmp_path / "new" / "regret.svg"))
    assert done.stdout.startswith("Regret of auc")
    drawn = (tmp_path / "new" / "regret.svg").read_text(encoding="utf-8")
    for text in ("leader", "random", "all runs", "share of the runs of all runs", "toy: 3 targets, one target left out"):
        assert f"<!-- {text}" in drawn


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--policy", "rase"], "no policy called 'rase'; did you mean 'race'"),
        (["--hide", "god"], "--hide names the source 'god', which has no run; did you mean 'good'"),
        (["--without", "pooor"], "--without names the source 'pooor', which has no run; did you mean 'poor'"),
        (["--without", "good", "--without", "fair"], "no target is left"),
        (["--family", "organ"], "--family is 'organ'; write it as NAME=TARGET,TARGET"),
        (["--family", "organ=octmnst"], "names the target 'octmnst', which has no run; did you mean 'octmnist'"),
        (["--family", "a=octmnist", "--family", "b=octmnist"], "puts octmnist into two families"),
        (["--eps", "-1"], "--eps is -1"),
        (["--picture", "regret.jpg"], "a picture cannot be written to 'regret.jpg'; its name must end with .png, .svg or .pdf"),
        (["--metric", "acu"], "has the metric 'acu'; did you mean 'auc'"),
    ],
)
def test_bad_input_is_one_sentence(database, arguments, sentence):
    with pytest.raises(CatsError) as error:
        cats(database, *arguments)
    assert sentence in str(error.value)
