"""Boards of hand-made frames, with the columns of Experiment.frame()."""

import json

import pandas as pd
import pytest

from results.board.board import make_board
from results.board.request import RunQuery, Selection
from results.board.text import BoardText
from results.error import CatsError
from tests.support.runs import CLEAR, COSTS, KWH, UNKNOWN, board, on_net, run, runs

# Keys that came later stand after those that other programs may know.
NEW = ["images", "noise", "difference", "choice", "basis", "outlook", "behind", "meanings", "imported", "impute"]
NEW_OF_ROW = ["rank_low", "rank_high", "p_best"]
NEW_OF_OVERALL = ["wins", "best", "strength", "strength_low", "strength_high"]
NEW_OF_OVERALL += ["mean", "mean_low", "mean_high", "tie", "p_best"]


def test_json_keeps_its_contract():
    content = json.loads(json.dumps(board(CLEAR).to_dict(), allow_nan=False))
    assert list(content) == ["experiment", "metric", "rule", "targets", "overall", "notes", "leaking", *NEW]
    assert (content["experiment"], content["metric"], content["rule"]) == ("toy", "auc", "min_val_loss")
    rows = content["targets"]["a"]
    assert list(rows[0]) == ["source", "mean", "low", "high", "rank", "tie", "seeds", "energy_kwh", *NEW_OF_ROW]
    assert [(r["source"], r["rank"], r["tie"], r["seeds"]) for r in rows] == [("good", 1, 1, 3), ("bad", 2, 2, 3)]
    assert list(content["overall"][0]) == ["source", "mean_rank", "low", "high", "coverage", *NEW_OF_OVERALL]
    assert [(r["source"], r["mean_rank"], r["coverage"]) for r in content["overall"]] == [("good", 1, 1), ("bad", 2, 1)]


def test_a_winner_is_named_only_outside_a_tie():
    assert board(CLEAR).verdict("a") == "good wins (3 seeds, 95 %)"
    tied = board(runs(one=[[0.9, 0.8, 0.85]], two=[[0.88, 0.82, 0.86]]))
    assert tied.verdict("a") == "no winner: two, one cannot be told apart (3 seeds, 95 %)"


def test_equal_means_share_a_rank_as_they_share_a_mean_rank():
    made = board(runs(one=[[0.5, 0.7]], two=[[0.9, 0.8]], three=[[0.8, 0.9]], four=[[0.1, 0.2]]))
    assert [(row.source, row.rank) for row in made.targets["a"]] == [("three", 1), ("two", 1), ("one", 3), ("four", 4)]
    assert {row.source: row.mean_rank for row in made.overall} == {"three": 1.5, "two": 1.5, "one": 3, "four": 4}


def test_one_seed_gives_no_interval_and_no_winner():
    made = board(runs(one=[[0.9]], two=[[0.1]]))
    assert [(r.low, r.high, r.tie) for r in made.targets["a"]] == [(None, None, 1)] * 2
    assert "no winner: with one seed" in made.verdict("a")


def test_lower_is_better_for_brier():
    rows = board(CLEAR, metric="brier").targets["a"]
    assert [r.source for r in rows] == ["good", "bad"]
    assert rows[0].mean == pytest.approx(1 - 0.905)
    assert rows[0].low < rows[0].mean < rows[0].high


def test_the_rule_chooses_among_grid_points_and_test_scores_do_not():
    rows = [
        run("s", "a", 0, 0.6, point="p", val_loss=0.1, val_auc=0.7),
        run("s", "a", 0, 0.9, point="q", val_loss=0.5, val_auc=0.8, key="other"),
    ]
    assert board(rows).targets["a"][0].mean == 0.6
    assert board(rows, rule="max_val_auc").targets["a"][0].mean == 0.9


