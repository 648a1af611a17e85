"""Nearest mean: held-out accuracy of the nearest class mean in the source's features."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.class_statistics import require_several_per_class
from benchmark.measures.cross_validation import average, hits, stratified_folds
from benchmark.measures.subsets import cross_validated


@measure(
    grows="N D C",
    citation="Mensink, Verbeek, Perronnin & Csurka, Distance-based image classification, IEEE TPAMI 35 (2013)",
    proportion=True,
)
def nearest_mean(features: Array, labels: Array, *, folds: int = 5, seed: int = 0, balanced: bool = False) -> float:
    """Held-out accuracy, in [0, 1], of assigning each image to the nearest class mean (Euclidean) of the other folds.

    features: (N, D); labels: (N,). Equal rows share a fold; means at equal distances share the image. balanced: mean over
    classes. All images of a class that occurs in one fold only count as wrong.
    """
    return float(average(_hits(features, labels, folds, seed), labels, balanced=balanced))


@nearest_mean.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, folds: int, seed: int, balanced: bool) -> Array:
    """Averages the fixed result of each image, as a duplicate in another fold would attract its class mean.

    Raises Undefined where a class is small: its mean then adds more than the part that cross_validated allows for it.
    """
    require_several_per_class(labels)
    results = _hits(features, labels, folds, seed)
    value = float(average(results, labels, balanced=balanced))
    return cross_validated(average(results, labels, balanced=balanced, draws=draws), value, folds)


def _hits(features: Array, labels: Array, number: int, seed: int) -> Array:
    """Result of each image, (N,)."""
    fold = stratified_folds(features, labels, number=number, seed=seed)
    belongs = np.eye(labels.max() + 1)[labels]
    centred = features - features.mean(axis=0)
    scale = 1e-10 * np.einsum("nd,nd->", centred, centred) / len(labels)
    results = np.empty(len(labels))
    for held_out in range(number):
        out = fold == held_out
        counts = belongs[~out].sum(axis=0)
        means = belongs[~out].T @ centred[~out] / np.maximum(counts, 1)[:, None]  # (C, D)
        nearness = 2 * centred[out] @ means.T - np.einsum("cd,cd->c", means, means)  # |x|² - |x - m_c|²
        nearness[:, counts == 0] = -np.inf
        best = nearness >= nearness.max(axis=1, keepdims=True) - scale
        results[out] = hits(best.astype(float), labels[out])
    return results
