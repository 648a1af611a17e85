"""What is tried on frozen features: the linear probe, an L2-penalised logistic regression, and the votes of the neighbours."""

from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.special
from sklearn.preprocessing import StandardScaler

from benchmark.recipe import Recipe
from benchmark.score import auc, one_hot
from results.error import CatsError
from results.record import Rule

Parts = dict[str, np.ndarray]
Fitted = tuple[np.ndarray, dict[str, list[float]], int]
TOLERANCE = 1e-5  # slope per root of an image at which a fit is done, in coordinates of curvature one
BLOCK = 1024  # rows at a time, where all of them would make a second copy of the features
TEMPERATURE = 0.07  # of the votes, as in Wu et al. 2018
FLOOR = 1e-3  # this share of each probability is spread evenly: no class is impossible because no neighbour has it


def fit_probe(features: Parts, labels: Parts, strengths: tuple[float, ...], rule: Rule) -> Fitted:
    """Fit one regression per strength on `train`, choose on `val` by the rule, predict `test`.

    features: part → (N, D); labels: part → (N,) int or (N, K), each of the K a regression of its own. A strength is
    scikit-learn's C, of features standardised on `train`. `last_epoch` has no meaning here and takes the weakest penalty.
    Returns test probabilities (N, C) float64, the curves over strengths, and which strength was chosen.
    Raises CatsError if all training images are of one class.
    """
    classes = _classes(labels)
    several = labels["train"].ndim == 2
    truth = one_hot(labels["train"], classes)
    # What no training image has, or all of them have, is what is predicted; no finite regression would say so.
    varied = np.flatnonzero((truth.min(axis=0) == 0) & (truth.max(axis=0) == 1))
    if not several and len(varied) < 2:
        raise CatsError(f"all {len(truth)} training images are of one class; a probe needs two")
    inputs = _coordinates(features)
    exclusive = not several and len(varied) > 2
    wanted = truth[:, varied] if several or exclusive else truth[:, varied[1:]]  # one of two classes says it all
    found = _path(inputs["train"], wanted, strengths, exclusive=exclusive)

    def predicted(part: str, weights: np.ndarray) -> np.ndarray:
        given = np.repeat(truth[:1].astype(float), len(inputs[part]), axis=0)
        logits = inputs[part] @ weights
        likely = scipy.special.softmax(logits, axis=1) if exclusive else scipy.special.expit(logits)
        given[:, varied] = likely if several or exclusive else np.hstack([1 - likely, likely])
        return given

    curves = _judged([predicted("val", weights) for weights in found], labels["val"])
    curves["c"] = list(strengths)
    best = _chosen(curves, strengths, rule)
    return predicted("test", found[best]), curves, best


