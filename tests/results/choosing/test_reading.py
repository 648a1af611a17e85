"""Runs of an experiment as arrays: settings, seeds, failures, pairs that may not count, and costs."""

import numpy as np
import pandas as pd
import pytest

from results.board.request import RunQuery
from results.choosing.costs import costs_of
from results.choosing.reading import matrix_of
from results.error import CatsError
from tests.results.choosing.matrices import matrix_of as made_of
from tests.support.runs import UNKNOWN, run

NAN = float("nan")


def cell(source, target, lr, auc, seed=0, **changes):
    row = run(source, target, seed, auc, **{"leak": None, "seconds_training": 1800.0, "lr": lr, "decay": "0"} | changes)
    return row | {
        "point": f"{lr}-{changes.get('decay')}",
        "key": f"{source}-{target}-{lr}-{seed}-{changes.get('decay')}-{changes.get('status')}",
    }


def read(rows, family=None, **query):
    return matrix_of(pd.DataFrame(rows), RunQuery("toy", **query), family or {})


GRID = [
    cell(s, t, lr, auc)
    for s, t, auc in (("a", "x", 0.9), ("b", "x", 0.8), ("a", "y", 0.7), ("b", "y", 0.6))
    for lr in ("0.1", "0.010")
]


def test_a_setting_is_a_column_with_several_values_for_a_pair():
    matrix = read(GRID, {"x": "f", "elsewhere": "g"})
    assert [setting.name for setting in matrix.settings] == ["lr=0.01", "lr=0.1"]
    assert matrix.score.shape == (2, 2, 2, 1)
    assert matrix.score[0, :, :, 0].tolist() == [[0.9, 0.9], [0.8, 0.8]]
    assert matrix.val_loss[1, 0, 0, 0] == pytest.approx(0.3)
    assert matrix.hours[0, 0, 0, 0] == 0.5
    assert matrix.kwh[0, 0, 0, 0] == pytest.approx(0.003)
    assert matrix.family == {"x": "f"}


def test_seeds_are_no_settings():
    matrix = read(
        [cell(s, "x", "0.1", 0.9 - seed / 10, seed, **{"subsample.seed": str(seed)}) for s in "ab" for seed in (3, 1)]
    )
    assert [setting.name for setting in matrix.settings] == ["default"]
    assert matrix.score[0, 0, 0].tolist() == pytest.approx([0.8, 0.6])
    assert any("one setting" in note for note in matrix.notes)


def test_values_that_targets_do_not_share_are_told_apart_by_their_place():
    rows = [
        cell(s, t, "0.1", 0.9, size=size)
        for s in "ab"
        for t, sizes in (("x", ("32", "64")), ("y", ("128", "64")))
        for size in sizes
    ]
    rows = [
        row | {"size": "32", "batch": row["size"], "key": f"{row['key']}{row['size']}", "point": row["size"]} for row in rows
    ]
    matrix = read(rows)
    assert [setting.name for setting in matrix.settings] == ["batch=#1", "batch=#2"]
    assert matrix.made.all()
    assert any("different values of batch" in note for note in matrix.notes)


def test_pairs_that_share_images_and_sources_of_themselves_are_no_candidates():
    rows = [*GRID, cell("x", "x", "0.1", 0.99), cell("c", "x", "0.1", 0.99, leak="c holds x"), cell("c", "y", "0.1", 0.5)]
    matrix = read(rows)
    assert matrix.sources == ("a", "b", "c")
    assert not matrix.made[0, 2].any()
    assert matrix.made[1, 2].any()
    assert matrix.prior().apart == {("x", "x"), ("c", "x")}
    assert any(note.startswith("2 pairs that share images") for note in matrix.notes)


def test_a_failed_cell_costs_and_has_no_figures_and_a_later_success_counts():
    failed = cell("a", "x", "1", NAN, status="FAILED", costs=UNKNOWN)
    again = cell("b", "x", "1", NAN, status="FAILED")
    rows = [*GRID, failed, again | {"started": 1}, cell("b", "x", "1", 0.75) | {"started": 2}]
    matrix = read(rows)
    assert matrix.made[0, :, 2, 0].tolist() == [True, True]
    assert np.isnan(matrix.score[0, 0, 2, 0])
    assert matrix.score[0, 1, 2, 0] == 0.75
    assert any("1 cell has failed runs only" in note for note in matrix.notes)


def test_what_was_interrupted_has_not_been_tried():
    killed = cell("a", "x", "1", NAN, status="KILLED")
    assert read([*GRID, killed]).made.shape == (2, 2, 2, 1)
    beside = read([*GRID, killed, cell("b", "x", "1", 0.75)])
    assert beside.made[0, :, 2, 0].tolist() == [False, True]
    assert not any("failed" in note for note in beside.notes)


