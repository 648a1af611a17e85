import numpy as np
import pytest
import scipy.special

from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.energy import energy
from tests.support.drawn import blobs, draws


def test_logits_that_are_all_alike_have_the_energy_of_one_class_and_log_s():
    logits = np.repeat(np.array([[1.0], [3.0]]), 4, axis=1)
    assert energy(logits, share=1.0) == pytest.approx(2 + np.log(4), abs=1e-12)


def test_large_logits_do_not_overflow():
    assert energy(np.array([[1000.0, 0.0], [2000.0, 0.0]]), share=1.0) == pytest.approx(1500)


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


def test_the_published_score_is_that_of_features_and_of_the_lowest_half_percent():
    """Energy_Score(X, 0.5, "bot") of mgholamikn/ETran at d4551ed takes 5 N // 1000 images."""
    features = np.random.default_rng(0).standard_normal((950, 30))
    lowest = np.sort(scipy.special.logsumexp(features, axis=1))[: 5 * 950 // 1000]
    assert energy(features) == pytest.approx(lowest.mean(), rel=1e-12)
    assert energy.needs == ("features",)
    assert energy.with_options({"of": "logits"}).needs == ("logits",)
    assert energy(features[:50]) == pytest.approx(scipy.special.logsumexp(features[:50], axis=1).min(), rel=1e-12)


def test_a_tail_of_few_images_has_no_interval():
    features, labels = blobs(500)
    said = energy.score({"features": features}, draws(labels, 20))
    assert (said.low, said.high) == (None, None)
    assert said.reason == "no interval: the mean of the 2 most extreme of 500 images; resamples do not spread as it does"
    said = energy.with_options({"share": 0.2}).score({"features": features}, draws(labels, 20))
    assert said.low < said.value < said.high
