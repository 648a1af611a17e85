"""The difference of two boards: which places differ, and what is said of why."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from results.board.export import board_json, read_board
from results.board.request import Judging
from results.error import CatsError
from results.sharing.diff import difference
from results.sharing.diff_text import DifferenceText, verdict
from results.sharing.reasons import IN_ALL_CELLS
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
    said = DifferenceText(found)
    assert said.markdown().strip() == f"**{verdict(found)}**"  # no legend of columns that are not there
    terminal = Console(file=io.StringIO(), width=200)
    terminal.print(said.table())
    assert terminal.file.getvalue().strip() == verdict(found)


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
    assert {each.why for each in found.changes if each.target} == {("what differs in all cells",)}


def test_seeds_that_came_and_went():
    fewer = [row for row in CLEAR if row["seed"] != "2"]
    assert "in all cells: with seed 2 too" in of(made(fewer), made()).notes
    assert "in all cells: without seed 2" in of(made(), made(fewer)).notes
    one = [row for row in CLEAR if (row["source"], row["target"], row["seed"]) != ("good", "a", "2")]
    assert why(of(made(one), made())) == ("with seed 2 too",)
    assert why(of(made(), made(one))) == ("without seed 2",)


def test_a_source_whose_rank_moved_with_another_one_has_the_same_runs():
    worse = [row | ({"test_auc": 0.5} if row["source"] == "good" and row["target"] == "a" else {}) for row in CLEAR]
    reason = why(of(made(), made(worse)), source="bad")
    assert reason == ("its runs are the same, those of good are not",)


def test_sources_and_targets_of_one_board_alone():
    found = of(made(), made(CLEAR + runs(third=[[0.5, 0.51, 0.52]])))
    [new] = [each for each in found.changes if each.source == "third" and each.target]
    assert (new.before, new.after.rank, new.why) == (None, 3, ("only the second board has runs of it",))


def test_boards_of_different_metrics_cannot_be_compared():
    rows = [row | BASE for row in CLEAR]
    with pytest.raises(CatsError, match="old shows auc and new shows brier, and figures of different metrics cannot be"):
        difference(board(rows), board(rows, metric="brier"), ("old", "new"))


def test_what_a_board_judges_by_is_the_cause_where_all_runs_are_the_same():
    rows = [row | BASE for row in CLEAR]
    noisy = of(board(rows), board(rows, Judging(noise=0.5)))
    assert {each.why for each in noisy.changes if each.target} == {("stated noise none → 0.5",)}
    plain, shown = board(rows), board(rows)
    wider = {target: [replace(row, high=row.high + 0.01) for row in listed] for target, listed in shown.targets.items()}
    found = of(plain, replace(shown, images=["a"], targets=wider))
    assert why(found) == ("only on the second board its interval holds the test images",)
    assert why(found, "b") == ("its runs are the same; how the board judges has changed",)


def test_the_order_of_targets_is_no_difference():
    one, other = (replace(board([row | BASE for row in CLEAR]), images=names) for names in (["b", "a"], ["a", "b"]))
    assert of(one, other).notes == []


def test_a_source_that_shares_images_is_kept_off_for_that_reason():
    leaking = [row | BASE | ({"leak": "the same images"} if row["source"] == "bad" else {}) for row in CLEAR]
    found = of(made(), board(leaking))
    assert why(found, source="bad") == ("kept off the second board because of shared images",)


def test_a_board_of_the_first_version_with_a_basis_names_what_it_knows():
    """It has neither `meanings` nor what belongs to which seed."""
    content = json.loads(board_json(made([row | {"start": f"start {row['seed']}"} for row in CLEAR])))
    del content["meanings"]
    for each in content["basis"]:
        del each["by_seed"], each["backbones"]
    old = read_board(json.dumps(content), "old")
    as_before = [[0.70, 0.71, 0.705, 0.7], [0.60, 0.61, 0.605, 0.6]]
    more = runs(good=[[0.95, 0.96, 0.97, 0.98], [0.8] * 4], bad=as_before)
    found = of(old, made([row | {"start": f"start {row['seed']}", "point": "q"} for row in more]))
    assert why(found, source="good") == ("other recipe, rule or subsample (p → q)",)
    assert why(found, source="bad") == (IN_ALL_CELLS,)
    assert "in all cells: with seed 3 too" in found.notes


def test_a_board_without_a_basis_is_compared_and_its_silence_said():
    content = json.loads(board_json(made()))
    del content["basis"]
    better = [row | {"test_auc": row["test_auc"] + 0.01} for row in CLEAR]
    found = of(read_board(json.dumps(content), "old"), made(better))
    assert {each.why for each in found.changes} == {()}
    assert "does not say what it rests on" in found.notes[-1]


def test_figures_that_differ_in_later_digits_alone_are_marked_and_rounding_is_not():
    rows = made()
    moved = {
        target: [replace(row, low=row.low + 1e-5, mean=row.mean + 1e-16) for row in listed] if target == "a" else listed
        for target, listed in rows.targets.items()
    }
    text = DifferenceText(of(rows, replace(rows, targets=moved))).markdown()
    mean, interval = next(line for line in text.splitlines() if line.startswith("| a | good |")).split(" | ")[4:6]
    assert mean == "0.905"
    assert interval.endswith(" (later digits differ)")


def test_no_control_character_of_a_name_reaches_the_terminal():
    out = Console(file=io.StringIO(), width=200)
    out.print(DifferenceText(difference(made(), made(), ("a\x1b[31m.json", "new"))).table())
    assert "\x1b[31m" not in out.file.getvalue()


@pytest.mark.parametrize("after", [made(), made(runs(good=[[0.9, 0.91, 0.92]], bad=[[0.95, 0.96, 0.97]]))])
def test_every_form_can_be_written(after):
    text: Printable = DifferenceText(of(made(), after))
    assert text.csv().startswith("target,source,rank_before,rank_after")
    assert text.markdown().startswith("**old")
    json.dumps(text.to_dict(), allow_nan=False)
    assert text.table() is not None
