"""In how many directions images vary: where these are many for the images, intervals to first order are too wide."""

import numpy as np

from benchmark.measures.cache_last import cache_last_view
from benchmark.specs.needs import Array, Undefined

MOST = 1 / 3  # of the number of images: as many as normal features show that are half as many as the images


def require_few_directions(**sides: Array) -> None:
    """Raises Undefined if images (N, D) vary in more than N/3 directions, so that much of a score belongs to pairs of images.

    A resample, a subset and a sum of squared effects count what belongs to pairs twice. Features of real images vary in few
    directions, however many numbers they have. sides: `features`, `neutral` or `source`, under which the last answer is kept.
    """
    for name, rows in sides.items():
        found = KEPT[name](rows)
        if found > MOST * len(rows):
            raise Undefined(
                f"{len(rows)} images vary in {found:.0f} directions: pairs of images matter, which resamples count twice"
            )


def directions(rows: Array) -> float:
    """tr(S)² / tr(S²) of the covariance S of images (N, D), in [1, N-1]: D for a sphere of far more images, else less."""
    moved = rows - rows.mean(axis=0)
    small = moved @ moved.T if len(moved) <= moved.shape[1] else moved.T @ moved
    squares = np.vdot(small, small)
    return float(np.trace(small) ** 2 / squares) if squares > 0 else 1.0


KEPT = {name: cache_last_view(directions) for name in ("features", "neutral", "source")}
