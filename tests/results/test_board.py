"""Boards of hand-made frames, with the columns of Tracking.frame()."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from results.board import Wanted, make_board
from results.error import CatsError
from results.picture import draw
from results.show import comma_separated, markdown, table

ONE = {"cpu": {"kwh": 0.001, "provenance": "modelled"}, "ram": {"kwh": 0.002, "provenance": "modelled"}}


def run(source, target, seed, auc, **changes):
    row = {"source": source, "target": target, "backbone": "net", "seed": str(seed), "point": "p", "kind": "cell"}
    row |= {"status": "FINISHED", "key": f"{source}-{target}-{seed}", "started": seed, "test_auc": auc, "test_brier": 1 - auc}
    row |= {"val_loss": 1 - auc, "val_auc": auc, "protocol": "finetune", "size": "32", "rule": "min_val_loss"}
    row |= {"groups": "patient", "pretraining": None, "subsample.train": "None"}
    row |= {"costs": [{"phase": "training", "seconds": 1.0, "energy": ONE, "kg_per_kwh": 0.3}]}
    return row | changes


def runs(**scores):
    """source=[[scores on target a], [scores on target b]]"""
    return [run(s, "ab"[t], i, v) for s, rows in scores.items() for t, row in enumerate(rows) for i, v in enumerate(row)]


CLEAR = runs(good=[[0.90, 0.91, 0.905], [0.80, 0.81, 0.805]], bad=[[0.70, 0.71, 0.705], [0.60, 0.61, 0.605]])


def board(rows, **changes):
    return make_board(pd.DataFrame(rows), "toy", **({"metric": "auc", "rule": "min_val_loss"} | changes))


def test_json_keeps_its_contract():
    content = json.loads(json.dumps(board(CLEAR).to_dict()))
    assert (content["experiment"], content["metric"], content["rule"]) == ("toy", "auc", "min_val_loss")
    rows = content["targets"]["a"]
    assert list(rows[0]) == ["source", "mean", "low", "high", "rank", "tie", "seeds", "energy_kwh"]
    assert [(r["source"], r["rank"], r["tie"], r["seeds"]) for r in rows] == [("good", 1, 1, 3), ("bad", 2, 2, 3)]
    assert list(content["overall"][0]) == ["source", "mean_rank", "low", "high", "coverage"]
    assert [(r["source"], r["mean_rank"], r["coverage"]) for r in content["overall"]] == [("good", 1, 1), ("bad", 2, 1)]


def test_a_winner_is_named_only_outside_a_tie():
    assert board(CLEAR).verdict("a") == "good wins (3 seeds, 95 %)"
    tied = board(runs(one=[[0.9, 0.8, 0.85]], two=[[0.88, 0.82, 0.86]]))
    assert tied.verdict("a") == "no winner: two, one cannot be told apart (3 seeds, 95 %)"


def test_one_seed_gives_no_interval_and_no_winner():
    made = board(runs(one=[[0.9]], two=[[0.1]]))
    assert [(r.low, r.high, r.tie) for r in made.targets["a"]] == [(None, None, 1)] * 2
    assert "no winner: one seed" in made.verdict("a")


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
    assert row.energy_kwh == pytest.approx(4 * 0.003)
    assert "1 attempts failed; their energy is counted" in board(rows).notes


def test_pretraining_is_shared_by_the_targets_it_served():
    cells = [row | {"pretraining": "pre"} for row in runs(s=[[0.9], [0.8]])]
    before = run("s", None, 0, 0.0, kind="pretraining", key="pre")
    made = board([*cells, before])
    assert made.targets["a"][0].energy_kwh == pytest.approx(0.003 + 0.0015)
    assert made.targets["b"][0].energy_kwh == pytest.approx(0.003 + 0.0015)


def test_missing_energy_is_none_and_never_zero():
    gone = [{"phase": "training", "seconds": 1.0, "energy": {"gpu": {"kwh": None, "provenance": "missing"}}}]
    made = board([run("s", "a", 0, 0.9, costs=gone), run("s", "a", 1, 0.8)])
    assert made.targets["a"][0].energy_kwh is None
    assert "missing" in markdown(made)
    assert "gpu missing" in " ".join(made.notes)


def wanted(**changes):
    fields = {"sources": ["good", "bad"], "targets": ["a", "b"], "backbones": ["net"], "seeds": [0, 1, 2], "points": ["p"]}
    return Wanted(**(fields | {"refused": {}} | changes))


def test_missing_cells_of_a_plan_are_said():
    assert "1 of 12 cells are not finished" in board(CLEAR[:-1], wanted=wanted()).notes
    assert not [n for n in board(CLEAR, wanted=wanted()).notes if "not finished" in n]


def test_runs_that_the_plan_does_not_ask_for_are_left_out():
    made = board([*CLEAR, run("else", "a", 0, 1.0), run("good", "a", 9, 1.0)], wanted=wanted())
    assert [r.seeds for r in made.targets["a"]] == [3, 3]


def test_refused_pairs_lower_the_coverage_and_only_common_targets_are_ranked():
    rows = [row for row in CLEAR if (row["source"], row["target"]) != ("bad", "b")]
    made = board(rows, wanted=wanted(refused={("bad", "b"): "they are the same images"}))
    assert {r.source: r.coverage for r in made.overall} == {"good": 1.0, "bad": 0.5}
    assert [r.mean_rank for r in made.overall] == [1.0, 2.0]
    assert "bad → b is not run: they are the same images" in made.notes
    assert "mean rank over 1 of 2 targets" in markdown(made)


def test_no_common_target_means_no_overall_rank():
    made = board([run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)])
    assert [r.mean_rank for r in made.overall] == [None, None]
    assert "–" in markdown(made)


def test_mixed_protocols_do_not_share_a_board():
    with pytest.raises(CatsError, match="mixes size 32 and 64"):
        board([*CLEAR, run("good", "a", 4, 0.9, size="64")])


def test_unknown_metric_has_its_nearest_name():
    with pytest.raises(CatsError, match="no run of 'toy' has the metric 'auk'; did you mean 'auc'"):
        board(CLEAR, metric="auk")


def test_an_empty_experiment_says_how_to_fill_it():
    with pytest.raises(CatsError, match="holds no cell yet; make some with `cats run`"):
        make_board(pd.DataFrame(), "toy", "auc", "min_val_loss")


def test_several_backbones_stand_apart():
    made = board([*CLEAR, *[row | {"backbone": "other", "test_auc": 0.5, "key": row["key"] + "o"} for row in CLEAR]])
    assert [r.source for r in made.targets["a"]][:2] == ["good on net", "bad on net"]


def test_csv_reads_back_in_full_precision():
    rows = list(csv.DictReader(io.StringIO(comma_separated(board(CLEAR)))))
    assert len(rows) == 4
    assert float(rows[0]["mean"]) == np.mean([0.90, 0.91, 0.905])


def test_text_from_names_is_never_markup():
    made = board(runs(**{"[red]x[/red]": [[0.9, 0.8]], "a|b": [[0.7, 0.6]]}))
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(table(made))
    assert console.export_text().count("[red]x[/red]") >= 3  # title, row, overall
    assert "a\\|b" in markdown(made)


def test_the_same_board_twice_is_the_same_to_the_last_digit():
    noisy = runs(one=[[0.9, 0.8, 0.85], [0.5, 0.6, 0.7]], two=[[0.88, 0.82, 0.86], [0.6, 0.5, 0.66]])
    assert board(noisy).to_dict() == board(noisy[::-1]).to_dict()


def test_picture_is_written(tmp_path):
    draw(board(CLEAR), tmp_path / "board.png")
    assert (tmp_path / "board.png").read_bytes().startswith(b"\x89PNG")
