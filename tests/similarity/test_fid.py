import numpy as np
import pytest

from similarity.fid import fid, resampled
from tests.support.drawn import draws


def drawn_with(mean, deviations, count=200, seed=0):
    """Images whose mean and covariance are exactly as asked."""
    rows = np.random.default_rng(seed).standard_normal((count, len(deviations)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return rows * deviations + mean


def test_two_gaussians_with_common_axes_in_closed_form():
    one, other = np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.5, 3.0])
    expected = (1.0**2 + 4.0**2 + 0) + ((one - other) ** 2).sum()  # |m1 - m2|^2 + |d1 - d2|^2
    found = fid(drawn_with([0, 0, 1], one), drawn_with([1, 4, 1], other, 150, 1))
    assert found == pytest.approx(-expected, rel=1e-10)


@pytest.mark.parametrize(("count", "of_source"), [(50, 60), (50, 8), (7, 60), (7, 9)])
def test_it_is_the_matrix_square_root_on_either_side_of_n_below_e(count, of_source):
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((12, 12))
    target, source = rng.standard_normal((count, 12)) @ mix, rng.standard_normal((of_source, 12)) + 1
    cov, source_cov = np.cov(target.T), np.cov(source.T)
    # Of eigenvalues: Schur's method, which scipy's sqrtm has, is off by 1e-5 for the singular covariance of 7 images.
    variances, axes = np.linalg.eigh(cov)
    root = axes * np.sqrt(np.maximum(variances, 0)) @ axes.T
    assert root @ root == pytest.approx(cov, rel=1e-9, abs=1e-9)
    values = np.linalg.eigvalsh(root @ source_cov @ root)
    apart = target.mean(axis=0) - source.mean(axis=0)
    expected = apart @ apart + np.trace(cov + source_cov) - 2 * np.sqrt(np.maximum(values, 0)).sum()
    assert fid(target, source) == pytest.approx(-expected, rel=1e-7)


@pytest.mark.parametrize("count", [40, 6])
def test_a_set_is_no_distance_from_itself(count):
    rows = np.random.default_rng(0).standard_normal((count, 10))
    assert fid(rows, rows[::-1]) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("dims", [4, 60])
def test_influences_are_the_slope_of_the_score_in_the_weight_of_an_image(dims):
    rng = np.random.default_rng(0)
    widths = np.arange(1, dims + 1) ** -0.7  # of a sphere of more dimensions than images there is no interval
    target, source = widths * rng.standard_normal((30, dims)) * 2 + 1, widths * rng.standard_normal((40, dims))

    def weighted(rows, image, more):
        """Mean and root of the covariance with `more` weight on one image, taken from all in equal parts."""
        weights = np.ones(len(rows)) - more / len(rows)
        weights[image] += more
        middle = weights @ rows / len(rows)
        return middle, (rows - middle) * np.sqrt(weights / (len(rows) - 1))[:, None]

    def score(one, other):
        (middle, rows), (there, others) = one, other
        apart = middle - there
        nuclear = np.linalg.svd(rows @ others.T, compute_uv=False).sum()
        return -(apart @ apart + (rows**2).sum() + (others**2).sum() - 2 * nuclear)

    plain, there, step = weighted(target, 0, 0), weighted(source, 0, 0), 1e-4
    every = draws(np.zeros(30, dtype=int), 1, 40)
    every.target[0], every.source[0] = np.arange(30), np.arange(40)
    for image in (0, 7):
        twice = draws(np.zeros(30, dtype=int), 1, 40)  # the image once more, in place of the last
        twice.target[0], twice.source[0] = np.arange(30), np.arange(40)
        twice.target[0, 29] = image
        moved = resampled(twice, target, source)[0] - resampled(every, target, source)[0]
        slopes = [
            (score(weighted(target, one, step), there) - score(weighted(target, one, -step), there)) / (2 * step)
            for one in (image, 29)
        ]
        assert moved == pytest.approx(slopes[0] - slopes[1], rel=1e-4)
        twice.target[0], twice.source[0, 39] = np.arange(30), image
        moved = resampled(twice, target, source)[0] - resampled(every, target, source)[0]
        slopes = [
            (score(plain, weighted(source, one, step)) - score(plain, weighted(source, one, -step))) / (2 * step)
            for one in (image, 39)
        ]
        assert moved == pytest.approx(slopes[0] - slopes[1], rel=1e-4)
    assert resampled(every, target, source)[0] == pytest.approx(fid(target, source), rel=1e-10)


def test_the_interval_is_as_wide_as_resamples_one_by_one_where_images_are_many():
    rng = np.random.default_rng(0)
    target, source = rng.standard_normal((400, 3)) * 2, rng.standard_normal((500, 3)) + 1
    drawn = draws(np.zeros(400, dtype=int), 200, 500)
    one_by_one = [fid(target[rows], source[others]) for rows, others in zip(drawn.target, drawn.source, strict=True)]
    np.testing.assert_allclose(resampled(drawn, target, source).std(), np.std(one_by_one), rtol=0.05)


@pytest.mark.parametrize("spread", [1.0, 1e-9, 0.0])
def test_many_images_of_features_that_hardly_vary_keep_their_digits(spread):
    rng = np.random.default_rng(0)
    target, source = rng.standard_normal((300, 9)) * 2 + 1, rng.standard_normal((200, 9))
    target[:, 3] = spread * target[:, 3]  # the Cholesky root of its covariance would lose digits
    source[:, 5] = source[:, 4] + spread * source[:, 5]
    roots = [(rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in (target, source)]
    apart = target.mean(axis=0) - source.mean(axis=0)
    nuclear = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    expected = apart @ apart + sum((root**2).sum() for root in roots) - 2 * nuclear
    assert fid(target, source) == pytest.approx(-expected, rel=1e-12)
