import numpy as np
import pytest
from scipy.spatial.distance import cdist

from similarity import ids as module
from similarity.ids import ids, resampled
from tests.support.drawn import draws


def sides(dims=7):
    rng = np.random.default_rng(0)
    return rng.standard_normal((45, dims)), rng.standard_normal((60, dims)) + 0.3


@pytest.mark.parametrize("dims", [7, 200])
def test_it_is_the_mean_of_the_smallest_distances(dims, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 10)
    target, source = sides(dims)
    assert ids(target, source) == pytest.approx(-cdist(target, source).min(axis=1).mean(), rel=1e-12)


def test_a_source_that_holds_the_target_is_at_no_distance():
    target, source = sides()
    assert ids(target, np.concatenate([source, target])) == pytest.approx(0, abs=1e-12)
    assert ids(target + 1e6, np.concatenate([source, target]) + 1e6) == pytest.approx(0, abs=1e-9)


def test_resamples_at_once_are_resamples_one_by_one():
    target, source = sides()
    drawn = draws(np.arange(45) % 3, 20, 60)
    one_by_one = [ids(target[rows], source[others]) for rows, others in zip(drawn.target, drawn.source, strict=True)]
    np.testing.assert_allclose(resampled(drawn, target, source), one_by_one, rtol=1e-12)
