"""Where a difference that is measured at several places becomes nil. Arrays in, arrays out; no names.

Between two places the difference is taken to run straight. At each place it has an interval from seeds and test images, like
any other difference; the interval of the crossing holds every place at which the difference cannot be told from nil (the
inversion of a test, as Fieller does for a ratio). It may be open on either side: its end is then beyond the measured places.
docs/data_size.md shows by simulation how often it holds the truth, and how often other intervals do.
"""

from dataclasses import dataclass

import numpy as np

from results.statistics.distributions import t_quantile
from results.statistics.intervals import NOTHING, standard_errors

STEPS = 100  # into which the way between two places is divided


@dataclass(frozen=True)
class Crossing:
    """Where a difference falls through nil.

    Attributes:
        place: the estimate. Infinite where the difference is above nil at every place, minus infinite where it is nowhere
            above, NaN where it rises through nil or crosses it several times.
        low: up to here the difference is above nil with confidence; minus infinite if not even at the first place.
        high: from here on it is below nil with confidence; infinite if not even at the last place. Both are NaN where no error
            is known.
    """

    place: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether the crossing has an interval."""
        return not np.isnan(self.low)

    @property
    def open(self) -> bool:
        """Whether neither end is known: the difference is not told from nil at the first place, nor at the last one."""
        return bool(np.isneginf(self.low) and np.isposinf(self.high))


@dataclass(frozen=True)
class Differences:
    """Differences at K places, in ascending order.

    Attributes:
        places: (K,).
        by_seed: (n, K) the difference of each seed.
        images: (K, K) covariance of the mean differences from the test images; zeros where it is not known.
        freedom: degrees of freedom of `images`.
    """

    places: np.ndarray
    by_seed: np.ndarray
    images: np.ndarray
    freedom: float = np.inf


def crossing(of: Differences, level: float = 0.95) -> Crossing:
    """Where the mean difference over seeds falls through nil, with its interval; needs two seeds for the interval."""
    means = of.by_seed.mean(axis=0)
    place = _falls_at(of.places, means)
    if len(of.by_seed) < 2:
        return Crossing(place, np.nan, np.nan)
    grid, weights = _grid(of.places)
    half = half_widths(of, weights, level)
    if np.isinf(half).all():  # nothing varies
        return Crossing(place, np.nan, np.nan)
    middle = weights @ means
    lower, upper = middle - half, middle + half
    not_above, not_below = np.flatnonzero(lower <= 0), np.flatnonzero(upper >= 0)
    low = grid[-1] if not len(not_above) else _between(grid, lower, int(not_above[0]) - 1)
    high = grid[0] if not len(not_below) else _between(grid, upper, int(not_below[-1]))
    return Crossing(place, low, high)


def half_widths(of: Differences, weights: np.ndarray, level: float = 0.95) -> np.ndarray:
    """(P,) half the width of the interval of each of P weighted means of the differences, (P, K) weights: seeds and images.

    Infinite where nothing varies, or only one seed is there and the images are not known.
    """
    count = len(of.by_seed)
    several = count > 1
    seeds = (of.by_seed @ weights.T).var(axis=0, ddof=1) / count if several else np.zeros(len(weights))
    parts = np.stack([seeds, np.einsum("pk,kl,pl->p", weights, of.images, weights)])
    frees = np.stack([np.full(len(weights), count - 1.0 if several else np.inf), np.full(len(weights), of.freedom)])
    half, known = np.full(len(weights), np.inf), parts.sum(axis=0) > NOTHING
    scales = standard_errors(parts[:, known], frees[:, known])
    half[known] = np.max([t_quantile(0.5 + level / 2, free) * error for error, free in scales], axis=0)
    return half


def _falls_at(places: np.ndarray, means: np.ndarray) -> float:
    """The place at which the straight lines between the means fall through nil, see Crossing.place."""
    above = means > 0
    if above.all():
        return np.inf
    if not above.any():
        return -np.inf
    changes = np.flatnonzero(above[1:] != above[:-1])
    if len(changes) > 1 or not above[0]:
        return np.nan
    at = int(changes[0])
    share = means[at] / (means[at] - means[at + 1])
    return float(places[at] + share * (places[at + 1] - places[at]))


def _grid(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places between the places, (P,), and what each of the K places weighs in them, (P, K)."""
    shares = np.arange(STEPS) / STEPS
    weights = np.zeros(((len(places) - 1) * STEPS + 1, len(places)))
    for segment in range(len(places) - 1):
        rows = slice(segment * STEPS, (segment + 1) * STEPS)
        weights[rows, segment], weights[rows, segment + 1] = 1 - shares, shares
    weights[-1, -1] = 1
    return weights @ places, weights


def _between(grid: np.ndarray, values: np.ndarray, before: int) -> float:
    """Where the values pass nil behind the step `before`; infinite outside of the grid."""
    if before < 0:
        return -np.inf
    if before + 1 >= len(grid):
        return np.inf
    one, other = float(values[before]), float(values[before + 1])
    if not np.isfinite([one, other]).all():
        return float(grid[before])
    return float(grid[before] + one / (one - other) * (grid[before + 1] - grid[before]))
