"""What must hold of the resamples of measures that score them all at once: exactly, or to first order."""

import numpy as np
import pytest
from scipy.special import softmax

from benchmark.specs import catalogue
from tests.support.drawn import blobs, draws


def resampled(measure, features, labels, drawn):
    need = measure.needs[0]
    return measure.resample({need: features, "labels": labels} if "labels" in measure.needs else {need: features}, drawn)


def one_by_one(measure, features, labels, drawn):
    more = (labels,) if "labels" in measure.needs else (None,)
    chosen = [(features[rows], *(one[rows] for one in more if one is not None)) for rows in drawn.target]
    return np.array([measure(*inputs) for inputs in chosen])


def soft(count=40):
    """Probabilities of five source classes, and labels of three classes that have nothing to do with them."""
    rng = np.random.default_rng(0)
    return rng.dirichlet(np.ones(5), count), rng.integers(0, 3, count)


@pytest.mark.parametrize(
    ("name", "inputs", "tolerance"),
    [
        ("energy[share=1]", soft(), 1e-12),
        ("energy[of=logits,share=0.6]", soft(), 1e-12),
        ("energy[share=0.6,tail=high]", soft(), 1e-12),
        ("etran[part=energy,share=1]", blobs(40, 16, apart=1), 1e-7),
        ("etran[part=energy,share=0.6]", blobs(40, 60, apart=1), 1e-7),
    ],
)
def test_resamples_at_once_are_resamples_one_by_one(name, inputs, tolerance):
    measure, drawn = catalogue.measure(name), draws(inputs[1], 7)
    np.testing.assert_allclose(resampled(measure, *inputs, drawn), one_by_one(measure, *inputs, drawn), rtol=tolerance)


@pytest.mark.parametrize(
    ("name", "inputs", "number", "tolerance"),
    [
        ("nearest_mean", blobs(apart=1), 200, 0.02),
        ("logistic", blobs(apart=1), 50, 0.02),
    ],
)
def test_resamples_are_means_of_the_same_results_of_the_images(name, inputs, number, tolerance):
    measure, drawn = catalogue.measure(name), draws(inputs[1], number)
    drawn.target[0] = np.arange(len(inputs[1]))
    scores = resampled(measure, *inputs, drawn)
    assert scores[0] == pytest.approx(measure(*inputs), rel=1e-12, abs=1e-12)
    assert scores.mean() == pytest.approx(scores[0], abs=tolerance)


# name, (images, features), distance of the classes, factors of the features, resamples, (relative tolerance of the standard
# deviation, correlation)
MANY = [
    ("hscore", (900, 5), 1.0, [8, 4, 2, 1, 1], 200, (0.08, 0.97)),
    ("hscore_shrunk", (900, 5), 1.0, [8, 4, 2, 1, 1], 200, (0.08, 0.97)),  # near a sphere the shrinkage is large and varies
    ("logme", (600, 6), 1.0, 1.0, 200, (0.05, 0.98)),
    ("transrate", (2_000, 5), 3.0, 1.0, 200, (0.1, 0.95)),
    ("transrate[scale=raw]", (2_000, 5), 3.0, 1.0, 200, (0.1, 0.95)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "apart", "factors", "number", "limits"), MANY)
def test_resamples_of_many_images_are_those_one_by_one_to_first_order(name, size, apart, factors, number, limits):
    measure, (features, labels) = catalogue.measure(name), blobs(*size, apart=apart)
    features, drawn = features * factors, draws(labels, number)
    together, alone = resampled(measure, features, labels, drawn), one_by_one(measure, features, labels, drawn)
    assert together.std() == pytest.approx(alone.std(), rel=limits[0])
    assert np.corrcoef(together, alone)[0, 1] > limits[1]


def two_classes(count, dims, apart, seed):
    """The first of features of falling variance differs by `apart` between two classes."""
    labels = np.arange(count) % 2
    features = np.random.default_rng(seed).standard_normal((count, dims)) * np.arange(1, dims + 1) ** -0.5
    features[:, 0] += apart * labels
    return features, labels


def three_classes(count, dims, apart, seed):
    """One feature of its own tells each of three classes."""
    labels = np.arange(count) % 3
    features = np.random.default_rng(seed).standard_normal((count, dims))
    features[:, :3] += apart * np.eye(3)[labels]
    return features, labels


