"""The 95 % interval of a score, from the spread of its resamples."""

import numpy as np

NORMAL = 1.96  # standard errors to each side


def interval(value: float, spread: float, images: int | None = None) -> tuple[float, float]:
    """Return (low, high), the 95 % interval of a score with the standard error `spread`.

    value ± 1.96 standard errors; percentiles of the resamples would not lie around the score, because a resample holds some
    images twice. With `images`, the score is a proportion, that is a mean over images of results in [0, 1], and the interval is
    Wilson's: it stays inside [0, 1] and does not shrink to nothing where nearly all images are right. The number of
    independent images in its formula is p (1-p) / spread², which a binomial proportion with this standard error has; where
    all results are 0, or all are 1, it is `images`.
    """
    if images is None:
        return value - NORMAL * spread, value + NORMAL * spread
    p = float(np.clip(value, 0, 1))
    variance = p * (1 - p)
    if spread == 0 and variance > 1e-12:
        return p, p  # the results do not vary between images
    inverse = spread**2 / variance if variance > 1e-12 else 1 / images
    widened = NORMAL**2 * inverse
    middle = (p + widened / 2) / (1 + widened)
    half = NORMAL * np.sqrt(variance * inverse + widened * inverse / 4) / (1 + widened)
    return min(float(middle - half), p), max(float(middle + half), p)
