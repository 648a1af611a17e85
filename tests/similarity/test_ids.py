import sys

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from similarity.ids import ids, resampled
from tests.support.drawn import draws

module = sys.modules["similarity.ids"]


def sides(dims=7):
    rng = np.random.default_rng(0)
    return rng.standard_normal((45, dims)), rng.standard_normal((60, dims)) + 0.3


@pytest.mark.parametrize("dims", [7, 200])
def test_it_is_the_mean_of_the_smallest_distances(dims, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 600)
    target, source = sides(dims)
    assert ids(target, source) == pytest.approx(-cdist(target, source).min(axis=1).mean(), rel=1e-12)


def test_a_source_that_holds_the_target_is_at_no_distance():
    target, source = sides()
    assert ids(target, np.concatenate([source, target])) == pytest.approx(0, abs=1e-12)
    assert ids(target + 1e6, np.concatenate([source, target]) + 1e6) == pytest.approx(0, abs=1e-9)


def test_a_resample_draws_target_images_and_leaves_source_images_out_as_a_jackknife_does():
    target, source = sides()
    drawn = draws(np.zeros(45, dtype=int), 3, 60)
    drawn.target[0], drawn.source[0] = np.arange(45), np.arange(60)
    left_out, distances = (59 / 60) ** 60, cdist(target, source)
    first = distances.min(axis=1)
    expected = [
        -first[rows].mean() - np.sqrt(1 / left_out - 1) * (distances[:, np.unique(others)].min(axis=1) - first).mean()
        for rows, others in zip(drawn.target, drawn.source, strict=True)
    ]
    np.testing.assert_allclose(resampled(drawn, target, source, most=2000, seed=0), expected, rtol=1e-10)
    assert expected[0] == pytest.approx(ids(target, source), rel=1e-12)


@pytest.mark.slow
def test_its_interval_holds_the_mean_over_fresh_images():
    """With resamples of the source it was .80 to .89 as wide."""
    values, spreads = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        target, source = rng.standard_normal((150, 20)), rng.standard_normal((150, 20)) * 1.3 + 0.3
        values.append(ids(target, source))
        drawn = draws(np.zeros(150, dtype=int), 50, 150, seed=seed)
        spreads.append(resampled(drawn, target, source, most=2000, seed=0).std())
    covered = np.abs(np.array(values) - np.mean(values)) < 1.96 * np.array(spreads)
    assert covered.mean() > 0.91
    assert 0.85 < np.mean(spreads) / np.std(values) < 1.2


def test_of_many_target_images_a_sample_is_looked_at_beside_all_of_the_source():
    target, source = sides()
    every = cdist(target, source).min(axis=1)
    found = -ids(target, source, most=20)
    assert found == pytest.approx(every.mean(), abs=4 * every.std() / np.sqrt(20))
    turned = np.random.default_rng(1).permutation(45)
    assert found == pytest.approx(-ids(target[turned], source, most=20), rel=1e-12)
    spread = resampled(draws(np.zeros(45, dtype=int), 300, 60), target, source, most=20, seed=0).std()
    assert spread > 0.8 * every.std() / np.sqrt(20)


def test_one_source_image_that_is_nearest_to_most_of_the_target_leaves_no_interval():
    target, source = sides()
    said = ids.score({"neutral": target, "source_neutral": np.r_[source[:1] * 0, source + 9]}, draws(np.zeros(45, int), 9, 61))
    assert (said.value < 0, said.low) == (True, None)
    assert (
        said.reason == "no interval: one source image is the nearest to 100% of the target, and whole new sources differ more"
    )
