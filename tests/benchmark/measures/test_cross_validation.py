from itertools import permutations

import numpy as np
import pytest

from benchmark.measures.cross_validation import average, canonical, hits, stratified_folds, votes
from benchmark.specs.needs import Undefined
from tests.support.drawn import blobs, draws


def test_folds_hold_each_class_in_equal_parts():
    features, labels = blobs(count=60)
    fold = stratified_folds(features, labels, number=5, seed=0)
    assert (np.stack([np.bincount(fold[labels == label]) for label in range(3)]) == 4).all()


def test_equal_rows_share_a_fold_even_with_either_zero():
    features, labels = blobs(count=60)
    features = np.vstack([features, features, features])
    features[0, 0], features[60, 0], features[120, 0] = 0.0, -0.0, 0.0
    fold = stratified_folds(features, np.tile(labels, 3), number=5, seed=0)
    assert (fold[:60] == fold[60:120]).all()
    assert (fold[:60] == fold[120:]).all()


def test_folds_depend_on_neither_the_order_nor_the_numbers_of_the_classes_but_on_the_seed():
    features, labels = blobs(count=61)
    fold = stratified_folds(features, labels, number=5, seed=0)
    rows = np.random.default_rng(0).permutation(61)
    assert (stratified_folds(features[rows], labels[rows], number=5, seed=0) == fold[rows]).all()
    assert (stratified_folds(features, np.array([2, 0, 1])[labels], number=5, seed=0) == fold).all()
    assert not (stratified_folds(features, labels, number=5, seed=1) == fold).all()
    assert (features[rows][canonical(features[rows])] == features[canonical(features)]).all()


def test_too_little_to_hold_out_is_said():
    features, labels = blobs(count=60)
    with pytest.raises(Undefined, match="9 different images are too few for 5 folds"):
        stratified_folds(features[:9], labels[:9], number=5, seed=0)
    with pytest.raises(Undefined, match="1 fold holds nothing out"):
        stratified_folds(features, labels, number=1, seed=0)
    with pytest.raises(Undefined, match="one class is left"):
        stratified_folds(features, (np.arange(60) == 7).astype(int), number=5, seed=0)


def test_neighbours_as_far_as_the_last_share_its_vote():
    known, labels = np.array([[1.0], [-1.0], [2.0], [-2.0], [2.0]]), np.array([0, 0, 1, 1, 2])
    shares = votes(np.array([[0.0]]), known, labels, 3, classes=3)
    np.testing.assert_allclose(shares, [[2 / 3, 2 / 9, 1 / 9]])


def test_classes_that_tie_share_the_image():
    np.testing.assert_allclose(hits(np.array([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0, 1, 0]]), np.array([0, 2, 1])), [0.5, 0, 1])


def test_a_balanced_average_is_that_of_the_classes_also_of_draws():
    results, labels = np.array([1.0, 1, 1, 0]), np.array([0, 0, 0, 1])
    assert average(results, labels, balanced=False) == 0.75
    assert average(results, labels, balanced=True) == 0.5
    drawn = draws(labels, 3)
    np.testing.assert_allclose(average(results, labels, balanced=True, draws=drawn), 0.5)


@pytest.mark.parametrize("seed", range(8))
def test_equal_images_of_two_classes_leave_the_folds_as_they_are_under_other_names(seed):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((15, 4)).repeat(2, axis=0)
    labels = rng.integers(0, 3, 30)
    before = stratified_folds(features, labels, number=5, seed=0)
    for names in permutations(range(3)):
        np.testing.assert_array_equal(stratified_folds(features, np.array(names)[labels], number=5, seed=0), before)
