"""Energy: how strongly the features, or the source's classifier, respond to the target images that they respond to least."""

from benchmark import Array, Draws, measure
from benchmark.measures.tail_energy import energies, resampled_tail, tail_mean


@measure(
    grows="N D",
    citation="Gholami, Akbari, Wang, Kamranian & Zhang, ETran: energy-based transferability estimation, ICCV 2023",
    choices={"of": ("features", "logits")},
)
def energy(features: Array, *, of: str = "features", share: float = 0.005, tail: str = "low") -> float:  # noqa: ARG001
    """Mean of log Σ_d exp(x_id), the negated free energy, over the share of target images where it is lowest.

    features: (N, D), or with of=logits the logits (N, S) of the source's own classifier, which the free energy of a classifier
    is defined for. share, tail: average only the `share` of images with the lowest (tail="low") or highest ("high") values;
    the defaults are those of the authors' code (mgholamikn/ETran), features and the lowest 0.5 %, where that is one image at
    least. Unbounded. A constant added to all features is added to the score, and D equal features add log D, so compare sources
    on one backbone. Labels are not used. A tail of fewer than 20 images has no interval.
    """
    return float(tail_mean(energies(features)[None], share, tail)[0])


@energy.bootstrap
def resampled(draws: Draws, features: Array, *, of: str, share: float, tail: str) -> Array:  # noqa: ARG001
    """The energy of an image does not depend on the other images."""
    return resampled_tail(draws, energies(features), share, tail)
