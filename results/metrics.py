"""The metrics of test images: one table says how each is computed, its bounds, its direction and how images move it.

Whatever needs a metric reads this table, so that a new metric is one entry in TABLE and its function.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np

from results.record import Task
from results.statistics import influence
from results.statistics.influence import Influence, Predictions

HIGHEST = 1e50  # of a figure without bounds; its fourth power is still a number
TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True)
class Forecast:
    """Labels and predicted probabilities of the test images, with what several metrics compute from them.

    Attributes:
        labels: (N,) int; multi-label (N, C) of 0 and 1.
        probabilities: (N, C).
        groups: (N,) patients; None if every image is of a patient of its own, or no patient is known.
    """

    task: Task
    labels: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray | None = None

    @property
    def multilabel(self) -> bool:
        """Whether an image may have several labels, or none."""
        return self.task == "multilabel"

    @cached_property
    def truth(self) -> np.ndarray:
        """(N, C) of 0 and 1."""
        return one_hot(self.labels, self.probabilities.shape[1])

    @cached_property
    def guess(self) -> np.ndarray:
        """The predicted class, (N,); multi-label the labels whose probability is one half or more, (N, C)."""
        return (self.probabilities >= 0.5).astype(np.int64) if self.multilabel else self.probabilities.argmax(axis=1)

    @cached_property
    def macro(self) -> tuple[float, float, float]:
        """Precision, recall and F1, each the plain mean over classes.

        All three in one call: scikit-learn spends more time on checking labels and guesses than on counting them.
        """
        from sklearn.metrics import precision_recall_fscore_support

        precision, recall, f1, _ = precision_recall_fscore_support(self.labels, self.guess, average="macro", zero_division=0)
        return float(precision), float(recall), float(f1)


@dataclass(frozen=True)
class Metric:
    """One metric of the test images.

    Attributes:
        compute: the value, NaN where it is undefined; None for metrics that only imported runs bring along.
        influence: how much each test image moves it, see results.statistics.influence. None on purpose: its intervals hold the
            seeds alone, and `cats compare` resamples the test images instead.
        bounds: the smallest and the largest value that it can take.
        tasks: the tasks for which it is defined.
        test: name of the paired test that `influence` amounts to.
        macro: whether it is the plain mean over the classes, each against the rest.
        recomputed: whether boards compute it from the stored predictions of runs that were made before there was this metric.
    """

    name: str
    compute: Callable[[Forecast], float] | None
    influence: Influence | None
    bounds: tuple[float, float] = (0.0, 1.0)
    higher_is_better: bool = True
    tasks: tuple[Task, ...] = TASKS
    test: str = "paired means"
    recomputed: bool = False
    macro: bool = False

    @property
    def sign(self) -> int:
        """1, or -1 if lower is better: sign × value is higher for the better source."""
        return 1 if self.higher_is_better else -1

    @property
    def oriented_bounds(self) -> tuple[float, float]:
        """The bounds of sign × value."""
        low, high = sorted(self.sign * bound for bound in self.bounds)
        return low, high

    def influence_of(self, predictions: Predictions) -> np.ndarray | None:
        """(N,) influence of each test image on this metric of one run; None where it is not known or undefined."""
        if self.influence is None or not np.isfinite(predictions.probabilities).all():
            return None
        return self.influence(predictions)

    def of(self, predictions: Predictions) -> float:
        """The metric of stored predictions; NaN where it is undefined. Raises ValueError for a metric without `compute`."""
        if self.compute is None:
            raise ValueError(f"{self.name} cannot be computed from predictions")
        # Stored predictions do not say whether classes are ordered; a metric of ordered classes is asked for by its name.
        task: Task = "multilabel" if predictions.multilabel else "ordinal"
        if task not in self.tasks:
            return float("nan")
        labels = predictions.truth if predictions.multilabel else predictions.truth.argmax(axis=1)
        return self.compute(Forecast(task, labels, predictions.probabilities, predictions.groups))


def scores(task: Task, labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray | None = None) -> dict[str, float]:
    """Every metric of the test images that is defined for the task; NaN where one is undefined.

    labels: (N,) int, multi-label (N, C); probabilities: (N, C); groups: as in Forecast.
    """
    forecast = Forecast(task, labels, probabilities, groups)
    return {m.name: m.compute(forecast) for m in METRICS.values() if m.compute is not None and task in m.tasks}


def auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve, one class against the rest, mean over the classes that have images on both sides.

    labels: (N,) int or (N, C) of 0 and 1; probabilities: (N, C).
    """
    return _mean_over_classes(one_hot(labels, probabilities.shape[1]), probabilities, _binary_auc)


