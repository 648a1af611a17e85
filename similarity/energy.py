"""Energy: how strongly the source's classifier reacts to the target's images."""

import scipy.special

from benchmark import Array, Draws, measure
from benchmark.measures.tail_energy import tail_mean


@measure(
    grows="N S", citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023"
)
def energy(logits: Array, *, share: float = 1.0, tail: str = "low") -> float:
    """Mean of log Σ_s exp(logit_is) over the `share` of images where it is lowest (tail=low) or highest (tail=high).

    logits: (N, S). Any number: adding a constant to all logits, which changes no probability, adds it to the score, and S
    classes that are all alike add log S. It looks at no label. The authors' code takes features for logits, and the lowest
    0.5 % of the images, which are none where there are fewer than 200.
    """
    return float(tail_mean(scipy.special.logsumexp(logits, axis=1)[None], share, tail)[0])


@energy.bootstrap
def resampled(draws: Draws, logits: Array, *, share: float, tail: str) -> Array:
    """The energy of an image does not depend on the others."""
    return tail_mean(scipy.special.logsumexp(logits, axis=1)[draws.target], share, tail)
