import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from benchmark.specs.needs import Undefined
from similarity.pactran import pactran
from tests.support.drawn import blobs, draws


@pytest.mark.parametrize(("dims", "factor"), [(16, 0.1), (16, 1.0), (200, 0.1)])
def test_the_bound_from_the_classifier_of_scikit_learn(dims, factor):
    features, labels = blobs(dims=dims, apart=1)
    x = features - features.mean(axis=0)
    known = LogisticRegression(C=factor, tol=1e-9, max_iter=10000).fit(x, labels)
    p = known.predict_proba(x)
    strength, weights = factor * 120, 3 * dims
    least = -np.log(p[np.arange(120), labels]).mean() + (known.coef_**2).sum() / (2 * strength)
    both = np.hstack([x, np.ones((120, 1))])
    trace = sum((both[i] ** 2).sum() * (p[i] * (1 - p[i])).sum() for i in range(120)) + weights / strength
    expected = least + weights * (100 / dims) / (2 * strength) * np.log(strength * trace / weights)
    assert pactran(features, labels, factor=factor) == pytest.approx(-expected, rel=1e-4)


@pytest.mark.parametrize(
    ("dims", "factor", "theirs"),
    [
        (16, 0.1, (7.76523119772425, 1.4954547541790861)),
        (16, 1.0, (10.362904992236672, 1.6923638440239495)),
        (300, 0.1, (5.628306489234269, 0.7546506168373786)),
        (300, 1.0, (6.191358072609054, 0.6625075447318873)),
    ],
)
def test_values_of_the_authors(dims, factor, theirs):
    # calculate_pac_gauss in compute_metrics.py of google-research/pactran_metrics at a5e4997, numpy seeded with 1: its search
    # ends where steps gain less than a millionth
    features, labels = blobs(dims=dims, apart=1)
    ours = [-pactran(features, labels, factor=factor, variance=times * factor) for times in (100, 10)]
    assert ours == pytest.approx(theirs, rel=1e-3)


def test_classes_further_apart_score_higher_also_with_more_dimensions_than_images():
    scores = [pactran(*blobs(dims=200, apart=apart)) for apart in (0, 2, 8)]
    assert scores == sorted(scores)


def test_without_a_prior_it_says_nothing():
    with pytest.raises(Undefined, match="pactran: factor is 0; it must be above 0"):
        pactran(*blobs(), factor=0)


def test_there_is_no_interval_but_the_reason():
    features, labels = blobs()
    said = pactran.score({"features": features, "labels": labels}, draws(labels, 5))
    assert (said.value, said.low) == (pactran(features, labels), None)
    assert said.reason.startswith("no interval: subsets of the images spread a quarter more widely than fresh images do")
