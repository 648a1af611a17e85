"""RankMe: the effective number of dimensions that the target images fill."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.spectrum import spectrum


@measure(
    grows="N D min(N, D)",
    citation="Garrido, Balestriero, Najman & LeCun, RankMe: assessing the downstream performance of pretrained self-supervised "
    "representations by their rank, ICML 2023",
)
def rankme(features: Array) -> float:
    """exp(-Σ_k p_k log p_k), p_k = s_k / Σ_j s_j, s the singular values of the features, not centred; in [1, min(N, D)].

    features: (N, D). It uses no labels and no classifier, so it says something of every encoder. It was made to compare
    trainings of one network: among networks with another D a wider one is ahead by its width. It also grows with N until N is
    many times D (the authors take 25,600 images), so only scores of the same number of images may be compared, as here. The
    authors add 1e-7 to each p_k, so that the logarithm exists; here a singular value of 0 adds nothing.
    There is no interval, because no resamples that were tried spread as fresh images do.
    """
    return _rank(spectrum(features).values)


@rankme.bootstrap
def resampled(draws: Draws, features: Array) -> Array:  # noqa: ARG001
    """Raises Undefined: simulated, effects to first order are up to 2 times too wide, subsets from 0.5 to 1.7 times as wide."""
    raise Undefined("singular values of a sample hold its own randomness, which neither weights nor subsets of the images show")


def _rank(values: Array) -> float:
    """The score of squared singular values (r,)."""
    shares = np.sqrt(values) / np.sqrt(values).sum()
    return float(np.exp(-shares @ np.log(shares)))
