"""Energy: how strongly the source's classifier responds to the target images."""

import scipy.special

from benchmark import Array, Draws, measure
from benchmark.measures.tail_energy import tail_mean


@measure(
    grows="N S", citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023"
)
def energy(logits: Array, *, share: float = 1.0, tail: str = "low") -> float:
    """Mean over target images of log Σ_s exp(logit_is), the negated free energy of the source's classifier.

    logits: (N, S). share, tail: average only the `share` of images with the lowest (tail="low") or highest ("high") values.
    Unbounded. A constant added to all logits, which changes no probability, is added to the score, and S equal logits add log
    S. Labels are not used. The authors' code takes features in place of logits and averages the lowest 0.5 % of the images,
    which is none of them for fewer than 200 images.
    """
    return float(tail_mean(scipy.special.logsumexp(logits, axis=1)[None], share, tail)[0])


@energy.bootstrap
def resampled(draws: Draws, logits: Array, *, share: float, tail: str) -> Array:
    """The energy of an image does not depend on the other images."""
    return tail_mean(scipy.special.logsumexp(logits, axis=1)[draws.target], share, tail)
