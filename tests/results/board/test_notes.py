"""A board says where the runs that it compares have predicted in different formats, and where a test set is too small."""

import numpy as np
import pytest

from results.board.request import Judging
from results.board.text import BoardText
from tests.support.runs import CLEAR, board

ADVICE = "which alone changes figures; a plan with `precision: fp32` runs all cells in one format"
NEW, OLD = "float32", "bfloat16"


def of(formats, **changes):
    """The runs of two targets and two sources, those of target a with a format by their source."""
    return [row | {"evaluation_precision": formats[row["source"]] if row["target"] == "a" else NEW} | changes for row in CLEAR]


def said(rows):
    return [note for note in board(rows).notes if "number format" in note]


@pytest.mark.parametrize(
    ("other", "words"),
    [(OLD, "3 in bfloat16 and 3 in float32"), (None, "3 in a format that is not recorded and 3 in float32")],
)
def test_runs_of_one_target_that_have_predicted_in_different_formats_are_noted(other, words):
    rows = of({"good": NEW, "bad": other})
    note = f"a: the runs have predicted in different number formats, {words}, {ADVICE}"
    assert said(rows) == [note]
    assert f"formats, {words}" in BoardText(board(rows)).markdown()


@pytest.mark.parametrize("one", [NEW, OLD, None])
def test_runs_in_one_format_need_no_note(one):
    assert said(of({"good": one, "bad": one})) == []
    assert said(CLEAR) == []


@pytest.mark.parametrize(
    "changes",
    [{"status": "FAILED"}, {"imported": "2024"}, {"leak": "they share 9 images"}],
    ids=lambda changes: next(iter(changes)),
)
def test_runs_that_are_not_compared_by_their_format_are_not_counted(changes):
    other = {"source": "third", "target": "a", "evaluation_precision": OLD}
    apart = [row | other | changes | {"key": f"third{row['key']}"} for row in CLEAR[:3]]
    assert said([*of({"good": NEW, "bad": NEW}), *apart]) == []


def test_only_the_run_that_is_chosen_among_the_points_of_a_grid_is_counted():
    worse = [row | {"point": "q", "key": f"q{row['key']}", "val_loss": 9.0, "evaluation_precision": OLD} for row in CLEAR]
    rows = [*of({"good": NEW, "bad": NEW}), *worse]
    assert said([row | {"subsample.train": "None"} for row in rows]) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("groups", "unit"), [("patient", "patient"), ("lesion", "lesion"), ("image", "image"), ("None", "image")]
)
@pytest.mark.parametrize("count", [3, 19, 20])
def test_a_test_set_of_few_patients_or_images_is_noted(groups, unit, count):
    def images(name, metric, of):
        return np.random.default_rng(0).normal(0, 0.001, (count, len(of))), None

    rows = [row | {"groups": groups if row["target"] == "a" else "eye"} for row in CLEAR]
    notes = [note for note in board(rows, judging=Judging(images=images)).notes if "the test set has only" in note]
    said = (
        f"a: the test set has only {count} {unit}s (20 are needed): intervals, ties and a winner say little about other {unit}s"
    )
    assert (said in notes) == (count < 20)
    assert len(notes) == (2 if count < 20 else 0)
    assert [note for note in board(rows).notes if "the test set" in note] == []  # nothing is known of the images
