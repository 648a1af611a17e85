import numpy as np
import pytest

from benchmark.specs.needs import Undefined
from similarity.vendi import resampled, vendi
from tests.support.drawn import draws


@pytest.mark.parametrize("dims", [5, 9])
def test_five_images_at_right_angles_are_five(dims):
    assert vendi(np.eye(dims)[:5] * np.arange(1, 6)[:, None]) == pytest.approx(5, rel=1e-12)


def test_images_of_one_direction_are_one():
    assert vendi(np.outer(np.arange(1.0, 8), [1, 2, 3])) == pytest.approx(1, abs=1e-9)


def test_groups_count_by_their_shares():
    rows = np.eye(3)[[0, 0, 0, 1, 1, 2]]
    shares = np.array([3, 2, 1]) / 6
    assert vendi(rows) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-12)


@pytest.mark.parametrize(("count", "dims"), [(40, 5), (8, 30)])
def test_it_is_the_entropy_of_the_cosines_on_either_side_of_m_below_e(count, dims):
    rows = np.random.default_rng(0).standard_normal((count, dims)) + 1
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / count)
    values = values[values > 1e-12]
    assert vendi(rows) == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-8)


@pytest.mark.parametrize(("count", "dims"), [(300, 4), (300, 40)])
def test_the_interval_is_as_wide_as_resamples_one_by_one_where_images_are_many(count, dims):
    rows = np.random.default_rng(0).standard_normal((count, dims)) * np.geomspace(1, 0.01, dims) + 0.5
    drawn = draws(np.arange(2), 300, count)
    one_by_one = [vendi(rows[others]) for others in drawn.source]
    assert resampled(drawn, rows).std() == pytest.approx(np.std(one_by_one), rel=0.2)


def test_subsets_agree_in_both_forms():
    rows = np.random.default_rng(0).standard_normal((20, 30)) @ np.diag(np.arange(30) < 6)
    drawn = draws(np.arange(2), 5, 20)
    np.testing.assert_allclose(resampled(drawn, rows), resampled(drawn, rows[:, :6]), rtol=1e-9)


def test_an_image_without_direction_is_undefined():
    with pytest.raises(Undefined, match="has no direction"):
        vendi(np.array([[0.0, 0], [1, 1], [2, 1]]))
