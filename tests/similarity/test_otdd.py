import numpy as np
import ot
import pytest

from benchmark.measures.resampling import multiplicities
from benchmark.measures.transport import exact_transport
from benchmark.specs.needs import Undefined
from similarity.otdd import otdd, potentials, resampled
from tests.support.drawn import blobs, draws


def bures(one, other):
    """W2^2 of two Gaussians by matrix square roots."""
    cov, there = np.cov(one.T), np.cov(other.T)
    values, axes = np.linalg.eigh(cov)
    root = axes * np.sqrt(np.where(values > 1e-10, values, 0)) @ axes.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ there @ root), 0)).sum()
    return ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum() + np.trace(cov + there) - 2 * cross


def ground(target, labels, source, source_labels):
    """A pair at a time."""
    cost = np.empty((len(target), len(source)))
    for i, x in enumerate(target):
        for j, y in enumerate(source):
            cost[i, j] = ((x - y) ** 2).sum()
    for c in np.unique(labels):
        for d in np.unique(source_labels):
            cost[np.ix_(labels == c, source_labels == d)] += bures(target[labels == c], source[source_labels == d])
    return cost


@pytest.mark.parametrize("dims", [3, 30])
def test_it_is_transport_over_images_and_gaussian_classes(dims):
    target, labels = blobs(18, dims, 2)
    source, source_labels = blobs(24, dims, 3, seed=1)
    expected = ot.emd2(ot.unif(18), ot.unif(24), ground(target, labels, source, source_labels))
    assert otdd(target, labels, source, source_labels) == pytest.approx(-expected, rel=1e-5)


@pytest.mark.parametrize("entropy", [0.0, 0.1])
@pytest.mark.parametrize("dims", [3, 60])
def test_a_data_set_is_no_distance_from_itself(dims, entropy):
    rows, labels = blobs(40, dims, 3)
    assert otdd(rows, labels, rows, 2 - labels, entropy=entropy) == pytest.approx(0, abs=1e-7)


def test_potentials_are_those_of_entropic_transport():
    cost = ground(*blobs(20, 5, 2), *blobs(24, 5, 3, seed=1))
    done = ot.solve(cost, reg=0.2 * cost.mean(), reg_type="KL", max_iter=10_000, tol=1e-12)
    one, other = potentials(cost, 0.2 * cost.mean())
    assert one.mean() + other.mean() == pytest.approx(done.value, rel=1e-6)


@pytest.mark.slow
def test_entropy_far_too_small_is_undefined():
    target, labels = blobs(20, 5, 2)
    source, source_labels = blobs(24, 5, 3, seed=1)
    with pytest.raises(Undefined, match="did not settle"):
        otdd(target, labels, source, source_labels, entropy=1e-7)


def test_classes_count_beside_the_images():
    rows, labels = blobs(40, 4, 2, apart=4.0)
    other = np.arange(40) // 2 % 2  # classes that mix what the target keeps apart
    assert otdd(rows, labels, rows, other) < -1


def test_the_sub_sample_keeps_every_class_and_follows_no_order():
    target, labels = blobs(60, 5, 3)
    labels[:2] = 3, 4  # one image each
    source, source_labels = blobs(70, 5, 2, seed=1)
    turned = np.random.default_rng(0).permutation(60)
    few = otdd(target, labels, source, source_labels, most=15)
    assert otdd(target[turned], 9 - labels[turned], source, source_labels, most=15) == pytest.approx(few, rel=1e-9)


@pytest.mark.parametrize("entropy", [0.0, 0.1])
def test_prices_give_the_score_back_and_bound_the_cost_of_a_resample(entropy):
    target, labels = blobs(30, 5, 2)
    source, source_labels = blobs(40, 5, 3, seed=1)
    once = draws(labels, 1, 40)
    once.target[0], once.source[0] = np.arange(30), np.arange(40)
    found = resampled(once, target, labels, source, source_labels, entropy=entropy)[0]
    assert found == pytest.approx(otdd(target, labels, source, source_labels, entropy=entropy), rel=1e-6)
    if entropy == 0:
        drawn = draws(labels, 10, 40)
        cost = ground(target, labels, source, source_labels)
        plan = exact_transport(cost, np.arange(30), np.arange(40))
        weights = multiplicities(drawn.target, 30), multiplicities(drawn.source, 40)
        for number, bound in enumerate(plan.cost_at(*weights)):
            assert bound <= ot.emd2(weights[0][number] / 30, weights[1][number] / 40, cost) + 1e-6
