"""Proxy A-distance: how well a linear classifier separates target images from source images."""

from typing import Any

import numpy as np
from scipy.linalg import solve

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.resampling import multiplicities, sample


@measure(
    grows="T^2 E, T = 2 min(N, M, most)",
    citation="Ben-David, Blitzer, Crammer & Pereira, Analysis of representations for domain adaptation, NeurIPS 2006",
)
def proxy_a(
    neutral: Array, source_neutral: Array, *, folds: int = 5, ridge: float = 1.0, most: int = 1000, seed: int = 0
) -> float:
    """Negated proxy A-distance -2 (1 - 2 e), e the held-out error of separating target from source; about 0 if alike.

    neutral: (N, E); source_neutral: (M, E). Equally many images of both sides, at most `most`, are sampled with `seed`; e is
    the mean of both sides' errors over `folds` folds. The classifier is ridge regression on ±1 with a penalty of `ridge` times
    the mean squared singular value; it has a closed form, and where sides differ so much that hardly any image is mistaken, as
    most medical sets do, a stronger classifier says even less. Undefined if no held-out image is misclassified: -2 does not say
    how far the sides are apart.
    """
    wrong, source_wrong, _, _ = _mistakes(neutral, source_neutral, folds, ridge, most, seed)
    error = (wrong.mean() + source_wrong.mean()) / 2
    if error == 0:
        raise Undefined("no held-out image of target or source is misclassified: the distance is saturated at 2")
    return -float(2 * (1 - 2 * error))


@proxy_a.bootstrap
def resampled(draws: Draws, neutral: Array, source_neutral: Array, **options: Any) -> Array:
    """Averages the held-out mistakes over the draws: a duplicate would be in training and test."""
    chosen = {**proxy_a.options, **options}
    given = [chosen[name] for name in ("folds", "ridge", "most", "seed")]
    wrong, source_wrong, rows, source_rows = _mistakes(neutral, source_neutral, *given)
    weights = multiplicities(draws.target, len(neutral))[:, rows]
    source_weights = multiplicities(draws.source, len(source_neutral))[:, source_rows]
    with np.errstate(invalid="ignore"):
        error = (weights @ wrong / weights.sum(axis=1) + source_weights @ source_wrong / source_weights.sum(axis=1)) / 2
    return np.asarray(-2 * (1 - 2 * error))


@cache_last
def _mistakes(
    neutral: Array, source_neutral: Array, folds: int, ridge: float, most: int, seed: int
) -> tuple[Array, Array, Array, Array]:
    """Held-out mistakes of k target and k source images (0, 1, or 0.5 if undecided), and their row numbers, (k,) each."""
    count = min(len(neutral), len(source_neutral), most)
    if count < folds:
        raise Undefined(f"{count} images of a side cannot be held out in {folds} folds")
    rows, source_rows = sample(neutral, count, seed), sample(source_neutral, count, seed)
    images = np.concatenate([neutral[rows], source_neutral[source_rows]])
    side = np.repeat([1.0, -1.0], count)
    fold = np.tile(np.arange(count) % folds, 2)
    wrong = np.empty(2 * count)
    for held in range(folds):
        test = fold == held
        predictions = _predict(images[~test], side[~test], images[test], ridge)
        wrong[test] = (1 - np.sign(predictions * side[test])) / 2
    return wrong[:count], wrong[count:], rows, source_rows


def _predict(train: Array, side: Array, test: Array, ridge: float) -> Array:
    """Ridge regression with intercept, in the space of images or of features, whichever is smaller."""
    middle = train.mean(axis=0)
    train, test = train - middle, test - middle
    count, dims = train.shape
    penalty = ridge * float((train**2).sum()) / min(count, dims)
    if penalty == 0:
        return np.zeros(len(test))
    if count <= dims:
        gram = train @ train.T
        gram[np.diag_indices(count)] += penalty
        return np.asarray(test @ (train.T @ solve(gram, side, assume_a="pos", check_finite=False)))
    gram = train.T @ train
    gram[np.diag_indices(dims)] += penalty
    return np.asarray(test @ solve(gram, train.T @ side, assume_a="pos", check_finite=False))
