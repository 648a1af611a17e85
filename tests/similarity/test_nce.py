import numpy as np
import pytest

from similarity.nce import nce

# Six images, source classes 0, 0, 0, 1, 1, 1: of the first three two are of class 0, of the others all of class 1.
SIX = np.eye(2)[[0, 0, 0, 1, 1, 1]]
LABELS = np.array([0, 0, 1, 1, 1, 1])
BY_HAND = (2 * np.log(2 / 3) + np.log(1 / 3)) / 6


def test_six_images_by_hand():
    assert nce(SIX, LABELS) == pytest.approx(BY_HAND, abs=1e-12)


def test_its_bounds_are_a_sure_guess_and_no_information():
    labels = np.arange(60) % 3
    assert nce(np.eye(3)[labels], labels) == pytest.approx(0, abs=1e-12)
    assert nce(np.tile([[0.9, 0.1], [0.1, 0.9]], (30, 1)), labels) == pytest.approx(-np.log(3), abs=1e-12)
