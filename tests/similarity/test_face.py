import numpy as np
import pytest

from benchmark.measures.subsets import subsets
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.face import face
from tests.support.drawn import blobs, draws


@pytest.mark.parametrize("dims", [6, 90])
def test_the_collapse_is_that_of_full_covariances(dims):
    features, labels = blobs(60, dims, apart=1.5)
    labels[:5] = 0  # unequal classes count alike
    means = np.stack([features[labels == c].mean(axis=0) for c in range(3)])
    within = np.mean([np.cov(features[labels == c].T, bias=True) for c in range(3)], axis=0)
    between = np.cov(means.T, bias=True)
    assert face(features, labels) == pytest.approx(-np.trace(within @ np.linalg.pinv(between, rcond=1e-10)) / 3, rel=1e-8)


def test_classes_that_are_points_have_collapsed():
    features, labels = blobs(60, 6)
    far, _ = blobs(60, 6, apart=30.0)
    assert face(features, labels) < face(far, labels) < 0
    assert face(np.eye(3)[labels], labels) == pytest.approx(0, abs=1e-12)


def test_classes_with_one_mean_are_undefined():
    rng = np.random.default_rng(0)
    half = rng.standard_normal((20, 4))
    with pytest.raises(Undefined, match="same mean"):
        face(np.concatenate([half, half]), np.arange(40) // 20)


def gaussians(middles, count=400, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count * len(middles)) % len(middles)
    return rng.standard_normal((len(labels), 2)) + np.array(middles)[labels], labels


def test_the_fairness_is_the_entropy_of_shares_of_bhattacharyya_coefficients():
    features, labels = gaussians([(0, 0), (2, 0), (0, 3)])
    means = [features[labels == c].mean(axis=0) for c in range(3)]
    turned = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)[2]
    rows = (features - features.mean(axis=0)) @ turned.T
    rows /= np.sqrt((rows**2).mean())
    means, variances = zip(*[(rows[labels == c].mean(axis=0), rows[labels == c].var(axis=0)) for c in range(3)], strict=True)
    entropies = []
    for a in range(3):
        overlaps = []
        for b in range(3):
            if a != b:
                middle = (variances[a] + variances[b]) / 2
                apart = ((means[a] - means[b]) ** 2 / middle).sum() / 8
                overlaps.append(np.exp(-apart) * np.prod(np.sqrt(np.sqrt(variances[a] * variances[b]) / middle)))
        shares = np.exp(np.array(overlaps) / 0.3)
        shares /= shares.sum()
        entropies.append(-(shares * np.log(shares)).sum())
    assert face(features, labels, part="fairness", temperature=0.3) == pytest.approx(np.mean(entropies), rel=1e-6)


def test_equal_distances_are_the_fairest():
    equal = face(*gaussians([(0, 0), (2, 0), (1, 3**0.5)]), part="fairness")
    unequal = face(*gaussians([(0, 0), (2, 0), (8, 3)]), part="fairness")
    assert unequal < equal == pytest.approx(np.log(2), abs=0.1)


def test_two_classes_are_neither_fair_nor_unfair_and_wrong_options_are_named():
    features, labels = blobs(40, 5, classes=2)
    with pytest.raises(Undefined, match="one other"):
        face(features, labels, part="fairness")
    with pytest.raises(CatsError, match="part is 'colapse'.*did you mean"):
        face(features, labels, part="colapse")
    with pytest.raises(CatsError, match="temperature is 0"):
        face(features, labels, temperature=0.0)


def test_resamples_come_from_the_logarithms_of_halves():
    features, labels = blobs(90, 5, apart=1.5)
    drawn = draws(labels, 9)
    given = {"features": features, "labels": labels}
    alone = np.array([face(features[rows], labels[rows]) for rows in subsets(drawn, labels, 0.5)])
    geometric = np.exp(np.log(-alone).mean())
    np.testing.assert_allclose(face.resample(given, drawn), face(features, labels) * -alone / geometric, rtol=1e-8)
    fair = face.with_options({"part": "fairness", "dims": 9})
    assert fair.resample(given, drawn).shape == (9,)


def test_the_spread_of_resamples_is_that_of_fresh_images():
    values, spreads = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = np.arange(150) % 3
        features = rng.standard_normal((150, 6)) + 1.5 * np.eye(3, 6)[labels]
        values.append(face(features, labels))
        spreads.append(face.resample({"features": features, "labels": labels}, draws(labels, 40, seed=seed)).std())
    assert 0.8 < np.mean(spreads) / np.std(values) < 1.45
