"""What is tried on frozen features: the linear probe, an L2-penalised logistic regression, and the votes of the neighbours."""

import copy
import warnings
from collections.abc import Callable

import numpy as np
import scipy.linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmark.specs.recipe import Recipe
from benchmark.training.epoch_choice import no_worse
from results.board.rules import training_rule
from results.error import CatsError
from results.metrics import auc, one_hot

Parts = dict[str, np.ndarray]
Fitted = tuple[np.ndarray, dict[str, list[float]], int]
BLOCK = 1024  # rows at a time, where all of them would make a second copy of the features
TEMPERATURE = 0.07  # of the votes, as in Wu et al. 2018
FLOOR = 1e-3  # this share of each probability is spread evenly: no class is impossible because no neighbour has it


def fit_probe(features: Parts, labels: Parts, strengths: tuple[float, ...], rule: str) -> Fitted:
    """Fit one regression per strength on `train`, choose on `val` by the rule, predict `test`.

    features: part → (N, D); labels: part → (N,) int or (N, K), each of the K a regression of its own. A strength is
    scikit-learn's C, of features standardised on `train`. `last_epoch` has no meaning here and takes the weakest penalty,
    `within_one_se` the strongest that is no worse than the one with the smallest validation loss.
    Returns test probabilities (N, C) float64, the curves over strengths, and which strength was chosen.
    Raises CatsError if all training images are of one class.
    """
    classes, truth = _classes(labels), labels["train"]
    if truth.ndim == 1 and truth.min() == truth.max():
        raise CatsError(f"all {len(truth)} training images are of one class; a probe needs two")
    inputs = _coordinates(features)
    if truth.ndim == 1:
        fits = [[model] for model in _path(inputs["train"], truth, strengths)]
    else:
        columns = [_path(inputs["train"], column, strengths) for column in truth.T]
        fits = list(map(list, zip(*columns, strict=True)))

    def predicted(part: str, models: list[LogisticRegression | int]) -> np.ndarray:
        if truth.ndim == 2:
            each = [
                np.full(len(inputs[part]), m) if isinstance(m, int) else m.predict_proba(inputs[part])[:, 1] for m in models
            ]
            return np.stack(each, axis=1).astype(float)
        (model,) = models
        assert not isinstance(model, int)
        given = np.zeros((len(inputs[part]), classes))  # a class that no training image has is never predicted
        given[:, model.classes_] = model.predict_proba(inputs[part])
        return given

    curves, losses = _judged([predicted("val", models) for models in fits], labels["val"])
    curves["c"] = list(strengths)
    best = _chosen(curves, losses, strengths, rule, simplest=min)
    return predicted("test", fits[best]), curves, best


def fit_knn(features: Parts, labels: Parts, ks: tuple[int, ...], rule: str) -> Fitted:
    """Let the k nearest of `train` vote with exp(cosine / 0.07), choose k on `val` by the rule, predict `test`.

    features, labels and what is returned as in fit_probe, with curves over k. A probability is the weighted mean of the
    neighbours' labels, times 0.999, plus 0.001 spread evenly over the classes (multi-label: over yes and no).
    `last_epoch` takes the largest k, `within_one_se` the largest that is no worse than the best by validation loss.

    Reference: Wu, Xiong, Yu & Lin, Unsupervised feature learning via non-parametric instance discrimination, CVPR 2018.
    As in the k-NN of DINO (Caron et al., ICCV 2021) the features are those of the frozen network, of length one, not centred.
    Raises CatsError if there are fewer training images than k.
    """
    if max(ks) > len(labels["train"]):
        raise CatsError(f"k is {max(ks)}, but there are only {len(labels['train'])} training images to be neighbours")
    classes = _classes(labels)
    known, wanted = _directions(features["train"]), one_hot(labels["train"], classes)
    even = 1 / 2 if labels["train"].ndim == 2 else 1 / classes
    val, test = (
        FLOOR * even + (1 - FLOOR) * _votes(_directions(features[part]), known, wanted, ks) for part in ("val", "test")
    )
    curves, losses = _judged(list(val), labels["val"])
    curves["k"] = [float(k) for k in ks]
    best = _chosen(curves, losses, ks, rule, simplest=max)
    return test[best], curves, best


PROTOCOLS: dict[str, Callable[[Parts, Parts, Recipe, str], Fitted]] = {
    "probe": lambda features, labels, recipe, rule: fit_probe(features, labels, recipe.c, rule),
    "knn": lambda features, labels, recipe, rule: fit_knn(features, labels, recipe.k, rule),
}


