"""DDS: duality diagram similarity of the source's features and those of a network that was trained on the target."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.alignment import alignment
from benchmark.measures.cache_last import cache_last
from benchmark.measures.halves import pairs_once


@measure(
    grows="N min(N, D + F) (D + F)",
    citation="Dwivedi, Huang, Cichy & Roig, Duality diagram similarity: a generic framework for initialization selection in "
    "task transfer learning, ECCV 2020",
)
def dds(features: Array, trained: Array) -> float:
    """Centred alignment of the cosines between images, of standardised features, with those of `trained`; at most about 1.

    features: (N, D); trained: the target images through a network trained on the target, (N, F). Each feature is scaled to mean
    0 and variance 1 first. The alignment is the unbiased one, so unrelated features score 0 on average. These are the choices
    of the paper that dbolya/parc computes too, which returns 100 times the score.
    """
    return _aligned(features, trained)[0]


@dds.bootstrap
def resampled(draws: Draws, features: Array, trained: Array) -> Array:
    """To first order in how often an image is drawn, with the standardisation held fixed; pairs of images count once.

    With 200 images of 512 features the interval was 1.27 times too wide where they counted in the effects of both.
    """
    return pairs_once(draws, *_aligned(features, trained), lambda half: _aligned(features[half], trained[half])[1])


@cache_last
def _aligned(features: Array, trained: Array) -> tuple[float, Array]:
    """The alignment, and its derivative by the weight of each image, (N,)."""
    return alignment(_directions(features), _directions(trained), debiased=True)


def _directions(rows: Array) -> Array:
    """Images in standardised features, scaled to length 1, (N, D); their products are cosines."""
    moved = rows - rows.mean(axis=0)
    spread = moved.std(axis=0)
    varies = spread > 1e-9 * spread.max()
    if not varies.any():  # of half of the images
        raise Undefined("all images have the same features")
    moved = moved[:, varies] / spread[varies]
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(np.divide(moved, lengths, out=np.zeros_like(moved), where=lengths > 0))
