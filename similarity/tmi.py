"""TMI: how widely the images of a class spread in the source's features, as the entropy within classes."""

import numpy as np
import scipy.special
from sklearn.neighbors import NearestNeighbors

from benchmark import Array, Draws, Undefined, measure


@measure(
    grows="N² D / C",
    citation="Xu & Kang, Fast and accurate transferability measurement by evaluating intra-class feature variance, ICCV 2023",
)
def tmi(features: Array, labels: Array, *, k: int = 3) -> float:
    """Conditional entropy H(X|Y) = Σ_c n_c/N H(X|c) of the features within classes, in nats; unbounded.

    features: (N, D); labels: (N,). Features that still separate images of one class have more to adapt. H(X|c) is the estimate
    of Kozachenko and Leonenko, ψ(n_c) - ψ(k) + log V_D + D mean log r, with the distance r of each image to its k-th nearest of
    the class and the volume V_D of the unit ball. It grows with D, and by D log a if features are multiplied by a, so compare
    sources of one architecture only. No code of the authors is known, so k is our choice. Undefined if a class has at most k
    images, or k + 1 images with the same features.
    """
    return float(_entropies(features, labels, k).mean())


@tmi.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, k: int) -> Array:
    """The neighbours of each image are held fixed, because a duplicate would be at distance 0.

    This omits that images share neighbours, which is about half of the spread between sets of images in hundreds of dimensions.
    """
    scores: Array = _entropies(features, labels, k)[draws.target].mean(axis=1)
    return scores


def _entropies(features: Array, labels: Array, k: int) -> Array:
    """The part of each image, (N,): -log of the density estimated from its k-th neighbour."""
    if k < 1:
        raise Undefined(f"neighbour {k} has no distance")
    dims = features.shape[1]
    ball = dims / 2 * np.log(np.pi) - scipy.special.gammaln(dims / 2 + 1)
    centred, parts = features - features.mean(axis=0), np.empty(len(labels))
    for label in range(labels.max() + 1):
        own = np.flatnonzero(labels == label)
        if len(own) <= k:
            raise Undefined(f"a class has {len(own)} images, {k} neighbours need {k + 1}")
        points = centred[own]
        near = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points).kneighbors(points, return_distance=False)
        apart = np.stack([np.linalg.norm(points - points[near[:, place]], axis=1) for place in range(k + 1)])
        radius = np.sort(apart, axis=0)[
            k
        ]  # the image itself is among them; distances are computed again, exactly also for near copies
        if radius.min() <= 1e-9 * np.abs(points).max():
            raise Undefined(f"{k + 1} images of a class have the same features")
        parts[own] = scipy.special.digamma(len(own)) - scipy.special.digamma(k) + ball + dims * np.log(radius)
    return parts
