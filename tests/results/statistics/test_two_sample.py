"""Two-sample tests against brute force, scipy and exact enumeration."""

import itertools

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from benchmark.measures.mmd import unbiased_mmd
from results.statistics import two_sample
from results.statistics.multiple_testing import permutation_p
from results.statistics.two_sample import Labels, classifier_auc, detectable, labels_of, mmd, rank_shift, shares_apart
from results.statistics.two_sample import share_above as excess

RNG = np.random.default_rng(5)
NEW, REFERENCE = 12, 20
IS_NEW = np.arange(NEW + REFERENCE) < NEW


@pytest.fixture
def labels():
    return labels_of(IS_NEW, None, 60, np.random.default_rng(0))


def test_permutations_keep_the_number_of_new_images_and_the_truth_is_first(labels):
    assert (labels.new[0] == IS_NEW).all()
    assert (labels.new.sum(axis=1) == NEW).all()
    assert len(np.unique(labels.new, axis=0)) > 50


def test_images_of_a_group_keep_one_label():
    groups = np.array([4, 4, 4, 9, 9, 7, 7, 7, 7, 2, 1, 1])
    labels = labels_of(np.isin(groups, [4, 9]), groups, 200, np.random.default_rng(0))
    for group in np.unique(groups):
        assert (np.ptp(labels.new[:, groups == group], axis=1) == 0).all()
    assert {len(np.unique(groups[row == 1])) for row in labels.new} == {2}


def test_mmd_is_the_one_of_the_measures(labels):
    features = RNG.normal(size=(NEW + REFERENCE, 3))
    square = ((features[:, None] - features) ** 2).sum(axis=2)
    kernel = np.exp(-square / (2 * np.median(square[~np.eye(len(square), dtype=bool)])))
    expected = unbiased_mmd((kernel, kernel, kernel), 1 - labels.new, labels.new)
    np.testing.assert_allclose(mmd(features, labels), expected, atol=1e-6)


def test_mmd_of_equal_images_is_unknown(labels):
    assert np.isnan(mmd(np.ones((NEW + REFERENCE, 3)), labels)).all()


@pytest.mark.parametrize("width", [4, 60])
def test_the_classifier_is_refitted_for_every_labelling(width, labels, monkeypatch):
    """By scikit-learn: ridge regression in the same folds, the mean of the training images subtracted."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import Ridge

    monkeypatch.setattr(two_sample, "COMPONENTS", 3)
    features = RNG.normal(size=(NEW + REFERENCE, width))
    features[:NEW, 0] += 2
    made = classifier_auc(features, labels, np.random.default_rng(3))
    fold = np.random.default_rng(3).permutation(np.arange(len(features)) % 5)
    reduced = PCA(3, svd_solver="full").fit_transform(features)
    for row, auc in list(zip(labels.new, made, strict=True))[:20]:
        said = np.empty(len(features))
        for held in range(5):
            train = reduced[fold != held] - reduced[fold != held].mean(axis=0)
            penalty = two_sample.RIDGE * (train**2).sum() / 3
            ridge = Ridge(alpha=penalty, fit_intercept=False).fit(train, row[fold != held])
            said[fold == held] = (reduced[fold == held] - reduced[fold != held].mean(axis=0)) @ ridge.coef_
        assert auc == pytest.approx(roc_auc_score(row, said))


def test_the_images_of_a_group_share_a_fold():
    """Groups that a classifier could learn by heart, without any difference of the sides."""
    groups = np.repeat(np.arange(40), 5)
    features = np.random.default_rng(1).normal(size=(40, 30))[groups]
    labels = labels_of(groups < 15, groups, 99, np.random.default_rng(0))
    assert classifier_auc(features, labels, np.random.default_rng(0)).max() < 0.9


@pytest.mark.parametrize("ties", [False, True])
def test_ranks_give_the_statistic_of_mann_and_whitney(ties, labels):
    values = RNG.normal(size=NEW + REFERENCE).round(0 if ties else 9)
    expected = [stats.mannwhitneyu(values[row == 1], values[row == 0]).statistic / (NEW * REFERENCE) for row in labels.new]
    np.testing.assert_allclose(rank_shift(values, labels), expected)


def _every_labelling(new, rest):
    rows = [np.isin(np.arange(new + rest), chosen) for chosen in itertools.combinations(range(new + rest), new)]
    rows.sort(key=lambda row: not row[:new].all())  # the truth first
    return Labels(np.array(rows, np.float32), np.arange(new + rest))


def test_over_all_labellings_the_p_value_of_ranks_is_the_exact_one():
    values = np.array([3.1, 2.5, 4.0, 3.7, 1.0, 2.0, 2.7, 0.5, 1.5])
    chances = rank_shift(values, _every_labelling(4, 5))
    assert permutation_p(np.abs(chances - 0.5)[None])[0, 0] == pytest.approx(
        stats.mannwhitneyu(values[:4], values[4:], method="exact").pvalue
    )


def test_over_all_labellings_the_p_value_of_flags_is_fishers():
    flags = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0], bool)
    table = [[3, 1], [1, 4]]
    assert permutation_p(excess(flags, _every_labelling(4, 5))[None])[0, 0] == pytest.approx(
        stats.fisher_exact(table, "greater").pvalue
    )


def test_shares_are_pearsons_statistic(labels):
    classes = RNG.integers(0, 3, NEW + REFERENCE)
    expected = []
    for row in labels.new:
        table = [np.bincount(classes[row == side], minlength=3) for side in (0, 1)]
        expected.append(stats.chi2_contingency(table, correction=False).statistic)
    harmonic = NEW * REFERENCE / (NEW + REFERENCE)
    np.testing.assert_allclose(shares_apart(np.eye(4)[classes], labels) * harmonic, expected, rtol=1e-4)


def test_the_shift_that_is_found_in_4_of_5_cases():
    rng, new, reference = np.random.default_rng(0), 60, 90
    shift = detectable(new, reference, 0.05)
    one, other = rng.normal(size=(2000, new)) + shift, rng.normal(size=(2000, reference))
    found = stats.mannwhitneyu(one, other, axis=1, method="asymptotic").pvalue <= 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.03)
