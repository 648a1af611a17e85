"""A probe as the head of its network: the standardisation of the features is folded into the weights."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from benchmark.networks.load import initial_network
from benchmark.networks.network import PLAIN, Network
from benchmark.specs.recipe import Recipe
from benchmark.specs.start import Start

CERTAIN = 1e4  # the size of a logit that makes a probability exactly 0 or 1, in float32 too


class Coordinates(NamedTuple):
    """How features (N, D) become the inputs (N, d) of a regression: (features - mean) / scale @ basis.

    `basis`, (D, d), is None if the inputs are the standardised features.
    """

    mean: np.ndarray
    scale: np.ndarray
    basis: np.ndarray | None

    def of(self, features: np.ndarray) -> np.ndarray:
        """The inputs, float64."""
        standard: np.ndarray = (features.astype(np.float64) - self.mean) / self.scale
        return standard if self.basis is None else np.asarray(standard @ self.basis)


class LinearHead(NamedTuple):
    """Logits are features @ weight.T + bias; weight (C, D), bias (C,), float64.

    With a `centre`, (D,), the features first become directions, see benchmark.networks.layers.Direction.
    """

    weight: np.ndarray
    bias: np.ndarray
    centre: np.ndarray | None = None


def linear_head(
    models: Sequence[LogisticRegression | int], classes: int, where: Coordinates, *, multilabel: bool
) -> LinearHead:
    """The head whose softmax gives the probabilities of one regression, or whose sigmoids give those of one for each label.

    An integer stands for a label that all training images have. A class that no training image has is never predicted.
    """
    width = len(where.mean) if where.basis is None else where.basis.shape[1]
    weight, bias = np.zeros((classes, width)), np.full(classes, -CERTAIN)
    if multilabel:
        for row, model in enumerate(models):
            if isinstance(model, int):
                bias[row] = CERTAIN if model else -CERTAIN
            else:
                weight[row], bias[row] = model.coef_[0], model.intercept_[0]
    else:
        (model,) = models
        assert not isinstance(model, int)
        own = len(model.coef_) > 1  # of two classes scikit-learn keeps the difference of their logits
        rows = model.classes_ if own else model.classes_[1:]
        bias[model.classes_] = 0
        weight[rows], bias[rows] = model.coef_, model.intercept_
    wide = (weight if where.basis is None else weight @ where.basis.T) / where.scale
    return LinearHead(wide, bias - wide @ where.mean)


def network_with(start: Start, head: LinearHead, recipe: Recipe, device: str) -> Network:
    """The frozen network of a start with this head, in float32.

    `recipe`: its protocol, layers and size decide what the head sees.
    """
    frozen = PLAIN.model_copy(update={"protocol": recipe.protocol, "layers": recipe.layers, "size": recipe.size})
    network = initial_network(start, len(head.bias), 0, frozen).to(device)
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(head.weight))
        network.head.bias.copy_(torch.from_numpy(head.bias))
        if head.centre is not None:
            network.dense[0].centre.copy_(torch.from_numpy(head.centre))  # type: ignore[operator]
    return network.eval()
