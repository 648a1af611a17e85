"""Answers of commands as results of a notebook: their frames hold the figures of the answers, and hostile names stay text."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from results.agreement.decisions import decisions_of, scores_for
from results.agreement.judge import judge_measures
from results.agreement.scores import read_scores
from results.board.compare import compare
from results.board.request import RunQuery
from results.choosing.choice import Attempted, Choice, Spent, Taken
from results.cost.bill import make_bill
from results.cost.tradeoff import make_tradeoff
from results.error import CatsError
from results.notebook.answers import agreement_result, choice_result, comparison_result, cost_result, scores_result
from results.notebook.board import board_result
from results.notebook.data_sizes import curve_result
from results.notebook.runs import curves_result, predictions_result, runs_result
from results.text.plain import storable
from tests.support.data_sizes import SCRATCH, SIZES, curves, ends_at, line
from tests.support.hostile import HOSTILE
from tests.support.predictions import predictions
from tests.support.runs import CLEAR, board, run, runs

QUERY = RunQuery("toy")
VALUES = {"imagenet": 0.9, "scratch": 0.7, "fractal": 0.8}


def cells():
    """Three sources on two targets, and a measure that orders them as their figures do."""
    rows = [
        run(s, t, seed, v - 0.01 * seed, run_id=f"{s}{t}{seed}") for s, v in VALUES.items() for t in "ab" for seed in (0, 1)
    ]
    told = {"kind": "score", "measures": "fine", "reasons": "{}"}
    scores = [run(s, t, 0, float("nan"), measure_fine=v, key=f"s{s}{t}", **told) for s, v in VALUES.items() for t in "ab"]
    return pd.DataFrame([*rows, *scores])


def agreed():
    frame = cells()
    decisions = decisions_of(frame, QUERY)
    return judge_measures(decisions, scores_for(decisions, read_scores(frame, "toy")), "toy", "auc")


def test_an_agreement_has_every_statistic_of_every_measure():
    answer = agreed()
    made = agreement_result(answer, ["a sentence"])
    fine = next(row for row in answer.rows if row.name == "fine")
    own = made.frame.query("measure == 'fine' and target == 'mean' and statistic == 'weighted_tau'").iloc[0]
    assert own["value"] == fine.mean["weighted_tau"].value == 1
    assert set(made.frame["target"]) == {"mean", "a", "b"}
    assert made.sheets[0].title == answer.verdict
    assert made.notes[0] == "a sentence"
    assert "fine" in [dot.name for dot in made.drawing.dots]


def test_scores_are_rows_and_tables():
    rows = read_scores(cells(), "toy")
    made = scores_result(rows, "toy", [])
    assert made.frame.set_index(["source", "target"])["value"].to_dict() == {(s, t): v for s, v in VALUES.items() for t in "ab"}
    assert [sheet.title for sheet in made.sheets] == ["a", "b"]


def test_a_comparison_is_one_row_and_its_verdict_the_title():
    frame = pd.DataFrame(runs(good=[[0.9, 0.92, 0.91]], bad=[[0.7, 0.73, 0.75]])).assign(leaks=None)
    answer = compare(frame, "auc", ("good", "bad"), "a")
    made = comparison_result(answer, [])
    assert made.title == answer.verdict
    assert made.frame.loc[0, ["difference", "low", "high", "p"]].tolist() == [
        answer.difference,
        answer.low,
        answer.high,
        answer.p,
    ]
    assert made.drawing.dots[0].best is (answer.p < 0.05)


def test_a_bill_and_what_choosing_loses():
    frame = cells()
    bill = make_bill(frame, "toy")
    made = cost_result(bill, make_tradeoff(frame, bill, QUERY), ["a sentence"])
    total = made.frame.query("table == 'All' and line == 'all attempts'").set_index("column")["value"]
    assert total["kWh"] == pytest.approx(bill.total.kwh)
    assert total["attempts"] == bill.attempts
    assert made.drawing is not None
    alone = cost_result(bill, None, [])
    assert alone.drawing is None
    assert alone.tradeoff is None


def test_a_curve_over_data_sizes_has_its_figures_its_advantages_and_a_drawing_of_one_target():
    answer = curves(line("imagenet", ends_at(100)), SCRATCH)
    made = curve_result(answer, ["a sentence"])
    own = made.frame.query("source == 'imagenet'").set_index("images")
    assert own["advantage"].to_dict() == pytest.approx({n: -0.02 * np.log(n / 100) for n in SIZES})
    assert own["crossing_place"].tolist() == pytest.approx([100] * len(SIZES))
    assert made.frame.query("source == 'scratch'")["advantage"].isna().all()
    assert made.notes[0].startswith("a: imagenet helps up to 100 images")
    assert [dot.best for dot in made.drawing.dots] == (own["advantage_low"] > 0).tolist()
    assert made.sheets[0].title == "a: auc by number of training images"
    assert "<svg" in made._repr_html_()
    axes = made.plot(target="a")
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "training images")
    pyplot.close(axes.figure)
    with pytest.raises(CatsError, match="the curves have no target 'bb'; allowed are a"):
        made.plot(target="bb")


def test_a_choice_marks_the_run_that_is_taken():
    tried = (Attempted("imagenet", "lr=0.003", 0, 0.31, 0.001, 0.1), Attempted("scratch", "lr=0.003", 0, None, None, None))
    choice = Choice(
        "choose-x", "x", "net", "fast", "race", "auc", Taken("imagenet", "lr=0.003", 0, 0.31, 1), Spent(None, 0.001, 0.1, 1, 1),
        tried, "the budget is used up",
    )  # fmt: skip
    made = choice_result(choice, ["a sentence"])
    assert made.title.startswith("Take imagenet with net and recipe fast")
    assert made.frame["taken"].tolist() == [True, False]
    assert made.frame["val_loss"].isna().tolist() == [False, True]
    assert [dot.name for dot in made.drawing.dots] == ["imagenet"]
    assert made.notes[-1] == "a sentence"


def test_runs_predictions_and_curves():
    table = predictions(np.random.default_rng(0), 20, 2)
    frame = cells().assign(curve_val_loss=0.5)
    made = runs_result(frame, "toy", "auc", [])
    assert len(made.frame) == len(frame)
    assert made.frame["started"].dt.tz is not None
    done = frame[frame["kind"] == "cell"]
    told = predictions_result(done, "toy", lambda run_id: table if run_id.endswith("0") else None, [])
    assert len(told.frame) == 20 * 6
    assert told.notes == ["6 finished cells have no stored predictions"]
    by_epoch = curves_result(done, "toy", lambda run_id, name: [0.7, 0.5], [])
    assert by_epoch.frame.groupby("run_id")["epoch"].agg(list).tolist() == [[1, 2]] * 12
    assert [list(line.y) for line in by_epoch.drawing.lines] == [[0.7, 0.5]] * 12


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_hostile_names_stay_text(part):
    names = [name for name in HOSTILE.values() if name.strip() and storable(name) == name][part::8]  # that a frame can hold
    rows = [row | {"source": name} for name in [*names, "fair"] for row in CLEAR if row["source"] == "good"]
    made = board_result(board(rows))
    for page in (made._repr_html_(), repr(made)):
        assert not [sign for sign in page if ord(sign) < 32 and sign != "\n"]
    assert "<script" not in made._repr_html_()
