"""Nearest neighbours: training images vote by the cosine of frozen features."""

from collections.abc import Mapping

import numpy as np

from benchmark.specs.recipe import Recipe
from benchmark.training.protocols.frozen import (
    Fitted,
    FrozenProtocol,
    Parts,
    choose,
    count_classes,
    directions,
    validation_curves,
)
from results.error import CatsError
from results.metrics import one_hot

BLOCK = 1024  # rows that are compared at a time; all at once would need as much memory as a second copy of the features
TEMPERATURE = 0.07  # by which cosines are divided, as in Wu et al. 2018
FLOOR = 1e-3  # this share of probability is spread evenly, so that a class without a neighbour keeps a positive probability


class NearestNeighbours(FrozenProtocol):
    """The vote of the nearest neighbours among frozen features."""

    def fit(self, features: Parts, labels: Parts, recipe: Recipe, rule: str) -> Fitted:
        """See FrozenProtocol.fit; the numbers of neighbours are `k` of the recipe."""
        return fit_knn(features, labels, recipe.k, rule)

    def too_few(self, recipe: Recipe, images: int) -> str | None:
        """See Protocol.too_few."""
        if max(recipe.k) <= images:
            return None
        return f"k is {max(recipe.k)}, and no k may exceed the {images} training images"

    def cost_factor(self, counts: Mapping[str, int], sample: int) -> float:
        """Every validation and test image is compared with every training image."""
        return counts["train"] / sample * (counts["val"] + counts["test"]) / (2 * sample)


PROTOCOL = NearestNeighbours()


def fit_knn(features: Parts, labels: Parts, ks: tuple[int, ...], rule: str) -> Fitted:
    """Let the k nearest of `train` vote with exp(cosine / 0.07), choose k on `val` by the rule, predict `test`.

    Arguments and result are as in fit_probe, with curves over k. A probability is the weighted mean of the
    neighbours' labels, times 0.999, plus 0.001 spread evenly over the classes (multi-label: over yes and no).
    `last_epoch` takes the largest k, `within_one_se` the largest that is no worse than the best by validation loss.

    Reference: Wu, Xiong, Yu & Lin, Unsupervised feature learning via non-parametric instance discrimination, CVPR 2018.
    As in the k-NN of DINO (Caron et al., ICCV 2021) the features are those of the frozen network, of length one, not centred.
    Raises CatsError if there are fewer training images than k.
    """
    if max(ks) > len(labels["train"]):
        raise CatsError(f"k is {max(ks)}, but there are only {len(labels['train'])} training images")
    classes = count_classes(labels)
    neighbours, neighbour_labels = directions(features["train"]), one_hot(labels["train"], classes)
    even = 1 / 2 if labels["train"].ndim == 2 else 1 / classes
    val, test = (
        FLOOR * even + (1 - FLOOR) * _votes(directions(features[part]), neighbours, neighbour_labels, ks)
        for part in ("val", "test")
    )
    curves, losses = validation_curves(list(val), labels["val"])
    curves["k"] = [float(k) for k in ks]
    best = choose(curves, losses, ks, rule, simplest=max)
    return Fitted(test[best], curves, best, val[best])


def _votes(queries: np.ndarray, neighbours: np.ndarray, labels: np.ndarray, ks: tuple[int, ...]) -> np.ndarray:
    """The weighted mean of the `labels` (M, C) of the k `neighbours` (M, D) nearest to each of `queries` (Q, D): (ks, Q, C)."""
    largest, last = max(ks), np.array(ks) - 1
    shares = np.empty((len(ks), len(queries), labels.shape[1]))
    for first in range(0, len(queries), BLOCK):
        cosine = queries[first : first + BLOCK] @ neighbours.T
        near = np.argpartition(-cosine, largest - 1, axis=1)[:, :largest]
        near = np.take_along_axis(near, np.argsort(-np.take_along_axis(cosine, near, axis=1), axis=1, kind="stable"), axis=1)
        weight = np.exp(np.take_along_axis(cosine, near, axis=1) / TEMPERATURE)[:, :, None]
        votes = np.cumsum(weight * labels[near], axis=1) / np.cumsum(weight, axis=1)
        shares[:, first : first + BLOCK] = votes[:, last].swapaxes(0, 1)
    return shares
