"""Quantiles, tails and ranks are those of scipy.stats, to the last bit."""

import numpy as np
import pytest
from scipy import stats

from results.statistics.distributions import chi2_quantile, normal_quantile, normal_tail, row_ranks, t_quantile, t_tail

P = np.linspace(0.001, 0.999, 37)
VALUES = np.concatenate([np.linspace(-9, 9, 37), [np.inf, -np.inf, np.nan]])
FREEDOM = np.array([0.5, 1, 2, 3.7, 30, 1e6, np.inf, 0, -1, np.nan])[:, None]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (t_quantile(P, FREEDOM), stats.t.ppf(P, FREEDOM)),
        (t_tail(VALUES, FREEDOM), stats.t.sf(VALUES, FREEDOM)),
        (normal_quantile(P), stats.norm.ppf(P)),
        (normal_tail(VALUES), stats.norm.sf(VALUES)),
        (chi2_quantile(P, FREEDOM[:6]), stats.chi2.ppf(P, FREEDOM[:6])),
    ],
    ids=["t_quantile", "t_tail", "normal_quantile", "normal_tail", "chi2_quantile"],
)
def test_it_is_that_of_scipy(ours, theirs):
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(50, 7), (40,), (1, 1), (0, 3)])
def test_ranks_are_those_of_scipy(shape, kind):
    values = np.round(np.random.default_rng(1).standard_normal(shape), 1).astype(kind)  # many are equal
    ranks = row_ranks(values)
    assert ranks.shape == shape
    np.testing.assert_array_equal(ranks, stats.rankdata(values, axis=-1) if values.size else np.empty(shape))


def test_what_is_not_known_has_no_rank():
    values = np.array([[0.3, np.nan, 0.1, 0.3], [np.nan] * 4, [np.inf, -np.inf, -0.0, 0.0]])
    np.testing.assert_array_equal(row_ranks(values)[:2], [[2.5, np.nan, 1, 2.5], [np.nan] * 4])
    np.testing.assert_array_equal(row_ranks(values)[2], [4, 1, 2.5, 2.5])
