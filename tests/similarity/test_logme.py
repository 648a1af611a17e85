import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from benchmark.specs.needs import Undefined
from similarity.logme import logme
from tests.support.drawn import blobs, draws


def log_evidence(features, y, alpha, beta):
    """Of y ~ N(0, 1/β + FF'/α), from the dense covariance."""
    covariance = np.eye(len(y)) / beta + features @ features.T / alpha
    return scipy.stats.multivariate_normal.logpdf(y, np.zeros(len(y)), covariance)


def highest(features, y):
    """Highest evidence over α and β, searched in two dimensions from several starts."""
    ends = [
        scipy.optimize.minimize(
            lambda logs: -log_evidence(features, y, *np.exp(logs)),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 2000},
            bounds=[(-15, 15)] * 2,
        ).fun
        for start in ([0, 0], [3, 3], [5, 1])
    ]
    return -min(ends)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "dims"), [(60, 8), (40, 100), (30, 30)])
def test_it_is_the_exact_gaussian_evidence_at_its_highest(count, dims):
    features, labels = blobs(count, dims, apart=1.0)
    exact = np.mean([highest(features, (labels == c).astype(float)) / count for c in range(3)])
    assert logme(features, labels) == pytest.approx(exact, abs=1e-6)


def test_no_fixed_point_lies_higher():
    features, labels = blobs(50, 200, apart=3.0)
    features = np.hstack(
        [features[:, :20] * 3, features * 0.1]
    )  # neither no noise nor no signal fits best, where α/β is 0 or ∞
    count, found = len(labels), []
    values, U = np.linalg.eigh(features @ features.T)
    for c in range(3):
        y = (labels == c).astype(float)
        squares, ratio = (U.T @ y) ** 2, 1.0
        for _ in range(10_000):  # MacKay's updates of α and β, from the effective number of parameters
            effective = (values / (values + ratio)).sum()
            alpha = effective / (values * squares / (ratio + values) ** 2).sum()
            beta = (count - effective) / (squares / (1 + values / ratio) ** 2).sum()
            ratio = alpha / beta
        found.append(log_evidence(features, y, alpha, beta) / count)
    assert logme(features, labels) == pytest.approx(np.mean(found), abs=1e-6)


def test_classes_that_features_tell_exactly_have_no_highest_evidence():
    labels = np.arange(30) % 3
    with pytest.raises(Undefined, match="unbounded"):
        logme(np.eye(3)[labels] * 2, labels)


def test_features_close_to_the_classes_score_more():
    labels = np.arange(90) % 3
    noise = np.random.default_rng(0).standard_normal((90, 200))
    told = noise.copy()
    told[:, :3] += 10 * np.eye(3)[labels]
    assert logme(told, labels) > logme(noise, labels) + 0.1


def test_what_an_image_adds_is_its_density_given_all_others():
    features, labels = blobs(30, 50, apart=1.0)
    features = features * np.arange(1, 51) ** -0.7  # of a sphere of more dimensions than images there is no interval
    count = len(labels)
    only = draws(labels, 1)
    only.target[0] = np.arange(count)
    only.target[0, 0] = 3  # image 3 twice, image 0 not at all
    inputs = {"features": features, "labels": labels}
    change = logme.resample(inputs, only)[0] - logme(features, labels)
    exact = []
    for c in range(3):
        y = (labels == c).astype(float)
        at = scipy.optimize.minimize(
            lambda logs, y=y: -log_evidence(features, y, *np.exp(logs)),
            [2.0, 2.0],
            method="Nelder-Mead",
            options={"xatol": 1e-8},
        )
        alpha, beta = np.exp(at.x)
        whole = log_evidence(features, y, alpha, beta)
        without = [log_evidence(np.delete(features, i, 0), np.delete(y, i), alpha, beta) for i in (0, 3)]
        exact.append((-(whole - without[0]) + (whole - without[1])) / count)
    assert change == pytest.approx(np.mean(exact), abs=1e-6)
