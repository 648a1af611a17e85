"""Calibration of stored predictions: the error with its interval, bins of a reliability diagram, parts of the Brier score."""

from dataclasses import dataclass

import numpy as np

from results.evaluation.proportion import Estimate, proportion
from results.statistics.calibration_error import Decisions, bin_of_each, decisions, gaps_of, interval_of, value_of
from results.statistics.influence import Predictions

ECE_INTERVAL = (
    "If every decision is right, the calibration error (ECE) is the upper end of its own interval: the share of right "
    "decisions is 1 then, and cannot be further above the confidence."
)


@dataclass(frozen=True)
class Bin:
    """Decisions of about one confidence: their mean confidence, and the share of right ones with its interval."""

    confidence: float
    right: Estimate


@dataclass(frozen=True)
class BrierParts:
    """The Brier score is reliability - resolution + uncertainty + within, exactly; only `within` may be below 0.

    Attributes:
        reliability: squared distance of the probabilities from the shares of images that have the class; 0 is best.
        resolution: how far these shares differ from the share of all images; more is better.
        uncertainty: of the labels alone; the score of a network that always says the share of all images.
        within: what bins hide: that the probabilities of one bin differ. Below 0 if they tell the images of a bin apart.
        bins: of the probabilities of a class. One bin shows no resolution.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    bins: int


def decisions_of(of: Predictions) -> Decisions:
    """The decisions that predictions amount to."""
    return decisions(of.truth, of.probabilities, of.groups, multilabel=of.multilabel)


def calibration_error(of: Predictions) -> Estimate:
    """The expected calibration error without the part that noise adds, see results.statistics.calibration_error."""
    made = decisions_of(of)
    return Estimate(value_of(made), *interval_of(made), len(of.truth))


def plain_error(of: Predictions) -> float:
    """The mean absolute gap of the bins, noise included."""
    return float(gaps_of(decisions_of(of))[0].plain)


def reliability(of: Predictions) -> list[Bin]:
    """The bins of a reliability diagram, by confidence; those of the calibration error."""
    made = decisions_of(of)
    places = bin_of_each(made.confidence, made.images)
    bins = []
    for place in range(int(places.max()) + 1):
        own = places == place
        clusters = None if made.clusters is None else made.clusters[own]
        bins.append(Bin(float(made.confidence[own].mean()), proportion(made.right[own], clusters)))
    return bins


def brier_parts(of: Predictions) -> BrierParts:
    """The parts of the Brier score (Murphy, Journal of Applied Meteorology 12, 1973) without the bias of bins of few images.

    Each class is a yes or no of its own, in bins of its probability; the parts of the classes are added and halved, and of
    several labels averaged, as the score is. The correction is that of Ferro and Fricker (QJRMS 138, 2012), which takes the
    noise of the shares from reliability and resolution alike; here it takes no more than there is, so that neither is below 0
    and their difference stays. `within` is that of Stephenson, Coelho and Jolliffe (Weather and Forecasting 23, 2008).
    """
    columns = range(of.truth.shape[1])
    found = np.array([_parts(of.truth[:, c].astype(float), of.probabilities[:, c]) for c in columns])
    score, reliable, resolved, uncertain, _ = (found.mean(axis=0) if of.multilabel else found.sum(axis=0) / 2).tolist()
    return BrierParts(score, reliable, resolved, uncertain, score - (reliable - resolved + uncertain), int(found[:, 4].max()))


def _parts(truth: np.ndarray, probabilities: np.ndarray) -> tuple[float, float, float, float, int]:
    """(score, reliability, resolution, uncertainty, number of bins) of one class."""
    count, share = len(truth), float(truth.mean())
    places = bin_of_each(probabilities, count)
    sizes = np.bincount(places)
    said, shares = (np.bincount(places, weights=values) / sizes for values in (probabilities, truth))
    alone = share * (1 - share) / max(count - 1, 1)
    reliable = float((sizes * (said - shares) ** 2).sum() / count)
    resolved = float((sizes * (shares - share) ** 2).sum() / count) + alone
    noise = min(float((sizes * shares * (1 - shares) / np.maximum(sizes - 1, 1)).sum() / count), reliable, resolved)
    score = float(((probabilities - truth) ** 2).mean())
    return score, reliable - noise, resolved - noise, share * (1 - share) + alone, len(sizes)
