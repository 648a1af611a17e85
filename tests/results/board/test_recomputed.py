"""A metric that is younger than some runs: their predictions give it, or a sentence says that they do not count."""

import numpy as np
import pandas as pd
import pytest

from results.board.board import make_board
from results.board.recomputed import with_recomputed
from results.board.request import RunQuery, Selection
from results.error import OddRunError
from results.metrics import METRICS
from results.statistics.influence import parse_predictions
from results.tracking.frame import left_out
from tests.support.predictions import predictions
from tests.support.runs import on_net, run

QUERY = RunQuery("toy", "ece")


def tables(count=3):
    return {
        f"{source}-{seed}": predictions(np.random.default_rng(0), 80, 2, model_seed=[s, seed], skill=skill)
        for s, (source, skill) in enumerate({"sure": 6.0, "fair": 1.0}.items())
        for seed in range(count)
    }


def frame(names, **changes):
    rows = [run(name.split("-")[0], "a", int(name.split("-")[1]), 0.8, run_id=name, data="d", **changes) for name in names]
    return pd.DataFrame(rows)


def test_predictions_give_what_the_record_would_hold():
    stored = tables()
    old = frame(stored)
    made = with_recomputed(old, QUERY, stored.get)
    expected = [METRICS["ece"].of(parse_predictions(stored[name])) for name in old["run_id"]]
    assert made["test_ece"].tolist() == expected
    assert "test_ece" not in old
    assert left_out(made) == []
    assert {row.source for row in make_board(made, QUERY).targets["a"]} == {"sure", "fair"}


def test_runs_that_have_the_score_keep_it_and_are_not_read():
    stored = tables(2)
    old = frame(stored).assign(test_ece=[0.5, np.nan, 0.25, np.nan])
    asked = []
    made = with_recomputed(old, QUERY, lambda run_id: (asked.append(run_id), stored[run_id])[1])
    assert asked == ["sure-1", "fair-1"]
    assert made["test_ece"].tolist()[::2] == [0.5, 0.25]
    assert made["test_ece"].notna().all()


def test_runs_without_predictions_or_with_damaged_ones_are_counted_in_a_sentence():
    stored = tables(2)

    def read(run_id):
        if run_id == "fair-0":
            raise OddRunError(run_id, "damaged")
        return None if run_id == "sure-0" else stored[run_id]

    made = with_recomputed(frame(stored), QUERY, read)
    (sentence,) = left_out(made)
    assert sentence.startswith("2 finished runs were made before there was the metric ece and have no predictions")
    assert sentence in make_board(made, QUERY).notes


@pytest.mark.parametrize("metric", ["auc", "kappa", "log_loss", "nothing"])
def test_other_metrics_are_left_as_they_are(metric):
    old = frame(tables(1))
    assert with_recomputed(old, RunQuery("toy", metric), pytest.fail) is old


def test_runs_that_are_not_asked_for_are_not_read():
    selection = Selection(on_net("sure"), ["a"], [0], ["p"], {})
    stored = tables(2)
    old = pd.concat([frame(stored), frame(["sure-7"], status="FAILED"), frame(["fair-8"], imported="table")])
    old.index = range(len(old))
    asked = []
    with_recomputed(old, RunQuery("toy", "ece", selection=selection), asked.append)
    assert asked == ["sure-0"]
    asked.clear()
    with_recomputed(old, QUERY, asked.append)
    assert asked == list(stored)


def test_an_experiment_without_runs_has_none_to_read():
    assert with_recomputed(pd.DataFrame(), QUERY, pytest.fail).empty
