import numpy as np
import pytest
import scipy.special
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.energy import energy
from similarity.etran import etran
from tests.support.drawn import blobs, draws


@pytest.mark.parametrize("dims", [16, 300])
def test_its_discriminants_are_those_of_scikit_learn_with_the_shrinkage_of_ledoit_and_wolf(dims):
    features, labels = blobs(dims=dims, apart=1)
    residuals = features - np.stack([features[labels == label].mean(axis=0) for label in labels])
    shrinkage = ledoit_wolf_shrinkage(residuals, assume_centered=True)
    known = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(features, labels).predict_proba(features)
    # scikit-learn shrinks class by class to class traces; with classes of one size, the mean of those is the same matrix
    assert etran(features, labels) == pytest.approx(known[np.arange(120), labels].mean(), rel=1e-6)
    assert etran(features, labels) < 1 - 1e-6


def test_random_features_of_more_dimensions_than_images_do_not_saturate_it():
    features, labels = blobs(dims=300, apart=0)
    assert etran(features, labels) < 0.95  # 1 without shrinkage


@pytest.mark.parametrize("dims", [16, 300])
def test_means_is_the_softmax_of_distances_to_class_means(dims):
    features, labels = blobs(dims=dims, apart=1)
    means = np.stack([features[labels == label].mean(axis=0) for label in range(3)])
    apart = ((features[:, None] - means) ** 2).sum(axis=2)
    expected = scipy.special.softmax(-apart / 2, axis=1)[np.arange(120), labels].mean()
    assert etran(features, labels, part="means") == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("dims", "theirs"), [(16, 0.5856658096656099), (300, 0.9460177628652786)])
def test_means_is_the_lda_of_the_authors(dims, theirs):
    # LDA_Score in metrics.py of mgholamikn/ETran at d4551ed
    assert etran(*blobs(dims=dims, apart=1), part="means") == pytest.approx(theirs, rel=1e-9)


def test_energy_takes_features_for_logits():
    features, labels = blobs()
    assert etran(features, labels, part="energy", share=0.1) == energy(features, share=0.1)


def test_what_it_cannot_do_is_said():
    features, labels = blobs()
    with pytest.raises(CatsError, match="no part 'both'; it has lda, means, energy"):
        etran(features, labels, part="both")
    with pytest.raises(Undefined, match="no class varies within"):
        etran(np.eye(3)[labels], labels)


@pytest.mark.parametrize("dims", [16, 60])
def test_resamples_have_discriminants_of_their_own_with_the_shrinkage_of_all_images(dims):
    features, labels = blobs(count=42, dims=dims, apart=1)
    shrinkage = ledoit_wolf_shrinkage(
        features - np.stack([features[labels == label].mean(axis=0) for label in labels]), assume_centered=True
    )
    drawn = draws(labels, 7)
    expected = []
    for rows in drawn.target:
        known = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(features[rows], labels[rows])
        expected.append(known.predict_proba(features[rows])[np.arange(42), labels[rows]].mean())
    together = etran.resample({"features": features, "labels": labels}, drawn)
    np.testing.assert_allclose(together, expected, rtol=1e-6)


def test_resamples_spread_as_new_images_do():
    rng = np.random.default_rng(0)
    means, labels = rng.standard_normal((3, 200)) / 10, np.arange(120) % 3
    new = [rng.standard_normal((120, 200)) + means[labels] for _ in range(20)]
    spread = np.mean([etran.resample({"features": one, "labels": labels}, draws(labels, 30)).std() for one in new[:5]])
    assert spread == pytest.approx(np.std([etran(one, labels) for one in new]), rel=0.5)