def test_failed_and_running_attempts_do_not_score_but_cost():
    rows = [*runs(s=[[0.9, 0.8]]), run("s", "a", 2, 0.1, status="FAILED"), run("s", "a", 3, 0.1, status="RUNNING")]
    row = board(rows).targets["a"][0]
    assert (row.seeds, row.mean) == (2, pytest.approx(0.85))
    assert row.energy_kwh == pytest.approx(4 * KWH)
    assert "1 attempt failed; its energy is counted" in board(rows).notes


def test_pretraining_is_shared_by_the_targets_it_served():
    cells = [row | {"pretraining": "pre"} for row in runs(s=[[0.9], [0.8]])]
    before = run("s", None, 0, 0.0, kind="pretraining", key="pre")
    made = board([*cells, before])
    assert made.targets["a"][0].energy_kwh == pytest.approx(KWH + KWH / 2)
    assert made.targets["b"][0].energy_kwh == pytest.approx(KWH + KWH / 2)


def test_missing_energy_is_none_and_never_zero():
    made = board([run("s", "a", 0, 0.9, costs=UNKNOWN), run("s", "a", 1, 0.8)])
    assert made.targets["a"][0].energy_kwh is None
    assert "missing" in BoardText(made).markdown()
    assert "gpu missing" in " ".join(made.notes)


def selection(**changes):
    fields = {"candidates": on_net("good", "bad"), "targets": ["a", "b"], "seeds": [0, 1, 2], "points": ["p"]}
    return Selection(**(fields | {"refused": {}} | changes))


def test_missing_cells_of_a_plan_are_said():
    assert "1 of 12 cells is not finished" in board(CLEAR[:-1], selection=selection()).notes
    assert not [n for n in board(CLEAR, selection=selection()).notes if "not finished" in n]


def test_runs_that_the_plan_does_not_ask_for_are_left_out():
    made = board([*CLEAR, run("else", "a", 0, 1.0), run("good", "a", 9, 1.0)], selection=selection())
    assert [r.seeds for r in made.targets["a"]] == [3, 3]


def test_refused_pairs_lower_the_coverage_and_only_common_targets_are_ranked():
    rows = [row for row in CLEAR if (row["source"], row["target"]) != ("bad", "b")]
    made = board(rows, selection=selection(refused={("bad", "b"): "they are the same images"}))
    assert {r.source: r.coverage for r in made.overall} == {"good": 1.0, "bad": 0.5}
    assert [r.mean_rank for r in made.overall] == [1.0, 2.0]
    assert "bad → b is not run: they are the same images" in made.notes
    assert "mean rank over 1 of 2 targets" in BoardText(made).markdown()


def test_no_common_target_means_no_overall_rank():
    made = board([run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)])
    assert [r.mean_rank for r in made.overall] == [None, None]
    assert "–" in BoardText(made).markdown()


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("protocol", "finetune and probe"),
        ("size", "32 and probe"),
        ("rule", "min_val_loss and probe"),
        ("subsample.train", "None and probe"),
    ],
)
def test_mixed_protocols_do_not_share_a_board(column, said):
    with pytest.raises(CatsError, match=f"experiment 'toy' mixes {column} {said}, which cannot be on one board"):
        board([*CLEAR, run("good", "a", 4, 0.9, **{column: "probe"})])


def test_an_attempt_that_failed_under_another_protocol_does_not_stop_the_board():
    made = board([*CLEAR, run("good", "a", 4, 0.1, size="64", status="FAILED")])
    assert [r.source for r in made.targets["a"]] == ["good", "bad"]


def test_unknown_metric_has_its_nearest_name():
    with pytest.raises(CatsError, match="no run of 'toy' has the metric 'auk'; did you mean 'auc'"):
        board(CLEAR, metric="auk")


@pytest.mark.parametrize(("experiment", "command"), [("toy", "run"), ("choose-mydata", "choose")])
def test_an_empty_experiment_says_how_to_fill_it(experiment, command):
    with pytest.raises(CatsError, match=f"holds no cell yet; make some with `cats {command}`"):
        make_board(pd.DataFrame(), RunQuery(experiment))
    with pytest.raises(CatsError, match=f"holds no finished cell; make some with `cats {command}`"):
        make_board(pd.DataFrame([run("s", "a", 0, 0.0, status="FAILED")]), RunQuery(experiment))


