"""What runs of other targets are, and which of them must not speak for a target."""

import numpy as np
import pytest

from results.choosing.prior import Prior, known_mean
from tests.results.choosing.matrices import matrix_of, settings_of

NAN = float("nan")


def prior_of(score, **how):
    return matrix_of(score, **how).prior()


def test_the_mean_over_seeds_leaves_out_what_is_not_known():
    prior = prior_of(np.array([[[[0.9, 0.7, NAN]]]]))
    assert prior.score.tolist() == [[[pytest.approx(0.8)]]]


def test_a_target_and_its_family_leave_the_prior():
    prior = prior_of(np.full((4, 2, 1), 0.5), family={"t0": "organ", "t2": "organ", "t3": "chest"})
    assert prior.without("t0").targets == ("t1", "t3")
    assert prior.without("t1").targets == ("t0", "t2", "t3")
    assert prior.without("elsewhere").targets == prior.targets
    assert prior.without("elsewhere", "organ").targets == ("t1", "t3")
    assert Prior.empty().without("t0").targets == ()


def test_columns_of_places_are_averaged_away():
    settings = settings_of({"batch": "#1", "lr": "1"}, {"batch": "#2", "lr": "1"}, {"batch": "#1", "lr": "2"})
    prior = prior_of([[[0.9, 0.7, 0.5]]], settings=settings).portable()
    assert [setting.name for setting in prior.settings] == ["lr=1", "lr=2"]
    assert prior.score[0, 0] == pytest.approx([0.8, 0.5])
    assert prior.portable() is prior


@pytest.mark.parametrize(
    ("target", "family", "left"),
    [
        ("blood", None, ("busi", "breast", "breast[size=64]")),  # with any options it holds the same images
        ("blood[size=64]", None, ("busi", "breast", "breast[size=64]")),
        ("blood[size=128]", "haematology", ("busi", "breast", "breast[size=64]")),
        ("breast[size=64]", None, ("blood", "blood[size=64]")),
        ("breast[size=128]", None, ("blood", "blood[size=64]")),
        ("busi", "busi", ("blood", "blood[size=64]")),  # a family has the name of its data set
        ("busi[size=64]", None, ("blood", "blood[size=64]")),
        ("elsewhere", "busi", ("blood", "blood[size=64]")),
        ("elsewhere", None, ("blood", "blood[size=64]", "busi", "breast", "breast[size=64]")),
    ],
)
def test_no_options_and_no_other_name_make_a_target_another_one(target, family, left):
    targets = ("blood", "blood[size=64]", "busi", "breast", "breast[size=64]")
    prior = prior_of(np.full((5, 2, 1), 0.5), targets=targets, family={"breast": "busi"})
    assert prior.without(target, family).targets == left


def test_options_are_no_family_of_their_own():
    prior = prior_of(
        np.full((4, 2, 1), 0.5), targets=("blood", "blood[size=64]", "breast[size=64]", "busi"), family={"breast": "busi"}
    )
    assert prior.families() == 2


def test_a_mean_of_nothing_is_not_known_and_warns_of_nothing():
    assert np.array_equal(known_mean(np.array([[1.0, NAN], [3.0, NAN]]), 0), [2.0, NAN], equal_nan=True)
