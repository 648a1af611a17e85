import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from benchmark.measures.mmd import unbiased_mmd
from benchmark.measures.resampling import multiplicities
from benchmark.specs.needs import Undefined
from similarity.mmd_rbf import _kernels, mmd_rbf, resampled, through_sigma
from tests.support.drawn import draws
from tests.support.measures import by_pairs, sides


@pytest.mark.slow
@pytest.mark.parametrize("dims", [6, 200])
def test_it_is_the_mean_over_pairs_at_the_median_distance_of_the_target(dims):
    target, source = sides(20, 25, dims, 0.5)
    sigma = np.sqrt(np.median([((x - y) ** 2).sum() for i, x in enumerate(target) for y in target[:i]]))

    def kernel(x, y):
        return np.exp(-((x - y) ** 2).sum() / (2 * sigma**2))

    assert mmd_rbf(target, source) == pytest.approx(-by_pairs(target, source, kernel), rel=1e-10)
    assert mmd_rbf(target, source, sigma=sigma) == pytest.approx(mmd_rbf(target, source), rel=1e-10)


def test_the_more_unlike_source_is_never_ahead():
    """With the median over both sides the kernel widened with the source: -.240, -.152, -.146, -.153, the like one last."""
    rng = np.random.default_rng(0)
    target, noise = rng.standard_normal((500, 64)), rng.standard_normal((500, 64))
    found = [mmd_rbf(target, 1 + width * noise) for width in (1, 2, 4, 8)]
    assert found == sorted(found, reverse=True)
    assert found[0] - found[3] > 0.3


def test_how_many_images_the_source_has_does_not_move_the_score():
    """With the median over both sides, a source far away scored -0.84 with 500 images and -1.34 with 1,000."""
    rng = np.random.default_rng(0)
    target, source = rng.standard_normal((300, 16)), 4 + rng.standard_normal((600, 16))
    few, many = mmd_rbf(target, source[:200]), mmd_rbf(target, source)
    drawn = draws(np.zeros(300, dtype=int), 50, 200)
    assert few == pytest.approx(many, abs=2 * resampled(drawn, target, source[:200]).std())


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


def test_resamples_are_those_of_weighted_images_to_first_order():
    target, source = sides(300, 300, apart=2.0)
    drawn = draws(np.zeros(300, dtype=int), 100, 300)
    kernels = [rbf_kernel(x, y, gamma=1 / 32) for x, y in ((target, target), (source, source), (target, source))]
    weights = [multiplicities(rows, 300) for rows in (drawn.target, drawn.source)]
    alone, together = -unbiased_mmd(tuple(kernels), *weights), resampled(drawn, target, source, sigma=4.0)
    assert together.std() == pytest.approx(alone.std(), rel=0.1)
    assert np.corrcoef(together, alone)[0, 1] > 0.97


def test_an_image_changes_the_score_by_the_median_distance_too():
    """What leaving it out changes when the kernel has the median without it, and all images stay."""
    target, source = sides(200, 50, apart=2.0)
    squares = ((target[:, None] - target) ** 2).sum(axis=2)

    def sigma(rows):
        return float(np.sqrt(np.median(squares[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)])))

    every = np.arange(200)
    left_out = [mmd_rbf(target, source, sigma=sigma(np.delete(every, i))) for i in every]
    changes = mmd_rbf(target, source) - np.array(left_out)
    kernels, rows, _ = _kernels(target, source, None, 2000, 0)
    found, changes = through_sigma(kernels), changes[rows]
    assert np.corrcoef(found, changes)[0, 1] > 0.95
    assert found.std() == pytest.approx(changes.std(), rel=0.1)


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
    with pytest.raises(Undefined, match="more than half of the target's images are the same"):
        mmd_rbf(target, source)
