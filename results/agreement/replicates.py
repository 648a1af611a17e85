"""Replicates of a decision: what other seeds, other test images and other draws of a measure would have given.

`cats agree`, `cats cost` and the report draw them here, so that a figure has the same interval in all of them.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from results.agreement.decisions import Decision
from results.statistics.intervals import draw_means

REPLICATES = 400


class Replicates:
    """Draws for each decision of an experiment, the same for all rankers, so that these can be compared."""

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        self._drawn: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}

    def of(self, decision: Decision, scores: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Values and scores of the sources, both (REPLICATES, n); None where neither has a sampling error that is known.

        scores, errors: (n,) scores of a ranker and their standard errors.
        """
        if not (decision.noisy or errors.any()):
            return None
        name = decision.target, decision.backbone
        if name not in self._drawn:
            rng = np.random.default_rng(zlib.crc32("/".join([self.experiment, *name]).encode()))
            values = draw_means(decision.measured, rng, REPLICATES).astype(float)
            self._drawn[name] = values, rng.standard_normal(values.shape)
        values, unit = self._drawn[name]
        return values, scores + errors * unit


def by_target(figures: np.ndarray, decisions: Sequence[Decision]) -> np.ndarray:
    """One value for each target, of one for each decision: several backbones of one target are no further evidence."""
    names = list(dict.fromkeys(d.target for d in decisions))
    return np.array([defined_mean(figures[[d.target == name for d in decisions]]) for name in names])


def defined_mean(figures: np.ndarray) -> np.ndarray:
    """Mean over the first axis of the values that are defined; NaN where none is."""
    able = np.isfinite(figures)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(able, figures, 0).sum(axis=0) / able.sum(axis=0))
