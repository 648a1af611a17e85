"""Tables of what curves show: their figures at round places, for those who cannot see or do not want to measure a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.evaluation.decision_curve import DecisionCurve
from results.evaluation.reliability import Bin
from results.report.html import Table

RATES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5)  # of false positives
RECALLS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WORDS = frozenset({"class", "probabilities"})


@dataclass(frozen=True)
class Curves:
    """The curves of one class against the rest, whole.

    Attributes:
        share: part of the test images that are of the class.
        wrong, right: (P,) false and true positive rates, ascending. found, precise: (Q,) recall, descending, and precision.
        roc: whether its ROC curve is drawn; of two classes that of the positive one, which the other one mirrors.
    """

    name: str
    share: float
    wrong: np.ndarray
    right: np.ndarray
    found: np.ndarray
    precise: np.ndarray
    roc: bool = True

    @property
    def area(self) -> float:
        """The area under the ROC curve."""
        return float(np.trapezoid(self.right, self.wrong))

    def sensitivity(self, rate: float) -> float:
        """The largest true positive rate with at most this rate of false positives."""
        return float(self.right[self.wrong <= rate].max())

    def precision(self, recall: float) -> float:
        """The precision at the highest threshold that finds at least this part of the class."""
        return float(self.precise[np.flatnonzero(self.found >= recall)[-1]])


def roc_table(curves: Sequence[Curves], target: str, name: str) -> Table:
    """Sensitivity at some rates of false positives, and the area."""
    heads = [f"at {rate:.0%}" for rate in RATES]
    lines = [
        [each.name, f"{each.area:.3f}", *(f"{each.sensitivity(rate):.3f}" for rate in RATES)] for each in curves if each.roc
    ]
    tips = {head: f"Sensitivity with at most {head.removeprefix('at ')} of false positives." for head in heads}
    tips["area"] = "Area under the ROC curve."
    caption = f"{target}: sensitivity at rates of false positives, read from the ROC curves"
    return Table(f"{name}-roc", caption, ("class", "area", *heads), lines, WORDS, tips=tips, folded=True)


def recall_table(curves: Sequence[Curves], target: str, name: str) -> Table:
    """Precision at some recalls, and the share of the images, which is the precision of a network that guesses."""
    heads = [f"at {recall:.0%}" for recall in RECALLS]
    lines = [[each.name, f"{each.share:.0%}", *(f"{each.precision(recall):.3f}" for recall in RECALLS)] for each in curves]
    tips = {head: f"Precision where at least {head.removeprefix('at ')} of the class are found." for head in heads}
    tips["share of images"] = "Part of the test images that are of the class."
    caption = f"{target}: precision at recalls, read from the precision-recall curves"
    return Table(f"{name}-recall", caption, ("class", "share of images", *heads), lines, WORDS, tips=tips, folded=True)


def reliability_table(series: Sequence[tuple[str, Sequence[Bin]]], target: str, name: str) -> Table:
    """The bins of the reliability diagram."""
    lines = [
        [
            kind, f"{each.confidence:.3f}", f"{each.right.value:.3f}",
            f"{each.right.low:.3f} – {each.right.high:.3f}" if np.isfinite([each.right.low, each.right.high]).all() else "–",
        ]
        for kind, bins in series
        for each in bins
    ]  # fmt: skip
    tips = {
        "probabilities": "As the network gives them, or with the temperature.",
        "confidence": "Mean probability of the class that the network decides for, in a bin of equally many decisions.",
        "right decisions": "Share of the decisions of the bin that are right.",
    }
    caption = f"{target}: bins of the reliability diagram"
    head = ("probabilities", "confidence", "right decisions", "95 %")
    return Table(f"{name}-bins", caption, head, lines, WORDS, tips=tips, folded=True)


def decision_table(curve: DecisionCurve, target: str, name: str) -> Table:
    """Net benefit at some thresholds."""
    places = [int(np.argmin(np.abs(curve.thresholds - each))) for each in THRESHOLDS]
    lines = [[f"{curve.thresholds[at]:.2f}", f"{curve.network[at]:z.3f}", f"{curve.everyone[at]:z.3f}", "0"] for at in places]
    tips = {
        "act from": "The probability from which on a clinician would act.",
        "as the network says": "Net benefit per image of acting where the network gives this probability or more.",
        "on everyone": "Net benefit per image of acting on every image.",
        "on nobody": "Net benefit of never acting.",
    }
    caption = f"{target}: net benefit of acting on '{curve.class_name}', read from the decision curve"
    return Table(f"{name}-benefit", caption, tuple(tips), lines, tips=tips, folded=True)
