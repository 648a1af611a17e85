"""Energy scores: the log of a sum of exponentials for each image, averaged over a tail of the images."""

import numpy as np

from benchmark.specs.needs import Array, Undefined
from results.error import CatsError


def tail_mean(energies: Array, share: float, tail: str) -> Array:
    """Mean of the lowest (tail="low") or highest ("high") `share` of each row, of one image at least: (B, N) → (B,).

    Raises CatsError for another tail, Undefined for a share outside (0, 1].
    """
    if tail not in {"low", "high"}:
        raise CatsError(f"energy has no tail '{tail}'; it has low and high")
    if not 0 < share <= 1:
        raise Undefined(f"a share of {share} is not allowed; it must be above 0 and at most 1")
    number = max(1, round(share * energies.shape[1]))
    ordered = np.sort(energies, axis=1)
    means: Array = (ordered[:, :number] if tail == "low" else ordered[:, -number:]).mean(axis=1)
    return means