def test_several_backbones_stand_apart():
    made = board([*CLEAR, *[row | {"backbone": "other", "test_auc": 0.5, "key": row["key"] + "o"} for row in CLEAR]])
    assert [r.source for r in made.targets["a"]][:2] == ["good on net", "bad on net"]


def test_the_same_board_twice_is_the_same_to_the_last_digit():
    noisy = runs(one=[[0.9, 0.8, 0.85], [0.5, 0.6, 0.7]], two=[[0.88, 0.82, 0.86], [0.6, 0.5, 0.66]])
    assert board(noisy).to_dict() == board(noisy[::-1]).to_dict()


def test_a_source_alone_wins_nothing():
    assert board(runs(one=[[0.9, 0.91, 0.92]])).verdict("a") == "only one source: no winner"


def test_a_second_attempt_at_a_finished_key_costs_but_does_not_score():
    rows = [*runs(s=[[0.9, 0.8]]), run("s", "a", 0, 0.1, status="KILLED", started=9)]
    row = board(rows).targets["a"][0]
    assert (row.seeds, row.mean, row.energy_kwh) == (2, pytest.approx(0.85), pytest.approx(3 * KWH))


def test_the_newest_finished_run_of_a_point_counts():
    rows = [run("s", "a", 0, 0.9, started=1, key="new"), run("s", "a", 0, 0.5, started=0, key="old", val_loss=0.0)]
    assert board(rows).targets["a"][0].mean == 0.9
    assert board(rows[::-1]).targets["a"][0].mean == 0.9


def test_last_epoch_chooses_a_grid_point_by_its_loss():
    rows = [
        run("s", "a", 0, 0.6, point="p", val_loss=0.5, val_auc=0.9),
        run("s", "a", 0, 0.7, point="q", val_loss=0.1, val_auc=0.1, key="other"),
    ]
    assert board(rows, rule="last_epoch").targets["a"][0].mean == 0.7


def test_every_seed_chooses_its_own_grid_point():
    rows = [run("s", "a", seed, 0.5 + 0.1 * point, point=f"p{point}", key=f"{seed}{point}", val_loss=float(point != seed))
            for seed in (0, 1) for point in (0, 1)]  # fmt: skip
    row = board(rows).targets["a"][0]
    assert (row.seeds, row.mean, row.energy_kwh) == (2, pytest.approx(0.55), pytest.approx(4 * KWH))


@pytest.mark.parametrize(("rule", "column"), [("min_val_loss", "val_loss"), ("max_val_auc", "val_auc")])
def test_cells_without_the_figure_of_the_rule_still_make_a_board(rule, column):
    """No epoch was trained, or no validation AUC was defined: the metric is in no run of the experiment."""
    rows = [{name: value for name, value in row.items() if name != column} for row in CLEAR]
    assert [r.source for r in board(rows, rule=rule).targets["a"]] == ["good", "bad"]


def test_a_point_without_the_figure_of_the_rule_is_not_chosen():
    rows = [run("s", "a", 0, 0.9, val_loss=float("nan")), run("s", "a", 0, 0.6, point="q", key="other", val_loss=9.0)]
    assert board(rows).targets["a"][0].mean == 0.6


def test_a_seed_whose_metric_is_undefined_is_left_out_of_the_mean():
    row = board([*runs(s=[[0.9, 0.8]]), run("s", "a", 2, float("nan"))]).targets["a"][0]
    assert (row.seeds, row.mean) == (2, pytest.approx(0.85))


def test_unknown_rule_has_its_nearest_name():
    with pytest.raises(CatsError, match="there is no rule 'min_val_los'; did you mean 'min_val_loss'"):
        board(CLEAR, rule="min_val_los")


