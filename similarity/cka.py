"""Centred kernel alignment: how well the source's features of the target images go with their labels."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.alignment import alignment
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators
from benchmark.measures.halves import pairs_once


@measure(
    grows="N D min(N, D)",
    citation="Cortes, Mohri & Rostamizadeh, Algorithms for learning kernels based on centered alignment, JMLR 2012; as CKA "
    "Kornblith, Norouzi, Lee & Hinton, ICML 2019",
    choices={"to": ("labels", "neutral")},
)
def cka(features: Array, labels: Array, *, to: str = "labels", debiased: bool = True) -> float:  # noqa: ARG001
    """Centred kernel alignment HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) of the features with the labels; at most about 1.

    features: (N, D); labels: (N,). K is the Gram matrix of the features, and L is 1 for two images of one class, else 0. The
    alignment with the labels bounds how well a predictor on these features can do (Cortes et al. 2012), and is the numerator of
    KITE (Guo, arXiv 2405.01603). to=neutral: L is the Gram matrix of the neutral network's features of the same images, (N, E).
    No publication ranks sources by that; it says how little a source differs from the neutral network, and is Undefined for the
    neutral network itself, which would be first on every target.

    By default HSIC is the unbiased estimate over pairwise different images (Song et al. 2012): unrelated features score 0 on
    average, so a score may be below 0. debiased=False is the estimate of Kornblith et al., in [0, 1]; it tends to 1 as D and E
    exceed N, whatever the features.
    """
    return _aligned(features, labels, debiased)[0]


@cka.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, to: str, debiased: bool) -> Array:  # noqa: ARG001
    """To first order in how often an image is drawn; pairs of images count once."""
    classes = labels if labels.ndim == 1 else None
    found = _aligned(features, labels, debiased)
    return pairs_once(draws, *found, lambda half: _aligned(features[half], labels[half], debiased)[1], labels=classes)


@cache_last
def _aligned(features: Array, other: Array, debiased: bool) -> tuple[float, Array]:
    """The alignment with labels (N,) or neutral features (N, E), and its derivative by the weight of each image, (N,)."""
    if other.ndim == 1:
        return alignment(features, indicators(other), debiased=debiased)
    if features.shape == other.shape and np.allclose(features, other, rtol=1e-4, atol=1e-4 * float(np.abs(other).mean())):
        raise Undefined("the source is the neutral network itself, and its likeness to itself is 1 by construction")
    return alignment(features, other, debiased=debiased)
