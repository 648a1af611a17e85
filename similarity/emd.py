"""Earth mover's distance between the classes of target and source."""

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from benchmark import Array, Draws, measure
from benchmark.measures.class_statistics import require_single_label
from benchmark.measures.directions import require_few_directions
from benchmark.measures.resampling import multiplicities


@measure(
    grows="N E + C S E, S source classes",
    citation="Cui, Song, Sun, Howard & Belongie, Large scale fine-grained categorization and domain-specific transfer "
    "learning, CVPR 2018",
)
def emd(neutral: Array, labels: Array, source_neutral: Array, source_labels: Array, *, gamma: float | None = None) -> float:
    """Negated earth mover's distance between the mean images of target and source classes, weighted by the classes' sizes.

    neutral: (N, E), labels: (N,); source_neutral: (M, E), source_labels: (M,). The ground distance is Euclidean, the transport
    exact. gamma: returns exp(-gamma EMD) in (0, 1] as in the paper (gamma = 0.01, features of a network trained on JFT, source
    classes with at least 200 images); the order of sources is the same, the differences depend on the scale of the features.
    """
    require_single_label(source_labels)
    once, source_once = np.ones((1, len(labels))), np.ones((1, len(source_labels)))
    return float(_scores(once, source_once, (neutral, labels), (source_neutral, source_labels), gamma)[0])


@emd.bootstrap
def resampled(
    draws: Draws,
    neutral: Array,
    labels: Array,
    source_neutral: Array,
    source_labels: Array,
    *,
    gamma: float | None = None,
) -> Array:
    """Means and weights of the classes follow the draws; a class that is not drawn has weight 0.

    Raises Undefined where the images vary in many directions for their number: the interval was 1.23 times too wide.
    """
    require_few_directions(neutral=neutral, source=source_neutral)
    weights = multiplicities(draws.target, len(labels))
    source_weights = multiplicities(draws.source, len(source_labels))
    return _scores(weights, source_weights, (neutral, labels), (source_neutral, source_labels), gamma)


def _scores(
    weights: Array, source_weights: Array, target: tuple[Array, Array], source: tuple[Array, Array], gamma: float | None
) -> Array:
    import ot  # takes seconds to import

    middle = source[0].mean(axis=0)
    costs = np.empty(len(weights))
    for number in range(len(weights)):
        mass, means = _classes(weights[number], target[0] - middle, target[1])
        source_mass, source_means = _classes(source_weights[number], source[0] - middle, source[1])
        costs[number] = ot.emd2(mass, source_mass, cdist(means, source_means), numItermax=1_000_000)
    return -costs if gamma is None else np.exp(-gamma * costs)


def _classes(weights: Array, rows: Array, labels: Array) -> tuple[Array, Array]:
    """Shares (C,) and means (C, E) of the classes that have weight."""
    mass = np.bincount(labels, weights)
    sums = csr_array((weights, (labels, np.arange(len(labels)))), shape=(len(mass), len(labels))) @ rows
    there = mass > 0
    return mass[there] / mass.sum(), sums[there] / mass[there, None]
