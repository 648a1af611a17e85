"""RankMe: the effective number of dimensions that the target images fill."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.resampling import first_order
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
    """
    values = spectrum(features).values
    return float(np.exp(_entropy(np.sqrt(values))))


@rankme.bootstrap
def resampled(draws: Draws, features: Array) -> Array:
    """To first order in how often an image is drawn; a resample itself has fewer different images, hence a lower rank."""
    parts = spectrum(features)
    shares = np.sqrt(parts.values) / np.sqrt(parts.values).sum()
    entropy = _entropy(shares)
    # ds = s d(log s²)/2, and -Σ dp (log p + 1) with Σ dp = 0
    effects = parts.effects(-shares * (np.log(shares) + entropy) / 2)
    return np.asarray(np.exp(first_order(draws, entropy, effects)))


def _entropy(sizes: Array) -> float:
    shares = sizes / sizes.sum()
    return -float(shares @ np.log(shares))
