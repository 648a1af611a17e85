"""Round numbers along an axis."""

import numpy as np
import pytest

from results.text.ticks import ticks

MOST = 6


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (1, 5, ["1", "2", "3", "4", "5"]),
        (1, 15, ["5", "10", "15"]),
        (0.33, 0.98, ["0.4", "0.6", "0.8"]),
        (-1, 1, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        (0.8991, 0.9012, ["0.8995", "0.9000", "0.9005", "0.9010"]),
        (3, 3, ["3"]),
        (0, 1e299, ["0", "2e+298", "4e+298", "6e+298", "8e+298", "1e+299"]),
        (0, 4e-12, ["0", "1e-12", "2e-12", "3e-12", "4e-12"]),
        (-1.7e308, 1.7e308, []),
        (0, 5e-324, ["0"]),
    ],
)
def test_ticks_are_round_numbers_between_the_ends(low, high, wanted):
    assert [text for _, text in ticks(low, high, MOST)] == wanted


def test_ticks_are_few_and_on_the_axis_whatever_the_ends():
    rng = np.random.default_rng(0)
    scales, parts = 10.0 ** rng.integers(-6, 6, 200), 10.0 ** rng.uniform(-4, 2, 200)
    for low, width in zip(scales * rng.normal(size=200), scales * parts, strict=True):
        made = ticks(low, low + width, MOST)
        assert 2 <= len(made) <= MOST
        assert all(low - 1e-9 * width <= place <= low + width * (1 + 1e-9) for place, _ in made)
        assert all(float(text) == pytest.approx(place, abs=1e-6 * width) for place, text in made)
