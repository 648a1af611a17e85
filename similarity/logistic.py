"""Logistic regression: held-out accuracy of a linear classifier on the source's features."""

import numpy as np

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.cross_validation import average, hits, stratified_folds
from benchmark.measures.low_rank import principal_coordinates
from benchmark.measures.softmax_ridge import posteriors, softmax_ridge
from benchmark.measures.subsets import cross_validated

STRENGTHS = (
    1.0,
    10.0,
    100.0,
)  # for features with a total variance of one; from strong to weak penalty, each fit starts from the previous one


@measure(
    grows="N min(N, D)² + folds² N min(N, D) C",
    citation="Kornblith, Shlens & Le, Do better ImageNet models transfer better?, CVPR 2019",
    proportion=lambda options: options["result"] == "accuracy",
)
def logistic(  # noqa: PLR0913
    features: Array,
    labels: Array,
    *,
    strength: float = 0.0,
    result: str = "accuracy",
    folds: int = 5,
    seed: int = 0,
    balanced: bool = False,
) -> float:
    """Held-out accuracy, in [0, 1], of multinomial logistic regression on the features; result="likelihood": mean log p(y|x).

    features: (N, D); labels: (N,). Minimises Σ cross-entropy + |W|²/(2 strength) over the images of the other folds, on
    features scaled to a total variance of 1. strength=0 chooses 1, 10 or 100 for each fold by the likelihood of two other
    folds, each predicted by a classifier that has seen neither it nor the fold itself. Equal rows share a fold. balanced: mean
    over classes. All images of a class that occurs in one fold only count as wrong, with a probability of 1e-4.
    """
    return float(average(_results(features, labels, strength, result, folds, seed), labels, balanced=balanced))


@logistic.bootstrap
def resampled(  # noqa: PLR0913
    draws: Draws, features: Array, labels: Array, *, strength: float, result: str, folds: int, seed: int, balanced: bool
) -> Array:
    """Averages the fixed result of each image: a duplicate in another fold would reveal its label."""
    results = _results(features, labels, strength, result, folds, seed)
    value = float(average(results, labels, balanced=balanced))
    return cross_validated(average(results, labels, balanced=balanced, draws=draws), value, folds)


@cache_last
def _results(features: Array, labels: Array, strength: float, result: str, number: int, seed: int) -> Array:
    """Result of each image, (N,)."""
    if strength < 0:
        raise Undefined(f"logistic: strength is {strength}; it must be 0 or more")
    if number < 3 and not strength:
        raise Undefined(f"logistic: folds is {number}; a strength is chosen with 3 folds or more")
    if result not in {"accuracy", "likelihood"}:
        raise CatsError(f"logistic has no result '{result}'; it has accuracy and likelihood")
    fold = stratified_folds(features, labels, number=number, seed=seed)
    inputs = principal_coordinates(features)
    inputs = inputs / np.sqrt((inputs**2).sum() / len(labels))
    chosen = [(strength, None)] * number if strength else _chosen(inputs, labels, fold, number)
    results = np.empty(len(labels))
    for held_out in range(number):
        out = fold == held_out
        logs, _ = _predicted(inputs[~out], labels[~out], inputs[out], *chosen[held_out], classes=int(labels.max()) + 1)
        results[out] = hits(np.exp(logs), labels[out]) if result == "accuracy" else logs[np.arange(out.sum()), labels[out]]
    return results


def _chosen(inputs: Array, labels: Array, fold: Array, number: int) -> list[tuple[float, Array | None]]:
    """The strength for each fold, and initial weights that have not seen the fold.

    One classifier without folds a and b serves both: it tests b for a, and a for b.
    """
    weights: dict[tuple[float, int], Array] = {}
    likelihood = np.full((len(STRENGTHS), number), -np.inf)
    for place, strength in enumerate(STRENGTHS):
        likelihood[place] = 0
        for a in range(number):
            b = (a + 1) % number
            out = (fold == a) | (fold == b)
            start = weights.get((STRENGTHS[place - 1], a))
            logs, weights[strength, a] = _predicted(
                inputs[~out], labels[~out], inputs[out], strength, start, classes=int(labels.max()) + 1
            )
            own = logs[np.arange(out.sum()), labels[out]]
            likelihood[place, a] += own[fold[out] == b].sum()
            likelihood[place, b] += own[fold[out] == a].sum()
        if place and (likelihood[place] < likelihood[place - 1]).all():
            break  # a weaker penalty fits the training images more closely, and takes longest
    best = [STRENGTHS[place] for place in likelihood.argmax(axis=0)]
    return [(strength, weights[strength, a]) for a, strength in enumerate(best)]


def _predicted(
    inputs: Array, labels: Array, asked: Array, strength: float, start: Array | None, *, classes: int
) -> tuple[Array, Array]:
    """log p(class | image) of the images `asked`, (A, C), and the weights, (d + 1, C)."""
    present, inside = np.unique(labels, return_inverse=True)
    begin = None if start is None else start[:, present]
    fitted, _ = softmax_ridge(inputs, np.eye(len(present))[inside], 1 / strength, begin)
    logs = np.full((len(asked), classes), np.log(1e-4))  # of a class without training images
    logs[:, present] = posteriors(asked, fitted) + np.log(1 - 1e-4 * (classes - len(present)))
    weights = np.zeros((len(fitted), classes))
    weights[:, present] = fitted
    return logs, weights
