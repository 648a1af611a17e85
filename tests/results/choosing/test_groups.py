"""Replicates of settings, and distances between settings."""

import numpy as np
import pytest

from results.choosing.groups import distances_of, groups_of, rate_of
from results.choosing.prior import Setting
from tests.results.choosing.matrices import settings_of


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        ({"lr": "0.01", "momentum": "0.9"}, 0.1), ({"lr": "0.01"}, 0.01), ({"learning_rate": "1e-3", "momentum": "0"}, 1e-3),
        ({"lr": "0"}, None), ({"lr": "fast"}, None), ({"lr": "0.1", "momentum": "1"}, None), ({}, None), ({"lr": "nan"}, None),
    ],
)  # fmt: skip
def test_the_rate_is_the_learning_rate_over_what_momentum_leaves(values, rate):
    assert rate_of(Setting.of(values)) == (None if rate is None else pytest.approx(rate))


def test_settings_are_replicates_where_the_decay_is_too_small_to_matter():
    made = settings_of(
        {"lr": "0.1", "momentum": "0", "weight_decay": "0"},
        {"lr": "0.1", "momentum": "0", "weight_decay": "0.001"},  # .1 × .001 = 1e-4 is negligible
        {"lr": "0.1", "momentum": "0.9", "weight_decay": "0.001"},  # 1 × .001 is not
        {"lr": "0.1", "momentum": "0.9", "weight_decay": "0.0001"},
        {"lr": "0.1", "momentum": "0.9", "weight_decay": "0"},
        {"lr": "0.01", "momentum": "0", "weight_decay": "0"},
    )
    assert groups_of(made).tolist() == [0, 0, 1, 2, 2, 3]


def test_settings_of_other_columns_are_no_replicates():
    assert groups_of(settings_of({"depth": "1", "weight_decay": "0"}, {"depth": "1", "weight_decay": "1e-9"})).tolist() == [
        0,
        1,
    ]


def test_distances_are_decades_of_the_rate_and_places_of_other_numbers():
    made = settings_of({"lr": "0.1", "size": "32"}, {"lr": "0.001", "size": "32"}, {"lr": "0.1", "size": "224"})
    assert np.allclose(distances_of(made), [[0, 4, 1], [4, 0, 5], [1, 5, 0]])
    words = settings_of({"loss": "a"}, {"loss": "b"}, {"loss": "a"})
    assert distances_of(words).tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
