"""What leaks is shown apart and never ranked, whether its record says so or the plan knows it by now."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from results.board.board import make_board
from results.board.plot import draw_board
from results.board.request import RunQuery, Selection
from results.board.text import BoardText
from tests.support.runs import CLEAR, on_net, run, runs

REASON = "6 images of a (6 in test; 6 pixel by pixel) lie in the training data of thief too"


def leaking(score=0.999, **changes):
    return [run("thief", "a", seed, score, leak=REASON, **changes) for seed in range(3)]


def board(rows, selection=None, metric="auc"):
    return make_board(pd.DataFrame(rows), RunQuery("toy", metric, selection=selection))


def test_a_leaking_source_never_wins_and_changes_no_other_row():
    with_it, without = board(CLEAR + leaking()).to_dict(), board(CLEAR).to_dict()
    assert with_it["leaking"] == [
        {
            "source": "thief",
            "target": "a",
            "mean": pytest.approx(0.999),
            "seeds": 3,
            "reason": REASON,
            "low": None,
            "high": None,
        }
    ]
    assert without["leaking"] == []
    for part in ("targets", "overall", "notes", "metric", "rule", "experiment"):
        assert with_it[part] == without[part]
    assert board(CLEAR + leaking()).verdict("a") == "good wins (3 seeds, 95 %)"
    assert "leaking" in json.loads(json.dumps(with_it))


def test_its_mean_is_that_of_the_metric_also_where_lower_is_better():
    (row,) = board(CLEAR + leaking(), metric="brier").leaking
    assert row.mean == pytest.approx(0.001)


def test_table_and_markdown_show_it_apart_with_its_reason():
    made = board(CLEAR + leaking())
    console = Console(record=True, width=200)
    console.print(BoardText(made).table())
    for text in (console.export_text(), BoardText(made).markdown()):
        before, after = text.split("Kept off the ranking because of shared images")
        assert "thief" not in before
        assert "thief" in after
        assert REASON in after
        assert "0.999" in after
    assert "thief" not in BoardText(made).csv()
    assert "Kept off" not in BoardText(board(CLEAR)).markdown()


def test_what_was_run_before_the_leak_was_known_is_shown_apart_too():
    rows = CLEAR + [row | {"leak": None} for row in leaking()]
    asked = (on_net("good", "bad", "thief"), ["a", "b"], [0, 1, 2], ["p"])
    assert board(rows, Selection(*asked, {})).targets["a"][0].source == "thief"
    for selection in (Selection(*asked, {("thief", "a"): REASON}), Selection(*asked, {}, {("thief", "a"): REASON})):
        made = board(rows, selection)
        assert [row.source for row in made.targets["a"]] == ["good", "bad"]
        assert [(row.source, row.reason) for row in made.leaking] == [("thief", REASON)]


def test_a_refused_target_is_noted_once_for_all_sources():
    selection = Selection(on_net("good", "bad"), ["a", "b"], [0, 1, 2], ["p"], {("good", "b"): "why", ("bad", "b"): "why"})
    assert "good, bad → b is not run: why" in board(CLEAR, selection).notes


def test_a_board_of_leaking_runs_alone_ranks_nobody(tmp_path):
    made = board(leaking())
    assert (made.targets, made.overall) == ({}, [])
    assert len(made.leaking) == 1
    assert "thief" in BoardText(made).markdown()
    Console(record=True).print(BoardText(made).table())
    draw_board(made, tmp_path / "board.png")


def spread(target="a", **changes):
    return [run("thief", target, seed, 0.9 + 0.01 * seed, leak=REASON, **changes) for seed in range(3)]


def test_a_board_of_leaking_runs_alone_has_intervals_apart_and_no_false_note():
    """Before, the legend said that there was one seed and no predictions, and a table without rows was shown."""
    made = board(spread() + spread("b", rule="min_val_loss"))
    assert [(row.target, row.seeds) for row in made.leaking] == [("a", 3), ("b", 3)]
    for row in made.leaking:
        assert row.low == pytest.approx(0.91 - 4.302653 * 0.01 / 3**0.5, abs=1e-6)
        assert row.high == pytest.approx(0.91 + 4.302653 * 0.01 / 3**0.5, abs=1e-6)
    console = Console(record=True, width=200)
    console.print(BoardText(made).table())
    for text in (console.export_text(), BoardText(made).markdown()):
        assert "0.885–0.935" in text
        assert "no source is ranked, because every pair that was run shares images" in text
        assert "95 %: interval of the mean over seeds" in text
        for wrong in ("no interval can be given", "Overall", "mean rank", "tie:"):
            assert wrong not in text


def test_a_leaking_pair_has_the_interval_that_it_would_have_had_if_it_were_ranked():
    ranked = board(CLEAR + [row | {"leak": None} for row in spread()])
    apart = board(CLEAR + spread())
    (one,) = apart.leaking
    two = next(row for row in ranked.targets["a"] if row.source == "thief")
    assert (one.mean, one.low, one.high) == (two.mean, two.low, two.high)
    assert board(CLEAR).targets == apart.targets


def test_what_became_of_copies_is_noted():
    rows = [row | {"duplicates": "5 images of test were left out" if row["target"] == "a" else None} for row in CLEAR]
    assert [note for note in board(rows).notes if "left out" in note] == ["a: 5 images of test were left out"]


def test_a_board_says_where_an_image_is_a_volume():
    rows = [row | {"slices": "9" if row["target"] == "a" else None} for row in CLEAR]
    note = "a: each image is a volume, of which the network sees 9 slices; numbers of images count volumes"
    assert [each for each in board(rows).notes if "volume" in each] == [note]
    assert not [each for each in board(CLEAR).notes if "volume" in each]


def test_known_duplicates_of_an_official_split_are_noted():
    rows = [row | {"known_duplicates": "62" if row["target"] == "a" else np.nan} for row in runs(one=[[0.9, 0.8], [0.7, 0.6]])]
    note = "a: up to 62 images of val and test are in an earlier part of its official split too"
    assert [n for n in board(rows).notes if "official split" in n] == [note]
