"""Energy scores: the log of a sum of exponentials for each image, averaged over a tail of the images."""

import numpy as np

from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array, Undefined
from results.error import CatsError

BLOCK = 2**15  # numbers at a time, which stay in the cache of a core
FEWEST = 20  # images in the tail below which resamples do not spread as new images do


def energies(rows: Array) -> Array:
    """log Σ_s exp(x_is) for each row of (N, S), without overflow, (N,)."""
    found, step = np.empty(len(rows)), max(1, BLOCK // rows.shape[1])
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        top = block.max(axis=1)
        powers = block - top[:, None]
        np.exp(powers, out=powers)
        found[start : start + step] = np.log(powers.sum(axis=1)) + top
    return found


def tail_mean(values: Array, share: float, tail: str) -> Array:
    """Mean of the lowest (tail="low") or highest ("high") `share` of each row, of one image at least: (B, N) → (B,).

    Raises CatsError for another tail, Undefined for a share outside (0, 1].
    """
    if tail not in {"low", "high"}:
        raise CatsError(f"energy has no tail '{tail}'; it has low and high")
    if not 0 < share <= 1:
        raise Undefined(f"a share of {share} is not allowed; it must be above 0 and at most 1")
    count = values.shape[1]
    number = images_in_tail(count, share)
    if number == count:
        return np.asarray(values.mean(axis=1))
    cut = number - 1 if tail == "low" else count - number
    parted = np.partition(values, cut, axis=1)
    return np.asarray((parted[:, :number] if tail == "low" else parted[:, -number:]).mean(axis=1))


def images_in_tail(count: int, share: float) -> int:
    """How many of `count` images the tail holds: rounded down as published, but one at least."""
    return max(1, int(share * count + 1e-9))


def resampled_tail(draws: Draws, values: Array, share: float, tail: str) -> Array:
    """The tail's mean in each resample, (B,). Raises Undefined for a tail of so few images that resamples repeat them."""
    number = images_in_tail(len(values), share)
    if number < min(FEWEST, len(values)):
        raise Undefined(f"the mean of the {number} most extreme of {len(values)} images; resamples do not spread as it does")
    return tail_mean(values[draws.target], share, tail)
