"""How much each test image moves a metric: the sampling error of the test images without computing the metric again.

A draw of the test images gives image i the weight w_i (mean 1); the metric then is value + (w - 1)·influence / N to first
order. One matrix product serves all draws, and influence·influence / N² is the variance: DeLong's for the AUC (DeLong,
DeLong and Clarke-Pearson, Biometrics 44, 1988), over patients Obuchowski's (Biometrics 53, 1997). Within each class an
influence is scaled by sqrt(n / (n - 1)), so that its variance is unbiased, as DeLong's is.

results.metrics says which metric has which influence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.error import OddRunError
from results.statistics.pairing import APART, why_apart
from results.text.brief import briefly

ROUNDED = 1e-4  # of a probability that a network has computed with few digits
MANY = 1_000_000  # classes
FEWEST = 20  # patients, or images; what fewer of them show says little about others
ReadPredictions = Callable[[str], pd.DataFrame | None]  # run id → predictions, None where there are none
Runs = Mapping[str, Sequence[str]]  # source → run ids, one per seed
Shares = tuple[np.ndarray | None, str | None]  # see shares_of_target
TestImageInfluence = Callable[[str, str, Runs], Shares]  # name of a target, metric, its runs → see shares_of_target


@dataclass(frozen=True)
class Predictions:
    """Labels and predicted probabilities of the test images of one run.

    Attributes:
        samples: (N,) names of the images.
        groups: (N,) patients; None if every image is of a patient of its own, or no patient is known.
        truth: (N, C) of 0 and 1.
        probabilities: (N, C).
        multilabel: whether an image may have several labels, or none.
    """

    samples: np.ndarray
    groups: np.ndarray | None
    truth: np.ndarray
    probabilities: np.ndarray
    multilabel: bool

    def at(self, rows: np.ndarray) -> "Predictions":
        """The predictions of some images, which may be repeated."""
        groups = None if self.groups is None else self.groups[rows]
        return Predictions(self.samples[rows], groups, self.truth[rows], self.probabilities[rows], self.multilabel)


Influence = Callable[[Predictions], np.ndarray | None]  # (N,), None where the metric is undefined


def check_predictions(table: pd.DataFrame) -> None:
    """Raises ValueError, the end of a sentence, if a table does not hold labels and probabilities as our runs leave them."""
    names = list(map(str, table))
    classes = [name for name in names if name.startswith("probability_")]
    labels = ["label"] if "label" in names else [name for name in names if name.startswith("label_")]
    if len(set(names)) < len(names) or not classes or not labels or not len(table):
        raise ValueError("its predictions have not one row for each test image, with its label and probabilities")
    if labels != ["label"] and [name[len("label") :] for name in labels] != [name[len("probability") :] for name in classes]:
        raise ValueError("the labels and the probabilities of its predictions are of other classes")
    for name in (*labels, *classes):
        numeric = pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_complex_dtype(table[name])
        values = table[name].to_numpy(float) if numeric else np.array([np.nan])
        most = MANY if name == "label" else 1 + ROUNDED
        if not ((values >= -ROUNDED) & (values <= most)).all() or (name in labels and (values % 1).any()):
            raise ValueError(f"the column {briefly(name)} of its predictions holds what is neither a label nor a probability")


def run_predictions(run_id: str, read: ReadPredictions) -> Predictions | None:
    """The predictions of a run; None where there are none. Raises OddRunError if they cannot be used."""
    table = read(run_id)
    if table is None:
        return None
    try:
        return parse_predictions(table)
    except (ValueError, TypeError) as error:
        raise OddRunError(run_id, str(error)) from error


def parse_predictions(table: pd.DataFrame) -> Predictions:
    """Predictions from their table; see results.record.Outcome for its columns. Raises ValueError for another table."""
    if not {"sample", "group"} <= set(table):
        raise ValueError("its predictions do not name their images and patients")
    probabilities = table[[c for c in map(str, table) if c.startswith("probability_")]].to_numpy(float)
    multilabel = "label" not in table
    if multilabel:
        truth = table[[c for c in map(str, table) if c.startswith("label_")]].to_numpy(np.int64)
    else:
        truth = (table["label"].to_numpy()[:, None] == np.arange(probabilities.shape[1])).astype(np.int64)
    samples, groups = (table[name].fillna("").astype(str).to_numpy(dtype=object) for name in ("sample", "group"))
    return Predictions(samples, patients_of(samples, groups), truth, probabilities, multilabel)


def patients_of(samples: np.ndarray, groups: np.ndarray) -> np.ndarray | None:
    """The patient of each image, (N,); None if every image is of a patient of its own. An unknown patient is the text ""."""
    samples, groups = samples.astype(object), groups.astype(object)
    known = groups != ""  # an image of an unknown patient counts as a patient of its own
    patients = np.where(known, "patient " + groups, "image " + samples)
    return None if len(np.unique(patients)) == len(patients) else patients


def auc(of: Predictions) -> np.ndarray | None:
    """Influence on the AUC: the mean over the classes that have images on both sides."""
    parts = [_binary_auc(of.truth[:, c] == 1, of.probabilities[:, c]) for c in _defined(of.truth)]
    return np.mean(parts, axis=0) if parts else None


def _binary_auc(positive: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Placement values: of a positive image the share of negatives below it, of a negative the share of positives above."""
    from results.statistics.distributions import row_ranks  # here, because plans read names of metrics and scipy is slow

    m, n = int(positive.sum()), int((~positive).sum())
    ranks, placed = row_ranks(probabilities), np.empty(len(probabilities))
    placed[positive] = (ranks[positive] - row_ranks(probabilities[positive])) / n
    placed[~positive] = 1 - (ranks[~positive] - row_ranks(probabilities[~positive])) / m
    return _by_class(placed, [positive, ~positive])


