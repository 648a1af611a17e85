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
    """H(X|Y) = Σ_c n_c/N H(X|c) in nats, any number: features that still tell images of one class apart have more to adapt.

    features: (N, D); labels: (N,). H(X|c) is Kozachenko and Leonenko's estimate, ψ(n_c) - ψ(k) + log V_D + D mean log r, with
    the distance r of each image to its k-th nearest of the class and the volume V_D of the unit ball. It grows with D and by
    D log a where features are multiplied by a, so that it compares sources of one architecture. No code of the authors is
    known, so k is a choice. Undefined where a class has k images or fewer, or k + 1 with the same features, which have no
    volume.
    """
    return float(_entropies(features, labels, k).mean())


@tmi.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, k: int) -> Array:
    """The neighbours of each image are held fixed: a copy would be at distance zero.

    That leaves out that neighbours share images, with hundreds of dimensions about half of the spread between sets of images.
    """
    found: Array = _entropies(features, labels, k)[draws.target].mean(axis=1)
    return found


def _entropies(features: Array, labels: Array, k: int) -> Array:
    """The part of each image, (N,): -log of the density that its k-th neighbour tells."""
    if k < 1:
        raise Undefined(f"neighbour {k} has no distance")
    dims = features.shape[1]
    ball = dims / 2 * np.log(np.pi) - scipy.special.gammaln(dims / 2 + 1)
    centred, found = features - features.mean(axis=0), np.empty(len(labels))
    for label in range(labels.max() + 1):
        own = np.flatnonzero(labels == label)
        if len(own) <= k:
            raise Undefined(f"a class has {len(own)} images, {k} neighbours need {k + 1}")
        points = centred[own]
        near = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points).kneighbors(points, return_distance=False)
        apart = np.stack([np.linalg.norm(points - points[near[:, place]], axis=1) for place in range(k + 1)])
        radius = np.sort(apart, axis=0)[k]  # the image itself is among them; distances anew, exact also for near copies
        if radius.min() <= 1e-9 * np.abs(points).max():
            raise Undefined(f"{k + 1} images of a class have the same features")
        found[own] = scipy.special.digamma(len(own)) - scipy.special.digamma(k) + ball + dims * np.log(radius)
    return found