def fit_knn(features: Parts, labels: Parts, ks: tuple[int, ...], rule: Rule) -> Fitted:
    """Let the k nearest of `train` vote with exp(cosine / 0.07), choose k on `val` by the rule, predict `test`.

    features, labels and what is returned as in fit_probe, with curves over k. A probability is the weighted mean of the
    neighbours' labels, times 0.999, plus 0.001 spread evenly over the classes (multi-label: over yes and no).
    `last_epoch` takes the largest k.

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
    curves = _judged(list(val), labels["val"])
    curves["k"] = [float(k) for k in ks]
    best = _chosen(curves, ks, rule)
    return test[best], curves, best


PROTOCOLS: dict[str, Callable[[Parts, Parts, Recipe, Rule], Fitted]] = {
    "probe": lambda features, labels, recipe, rule: fit_probe(features, labels, recipe.c, rule),
    "knn": lambda features, labels, recipe, rule: fit_knn(features, labels, recipe.k, rule),
}


def _classes(labels: Parts) -> int:
    """How many there are: a class may be missing from the training images of a small draw."""
    return labels["train"].shape[1] if labels["train"].ndim == 2 else 1 + max(int(part.max()) for part in labels.values())


def _judged(given: list[np.ndarray], labels: np.ndarray) -> dict[str, list[float]]:
    """Loss and AUC of each of several (N, C) probabilities; the loss of several labels is the mean over images and labels."""
    truth = one_hot(labels, given[0].shape[1])
    curves: dict[str, list[float]] = {"val_loss": [], "val_auc": []}
    for one in given:
        sure = np.clip(np.where(truth == 1, one, 1 - one if labels.ndim == 2 else 1), 1e-12, 1)
        curves["val_loss"].append(float(-np.log(sure).sum() / (truth.size if labels.ndim == 2 else len(truth))))
        curves["val_auc"].append(auc(labels, one))
    return curves


def _chosen(curves: dict[str, list[float]], values: tuple[float, ...], rule: Rule) -> int:
    worth = {"min_val_loss": [-v for v in curves["val_loss"]], "max_val_auc": curves["val_auc"], "last_epoch": list(values)}
    return int(np.argmax(worth[rule]))


def _coordinates(features: Parts) -> Parts:
    """Standardised features and a column of ones, (N, d + 1) float64; d is D, or the number of training images if that is less.

    What lies outside the span of the training images gets no weight under an L2 penalty, and a rotation changes no fit.
    """
    scale = StandardScaler().fit(features["train"].astype(np.float64))
    found = {part: scale.transform(some.astype(np.float64)) for part, some in features.items()}
    rows, dims = found["train"].shape
    if rows < dims:
        basis, _ = scipy.linalg.qr(found["train"].T, mode="economic", check_finite=False)
        found = {part: some @ basis for part, some in found.items()}
    return {part: np.column_stack([some, np.ones(len(some))]) for part, some in found.items()}


def _path(inputs: np.ndarray, wanted: np.ndarray, strengths: tuple[float, ...], *, exclusive: bool) -> list[np.ndarray]:
    """Weights (d + 1, K), the bias last, that minimise Σ cross-entropy + |W|² / 2C, for each C, in the order given.

    inputs: (N, d + 1), the last column ones; wanted: (N, K) of 0 and 1, of a softmax if exclusive, else of K sigmoids.
    From the strongest penalty to the weakest each fit begins at the last one, in coordinates that give the mean curvature of
    the K there the identity. Up to C = 1 all probabilities were right to 1e-4, so measured on one core for ten C from 3e-5 on:

    | CPU seconds, worst error; N x D x classes | 546 x 512 x 2 | 546 x 1280 x 2 | 1080 x 512 x 5 | 1080 x 1280 x 5 |
    |---|---|---|---|---|
    | here                                      | 0.12, 4e-6    | 0.13, 1e-5     | 1.0, 9e-6      | 2.1-2.9, 3e-5   |
    | scikit-learn, each C anew                 | 0.11, 6e-3    | 0.21, 7e-2     | 1.6, 2e-2      | 2.0, 1e-1       |
    | scikit-learn, rotated, warm, tol=1e-6     | 0.30, 3e-5    | 0.25, 4e-4     | 2.8, 9e-5      | 3.5, 1e-3       |
    | the same by newton-cg                     | 0.21, 2e-5    | 0.30, 2e-4     | 1.8, 2e-5      | 4.1, 2e-4       |
    """
    weights = np.zeros((inputs.shape[1], wanted.shape[1]))
    if not weights.size:
        return [weights] * len(strengths)
    found = {}
    for place in np.argsort(strengths, kind="stable"):
        penalty = np.full((inputs.shape[1], 1), 1 / strengths[place])
        penalty[-1] = 0
        weights = found[int(place)] = _fit(inputs, wanted, penalty, weights, exclusive=exclusive)
    return [found[place] for place in range(len(strengths))]


def _fit(inputs: np.ndarray, wanted: np.ndarray, penalty: np.ndarray, start: np.ndarray, *, exclusive: bool) -> np.ndarray:
    root = _root_of_curvature(inputs, _loss(inputs @ start, wanted, exclusive=exclusive)[1], penalty)
    inverse, _ = scipy.linalg.lapack.dtrtri(root, lower=1)

    def scaled(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = inverse.T @ flat.reshape(start.shape)
        value, likely = _loss(inputs @ weights, wanted, exclusive=exclusive)
        slope = ((likely - wanted).T @ inputs).T + penalty * weights  # reads inputs row by row
        return value + float(np.vdot(weights, penalty * weights)) / 2, (inverse @ slope).ravel()

    done = scipy.optimize.minimize(
        scaled,
        (root.T @ start).ravel(),
        jac=True,
        method="L-BFGS-B",  # a fit that is unfinished after so many steps is judged on val like any other
        options={"maxiter": 1000, "ftol": 0, "gtol": TOLERANCE * np.sqrt(len(inputs) / start.size)},
    )
    weights: np.ndarray = inverse.T @ done.x.reshape(start.shape)
    return weights


def _loss(logits: np.ndarray, wanted: np.ndarray, *, exclusive: bool) -> tuple[float, np.ndarray]:
    """Σ cross-entropy and the probabilities (N, K)."""
    if not exclusive:
        return float(np.logaddexp(0, logits).sum() - np.vdot(wanted, logits)), scipy.special.expit(logits)
    logits = logits - logits.max(axis=1, keepdims=True)
    power = np.exp(logits)
    total = power.sum(axis=1, keepdims=True)
    return float(np.log(total).sum() - np.vdot(wanted, logits)), power / total


def _root_of_curvature(inputs: np.ndarray, likely: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """L of L Lᵀ = Xᵀ diag(v) X + penalty, with v the mean of p (1 - p) over classes: (d + 1, d + 1), lower."""
    weight = np.sqrt((likely * (1 - likely)).mean(axis=1, keepdims=True))
    curved = np.zeros((inputs.shape[1], inputs.shape[1]))
    for first in range(0, len(inputs), BLOCK):
        some = inputs[first : first + BLOCK] * weight[first : first + BLOCK]
        curved += some.T @ some
    diagonal = curved.ravel()[:: len(curved) + 1]
    diagonal += penalty[:, 0] + 1e-10 * diagonal.max()  # where all is certain, no curvature is left to the bias
    root: np.ndarray = scipy.linalg.cholesky(curved, lower=True, overwrite_a=True, check_finite=False)
    return root


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
