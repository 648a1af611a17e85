import numpy as np
import pytest
import scipy.special
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark.measures import discriminant_folds
from benchmark.measures.cross_validation import stratified_folds
from benchmark.measures.discriminant_folds import fits, influences, through_others
from benchmark.specs.needs import Undefined
from results.error import CatsError
from similarity.energy import energy
from similarity.etran import etran
from tests.support.drawn import blobs, draws


def residuals(features, labels):
    return features - np.stack([features[labels == label].mean(axis=0) for label in labels])


@pytest.mark.parametrize("dims", [16, 300])
def test_its_discriminants_are_those_of_scikit_learn_on_images_that_they_were_not_fitted_to(dims):
    features, labels = blobs(dims=dims, apart=1)
    fold, own = stratified_folds(features, labels, number=5, seed=0), np.empty(120)
    for one in range(5):
        train, test = fold != one, np.flatnonzero(fold == one)
        a = ledoit_wolf_shrinkage(residuals(features[train], labels[train]), assume_centered=True)
        known = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=a).fit(features[train], labels[train])
        # scikit-learn shrinks class by class to class traces; with classes of one size, the mean of those is the same matrix
        own[test] = known.predict_proba(features[test])[np.arange(len(test)), labels[test]]
    assert etran(features, labels) == pytest.approx(own.mean(), rel=1e-6)


def test_features_that_say_nothing_score_no_more_than_chance_however_many_they_are():
    """The images that were fitted scored .95 here, and .9998 with 400 real images of 1,280 features."""
    found = [etran(*blobs(dims=300, apart=0, seed=seed)) for seed in range(20)]
    assert np.mean(found) == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize("dims", [16, 300])
def test_means_is_the_softmax_of_distances_to_class_means(dims):
    features, labels = blobs(dims=dims, apart=1)
    means = np.stack([features[labels == label].mean(axis=0) for label in range(3)])
    apart = ((features[:, None] - means) ** 2).sum(axis=2)
    expected = scipy.special.softmax(-apart / 2, axis=1)[np.arange(120), labels].mean()
    assert etran(features, labels, part="means", held_out=False) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("dims", "theirs"), [(16, 0.5856658096656099), (300, 0.9460177628652786)])
def test_means_is_the_lda_of_the_authors(dims, theirs):
    # LDA_Score in metrics.py of mgholamikn/ETran at d4551ed
    assert etran(*blobs(dims=dims, apart=1), part="means", held_out=False) == pytest.approx(theirs, rel=1e-9)


def test_energy_takes_features_for_logits():
    features, labels = blobs()
    assert etran(features, labels, part="energy", share=0.1) == energy(features, share=0.1)


def test_what_it_cannot_do_is_said():
    features, labels = blobs()
    with pytest.raises(CatsError, match="no part 'lds'; it has lda, means, energy; did you mean 'lda'"):
        etran(features, labels, part="lds")
    with pytest.raises(Undefined, match="no class varies within"):
        etran(np.eye(3)[labels], labels, held_out=False)
    with pytest.raises(Undefined, match="saturated: every image is given to its class with certainty"):
        etran(*blobs(apart=60))
    with pytest.raises(Undefined, match="saturated: 120 images of 300 features are scored by discriminants .* fitted to them"):
        etran(*blobs(dims=300), held_out=False)


def weighted(weights, features, labels, fold, shrunk):
    """The score with weights of the images in everything: means, covariance, Ledoit-Wolf's a, shares and the average."""
    own, (count, dims) = np.empty(len(labels)), features.shape
    for one in range(5) if fold is not None else [None]:
        w = weights * (fold != one) if fold is not None else weights
        test = np.flatnonzero(fold == one) if fold is not None else np.arange(count)
        mass = np.array([w[labels == label].sum() for label in range(3)])
        means = np.stack([w[labels == label] @ features[labels == label] / mass[label] for label in range(3)])
        rows = features - means[labels]
        S = np.eye(dims)
        if shrunk:
            W, n = (rows * w[:, None]).T @ rows / w.sum(), (w > 0).sum()
            fourth = w @ (rows**2).sum(axis=1) ** 2 / w.sum()
            a = (fourth - (W**2).sum()) / n / ((W**2).sum() - np.trace(W) ** 2 / dims)
            S = (1 - a) * W + a * np.trace(W) / dims * np.eye(dims)
        u = np.linalg.solve(S, means.T)
        logits = features[test] @ u - (means.T * u).sum(axis=0) / 2 + np.log(mass / w.sum())
        own[test] = scipy.special.softmax(logits, axis=1)[np.arange(len(test)), labels[test]]
    return weights @ own / weights.sum()


