"""Decision curves: whether acting on a network does more good than acting on all patients, or on none."""

from dataclasses import dataclass

import numpy as np

from results.statistics.influence import Predictions

THRESHOLDS = np.arange(1, 100) / 100


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit, in true positives per image, of acting where the probability is at least the threshold; none has benefit 0.

    Attributes:
        thresholds: (T,) probabilities from which a clinician acts; threshold / (1 - threshold) is how many false positives
            this person accepts as the price of a true one's worth of harm.
        network, everyone: (T,) of acting on what the network calls positive, and on every image.
    """

    class_name: str
    thresholds: np.ndarray
    network: np.ndarray
    everyone: np.ndarray

    @property
    def useful(self) -> list[tuple[float, float]]:
        """The ranges of thresholds, ends included, in which the network is better than acting on all and on none."""
        better = (self.network > self.everyone + 1e-12) & (self.network > 1e-12)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], better, [False]]).astype(int)))
        return [(float(self.thresholds[a]), float(self.thresholds[b - 1])) for a, b in edges.reshape(-1, 2)]


def decision_curve(of: Predictions, column: int, name: str, thresholds: np.ndarray = THRESHOLDS) -> DecisionCurve:
    """The decision curve of one class against the rest (Vickers and Elkin, Medical Decision Making 26, 2006)."""
    positive, given = of.truth[:, column] == 1, of.probabilities[:, column]
    called = given[None, :] >= thresholds[:, None]
    right, wrong = ((called & side).mean(axis=1) for side in (positive, ~positive))
    odds, share = thresholds / (1 - thresholds), float(positive.mean())
    return DecisionCurve(name, thresholds, right - wrong * odds, share - (1 - share) * odds)