def nine_classes(count, dims, apart, seed):
    """Classes of 35 % of the images down to 2 %."""
    labels = np.repeat(
        np.arange(9), np.round(count * np.array([0.35, 0.2, 0.14, 0.1, 0.07, 0.05, 0.04, 0.03, 0.02])).astype(int)
    )
    means = apart * np.eye(9, dims)
    return np.random.default_rng(seed).standard_normal((len(labels), dims)) + means[labels], labels


def source_classes(count, dims, apart, seed):
    """Probabilities that a fixed classifier of ten source classes gives to the images of three classes."""
    features, labels = three_classes(count, dims, apart, seed)
    classifier = np.random.default_rng(0).standard_normal((dims, 10)) * 3 / np.sqrt(dims)
    return softmax(features @ classifier, axis=1), labels


FRESH = [
    ("nce", source_classes, (100, 20, 1), 0.8, 1.1),  # 1.22 from resamples, whose duplicates sharpen p(y|z)
    ("leep", source_classes, (100, 20, 1), 0.8, 1.1),  # 1.17, likewise
    ("knn", two_classes, (100, 5, 2), 0.8, 1.08),  # 1.13 from voters drawn with replacement
    ("transrate", three_classes, (60, 100, 1), 0.7, 1.3),  # 1.54 where each pair of images counts twice
    ("gbc", nine_classes, (1000, 64, 2.5), 0.7, 1.4),
    ("ncti", three_classes, (200, 30, 1), 0.7, 1.4),
    ("tmi", three_classes, (200, 20, 1), 0.7, 1.4),
    ("tmi[form=entropy]", three_classes, (200, 20, 1), 0.7, 1.4),
    ("nearest_mean", three_classes, (200, 20, 1), 0.7, 1.4),
    ("hscore", two_classes, (300, 40, 1), 0.7, 1.4),
    ("hscore_shrunk", two_classes, (150, 50, 1), 0.7, 1.4),
    ("hscore_shrunk", two_classes, (60, 200, 1), 0.7, 1.4),
    ("logme", two_classes, (150, 10, 1), 0.75, 1.33),
    ("logme", two_classes, (60, 200, 1), 0.75, 1.33),
    ("parc", three_classes, (120, 20, 2), 0.8, 1.4),
    ("transrate", two_classes, (600, 20, 2), 0.7, 1.4),
    ("transrate", two_classes, (60, 200, 2), 0.7, 1.4),
    ("lda_regularised", three_classes, (400, 20, 1), 0.7, 1.4),
    ("sfda", three_classes, (120, 10, 1), 0.8, 1.5),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "data", "size", "low", "high"), FRESH)
def test_the_spread_of_resamples_is_that_of_fresh_images(name, data, size, low, high):
    measure, values, spreads = catalogue.measure(name), [], []
    for seed in range(80):
        features, labels = data(*size, seed)
        values.append(measure(features, labels))
        if seed % (1 if high < 1.2 else 4) == 0:  # 20 spreads of 40 draws give their mean to 3 %, 80 values their spread to 8 %
            spreads.append(resampled(measure, features, labels, draws(labels, 40, seed=seed)).std())
    assert low < np.mean(spreads) / np.std(values) < high


@pytest.mark.slow
@pytest.mark.parametrize("name", ["otdd[most=60]", "otce[part=w,most=60]", "kid[most=60]", "proxy_a[most=60]"])
def test_the_spread_of_a_sub_sample_holds_the_randomness_of_drawing_it(name):
    target, labels = blobs(600, 8, apart=1.5)
    source, source_labels = blobs(500, 8, 4, apart=1.5, seed=1)
    given = {"neutral": target, "source_neutral": source, "features": target, "source_features": source}
    given |= {"labels": labels, "source_labels": source_labels}
    asked = catalogue.measure(name)
    inputs = {need: given[need] for need in asked.needs}
    by_seed = np.std([asked.with_options({"seed": seed})(**inputs) for seed in range(30)], ddof=1)
    spread = asked.resample(inputs, draws(labels, 100, 500)).std()
    assert 0.65 * by_seed < spread < 2.6 * by_seed  # what is fitted to the images varies too in lp and proxy_a
