"""Power: how small a difference between two sources a board tells apart on one target, and what a smaller one needs.

The test is that of the tie groups (see intervals.tie_groups): Games-Howell over all sources of the target, by seeds and test
images together and by the seeds alone. More seeds shrink the one part of the randomness, more test images the other one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import special

from results.statistics.distributions import chi2_quantile, t_quantile
from results.statistics.studentized_range import critical

WANTED = 0.8  # the probability with which a difference is to be detected
MOST_SEEDS = 1000
MOST_TIMES = 1e6  # test images are enlarged by this factor at most
GRID = (np.arange(48) + 0.5) / 48  # quantiles at which the variance of the seeds of a source is taken


@dataclass(frozen=True)
class Noise:
    """The randomness of one target.

    Attributes:
        seeds: variance of the metric of one source over seeds.
        images: variance of the difference of two sources that comes from the test images, whatever the number of seeds; 0 if
            it is not counted.
        units: number of test images, or of patients where these are known.
        sources: number of sources on the board.
    """

    seeds: float
    images: float
    units: int
    sources: int

    def with_units(self, units: float) -> "Noise":
        """The same with another number of test images (or patients) of the same kind."""
        return replace(self, images=self.images * self.units / units, units=max(2, round(units)))


def power(difference: float, noise: Noise, seeds: int, alpha: float = 0.05) -> float:
    """The probability that two of the sources whose true means differ by `difference` are told apart, with `seeds` seeds each.

    One seed tells nothing apart, because the variance of the seeds is then unknown.
    """
    if seeds < 2:
        return 0.0
    return _chance(difference, *_bar(noise, seeds, alpha))


@lru_cache(maxsize=64)
def _bar(noise: Noise, seeds: int, alpha: float) -> tuple[np.ndarray, float]:
    """How far apart two means must be, over the estimates of their variances, and the standard error of their difference."""
    each = noise.seeds / seeds * chi2_quantile(GRID, seeds - 1) / (seeds - 1)  # what the variance of a mean is estimated as
    one, other = np.meshgrid(each, each)
    total = one + other + noise.images
    squares = (one**2 + other**2) / (seeds - 1)
    both = _far(total, squares + noise.images**2 / max(noise.units - 1, 1), noise.sources, alpha)
    alone = _far(one + other, squares, noise.sources, alpha) if noise.images else 0.0
    return np.maximum(both, alone), float(np.sqrt(2 * noise.seeds / seeds + noise.images))


def _chance(difference: float, far: np.ndarray, error: float) -> float:
    """The probability that the difference of two means, normal around the true one, lies beyond `far` on either side."""
    if not error:
        return float(difference > 0)
    return float(np.mean(special.ndtr((difference - far) / error) + special.ndtr((-far - difference) / error)))


def paired_power(difference: float, noise: Noise, seeds: int, alpha: float = 0.05) -> float:
    """The same of two sources that were named before the run and whose seeds are paired, see results.board.compare.

    `noise.seeds` is the variance of their difference over seeds; nothing is corrected for the number of sources.
    """
    if seeds < 2:
        return 0.0
    each = noise.seeds / seeds * chi2_quantile(GRID, seeds - 1) / (seeds - 1)
    squares = each**2 / (seeds - 1)
    both = _far_alone(each + noise.images, squares + noise.images**2 / max(noise.units - 1, 1), alpha)
    far = np.maximum(both, _far_alone(each, squares, alpha))
    return _chance(difference, far, float(np.sqrt(noise.seeds / seeds + noise.images)))


def _far_alone(variance: np.ndarray, squares: np.ndarray, alpha: float) -> np.ndarray:
    """How far a paired difference must be from 0 by Student's t; see _far."""
    freedom = np.maximum(variance**2 / np.maximum(squares, 1e-300), 1.0)
    return np.asarray(t_quantile(1 - alpha / 2, freedom) * np.sqrt(variance))


def _far(variance: np.ndarray, squares: np.ndarray, sources: int, alpha: float) -> np.ndarray:
    """How far apart two means must be. Welch-Satterthwaite: variance² / `squares` degrees of freedom."""
    freedom = np.maximum(variance**2 / np.maximum(squares, 1e-300), 1.0)
    return np.asarray(critical(max(sources, 2), freedom, alpha) * np.sqrt(variance / 2))


def smallest_difference(noise: Noise, seeds: int, wanted: float = WANTED, alpha: float = 0.05) -> float | None:
    """The smallest true difference that is told apart with the probability `wanted`; None with one seed."""
    if seeds < 2:
        return None
    scale = float(np.sqrt(2 * noise.seeds / seeds + noise.images))
    return _smallest(lambda difference: power(difference, noise, seeds, alpha) >= wanted, 1e-3 * scale, 1e4 * scale)


def seeds_needed(
    difference: float, noise: Noise, wanted: float = WANTED, alpha: float = 0.05, test: Callable[..., float] = power
) -> int | None:
    """The smallest number of seeds that tells `difference` apart with the probability `wanted`; None if MOST_SEEDS do not.

    test: `power` for a pair of the board, `paired_power` for two sources that were named before.
    """
    low, high = 1, MOST_SEEDS
    if test(difference, noise, high, alpha) < wanted:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = test(difference, noise, middle, alpha) >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high


def images_needed(difference: float, noise: Noise, seeds: int, wanted: float = WANTED, alpha: float = 0.05) -> int | None:
    """The number of test images (or patients) with which `seeds` seeds tell `difference` apart; None if no number suffices."""
    if not noise.images:
        return None

    def enough(times: float) -> bool:
        return power(difference, noise.with_units(noise.units * times), seeds, alpha) >= wanted

    times = _smallest(enough, 2 / noise.units, MOST_TIMES)
    return None if times is None else int(np.ceil(noise.units * times))


def _smallest(enough: Callable[[float], bool], low: float, high: float) -> float | None:
    """The smallest value between two positive bounds that is enough, to 0.1 %; None if even the larger bound is not."""
    if not enough(high):
        return None
    while high > low * 1.001:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def hanley_mcneil(auc: float, positives: int, negatives: int) -> float:
    """The variance of an AUC from so many images of two classes (Hanley and McNeil, Radiology 143, 1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    parts = auc * (1 - auc) + (positives - 1) * (one - auc**2) + (negatives - 1) * (two - auc**2)
    return parts / (positives * negatives)
