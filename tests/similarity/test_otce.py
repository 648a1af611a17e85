import numpy as np
import ot
import pytest

from benchmark.specs.needs import Undefined
from similarity.nce import nce
from similarity.otce import otce, resampled
from tests.support.drawn import blobs, draws


def coupled(source, target):
    cost = ((source[:, None] - target) ** 2).sum(axis=2)
    plan = ot.emd(ot.unif(len(source)), ot.unif(len(target)), cost)
    return plan, (plan * cost).sum()


@pytest.mark.parametrize("dims", [4, 90])
def test_its_parts_are_those_of_the_exact_coupling(dims):
    target, labels = blobs(30, dims, 3)
    source, source_labels = blobs(36, dims, 4, seed=1)
    plan, cost = coupled(source, target)
    joint = np.array([[plan[np.ix_(source_labels == z, labels == y)].sum() for y in range(3)] for z in range(4)])
    given = joint / joint.sum(axis=1, keepdims=True)
    expected = sum(p * np.log(g) for p, g in zip(joint.ravel(), given.ravel(), strict=True) if p > 0)
    assert otce(source, source_labels, target, labels) == pytest.approx(expected, rel=1e-9)
    assert otce(source, source_labels, target, labels, part="w") == pytest.approx(-cost, rel=1e-9)


def test_coupled_one_to_one_it_is_nce_of_the_partners_labels():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 6)) * 5
    labels, source_labels = rng.integers(0, 3, 40), rng.integers(0, 4, 40)
    found = otce(rows + 0.01, source_labels, rows, labels)
    assert found == pytest.approx(nce(np.eye(4)[source_labels], labels), rel=1e-9)


def test_the_cost_of_every_image_drawn_once_is_the_score_and_the_entropy_has_no_interval():
    rows = np.random.default_rng(0).standard_normal((20, 6)) * 5
    labels, source_labels = np.arange(20) % 3, np.arange(20) // 5
    drawn = draws(labels, 6, 20)
    drawn.target[0] = drawn.source[0] = np.arange(20)
    cost = resampled(drawn, rows + 0.01, source_labels, rows, labels, part="w")
    assert cost[0] == pytest.approx(otce(rows + 0.01, source_labels, rows, labels, part="w"), abs=1e-9)
    with pytest.raises(Undefined, match="chi-squared"):  # pairs of one coupling spread 2 to 5 times as fresh images do
        resampled(drawn, rows + 0.01, source_labels, rows, labels)


def test_there_are_two_parts():
    rows, labels = blobs(12, 3, 2)
    with pytest.raises(Undefined, match="no part 'both'; it has ce and w"):
        otce(rows, labels, rows, labels, part="both")
