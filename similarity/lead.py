"""LEAD: the likelihood of the labels once fine-tuning has moved the logits, at a speed for each class."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.cross_validation import stratified_folds
from benchmark.measures.low_rank import principal_coordinates
from benchmark.measures.resampling import sample
from benchmark.measures.softmax_ridge import posteriors, softmax_ridge

WIDTHS = (1024, 2048)  # of the hidden layers of the random head
STRENGTH = 10.0  # of the classifier, the inverse of its ridge, for features with a total variance of 1
UNSEEN = 1e-4  # probability of a class without images in the other folds


@measure(
    grows="N min(N, D)² + N min(N, D) C + min(N, C per_class) D",
    citation="Hu, Li, Tang, Liu, Hu & Duan, LEAD: exploring logit space evolution for model selection, CVPR 2024",
)
def lead(features: Array, labels: Array, *, time: float = 1.0, per_class: int = 64, folds: int = 5, seed: int = 0) -> float:
    """Mean over images of log((1 - e_c) + e_c p_i), e_c = exp(-time l_c), c the class of the image; in (-∞, 0].

    features: (N, D); labels: (N,). p_i is the initial probability of the right class, and l_c the mean eigenvalue of the
    tangent kernel of the images of a class, that is, the mean squared gradient of the summed outputs of a random head with
    hidden layers of 1,024 and 2,048 by the weights of the head, on `per_class` images drawn with `seed`. So the predictions of
    a class whose images pull more at the head come nearer to the labels in the same time. Equations 5 to 7 and the algorithm
    were read in a public re-implementation that quotes them. Readings: eigenvalues are divided by their mean over classes,
    because a learning rate is nowhere given; the evolved logits are probabilities, whose logarithm is the cross-entropy. The
    paper's initial logits are those of a support vector machine on the images that it was fitted to, which is right on all of
    them where N < D, for every source; here p is that of a logistic regression on the other folds.
    There is no interval, because resamples of the images' results leave out the randomness of the classifiers.
    """
    if time < 0 or per_class < 1:
        raise Undefined(f"lead: time is {time} and per_class is {per_class}; they must be at least 0 and 1")
    likely, pulls, taken = _started(features, labels, per_class, folds, seed)
    y = indicators(labels)
    speeds = pulls * taken @ y / (taken @ y)
    kept = np.exp(-time * speeds / speeds.mean())[labels]
    return float(np.log(1 - kept + kept * likely).mean())


@lead.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: float) -> Array:  # noqa: ARG001
    """Raises Undefined: the images' own results, at the speeds of a resample, spread 0.75 times as fresh images do."""
    raise Undefined("resamples do not hold the randomness of the classifiers, which is a large part of the score's")


@cache_last
def _started(features: Array, labels: Array, per_class: int, folds: int, seed: int) -> tuple[Array, Array, Array]:
    """Held-out probability of the own class, squared gradients, and 1 for images whose gradient counts, (N,) each."""
    taken, pulls = np.zeros(len(labels)), np.zeros(len(labels))
    classes = int(labels.max()) + 1
    head = _head(features.shape[1], classes, seed)
    for label in range(classes):
        own = np.flatnonzero(labels == label)
        rows = own[sample(features[own], per_class, seed)]
        taken[rows], pulls[rows] = 1, _squared_gradients(features[rows], classes, head)
    if not pulls.any():
        raise Undefined("the features of all drawn images are 0")
    return _held_out(features, labels, folds, seed), pulls / pulls.max(), taken


def _head(features: int, classes: int, seed: int) -> tuple[Array, Array, Array]:
    """Random weights of the two hidden layers, and the sum of those to all classes."""
    rng = np.random.default_rng(seed)
    into, across = (rng.standard_normal(shape) * np.sqrt(2 / shape[0]) for shape in ((features, WIDTHS[0]), WIDTHS))
    return into, across, rng.standard_normal(WIDTHS[1]) * np.sqrt(classes * 2 / WIDTHS[1])


def _squared_gradients(rows: Array, classes: int, head: tuple[Array, Array, Array]) -> Array:
    """Squared length of the gradient of the summed outputs by all weights of a head, for each image, (n,)."""
    into, across, out = head
    first = np.maximum(rows @ into, 0)
    second = np.maximum(first @ across, 0)
    back = out * (second > 0)
    further = (back @ across.T) * (first > 0)
    squares = [np.einsum("nd,nd->n", one, one) for one in (rows, further, first, back, second)]
    return np.asarray(squares[0] * squares[1] + squares[2] * squares[3] + classes * squares[4])


def _held_out(features: Array, labels: Array, folds: int, seed: int) -> Array:
    fold = stratified_folds(features, labels, number=folds, seed=seed)
    inputs = principal_coordinates(features)
    inputs = inputs / np.sqrt((inputs**2).sum() / len(labels))
    likely = np.full(len(labels), UNSEEN)
    for out in (fold == number for number in range(folds)):
        present, inside = np.unique(labels[~out], return_inverse=True)
        fitted, _ = softmax_ridge(inputs[~out], np.eye(len(present))[inside], 1 / STRENGTH)
        place = np.searchsorted(present, labels[out])
        seen = present[np.minimum(place, len(present) - 1)] == labels[out]
        logs = posteriors(inputs[out], fitted)[np.arange(out.sum()), np.minimum(place, len(present) - 1)]
        likely[out] = np.where(seen, np.maximum(np.exp(logs), UNSEEN), UNSEEN)
    return likely
