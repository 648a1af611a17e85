import numpy as np
import pytest

from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.energy import energy


def test_logits_that_are_all_alike_have_the_energy_of_one_class_and_log_s():
    logits = np.repeat(np.array([[1.0], [3.0]]), 4, axis=1)
    assert energy(logits) == pytest.approx(2 + np.log(4), abs=1e-12)


def test_large_logits_do_not_overflow():
    assert energy(np.array([[1000.0, 0.0], [2000.0, 0.0]])) == pytest.approx(1500)


def test_tails_are_the_images_of_lowest_and_highest_energy():
    logits = np.log(np.array([[1.0, 1], [2, 2], [8, 8], [4, 4]]))
    assert energy(logits, share=0.5) == pytest.approx(np.log([2, 4]).mean())
    assert energy(logits, share=0.5, tail="high") == pytest.approx(np.log([8, 16]).mean())
    assert energy(logits, share=1e-9) == pytest.approx(np.log(2))


def test_what_is_no_tail_is_refused():
    logits = np.eye(3)
    with pytest.raises(CatsError, match="no tail 'middle'; it has low and high"):
        energy(logits, tail="middle")
    with pytest.raises(Undefined, match="share of 0 "):
        energy(logits, share=0)
