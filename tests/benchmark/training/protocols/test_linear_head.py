"""A probe as a linear layer gives the probabilities that scikit-learn gives."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from benchmark.training.protocols.probe import fit_probe


def data(rows, width, labels):
    """Features of three parts of which the training part has these labels, on scales that differ a thousandfold."""
    rng = np.random.default_rng(3)
    parts = ("train", "val", "test")
    scale, shift = 10.0 ** rng.uniform(-1, 2, width), rng.normal(size=width) * 5
    features = {part: (rng.normal(size=(rows, width)) * scale + shift).astype(np.float32) for part in parts}
    return features, {"train": labels, "val": rng.permutation(labels), "test": labels.copy()}


@pytest.mark.parametrize("width", [8, 200])  # fewer and more features than training images
@pytest.mark.parametrize("classes", [2, 3])
def test_the_softmax_of_the_head_is_the_regression(width, classes):
    features, labels = data(60, width, np.arange(60) % classes)
    fitted = fit_probe(features, labels, (0.01, 1.0), "min_val_loss")
    logits = features["test"].astype(float) @ fitted.head.weight.T + fitted.head.bias
    np.testing.assert_allclose(softmax(logits, axis=1), fitted.probabilities, atol=1e-9)


@pytest.mark.parametrize("seen", [[0, 2], [1, 2], [0, 1]])
def test_a_class_without_training_images_is_never_predicted(seen):
    features, labels = data(60, 8, np.array(seen)[np.arange(60) % 2])
    labels["val"][:2] = [0, 1]
    labels["test"][:3] = [0, 1, 2]
    fitted = fit_probe(features, labels, (1.0,), "min_val_loss")
    logits = (features["test"].astype(float) @ fitted.head.weight.T + fitted.head.bias).astype(np.float32)
    given = softmax(logits, axis=1)
    np.testing.assert_allclose(given, fitted.probabilities, atol=1e-5)
    assert (given[:, [c for c in range(3) if c not in seen]] == 0).all()


def test_several_labels_of_which_all_training_images_have_one_and_none_has_another():
    labels = np.stack([np.arange(60) % 2, np.ones(60, int), np.zeros(60, int)], axis=1)
    features, truth = data(60, 8, labels)
    fitted = fit_probe(features, truth, (1.0,), "min_val_loss")
    logits = features["test"].astype(float) @ fitted.head.weight.T + fitted.head.bias
    np.testing.assert_allclose(expit(logits), fitted.probabilities, atol=1e-9)
    assert expit(logits)[0, 1:].tolist() == [1, 0]