def _binary_auc(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """The area by trapezoids below the corners of the ROC curve: sklearn.metrics.roc_auc_score, to the last bit.

    scikit-learn spends most of its time on checking labels and probabilities, here known to be right, again and again.
    """
    falling = np.argsort(probabilities)[::-1]
    ends = np.append(np.flatnonzero(np.diff(probabilities[falling])), len(falling) - 1)  # of runs of equal probabilities
    hits = np.cumsum(truth[falling], dtype=np.float64)[ends]
    misses = 1 + ends - hits
    corner = np.ones(len(ends), dtype=bool)
    corner[1:-1] = np.diff(hits, 2).astype(bool) | np.diff(misses, 2).astype(bool)
    up, across = (np.append(0.0, counts[corner]) / counts[-1] for counts in (hits, misses))
    return float(np.trapezoid(up, across))


def _accuracy(forecast: Forecast) -> float:
    """Multi-label: the mean over labels, as MedMNIST defines it."""
    return float((forecast.guess == forecast.labels).mean())


def _balanced_accuracy(forecast: Forecast) -> float:
    """Mean recall over classes; multi-label: mean over labels of the balanced accuracy of each."""
    if not forecast.multilabel:
        return forecast.macro[1]
    from sklearn.metrics import balanced_accuracy_score

    return _mean_over_classes(forecast.truth, forecast.guess, balanced_accuracy_score)


def _brier(forecast: Forecast) -> float:
    """Mean squared distance to the one-hot label, halved (as scikit-learn of two classes); multi-label: mean over labels."""
    squares = (forecast.probabilities - forecast.truth) ** 2
    return float(squares.mean()) if forecast.multilabel else float(squares.sum(axis=1).mean() / 2)


def _average_precision(forecast: Forecast) -> float:
    """Plain mean over classes."""
    from sklearn.metrics import average_precision_score

    return _mean_over_classes(forecast.truth, forecast.probabilities, average_precision_score)


def _kappa(forecast: Forecast) -> float:
    """Cohen's kappa with quadratic weights; of one class alone there is no agreement beyond chance, hence NaN."""
    from sklearn.metrics import cohen_kappa_score

    several = len(np.union1d(forecast.labels, forecast.guess)) > 1
    return float(cohen_kappa_score(forecast.labels, forecast.guess, weights="quadratic")) if several else float("nan")


def _ece(forecast: Forecast) -> float:
    """Of the confidence in the predicted class; multi-label: in yes or no to each label. See statistics.calibration_error."""
    from results.statistics.calibration_error import decisions, value_of

    return value_of(decisions(forecast.truth, forecast.probabilities, forecast.groups, multilabel=forecast.multilabel))


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """(N,) int → (N, C) of 0 and 1; labels with two dimensions are returned as they are."""
    return labels if labels.ndim == 2 else (labels[:, None] == np.arange(classes)).astype(np.int64)


def _mean_over_classes(truth: np.ndarray, values: np.ndarray, score: Callable[[np.ndarray, np.ndarray], float]) -> float:
    """The mean of a score over the classes that have images on both sides; NaN if there is none, or a value is not finite."""
    defined = [c for c in range(truth.shape[1]) if 0 < truth[:, c].sum() < len(truth)]
    if not defined or not np.isfinite(values).all():
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined classes have been left out above
        return float(np.mean([score(truth[:, c], values[:, c]) for c in defined]))


TABLE = (
    Metric("auc", lambda f: auc(f.labels, f.probabilities), influence.auc, test="DeLong", macro=True),
    Metric("accuracy", _accuracy, influence.accuracy),
    Metric("balanced_accuracy", _balanced_accuracy, influence.balanced_accuracy, macro=True),
    Metric("brier", _brier, influence.brier, higher_is_better=False),
    Metric("ece", _ece, influence.ece, higher_is_better=False, recomputed=True),
    Metric("precision", lambda f: f.macro[0], None, macro=True),
    Metric("recall", lambda f: f.macro[1], None, macro=True),
    Metric("f1", lambda f: f.macro[2], None, macro=True),
    Metric("average_precision", _average_precision, None, macro=True),
    Metric("kappa", _kappa, None, bounds=(-1.0, 1.0), tasks=("ordinal",)),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in TABLE}

# Losses as other people name them: imported runs bring these, and nothing here computes them.
IMPORTED: Mapping[str, Metric] = {
    name: Metric(name, None, None, bounds=(0.0, float("inf")), higher_is_better=False)
    for name in ("loss", "log_loss", "error", "mae", "mse", "rmse")
}


WRITTEN = {"auc": "AUC", "brier": "Brier score", "kappa": "quadratic kappa"}
WRITTEN |= {name: name.upper() for name in ("ece", "f1", "mae", "mse", "rmse")}


def written(name: str) -> str:
    """A metric as people write its name."""
    return WRITTEN.get(name, name.replace("_", " "))


def width_of(name: str) -> float:
    """The largest difference that two values of a metric can have; infinite for a loss."""
    low, high = metric_of(name).bounds
    return high - low


def metric_of(name: "str | Metric") -> Metric:
    """The entry of a metric. An imported metric that no entry names is a score from 0 to 1, and higher is better."""
    if isinstance(name, Metric):
        return name
    return METRICS.get(name) or IMPORTED.get(name) or Metric(name, None, None)
