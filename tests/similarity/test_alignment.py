"""Measures that compare kernels of the same images: kite, dds and rsa, against matrices of all pairs."""

import numpy as np
import pytest
import scipy.stats

from benchmark.specs.needs import Undefined
from similarity.dds import dds
from similarity.kite import kite
from similarity.rsa import rsa
from tests.support.drawn import blobs, draws


def three(count=60, dims=9, apart=1.5):
    """Features, labels, untrained features."""
    features, labels = blobs(count, dims, apart=apart)
    random = np.maximum(features @ np.random.default_rng(7).standard_normal((dims, 11)), 0)
    return features, labels, random


def aligned(one, other):
    centre = np.eye(len(one)) - 1 / len(one)
    k, l = (centre @ rows @ rows.T @ centre for rows in (one, other))  # noqa: E741
    return (k * l).sum() / np.sqrt((k * k).sum() * (l * l).sum())


@pytest.mark.parametrize("dims", [9, 100])
def test_kite_is_the_ratio_of_two_alignments(dims):
    features, labels, random = three(dims=dims)
    expected = aligned(features, np.eye(3)[labels]) / aligned(features, random)
    assert kite(features, labels, random) == pytest.approx(expected, rel=1e-9)


def test_kite_of_several_labels_compares_how_many_are_shared():
    features, _, random = three()
    labels = (np.random.default_rng(0).random((60, 4)) < 0.3).astype(np.int64)
    assert kite(features, labels, random) == pytest.approx(aligned(features, labels) / aligned(features, random), rel=1e-9)
    with pytest.raises(Undefined, match="same labels"):
        kite(features, np.zeros((60, 4), dtype=np.int64), random)


def test_kite_rises_with_the_labels_and_falls_with_the_likeness_to_random_features():
    features, labels, random = three(apart=3.0)
    near, _, _ = three(apart=0.3)
    assert kite(features, labels, random) > kite(near, labels, random)
    other = np.random.default_rng(1).standard_normal((60, 11))
    assert kite(features, labels, other) > kite(features, labels, random)


def test_kite_does_not_depend_on_unit_origin_or_axes():
    features, labels, random = three()
    turned = 30 * features @ np.linalg.qr(np.random.default_rng(1).standard_normal((9, 9)))[0] + 4
    assert kite(turned, labels, random * 0.01 - 3) == pytest.approx(kite(features, labels, random), rel=1e-8)


def standardised(rows):
    return (rows - rows.mean(axis=0)) / rows.std(axis=0)


def unbiased(k, l):  # noqa: E741
    """HSIC of Song et al. 2012."""
    count = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    ones = np.ones(count)
    total = np.trace(k @ l) + (ones @ k @ ones) * (ones @ l @ ones) / ((count - 1) * (count - 2))
    return (total - 2 / (count - 2) * ones @ k @ l @ ones) / (count * (count - 3))


def test_dds_is_the_unbiased_alignment_of_cosines():
    features, _, trained = three(40)
    kernels = []
    for rows in (features, trained):
        unit = standardised(rows) / np.linalg.norm(standardised(rows), axis=1, keepdims=True)
        kernels.append(unit @ unit.T)
    k, l = kernels  # noqa: E741
    assert dds(features, trained) == pytest.approx(unbiased(k, l) / np.sqrt(unbiased(k, k) * unbiased(l, l)), rel=1e-9)


def test_rsa_is_the_rank_correlation_of_all_pairs():
    features, _, trained = three(40)
    upper = np.triu_indices(40, 1)
    unlike = [1 - np.corrcoef(standardised(rows))[upper] for rows in (features, trained)]
    assert rsa(features, trained) == pytest.approx(scipy.stats.spearmanr(*unlike)[0], rel=1e-9)


@pytest.mark.parametrize("measure", [dds, rsa])
def test_a_network_is_most_like_itself_and_its_unit_does_not_matter(measure):
    features, _, trained = three()
    assert measure(features, features * 3 + 1) == pytest.approx(1, abs=1e-9)
    assert measure(features * [1, 10, 100, 1, 2, 3, 4, 5, 6], trained) == pytest.approx(measure(features, trained), rel=1e-6)
    unrelated = np.random.default_rng(5).standard_normal((60, 11))
    assert abs(measure(features, unrelated)) < 0.2 < measure(features, trained)


FIVE = (np.eye(5) * 0.7)[np.arange(120) % 3]


@pytest.mark.parametrize("measure", [kite, dds, rsa], ids=lambda m: m.name)
def test_the_spread_of_resamples_is_that_of_fresh_images(measure):
    values, spreads = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = np.arange(120) % 3
        features = rng.standard_normal((120, 5)) + FIVE
        other = np.maximum(features @ np.random.default_rng(3).standard_normal((5, 6)), 0)
        given = {"features": features, "labels": labels, "untrained": other, "trained": other}
        given = {need: given[need] for need in measure.needs}
        values.append(measure(**given))
        spreads.append(measure.resample(given, draws(labels, 60, seed=seed)).std())
    assert 0.7 < np.mean(spreads) / np.std(values) < 1.45
