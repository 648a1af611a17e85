import numpy as np
import ot
import pytest

from benchmark.measures.sorted_transport import rank_coupling, sorted_transport
from benchmark.specs.needs import Undefined
from similarity.s_otdd import _numbers, s_otdd
from tests.support.drawn import blobs, draws


def data(count=40, of_source=55, apart=1.0):
    target, source = blobs(count, 5, 3, apart, seed=1), blobs(of_source, 5, 4, apart, seed=2)
    return target[0], target[1], source[0], source[1]


@pytest.mark.parametrize(("count", "others"), [(30, 30), (30, 47), (8, 5)])
def test_sorted_numbers_are_transported_at_the_least_cost(count, others):
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((count, 3)), rng.standard_normal((others, 3)) * 2 + 1
    cost = sorted_transport(one, other, rank_coupling(count, others))
    expected = [ot.emd2([], [], (one[:, [k]] - other[:, k]) ** 2) for k in range(3)]
    np.testing.assert_allclose(cost, expected, rtol=1e-9)


def test_a_number_is_the_projection_plus_the_moments_of_the_class():
    rng = np.random.default_rng(0)
    along, labels = rng.standard_normal((12, 1)), np.arange(12) % 3
    inner, powers, scale = np.array([[0.5, 0.3, -0.8]]), np.array([[1.0, 3.0]]), np.array([[1.0, 6.0]])
    found = _numbers(along, labels, inner, powers, scale)
    for i in range(12):
        own = along[labels == labels[i], 0]
        assert found[i, 0] == pytest.approx(0.5 * along[i, 0] + 0.3 * own.mean() - 0.8 * (own**3).mean() / 6)


def test_equal_data_sets_have_no_distance_and_labels_matter():
    rows, labels, _, _ = data()
    assert s_otdd(rows, labels, rows[::-1].copy(), labels[::-1].copy()) == pytest.approx(0, abs=1e-7)
    assert s_otdd(rows, labels, rows, np.random.default_rng(0).permutation(labels)) < -0.02


def test_the_farther_the_source_the_lower_the_score_in_any_unit():
    rows, labels, source, source_labels = data()
    near, far = (s_otdd(rows, labels, source + shift, source_labels) for shift in (0, 3))
    assert far < near
    scaled = s_otdd(rows * 20 + 5, labels, source * 20 + 5, source_labels)
    assert scaled == pytest.approx(near, rel=1e-9)


def test_more_projections_agree_with_fewer_within_their_sampling_error():
    few, many = (s_otdd(*data(), projections=number) for number in (500, 4000))
    assert few == pytest.approx(many, rel=0.1)
    with pytest.raises(Undefined, match="projections is 0 and moments is 8; both must be 1 or more"):
        s_otdd(*data(), projections=0)


def test_there_is_no_interval_but_the_reason():
    rows, labels, source, source_labels = data()
    given = {"neutral": rows, "labels": labels, "source_neutral": source, "source_labels": source_labels}
    said = s_otdd.score(given, draws(labels, 5, of_source=55))
    assert (said.value, said.low) == (s_otdd(*data()), None)
    assert said.reason.startswith("no interval: what an image changes to first order spreads up to 1.4 times as widely")