def _classes(labels: Parts) -> int:
    """How many there are: a class may be missing from the training images of a small draw."""
    return labels["train"].shape[1] if labels["train"].ndim == 2 else 1 + max(int(part.max()) for part in labels.values())


def _judged(given: list[np.ndarray], labels: np.ndarray) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    """Loss and AUC of each of several (N, C) probabilities, and the loss of every image.

    The loss of several labels is the mean over images and labels.
    """
    truth = one_hot(labels, given[0].shape[1])
    curves: dict[str, list[float]] = {"val_loss": [], "val_auc": []}
    losses = []
    for one in given:
        sure = np.clip(np.where(truth == 1, one, 1 - one if labels.ndim == 2 else 1), 1e-12, 1)
        curves["val_loss"].append(float(-np.log(sure).sum() / (truth.size if labels.ndim == 2 else len(truth))))
        curves["val_auc"].append(auc(labels, one))
        losses.append(-(np.log(sure).mean(axis=1) if labels.ndim == 2 else np.log(sure).sum(axis=1)))
    return curves, losses


def _chosen(
    curves: dict[str, list[float]], losses: list[np.ndarray], values: tuple[float, ...], rule: str,
    simplest: Callable[..., int],
) -> int:  # fmt: skip
    entry, worth_of = training_rule(rule)
    best = int(np.argmax([worth_of(*each) for each in zip(values, curves["val_loss"], curves["val_auc"], strict=True)]))
    if not entry.one_standard_error:
        return best
    alike = [n for n, one in enumerate(losses) if n == best or no_worse(one, losses[best])]
    return simplest(alike, key=lambda n: values[n])


def _coordinates(features: Parts) -> Parts:
    """Standardised features, (N, d) float64; d is D, or the number of training images if that is less.

    What lies outside the span of the training images gets no weight under an L2 penalty, and a rotation changes no fit.
    """
    scale = StandardScaler().fit(features["train"].astype(np.float64))
    found = {part: scale.transform(some.astype(np.float64)) for part, some in features.items()}
    rows, dims = found["train"].shape
    if rows < dims:
        basis, _ = scipy.linalg.qr(found["train"].T, mode="economic", check_finite=False)
        found = {part: some @ basis for part, some in found.items()}
    return found


def _path(inputs: np.ndarray, truth: np.ndarray, strengths: tuple[float, ...]) -> list[LogisticRegression | int]:
    """A fitted regression for each strength, in the order given; the label itself where all images have the same.

    From the strongest penalty to the weakest each fit begins at the last one. So, and with Newton's method, probabilities are
    right to 2e-4 in the time in which scikit-learn's defaults, each C anew, leave errors of 0.1 (1080 images, 1280 features).
    """
    if truth.min() == truth.max():
        return [int(truth[0])] * len(strengths)
    model = LogisticRegression(solver="newton-cg", tol=1e-6, max_iter=1000, warm_start=True)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # an unfinished fit is judged on val like any other
        for place in np.argsort(strengths, kind="stable"):
            found[int(place)] = copy.deepcopy(model.set_params(C=strengths[place]).fit(inputs, truth))
    return [found[place] for place in range(len(strengths))]


def _directions(features: np.ndarray) -> np.ndarray:
    """Rows of length one, or of zeros."""
    wide = features.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.where(length > 0, length, 1)


def _votes(asked: np.ndarray, known: np.ndarray, wanted: np.ndarray, ks: tuple[int, ...]) -> np.ndarray:
    """Weighted mean of the labels `wanted` (M, C) of the k nearest of `known` (M, D) to each of `asked` (A, D): (k, A, C)."""
    most, last = max(ks), np.array(ks) - 1
    found = np.empty((len(ks), len(asked), wanted.shape[1]))
    for first in range(0, len(asked), BLOCK):
        cosine = asked[first : first + BLOCK] @ known.T
        near = np.argpartition(-cosine, most - 1, axis=1)[:, :most]
        near = np.take_along_axis(near, np.argsort(-np.take_along_axis(cosine, near, axis=1), axis=1, kind="stable"), axis=1)
        weight = np.exp(np.take_along_axis(cosine, near, axis=1) / TEMPERATURE)[:, :, None]
        votes = np.cumsum(weight * wanted[near], axis=1) / np.cumsum(weight, axis=1)
        found[:, first : first + BLOCK] = votes[:, last].swapaxes(0, 1)
    return found