def accuracy(of: Predictions) -> np.ndarray:
    """Influence on the accuracy."""
    right = (of.probabilities >= 0.5) == of.truth if of.multilabel else _right(of)[:, None]
    return _centred(right.mean(axis=1))


def balanced_accuracy(of: Predictions) -> np.ndarray | None:
    """Influence on the mean recall of the classes that occur or are guessed; multi-label: of both sides of each label."""
    if of.multilabel:
        guess = of.probabilities >= 0.5
        sides = [(of.truth[:, c] == side, guess[:, c] == side) for c in _defined(of.truth) for side in (0, 1)]
        return np.mean([_by_class(right.astype(float), [own]) for own, right in sides], axis=0) if sides else None
    classes = np.flatnonzero(of.truth.sum(axis=0))
    counted = np.union1d(classes, of.probabilities.argmax(axis=1))
    return _by_class(_right(of).astype(float), [of.truth[:, c] == 1 for c in classes]) / len(counted)


def brier(of: Predictions) -> np.ndarray:
    """Influence on the Brier score."""
    squares = (of.probabilities - of.truth) ** 2
    return _centred(squares.mean(axis=1) if of.multilabel else squares.sum(axis=1) / 2)


def ece(of: Predictions) -> np.ndarray:
    """Influence on the expected calibration error, whose bins and signs of gaps stay as they are."""
    from results.statistics.calibration_error import contributions, decisions  # here, for the reason in _binary_auc

    added = contributions(decisions(of.truth, of.probabilities, of.groups, multilabel=of.multilabel))
    return _centred(added.reshape(len(of.truth), -1).mean(axis=1))


def _right(of: Predictions) -> np.ndarray:
    right: np.ndarray = of.probabilities.argmax(axis=1) == of.truth.argmax(axis=1)
    return right


def _defined(truth: np.ndarray) -> list[int]:
    """The classes that some images have and some have not."""
    return [c for c in range(truth.shape[1]) if 0 < truth[:, c].sum() < len(truth)]


def _by_class(values: np.ndarray, classes: Sequence[np.ndarray]) -> np.ndarray:
    """Influence on the sum of the class means of (N,) values; each class is a mask."""
    influences = np.zeros(len(values))
    for own in classes:
        influences[own] = _centred(values[own]) * len(values) / own.sum()
    return influences


def _centred(values: np.ndarray) -> np.ndarray:
    """Deviations from the mean, so scaled that their mean square over N is the unbiased variance of the mean."""
    count = len(values)
    scaled: np.ndarray = (values - values.mean()) * np.sqrt(count / max(count - 1, 1))
    return scaled


def patient_shares(influences: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """(G, S) from the influences (N, S) of images: the share of each patient in the change of the metric.

    Without patients every image counts as one, and G = N.

    A draw with weights (G,) is value + (weights - 1) @ result; result.T @ result is the covariance (S, S).
    """
    if groups is None:
        return influences / len(influences)
    codes = np.unique(groups, return_inverse=True)[1]
    count = int(codes.max()) + 1
    totals = np.zeros((count, influences.shape[1]))
    np.add.at(totals, codes, influences)
    scaled: np.ndarray = totals / len(influences) * np.sqrt(count / max(count - 1, 1))
    return scaled


def shares_of_target(metric: str, influence: Influence, runs: Runs, read: ReadPredictions) -> Shares:
    """The test images of one target: patient_shares (G, S) in the mean over seeds of each source, or None and why.

    `influence` is that of the metric; it may return None. All runs must have the same images in the same order with the same
    labels.
    """
    kinds: list[tuple[Predictions, list[str]]] = []  # runs by the test images that they share
    columns = []
    for ids in runs.values():
        seeds = []
        for run_id in ids:
            now = run_predictions(run_id, read)
            if now is None:
                return None, "not every run has predictions"
            kind = next((alike for first, alike in kinds if same_images(first, now)), None)
            if kind is None:
                kinds.append((now, [run_id]))
            else:
                kind.append(run_id)
            if len(kinds) > 2 or (len(kinds) > 1 and min(len(alike) for _, alike in kinds) > 1):
                return None, why_apart([first.samples for first, _ in kinds])
            values = influence(now)
            if values is None:
                return None, f"the influence of each image on {metric} is not known"
            seeds.append(values)
        columns.append(seeds)
    if not kinds:
        return None, "there is no run"
    if len(kinds) > 1:
        why = why_apart([first.samples for first, _ in kinds])
        if why == APART:
            _name_the_stranger([alike for _, alike in kinds])
        return None, why
    shares = patient_shares(np.stack([np.mean(seeds, axis=0) for seeds in columns], axis=1), kinds[0][0].groups)
    return (shares, None) if len(shares) > 1 else (None, "they are all of one patient")


def _name_the_stranger(kinds: Sequence[Sequence[str]]) -> None:
    """Raises OddRunError if one run alone has other test images than three runs or more, which agree."""
    few, many = sorted(kinds, key=len)
    if len(few) == 1 and len(many) > 2:
        raise OddRunError(
            few[0], f"its test images, or their labels, are not those of the {len(many)} other runs of its target"
        )


def same_images(one: Predictions, other: Predictions) -> bool:
    """Whether two runs were tested on the same images, in the same order, with the same labels and patients."""
    pairs = ((one.samples, other.samples), (one.truth, other.truth))
    same_groups = one.groups is other.groups or (
        one.groups is not None and other.groups is not None and np.array_equal(one.groups, other.groups)
    )
    return same_groups and all(np.array_equal(a, b) for a, b in pairs)
