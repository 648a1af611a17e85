"""Moments over targets: how worths differ, how runs show them, and which test scores belong to them."""

import math
from dataclasses import dataclass

import numpy as np

from results.statistics.normal_scores import normal_scores


@dataclass(frozen=True)
class Seen:
    """How -log(validation loss) shows a worth: level + scale × (worth + noise).

    Attributes:
        lines: of each target where validation losses follow the test scores: its number, its level and the log of its scale.
        level_sd: how far the level of a new target may be from that of the target which it is like.
        noise: variance of the noise, in units of the worth.
    """

    lines: tuple[tuple[int, float, float], ...]
    level_sd: float
    noise: float


REACH, FINE = 4.0, 64  # of the table of scores by worth: from -REACH to REACH, FINE points for each unit


def score_maps(score: np.ndarray) -> np.ndarray:
    """The score that belongs to each worth on each target, (targets, arms) to (targets, 2 × REACH × FINE + 1); 0 for none."""
    grid = np.linspace(-REACH, REACH, int(2 * REACH * FINE) + 1)
    maps = []
    for row in score:
        held = np.sort(row[np.isfinite(row)])
        maps.append(np.interp(grid, np.sort(normal_scores(held[None])[0]), held) if len(held) else np.zeros(len(grid)))
    return np.array(maps)


def run_spread(score: np.ndarray, groups: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """The standard deviation of the score of replicates, in the better half of the arms of each target; 0 without any.

    Args:
        score: of each run, (targets, sources, settings); NaN where not known.
        groups: the replicate group of each setting, (settings,).
        worth: of each arm, (targets, sources × groups).

    Returns:
        (targets,), in the test score.
    """
    found = []
    for here, of in zip(score, worth.reshape(len(worth), score.shape[1], -1), strict=True):
        squares, freedom = 0.0, 0
        for group in range(of.shape[1]):
            runs = here[:, groups == group][of[:, group] > 0]
            number = np.isfinite(runs).sum(axis=1)
            runs = runs[number > 1]
            if len(runs):
                squares += float(np.nansum((runs - np.nanmean(runs, axis=1, keepdims=True)) ** 2))
                freedom += int((number[number > 1] - 1).sum())
        found.append(math.sqrt(squares / freedom) if freedom else 0.0)
    return np.array(found)


def covariance_by_moments(residual: np.ndarray, sources: int, kernel: np.ndarray) -> np.ndarray:
    """The covariance of the worths of a new target around their means over targets.

    Args:
        residual: (targets, arms), arms by source and within it by group; NaN where not known.
        sources: their number.
        kernel: how alike groups are, (groups, groups), 1 on the diagonal.

    Returns:
        (arms, arms): the sum of four parts whose variances fit the products of residuals by least squares, none negative.
        The error of the means, which are those of few targets, is included.
    """
    from scipy.optimize import nnls

    known = np.isfinite(residual).astype(float)
    filled = np.where(known > 0, residual, 0.0)
    pairs = known.T @ known
    products = np.divide(filled.T @ filled, pairs, out=np.zeros(pairs.shape), where=pairs > 0)
    same = np.kron(np.eye(sources), np.ones(kernel.shape))
    alike = np.kron(np.ones((sources, sources)), kernel)
    parts = [same, alike, same * alike, np.eye(len(products))]
    weights = pairs / max(pairs.max(initial=0.0), 1.0)
    left = np.array([[float((weights * one * two).sum()) for two in parts] for one in parts])
    right = np.array([float((weights * one * products).sum()) for one in parts])
    root = np.linalg.cholesky(left + 1e-9 * np.trace(left) * np.eye(len(parts)))
    variances = nnls(root.T, np.linalg.solve(root, right))[0]
    targets = len(residual)
    return np.asarray(sum(v * part for v, part in zip(variances, parts, strict=True)) * (targets + 1) / (targets - 1))


def seen_by_moments(shown: np.ndarray, worth: np.ndarray, groups: np.ndarray) -> Seen:
    """How runs show worths, from the lines of each target.

    Args:
        shown: -log(validation loss) of each run, (targets, sources, settings); NaN where not known.
        worth: of each arm, (targets, sources × groups).
        groups: the group of each setting.
    """
    lines: list[tuple[int, float, float]] = []
    noises = []
    for number, (here, of) in enumerate(zip(shown, worth.reshape(len(worth), shown.shape[1], -1), strict=True)):
        x, y = of[:, groups].ravel(), here.ravel()
        good = np.isfinite(x) & np.isfinite(y) & (x > 0)  # no policy stays among settings that learn nothing
        if good.sum() < 3 or np.ptp(x[good]) == 0:
            continue
        x, y = x[good], y[good]
        slope = float(np.cov(x, y)[0, 1] / x.var(ddof=1))
        if slope <= 0:
            continue
        level = float(y.mean() - slope * x.mean())
        lines.append((number, level, math.log(slope)))
        noises.append(float(np.var(y - level - slope * x)) / slope**2)
    if not lines:  # validation losses say nothing about test scores: no run moves the belief
        return Seen(tuple((number, 0.0, 0.0) for number in range(len(worth))), 1.0, 1e6)
    spread = float(np.std([level for _, level, _ in lines], ddof=1)) if len(lines) > 1 else 1.0
    return Seen(tuple(lines), max(spread, 1e-6) * len(lines) ** -0.2, max(float(np.median(noises)), 1e-6))