def test_the_interval_of_kappa_may_go_below_zero_and_that_of_an_auc_may_not():
    rows = [row | {"test_kappa": value} for row, value in zip(runs(s=[[0.9, 0.1]]), (0.4, -0.4), strict=True)]
    assert (board(rows, metric="kappa").targets["a"][0].low, board(rows).targets["a"][0].low) == (-1.0, 0.0)


def test_failed_pretrainings_are_shared_too():
    cells = [row | {"pretraining": "pre"} for row in runs(s=[[0.9, 0.8], [0.8, 0.7]])]
    before = [run("s", None, 0, 0.0, kind="pretraining", key="pre", status=status) for status in ("FAILED", "FINISHED")]
    made = board([*cells, *before])
    assert [made.targets[t][0].energy_kwh for t in "ab"] == [pytest.approx(2 * KWH + KWH)] * 2


@pytest.mark.parametrize("costs", [UNKNOWN, None], ids=["without a figure", "in no run of the experiment"])
def test_a_pretraining_whose_energy_is_unknown_leaves_the_total_unknown(costs):
    cells = [row | {"pretraining": "pre"} for row in runs(s=[[0.9]])]
    before = [run("s", None, 0, 0.0, kind="pretraining", key="pre", costs=costs)] if costs else []
    assert board([*cells, *before]).targets["a"][0].energy_kwh is None


def test_rows_without_energy_are_explained_by_attempts_that_ended_early():
    """Before, every row said missing after three workers were lost, and no note said why."""
    rows = [run("s", "a", seed, 0.9, pretraining="p") for seed in (0, 1)]
    before = run("s", "a", 0, 0.5, kind="pretraining", key="p")
    lost = {"costs": UNKNOWN, "status": "KILLED"}
    early = [run("s", "a", 0, 0.5, pretraining="p", **lost), run("s", "a", 1, 0.5, costs=[], status="FAILED", pretraining="p")]
    others = [run("t", "a", 0, 0.5, kind="pretraining", key="q", **lost)]  # of no cell of the board
    made = board([*rows, before, *early, before | run("s", "a", 0, 0.5, kind="pretraining", key="p", **lost), *others])
    assert made.targets["a"][0].energy_kwh is None
    why = (
        "the energy of 3 attempts that were interrupted or failed (2 at cells and 1 at pretrainings) is not known in full, so "
        "Wh is missing where it counts; `cats cost` shows the part that is known"
    )
    assert [note for note in made.notes if "Wh" in note] == [why]
    assert not [note for note in board([*rows, before, *others, run("s", "a", 2, 0.5, status="KILLED")]).notes if "Wh" in note]


def test_a_row_without_energy_is_explained_by_a_pretraining_of_another_experiment():
    rows = [run("s", "a", 0, 0.9, pretraining="p"), run("t", "a", 0, 0.8, pretraining="q"), run("u", "a", 0, 0.7)]
    own = run("t", "a", 0, 0.5, kind="pretraining", key="q")
    later = run("t", "a", 0, 0.5, kind="pretraining", key="q", pretraining="r")
    why = "Wh of {} is missing: the record of a pretraining that cells start from is not in this experiment"
    assert [note for note in board([*rows, own]).notes if "Wh" in note] == [why.format("s")]
    assert [note for note in board([*rows, later]).notes if "Wh" in note] == [why.format("s, t")]
    other = [row | {"backbone": "b"} for row in (rows[0], rows[1])]
    assert [n for n in board([*rows, own, *other]).notes if "Wh" in n] == [why.format("s on b, s on net")]
    assert {row.source: row.energy_kwh is None for row in board([*rows, own]).targets["a"]} == {
        "s": True,
        "t": False,
        "u": False,
    }


def test_all_energy_spent_stands_on_the_board():
    cells = [row | {"pretraining": "pre"} for row in runs(s=[[0.9], [0.8]])] + runs(other=[[0.7, 0.6]])
    rows = [*cells, run("s", None, 0, 0.0, kind="pretraining", key="pre"), run("s", "a", 5, 0.0, status="KILLED")]
    told = [row.energy_kwh for target in board(rows).targets.values() for row in target]
    assert sum(told) == pytest.approx(len(rows) * KWH)


