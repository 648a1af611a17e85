"""Class means, against a plain computation of distances."""

import numpy as np
import pytest
import torch

from benchmark.networks.layers import Direction
from benchmark.training.protocols.prototype import TEMPERATURES, fit_prototype
from results.error import CatsError
from tests.support.frozen_features import PARTS, data


def directions(features, train):
    away = features.astype(np.float64) - train.astype(np.float64).mean(axis=0)
    return np.array([row / np.linalg.norm(row) for row in away])


def distances(features, labels, part):
    """Squared distances of the images of a part to the mean of each class, by the definition."""
    train = directions(features["train"], features["train"])
    means = [train[labels["train"] == label].mean(axis=0) for label in np.unique(labels["train"])]
    return np.array([[((row - mean) ** 2).sum() for mean in means] for row in directions(features[part], features["train"])])


def softened(squares, temperature):
    weights = np.exp(-(squares - squares.min(axis=1, keepdims=True)) / temperature)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_it_is_the_softmax_of_squared_distances_at_the_temperature_of_the_smallest_validation_loss(noise):
    features, labels = data(noise)
    given, curves, best, validation, head = fit_prototype(features, labels)
    squares, of_truth = distances(features, labels, "val"), (np.arange(120), labels["val"])
    losses = [-np.log(np.maximum(softened(squares, each)[of_truth], 1e-12)).mean() for each in TEMPERATURES]
    np.testing.assert_allclose(curves["val_loss"], losses, rtol=1e-9)
    assert best == int(np.argmin(losses))
    np.testing.assert_allclose(given, softened(distances(features, labels, "test"), TEMPERATURES[best]), atol=1e-12)
    np.testing.assert_allclose(validation, softened(distances(features, labels, "val"), TEMPERATURES[best]), atol=1e-12)
    assert (given.argmax(axis=1) == distances(features, labels, "test").argmin(axis=1)).all()
    assert head.weight.shape == (3, 8)


def test_the_test_images_choose_no_temperature():
    features, labels = data()
    _, _, best, *_ = fit_prototype(features, labels)
    other = fit_prototype(features | {"test": features["test"] * 100}, labels | {"test": labels["test"][::-1]})
    assert other.best == best


def test_each_of_several_labels_has_two_means():
    features, labels = data(multilabel=True)
    given, _, best, *_ = fit_prototype(features, labels)
    for label in range(2):
        alone = {part: labels[part][:, label] for part in PARTS}
        expected = softened(distances(features, alone, "test"), TEMPERATURES[best])[:, 1]
        np.testing.assert_allclose(given[:, label], expected, atol=1e-12)


def test_a_label_that_all_training_images_have_is_always_predicted_and_one_that_none_has_never():
    features, labels = data(multilabel=True)
    constant = labels["train"].copy()
    constant[:, 0], constant[:, 1] = 1, 0
    given = fit_prototype(features, labels | {"train": constant}).probabilities
    assert (given == [1.0, 0.0]).all()


def test_a_class_without_training_images_is_never_predicted():
    features, labels = data()
    kept = labels["train"] != 1
    given = fit_prototype(
        features | {"train": features["train"][kept]}, labels | {"train": labels["train"][kept]}
    ).probabilities
    assert given.shape == (120, 3)
    assert (given[:, 1] == 0).all()
    np.testing.assert_allclose(given.sum(axis=1), 1)


def test_one_class_alone_is_refused():
    features, labels = data()
    with pytest.raises(CatsError, match="all 120 training images are of one class; class means need two"):
        fit_prototype(features, labels | {"train": np.zeros(120, int)})


def test_one_image_of_each_class_is_enough():
    features, labels = data(0.1)
    given = fit_prototype(features | {"train": features["train"][:3]}, labels | {"train": labels["train"][:3]}).probabilities
    assert (given.argmax(axis=1) == labels["test"]).mean() > 0.95


def test_an_image_at_the_centre_has_no_direction():
    features, labels = data()
    test = features["test"].astype(np.float64)
    test[0] = features["train"].astype(np.float64).mean(axis=0)
    assert np.isfinite(fit_prototype(features | {"test": test}, labels).probabilities).all()


def test_the_head_gives_the_same_probabilities_after_torchs_own_directions():
    features, labels = data()
    fitted = fit_prototype(features, labels)
    direction = Direction(8).double()
    direction.centre.copy_(torch.from_numpy(fitted.head.centre))
    weight, bias = torch.from_numpy(fitted.head.weight), torch.from_numpy(fitted.head.bias)
    logits = direction(torch.from_numpy(features["test"]).double()) @ weight.T + bias
    np.testing.assert_allclose(logits.softmax(1).numpy(), fitted.probabilities, atol=1e-12)