@pytest.mark.parametrize(
    ("dims", "shrunk", "held_out", "tolerance"),  # the influence on Ledoit and Wolf's a is that of all images
    [(6, True, True, 0.05), (6, False, True, 1e-6), (6, True, False, 1e-6), (60, True, True, 0.1)],
)
def test_the_influence_of_an_image_is_the_derivative_by_its_weight(dims, shrunk, held_out, tolerance):
    features, labels = blobs(count=45, dims=dims, apart=1)
    features *= np.linspace(2, 0.3, dims)  # of a sphere, a is 1 and does not move
    fold = stratified_folds(features, labels, number=5, seed=0) if held_out else None
    found = influences(*fits(features, labels, fold, shrunk=shrunk), labels)
    step, expected = 1e-5, np.empty(45)
    for i in range(45):
        up, down = np.ones(45), np.ones(45)
        up[i], down[i] = 1 + step, 1 - step
        expected[i] = (weighted(up, features, labels, fold, shrunk) - weighted(down, features, labels, fold, shrunk)) / 2 / step
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=tolerance * scale)


@pytest.mark.parametrize(("shrunk", "removed"), [(False, False), (True, False), (True, True)])
def test_what_an_image_changes_in_each_other_one_sums_to_its_influence(shrunk, removed):
    features, labels = blobs(count=45, dims=6, apart=1)
    fold = stratified_folds(features, labels, number=5, seed=0)
    inputs, found = fits(features, labels, fold, shrunk=shrunk)
    through = through_others(inputs, found, labels, removed)
    assert not through[fold[:, None] == fold].any()  # nobody is both fitted to and scored
    residuals, summed = inputs - np.stack([inputs[labels == c].mean(axis=0) for c in range(3)])[labels], np.zeros(45)
    for fit in found:
        slopes = discriminant_folds._logit_slopes(fit, labels)
        summed[fit.train] += discriminant_folds._through_fit(fit, inputs[fit.test], residuals, slopes, labels, removed)[0][
            fit.train
        ]
    apart = through.sum(axis=0) - summed  # what is common to the images of a fold changes nothing
    assert np.max([np.ptp(apart[fold == one]) for one in range(5)]) < 1e-12
    assert np.ptp(summed) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("dims", [32, 500])
def test_its_interval_holds_the_mean_over_fresh_images(dims):
    """With the images that were fitted it did so for 4 in 100 samples of 400 real images with 1,280 features."""
    means = np.random.default_rng(900).standard_normal((3, dims)) * 1.5 / np.sqrt(dims)
    labels, said, spreads = np.arange(150) % 3, [], []
    for seed in range(60):
        features = np.random.default_rng(seed).standard_normal((150, dims)) + means[labels]
        given, drawn = {"features": features, "labels": labels}, draws(labels, 50, seed=seed)
        said.append(etran.score(given, drawn))
        if seed % 4 == 0:  # 15 spreads of 50 draws give their mean to 3 %, 60 values their spread to 9 %
            spreads.append(etran.resample(given, drawn).std())
    mean = np.mean([one.value for one in said])
    assert np.mean([one.low <= mean <= one.high for one in said]) > 0.87
    # 1.5 with 500 features where what an image changes in the score of another one counted in both
    assert 0.75 < np.mean(spreads) / np.std([one.value for one in said]) < 1.3