def test_a_plan_with_nothing_finished_says_how_to_make_it():
    with pytest.raises(CatsError, match="experiment 'toy' holds no finished cell of this plan; make some with `cats run`"):
        board(CLEAR, selection=selection(seeds=[7]))


def abandoned():
    """What the frame knows of a run whose process died before its first batch: tags and no params."""
    kept = ("run_id", "status", "started", "key", "kind", "costs", "kwh", "energy")
    return {k: v for k, v in run("s", "a", 0, 0.9, status="KILLED", run_id="r", costs=[]).items() if k in kept}


def test_an_abandoned_run_is_left_out():
    made = board([*CLEAR, abandoned()])
    assert made.targets == board(CLEAR).targets
    assert made.overall == board(CLEAR).overall


def test_an_abandoned_run_alone_is_no_finished_cell():
    with pytest.raises(CatsError, match="holds no finished cell of this plan"):
        board([abandoned()], selection=selection())


def test_refused_pairs_are_not_counted_as_missing():
    rows = [row for row in CLEAR if (row["source"], row["target"]) != ("bad", "b")]
    notes = board(rows, selection=selection(refused={("bad", "b"): "they are the same images"})).notes
    assert not [n for n in notes if "not finished" in n]


def test_targets_without_patient_ids_are_named():
    blind = [row | {"groups": "None"} if row["target"] == "b" else row for row in CLEAR]
    assert "no patient ids are known for b: images of one patient may be in two parts" in board(blind).notes
    assert not [n for n in board(CLEAR).notes if "patient" in n]


def test_the_order_of_a_plan_is_the_order_of_its_targets():
    assert list(board(CLEAR, selection=selection(targets=["b", "a"])).targets) == ["b", "a"]


def test_uneven_seeds_are_each_counted():
    made = board([row for row in CLEAR if (row["source"], row["seed"]) != ("bad", "2")])
    assert [(r.source, r.seeds) for r in made.targets["a"]] == [("good", 3), ("bad", 2)]
    assert "(2 seeds" in made.verdict("a")


def test_costs_of_several_phases_are_added():
    row = board([run("s", "a", 0, 0.9, costs=[*COSTS, *COSTS])]).targets["a"][0]
    assert row.energy_kwh == pytest.approx(2 * KWH)


def test_a_backbone_that_only_failed_hides_no_energy():
    broken = [row | {"backbone": "other", "status": "FAILED", "key": row["key"] + "o"} for row in CLEAR]
    made = board([*CLEAR, *broken])
    assert all(row.energy_kwh is not None and row.energy_kwh >= 3 * KWH for row in made.targets["a"])


def test_a_loss_of_others_is_better_when_low_and_may_be_above_one():
    rows = [row | {"test_loss": 2.0 + row["test_brier"]} for row in CLEAR]
    found, brier = (board(rows, metric=metric).targets["a"] for metric in ("loss", "brier"))
    assert [row.source for row in found] == [row.source for row in brier]
    assert all(row.low < row.mean < row.high for row in found)
    assert found[0].mean > 1


@pytest.mark.parametrize(("ours", "said"), [(62.0, "38 %"), (96.0, None), (100.0, None), (None, None)])
def test_a_board_says_what_part_of_the_machines_work_was_not_ours(ours, said):
    busy = {} if ours is None else {"cpu_seconds": ours, "busy_seconds": 100.0}
    rows = [run("good", "a", seed, 0.9 + seed / 100, costs=[COSTS[0] | busy]) for seed in range(3)]
    notes = [note for note in board(rows).notes if "not ours" in note]
    assert notes == (
        [] if said is None else [f"{said} of this machine's work meanwhile was not ours; its energy is not counted"]
    )
