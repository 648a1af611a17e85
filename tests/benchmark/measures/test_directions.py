"""Measures whose intervals are too wide where images vary in many directions say so there."""

import numpy as np
import pytest

from benchmark.measures.directions import directions
from benchmark.specs import catalogue
from tests.support.drawn import draws


def test_a_sphere_has_its_dimensions_and_a_line_one():
    rng = np.random.default_rng(0)
    assert directions(rng.standard_normal((20_000, 12))) == pytest.approx(12, rel=0.01)
    assert directions(rng.standard_normal((50, 1)) @ rng.standard_normal((1, 30))) == pytest.approx(1)
    assert directions(rng.standard_normal((60, 5_000))) == pytest.approx(59, rel=0.02)
    assert directions(np.ones((5, 3))) == 1


@pytest.mark.parametrize("name", ["fid", "emd", "otdd", "logme", "gbc", "disco", "face", "tmi"])
def test_many_directions_leave_the_score_and_take_the_interval(name):
    asked, labels = catalogue.measure(name), np.arange(60) % 3
    for widths, many in ((np.ones(90), True), (0.8 ** np.arange(90), False)):
        rows = np.random.default_rng(1).standard_normal((60, 90)) * widths
        rows[:, :3] += np.eye(3)[labels]
        every = {"features": rows, "neutral": rows, "source_neutral": rows[::-1] + 1, "labels": labels, "source_labels": labels}
        said = asked.score({need: every[need] for need in asked.needs}, draws(labels, 10, of_source=60))
        assert np.isfinite(said.value)
        assert (said.low is None) == many
        assert not many or said.reason.startswith("no interval: 60 images vary in ")
