import numpy as np
import ot
import pytest

from benchmark.specs.needs import Undefined
from similarity.emd import emd, resampled
from tests.support.drawn import blobs, draws


def test_two_classes_onto_two_by_hand():
    # Means 0 (3 images) and 10 (1 image) against 1 and 7 (1 image each), on a line: 1/2 goes 1 far, 1/4 goes 7, 1/4 goes 3.
    target, source = np.array([[-1.0], [0], [1], [10]]), np.array([[1.0], [7.0]])
    by_hand = 0.5 * 1 + 0.25 * 7 + 0.25 * 3
    assert emd(target, np.array([4, 4, 4, 9]), source, np.array([0, 1])) == pytest.approx(-by_hand, rel=1e-12)
    half = emd(target, np.array([4, 4, 4, 9]), source, np.array([0, 1]), gamma=0.01)
    assert half == pytest.approx(np.exp(-0.01 * by_hand), rel=1e-12)


@pytest.mark.parametrize("dims", [5, 200])
def test_it_is_transport_between_class_means(dims):
    target, labels = blobs(40, dims, 3)
    source, source_labels = blobs(50, dims, 4, seed=1)
    means = np.stack([target[labels == c].mean(axis=0) for c in range(3)])
    others = np.stack([source[source_labels == c].mean(axis=0) for c in range(4)])
    cost = np.linalg.norm(means[:, None] - others, axis=2)
    expected = ot.emd2(np.bincount(labels) / 40, np.bincount(source_labels) / 50, cost)
    assert emd(target, labels, source, source_labels) == pytest.approx(-expected, rel=1e-10)


def test_the_same_classes_in_the_same_shares_cost_nothing():
    rows, labels = blobs(30, 6, 3)
    assert emd(rows, labels, rows[::-1], 7 - labels[::-1]) == pytest.approx(0, abs=1e-12)


def test_resamples_at_once_are_resamples_one_by_one():
    target, labels = blobs(40, 6, 3)
    source, source_labels = blobs(50, 6, 4, seed=1)
    source_labels[0] = 4  # a class that many resamples do not hold
    drawn = draws(labels, 15, 50)
    one_by_one = [
        emd(target[rows], labels[rows], source[others], source_labels[others])
        for rows, others in zip(drawn.target, drawn.source, strict=True)
    ]
    np.testing.assert_allclose(resampled(drawn, target, labels, source, source_labels), one_by_one, rtol=1e-10)


def test_a_source_with_several_labels_per_image_has_no_classes():
    target, labels = blobs(12, 3, 2)
    with pytest.raises(Undefined, match="several labels per image"):
        emd(target, labels, target, np.eye(3, dtype=int)[labels])
