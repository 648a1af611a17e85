"""How good predictions are where labels are known: accuracy and AUC with intervals."""

from collections.abc import Sequence

import numpy as np

from benchmark.models.manifest import Score
from results.board.exact import why_exact
from results.evaluation.estimates import estimate_of
from results.evaluation.proportion import Estimate
from results.metrics import one_hot
from results.record import Task
from results.statistics.influence import Predictions
from results.text.counts import how_many

SHOWN = ("accuracy", "auc")


def score_of(metric: str, predictions: Predictions) -> Score | None:
    """A metric of labelled images with its 95 % interval, see results.evaluation.estimates; None where it is undefined."""
    found = estimate_of(metric, predictions)
    return score_from(found) if np.isfinite(found.value) else None


def score_from(found: Estimate) -> Score:
    """An estimate as a manifest holds it: without an interval where that is not known."""
    known = bool(np.isfinite([found.low, found.high]).all())
    return Score(value=found.value, low=found.low if known else None, high=found.high if known else None)


def labelled(
    task: Task, labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray | None, names: Sequence[str]
) -> Predictions | None:
    """The rows whose label is known and whose probabilities are numbers; None if there is none.

    labels: (N,), -1 where unknown, multi-label (N, C). probabilities: (N, C).
    """
    known = np.isfinite(probabilities).all(axis=1) & ((labels >= 0) if labels.ndim == 1 else (labels >= 0).all(axis=1))
    if not known.any():
        return None
    truth = one_hot(labels[known], probabilities.shape[1])
    kept = None if groups is None else groups[known]
    return Predictions(np.asarray(names, dtype=object)[known], kept, truth, probabilities[known], task == "multilabel")


def score_sentences(predictions: Predictions) -> list[str]:
    """One line for each metric: its value, its interval and the images that it counts."""
    count = len(predictions.truth)
    over = "images" if predictions.groups is None else f"images of {how_many(len(np.unique(predictions.groups)), 'patient')}"
    lines = []
    for name in SHOWN:
        score = score_of(name, predictions)
        if score is None:
            lines.append(f"{name}: not defined, because all labelled images are of one class")
            continue
        why = why_exact(name, score.value) or "it is not known"
        interval = f" (no interval: {why})" if score.low is None else f" (95 % interval {score.low:.3f} to {score.high:.3f})"
        lines.append(f"{name}: {score.value:.3f}{interval}, {count:,} {over}")
    return lines
