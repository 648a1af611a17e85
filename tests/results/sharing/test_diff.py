"""The difference of two boards: which places differ, and what is said of why."""

import json

import pytest

from results.board.export import board_json, read_board
from results.sharing.diff import difference
from results.sharing.diff_text import DifferenceText, verdict
from results.text.printing import Printable
from tests.support.runs import CLEAR, board, runs

BASE = {"data": "data-one", "start": "start-one", "environment": '{"trainer": "2", "torch": "2.11"}'}


def made(rows=CLEAR, **changes):
    return board([row | BASE | changes for row in rows])


def changed(rows, where, **changes):
    """The board with changes of the runs for which `where` is true."""
    return board([row | BASE | (changes if where(row) else {}) for row in rows])


def of(before, after):
    return difference(before, after, ("old", "new"))


def why(found, target="a", source="good"):
    return next(each.why for each in found.changes if (each.target, each.source) == (target, source))


def test_a_board_differs_in_nothing_from_itself():
    found = of(made(), read_board(board_json(made()), "new"))
    assert (found.changes, found.notes) == ([], [])
    assert found.same == 6
    assert verdict(found) == "old and new show the same ranks, ties and figures"


def test_a_new_best_source_is_named():
    swapped = runs(good=[[0.6, 0.61, 0.605], [0.80, 0.81, 0.805]], bad=[[0.70, 0.71, 0.705], [0.60, 0.61, 0.605]])
    found = of(made(), made(swapped))
    first = {(each.target, each.source): each for each in found.changes}["a", "good"]
    assert (first.before.rank, first.after.rank) == (1, 2)
    assert (first.before.mean, first.after.mean) == pytest.approx((0.905, 0.605))
    assert found.winners
    assert "other sources may be the best" in verdict(found)
    assert why(found) == ("other runs of seed 0, 1, 2, of the same recipe, data and versions",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"data": "data-two"}, "other data (data-one → data-two)"),
        ({"start": "beginning"}, "other start weights (start-on → beginnin)"),
        ({"environment": '{"trainer": "3", "torch": "2.11"}'}, "trainer 2 → 3"),
        ({"environment": '{"trainer": "2", "torch": "2.13"}'}, "torch 2.11 → 2.13"),
        ({"point": "another"}, "other recipe, rule or subsample (p → another)"),
    ],
)
def test_what_differs_behind_a_figure_is_said(changes, sentence):
    here = {"source": "good", "target": "a"}
    better = [row | ({"test_auc": row["test_auc"] + 0.01} if here.items() <= row.items() else {}) for row in CLEAR]
    found = of(made(), changed(better, lambda row: here.items() <= row.items(), **changes))
    assert why(found) == (sentence,)


def test_what_differs_in_all_cells_is_said_once():
    better = [row | {"test_auc": row["test_auc"] + 0.01} for row in CLEAR]
    found = of(made(), made(better, environment='{"trainer": "3", "torch": "2.11"}'))
    assert "in all cells: trainer 2 → 3" in found.notes
    assert {each.why for each in found.changes if each.target} == {("the versions that differ in all cells",)}


def test_seeds_that_came_and_went():
    fewer = [row for row in CLEAR if row["seed"] != "2"]
    assert why(of(made(fewer), made())) == ("with seed 2 too",)
    assert why(of(made(), made(fewer))) == ("without seed 2",)


def test_a_source_whose_rank_moved_with_another_one_has_the_same_runs():
    worse = [row | ({"test_auc": 0.5} if row["source"] == "good" and row["target"] == "a" else {}) for row in CLEAR]
    reason = why(of(made(), made(worse)), source="bad")
    assert reason == ("its runs are the same; those of other sources changed, or how the board judges",)


def test_sources_and_targets_of_one_board_alone():
    found = of(made(), made(CLEAR + runs(third=[[0.5, 0.51, 0.52]])))
    [new] = [each for each in found.changes if each.source == "third" and each.target]
    assert (new.before, new.after.rank, new.why) == (None, 3, ("only the second board has runs of it",))


def test_boards_of_different_metrics_are_compared_by_ranks():
    rows = [row | BASE for row in CLEAR]
    found = difference(board(rows), board(rows, metric="brier"), ("old", "new"))
    assert [each for each in found.changes if each.target] == []
    assert "metric: auc → brier" in found.notes
    assert "the boards show different metrics, so that only ranks and ties are compared" in found.notes


def test_a_board_without_a_basis_is_compared_and_its_silence_said():
    content = json.loads(board_json(made()))
    del content["basis"]
    better = [row | {"test_auc": row["test_auc"] + 0.01} for row in CLEAR]
    found = of(read_board(json.dumps(content), "old"), made(better))
    assert {each.why for each in found.changes} == {()}
    assert "does not say what it rests on" in found.notes[-1]


@pytest.mark.parametrize("after", [made(), made(runs(good=[[0.9, 0.91, 0.92]], bad=[[0.95, 0.96, 0.97]]))])
def test_every_form_can_be_written(after):
    text: Printable = DifferenceText(of(made(), after))
    assert text.csv().startswith("target,source,rank_before,rank_after")
    assert text.markdown().startswith("**old")
    json.dumps(text.to_dict(), allow_nan=False)
    assert text.table() is not None
