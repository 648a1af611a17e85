"""Effects of images in which what belongs to a pair of images counts once, not twice."""

import numpy as np

from benchmark.measures.class_statistics import indicators
from benchmark.measures.resampling import without_class_means
from benchmark.specs.needs import Array

MOST = 2_000  # images, up to which what their pairs change is computed


def looked_at(count: int, dims: int) -> bool:
    """Whether pairs are looked at; above 2,000 images and N > D they change too little to be worth N² numbers."""
    return count <= max(MOST, dims)


def counted_once(effects: Array, pairs: Array, labels: Array, least: float = 0.5) -> Array:
    """Effects (N,) whose sum of squares inside the classes counts every pair once (Efron & Stein, 1981).

    pairs: (N, N), symmetric, what a pair of images changes beyond the sum of both; it is in the effects of both, so that the
    sum of squared effects counts it twice. The array is overwritten. What is common to the pairs of an image with a class is
    left out, because resamples hold equally many images of a class. least: the share of the sum of squares that is kept at
    least; 1/2 if the rest is of pairs, 1/3 if triples, which are in the effects of three, matter too.
    """
    inside, y = without_class_means(effects, labels), indicators(labels)
    of_class = pairs @ y / y.sum(axis=0)
    pairs -= of_class[:, labels] + of_class[:, labels].T - (y.T @ of_class / y.sum(axis=0)[:, None])[labels][:, labels]
    np.fill_diagonal(pairs, 0)
    twice, total = np.vdot(pairs, pairs) / 2, np.vdot(inside, inside)
    kept = float(np.sqrt(max(total - twice, least * total) / total)) if total > 0 else 1.0
    return np.asarray(effects - inside + kept * inside)
