"""Energy: how strongly the source's classifier reacts to the target's images."""

import numpy as np
import scipy.special

from benchmark.specs.measure import Array, Draws, Undefined, measure
from results.error import CatsError


@measure(
    grows="N S", citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023"
)
def energy(logits: Array, *, share: float = 1.0, tail: str = "low") -> float:
    """Mean of log Σ_s exp(logit_is) over the `share` of images where it is lowest (tail=low) or highest (tail=high).

    logits: (N, S). Any number: adding a constant to all logits, which changes no probability, adds it to the score, and S
    classes that are all alike add log S. It looks at no label. The authors' code takes features for logits, and the lowest
    0.5 % of the images, which are none where there are fewer than 200.
    """
    return float(tails(scipy.special.logsumexp(logits, axis=1)[None], share, tail)[0])


@energy.bootstrap
def resampled(draws: Draws, logits: Array, *, share: float, tail: str) -> Array:
    """The energy of an image does not depend on the others."""
    return tails(scipy.special.logsumexp(logits, axis=1)[draws.target], share, tail)


def tails(energies: Array, share: float, tail: str) -> Array:
    """Mean of the lowest or highest share of each row: (B, N) → (B,)."""
    if tail not in {"low", "high"}:
        raise CatsError(f"energy has no tail '{tail}'; it has low and high")
    if not 0 < share <= 1:
        raise Undefined(f"a share of {share} of the images is none")
    kept = max(1, round(share * energies.shape[1]))
    ordered = np.sort(energies, axis=1)
    found: Array = (ordered[:, :kept] if tail == "low" else ordered[:, -kept:]).mean(axis=1)
    return found
