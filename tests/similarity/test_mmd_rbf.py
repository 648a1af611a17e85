import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Undefined
from similarity.mmd_rbf import mmd_rbf, resampled
from tests.support.drawn import draws
from tests.support.measures import by_pairs, sides


@pytest.mark.slow
@pytest.mark.parametrize("dims", [6, 200])
def test_it_is_the_mean_over_pairs_at_the_median_distance(dims):
    target, source = sides(20, 25, dims, 0.5)
    pooled = np.concatenate([target, source])
    sigma = np.sqrt(np.median([((x - y) ** 2).sum() for i, x in enumerate(pooled) for y in pooled[:i]]))

    def kernel(x, y):
        return rbf_kernel(x[None], y[None], gamma=1 / (2 * sigma**2))[0, 0]

    assert mmd_rbf(target, source) == pytest.approx(-by_pairs(target, source, kernel), rel=1e-10)
    assert mmd_rbf(target, source, sigma=sigma) == pytest.approx(mmd_rbf(target, source), rel=1e-10)


def test_two_samples_of_one_distribution_score_0_on_average():
    found = [mmd_rbf(*sides(seed=seed)) for seed in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(300)


def test_resamples_of_one_distribution_score_0_on_average():
    found = []
    for seed in range(200):
        target, source = sides(seed=seed)
        drawn = draws(np.zeros(30, dtype=int), 10, 40, seed)
        found.append(resampled(drawn, target, source).mean())
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(200)


def test_a_resample_leaves_out_the_pairs_of_an_image_with_itself():
    target, source = sides(8, 9, apart=1.0)
    drawn = draws(np.zeros(8, dtype=int), 3, 9)
    sigma = 2.0
    for number, found in enumerate(resampled(drawn, target, source, sigma=sigma)):
        rows, others = drawn.target[number], drawn.source[number]

        def mean(x, y, a, b, alike):
            kernel = rbf_kernel(x[a], y[b], gamma=1 / (2 * sigma**2))
            return kernel[a[:, None] != b].mean() if alike else kernel.mean()

        expected = mean(target, target, rows, rows, True) + mean(source, source, others, others, True)
        assert found == pytest.approx(-(expected - 2 * mean(target, source, rows, others, False)), rel=1e-9)


def test_a_resample_of_one_image_is_undefined():
    target, source = sides(4, 5)
    drawn = Draws(np.zeros((1, 4), dtype=int), np.arange(5)[None])
    assert np.isnan(resampled(drawn, target, source)).all()


def test_further_apart_is_worse_and_far_from_0_is_no_matter():
    near, far = mmd_rbf(*sides(apart=0.5)), mmd_rbf(*sides(apart=2.0))
    assert far < near < 0
    target, source = sides(apart=0.5)
    assert mmd_rbf(target + 1e4, source + 1e4) == pytest.approx(near, rel=1e-6)


def test_the_sub_sample_follows_the_images_and_not_their_order():
    target, source = sides(60, 70)
    turned = np.random.default_rng(1).permutation(60)
    assert mmd_rbf(target[turned], source, most=20) == pytest.approx(mmd_rbf(target, source, most=20), rel=1e-12)
    assert mmd_rbf(target, source, most=20, seed=1) != mmd_rbf(target, source, most=20)


def test_mostly_one_image_is_undefined():
    target, source = sides(20, 20)
    target[1:], source[:] = target[0], target[0]
    target[1], source[0] = 2, 1
    with pytest.raises(Undefined, match="more than half of the images are the same"):
        mmd_rbf(target, source)
