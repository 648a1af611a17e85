import numpy as np
import pytest

from similarity.leep import leep
from similarity.nce import nce

# p(0|z=0) = 1.5/2.5, p(0|z=1) = 0.5/3.5 ...: the columns of P sum to 2.5 and 3.5, those of its first two rows to 1.5 and 0.5.
SIX = np.array([[1, 0], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0, 1], [0, 1]])
LABELS = np.array([0, 0, 1, 1, 1, 1])
EXPECTED = [3 / 5, (3 / 5 + 1 / 7) / 2, (2 / 5 + 6 / 7) / 2, (2 / 5 + 6 / 7) / 2, 6 / 7, 6 / 7]


def test_six_images_by_hand():
    assert leep(SIX, LABELS) == pytest.approx(np.log(EXPECTED).mean(), abs=1e-12)


def test_sure_source_classes_make_it_nce():
    rng = np.random.default_rng(0)
    sure, labels = np.eye(7)[rng.integers(0, 7, 200)], rng.integers(0, 3, 200)
    assert leep(sure, labels) == pytest.approx(nce(sure, labels), abs=1e-12)


def test_probabilities_that_are_all_alike_leave_the_entropy_of_the_labels():
    labels = np.repeat([0, 1, 2], [10, 20, 70])
    probabilities = np.tile(np.array([[0.2, 0.3, 0.5]]), (100, 1))
    probabilities[0] += [1e-13, -1e-13, 0]  # the frame scores no input that is the same for every image
    share = np.array([0.1, 0.2, 0.7])
    assert leep(probabilities, labels) == pytest.approx((share * np.log(share)).sum(), abs=1e-9)


def test_source_classes_without_any_mass_change_nothing():
    rng = np.random.default_rng(1)
    probabilities, labels = rng.dirichlet(np.ones(4), 50), rng.integers(0, 3, 50)
    padded = np.hstack([probabilities, np.zeros((50, 3))])
    assert leep(padded, labels) == pytest.approx(leep(probabilities, labels), abs=1e-12)