def test_the_newest_run_of_a_cell_counts():
    again = cell("a", "x", "0.1", 0.5) | {"started": 9, "key": "again"}
    matrix = read([*GRID, again])
    assert matrix.score[0, 0, 1, 0] == 0.5
    assert "1 run was made again later; the newest run of a cell counts" in matrix.notes


def test_several_backbones_are_several_sources():
    matrix = read([*GRID, *({**row, "backbone": "other", "key": row["key"] + "o"} for row in GRID)])
    assert matrix.sources == ("a on net", "a on other", "b on net", "b on other")


def test_a_metric_of_which_lower_is_better_is_turned():
    assert read(GRID, metric="brier").score[0, 0, 0, 0] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("rows", "query", "sentence"),
    [
        ([], {}, "'toy' has no finished cell"),
        ([row | {"status": "FAILED"} for row in GRID], {}, "'toy' has no finished cell"),
        ([row | {"val_loss": NAN} for row in GRID], {}, "has a validation loss"),
        ([{name: value for name, value in row.items() if name != "val_loss"} for row in GRID], {}, "has a validation loss"),
        (GRID, {"metric": "kappa"}, "has the metric 'kappa'"),
        (GRID, {"metric": "bier"}, "did you mean 'brier'"),
    ],
)
def test_what_no_choice_can_be_made_from_is_one_sentence(rows, query, sentence):
    with pytest.raises(CatsError, match=sentence):
        read(rows, **query)


def costs(kwh=None, hours=None):
    return costs_of(made_of([[[0.9, 0.8], [0.7, 0.6]]], kwh=[[[1, 1], [1, 1]]] if kwh is None else kwh, hours=hours))


def test_missing_energy_is_the_hours_times_the_usual_power():
    unit, cost, notes = costs(
        [[[2, NAN], [3, 4]]],
        [
            [
                [
                    1,
                    2,
                ],
                [1, 1],
            ]
        ],
    )
    assert unit == "kwh"
    assert cost[0, 0, 1, 0] == 2 * 3  # the median power is 3
    assert notes == ["1 run has no energy: what is usual for the target counts"]


def test_without_energy_hours_count_and_without_hours_runs():
    none = np.full((1, 2, 2), NAN)
    unit, cost, notes = costs(none, [[[1, 2], [NAN, 4]]])
    assert (unit, cost.ravel().tolist()) == ("hours", [1, 2, 2, 4])
    assert len(notes) == 2
    unit, cost, notes = costs(none, none)
    assert (unit, cost.sum()) == ("cells", 4)


def test_what_was_not_run_costs_nothing():
    matrix = made_of([[[0.9, NAN], [0.7, 0.6]]])
    assert costs_of(matrix)[1].ravel().tolist() == [1, 0, 1, 1]


def sized(source, n, auc, **changes):
    return cell(source, "x", "0.1", auc, **{"subsample.train": n} | changes)


SIZED = [sized(s, n, auc + gain) for s, auc in (("a", 0.6), ("b", 0.5)) for n, gain in (("25", 0.0), ("500", 0.3))]


def same(one, other):
    """Whether two matrices hold the same runs; what is said of them may differ."""
    names = (one.targets, one.sources, one.settings) == (other.targets, other.sources, other.settings)
    return names and all(np.array_equal(getattr(one, n), getattr(other, n), equal_nan=True) for n in ("val_loss", "score"))


def test_the_number_of_training_images_is_no_setting_and_the_largest_counts():
    found, alone = read(SIZED), read([row for row in SIZED if row["subsample.train"] == "500"])
    assert [setting.name for setting in found.settings] == ["default"]
    assert same(found, alone)
    said = "x: of several numbers of training images only 500 counts, with which most sources have finished"
    assert said in found.notes
    assert said not in alone.notes


def test_the_number_with_which_most_sources_have_finished_counts_and_all_images_are_the_largest_number():
    unfinished = [*SIZED[:3], sized("b", "500", 0.0, status="FAILED")]
    assert same(read(unfinished), read([row for row in SIZED if row["subsample.train"] == "25"]))
    every = [*SIZED, *(sized(s, "None", 0.7) for s in "ab")]
    assert same(read(every), read([row for row in every if row["subsample.train"] == "None"]))


@pytest.mark.parametrize("number", ["25", "500"])
def test_a_stated_number_of_training_images_counts(number):
    found = read(SIZED, size=number)
    assert same(found, read([row for row in SIZED if row["subsample.train"] == number]))
    assert not [note for note in found.notes if "several numbers" in note]
    with pytest.raises(CatsError, match="experiment 'toy' holds no run with 50 training images"):
        read(SIZED, size="50")


def test_the_prior_of_a_choice_holds_one_number_of_training_images_for_each_target():
    rows = SIZED + [row | {"target": "y", "key": f"y{row['key']}"} for row in SIZED if row["subsample.train"] == "25"]
    prior = read(rows).prior()
    assert [setting.name for setting in prior.settings] == ["default"]
    assert prior.score[:, :, 0] == pytest.approx(np.array([[0.9, 0.8], [0.6, 0.5]]))
