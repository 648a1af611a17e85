"""Label purity: how pure neighbourhoods are after neighbourhood component analysis."""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import NeighborhoodComponentsAnalysis

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cross_validation import canonical, votes
from benchmark.measures.low_rank import principal_coordinates


@measure(
    grows="min(N, most)² min(N, D)",
    citation="Juodelyte et al., On dataset transferability in medical image classification, arXiv:2412.20172 (2024)",
)
def lp(features: Array, labels: Array, *, k: int = 5, components: int = 50, most: int = 1000, seed: int = 42) -> float:
    """Mean share, in [0, 1], of the own class among the k nearest images after neighbourhood component analysis (NCA).

    features: (N, D); labels: (N,). NCA maps to `components` dimensions and is scored on the images it is fitted to; an image is
    one of its own k neighbours, so the minimum is about 1/k. Both follow the code of the CATS study of 2024. NCA starts at the
    exact principal components, which scikit-learn approximates there. Work and memory grow with N², so at most `most` images
    are sampled with `seed`, classes in proportion. There is no interval, because none of the resamples would hold the sampling
    error of a map that was fitted to the images it is scored on; `knn`, which holds its images out and has an interval, is the
    one to recommend.
    """
    return float(_purities(features, labels, k, components, most, seed).mean())


@lp.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, **options: Any) -> Array:  # noqa: ARG001
    """Raises Undefined: the spread of the images' own shares is half of that between sets of 120 images."""
    raise Undefined("the map was fitted to the images that are scored, and resamples do not hold its sampling error; see knn")


def _purities(features: Array, labels: Array, k: int, components: int, most: int, seed: int) -> Array:
    """Share of the own class for each sampled image, (n,)."""
    if min(k, components) < 1:
        raise Undefined(f"lp: k is {k} and components is {components}; both must be 1 or more")
    rows = _taken(features, labels, most, seed)
    coordinates, own = principal_coordinates(features[rows]), labels[rows]
    start = np.eye(min(components, coordinates.shape[1]), coordinates.shape[1])
    analysis = NeighborhoodComponentsAnalysis(len(start), init=start, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 50 steps, as published
        mapped = analysis.fit(coordinates, own).transform(coordinates)
    shares = votes(mapped, mapped, own, k, classes=int(labels.max()) + 1)
    return np.asarray(shares[np.arange(len(own)), own])


def _taken(features: Array, labels: Array, most: int, seed: int) -> Array:
    """Rows of about `most` images at most, classes in proportion; order and names of classes have no effect."""
    rows = canonical(features)
    if len(rows) <= most:
        return rows
    taken = []
    for label in range(labels.max() + 1):
        own = np.flatnonzero(labels[rows] == label)
        rng = np.random.default_rng(seed)
        taken.append(rng.choice(own, max(1, round(most * len(own) / len(rows))), replace=False))
    sampled: Array = rows[np.sort(np.concatenate(taken))]
    return sampled
