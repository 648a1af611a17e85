"""H-score with a shrunk covariance of the features, for few images."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.class_statistics import indicators
from benchmark.measures.leave_one_out import hscore_effects
from benchmark.measures.low_rank import centred
from benchmark.measures.resampling import first_order, without_class_means


@measure(
    grows="N D min(N, D)",
    citation="Ibrahim, Ponomareva & Mazumder, Newer is not always better: rethinking transferability metrics, ECML-PKDD 2022",
)
def hscore_shrunk(features: Array, labels: Array) -> float:
    """H-score (1-a) tr(Σ⁻¹ cov(E[F|y])) with shrunk covariance Σ = (1-a) cov(F) + a tr(cov(F))/D; in [0, C-1].

    features F: (N, D); labels y: (N,). The shrinkage a is that of Ledoit and Wolf. N may be smaller than D; the inverse is then
    taken in the space of the images. For a = 1 the score is 0. Transfer-Learning-Library (thuml) divides the covariance of the
    means by N-1 and the shrunk one by N, so its scores are N/(N-1) times these.
    """
    moved = centred(features)
    gram = _gram(moved)
    ridge = _ridge(_moments(moved, gram), *moved.shape)
    return float((_fitted(moved, gram, labels, ridge) * indicators(labels) / np.bincount(labels)).sum())


@hscore_shrunk.bootstrap
def resampled(draws: Draws, features: Array, labels: Array) -> Array:
    """To first order: the closed form of the score without one image, and what the image changes in a and in the scale."""
    moved = centred(features)
    gram = _gram(moved)
    moments = _moments(moved, gram)
    ridge = _ridge(moments, *moved.shape)
    fitted = _fitted(moved, gram, labels, ridge)
    y, numbers = indicators(labels), np.bincount(labels)
    value = float((fitted * y / numbers).sum())
    effects = hscore_effects(fitted + numbers / len(labels), _leverage(moved, gram, ridge) + 1 / len(labels), labels)
    if np.isfinite(ridge):
        slopes, by_square = _slopes(moments, ridge, moved, gram)
        by_ridge = _by_ridge(moved, gram, y / np.sqrt(numbers), ridge)
        effects = effects + without_class_means(by_ridge * slopes, labels)
        effects *= _single(effects, by_ridge * by_square, gram)
    return first_order(draws, value, effects)


def _single(effects: Array, by_square: float, gram: Array) -> float:
    """By what the effects are multiplied so that each pair of images counts once in the variance.

    ||S||² is a sum over pairs. What a pair adds beyond the sum of its images is in the effects of both, so the sum of squared
    effects counts it twice (Efron & Stein, The jackknife estimate of variance, 1981). With N <= D this is most of the sampling
    error of a; with more images it is little, and nothing is changed.
    """
    if len(gram) != len(effects):
        return 1.0
    pairs = gram**2
    pairs -= pairs.mean(axis=0)
    pairs -= pairs.mean(axis=1)[:, None]
    twice = (by_square * 2 / len(effects) ** 2) ** 2 * (np.vdot(pairs, pairs) - np.vdot(np.diag(pairs), np.diag(pairs))) / 2
    total = np.vdot(effects, effects)
    return float(np.sqrt(max(total - twice, total / 2) / total)) if total > 0 else 1.0


@dataclass(frozen=True)
class _Moments:
    """What Ledoit and Wolf's shrinkage a of the covariance S of N images of D features is made of.

    Attributes:
        norms: |x|² of the centred images, (N,). scale: tr(S)/D. square: ||S||². spread: ||S||²/D - scale². share: a.
    """

    norms: Array
    scale: float
    square: float
    spread: float
    share: float


def _moments(moved: Array, gram: Array) -> _Moments:
    count, dims = moved.shape
    norms = np.einsum("nd,nd->n", moved, moved)
    scale = norms.sum() / count / dims
    square = np.vdot(gram, gram) / count**2  # the same for XX'
    noise, spread = ((norms**2).sum() / count - square) / (dims * count), square / dims - scale**2
    apart = spread > 1e-12 * scale**2  # from a sphere, which one feature always is
    share = min(noise, spread) / spread if noise > 0 and apart else 0.0
    if share == 0 and count <= dims:
        raise Undefined(f"saturated: nothing to shrink in {count} images of {dims} features")
    return _Moments(norms, float(scale), float(square), float(spread), float(share))


def _floor(moments: _Moments, count: int, dims: int) -> float:
    """The least ridge, for features that are a multiple of each other."""
    return moments.scale * dims * 1e-12 * count


def _ridge(moments: _Moments, count: int, dims: int) -> float:
    """a tr(Σ)/D × N / (1-a), the ridge of X'X that is equivalent to the shrinkage, for centred images X (N, D)."""
    if moments.share == 1:
        return float("inf")
    return max(moments.share * moments.scale / (1 - moments.share) * count, _floor(moments, count, dims))


def _slopes(moments: _Moments, ridge: float, moved: Array, gram: Array) -> tuple[Array, float]:
    """Derivatives of a finite ridge by the weight of each image, (N,), and by ||S||².

    All sums of Ledoit and Wolf's a are sums over images.
    """
    count, dims = moved.shape
    if ridge <= _floor(moments, count, dims):
        return np.zeros(count), 0.0
    norms, scale, square, share = moments.norms, moments.scale, moments.square, moments.share
    by_scale = (norms / dims - scale) / count
    by_square = (
        2 * _quadratic(moved, gram) - norms**2
    ) / count**2 - square / count  # without an image its own pair counts once
    fourth = norms**2 - 4 * moved @ (moved.T @ norms) / count  # the mean moves with the weights too
    by_noise = ((fourth - (norms**2).mean()) / count - by_square) / (dims * count)
    by_spread = by_square / dims - 2 * scale * by_scale
    by_share = (by_noise - share * by_spread) / moments.spread
    slopes = count * (share * by_scale / (1 - share) + scale * by_share / (1 - share) ** 2)
    of_square = -(1 / count + share) / dims / moments.spread
    return slopes, float(count * scale * of_square / (1 - share) ** 2)


def _quadratic(moved: Array, gram: Array) -> Array:
    """x' X'X x of each image, (N,)."""
    wide = len(moved) <= moved.shape[1]
    return np.asarray((gram**2).sum(axis=1) if wide else np.einsum("nd,nd->n", moved @ gram, moved))


def _by_ridge(moved: Array, gram: Array, y: Array, ridge: float) -> float:
    """Derivative of the score by the ridge r: -Σ_c y_c' X (X'X + r)⁻² X' y_c, for y_c divided by √n_c."""
    factor = _factor(gram, ridge)
    if len(moved) > moved.shape[1]:
        return float(-np.vdot(scipy.linalg.cho_solve(factor, moved.T @ y), scipy.linalg.cho_solve(factor, moved.T @ y)))
    solved = scipy.linalg.cho_solve(factor, y)  # (XX' + r)⁻¹ y, and XX' (XX' + r)⁻² y is what is asked for
    return float(-np.vdot(y - ridge * solved, solved))


def _gram(moved: Array) -> Array:
    """X'X or XX', whichever is smaller."""
    gram: Array = moved.T @ moved if len(moved) > moved.shape[1] else moved @ moved.T
    return gram


def _factor(gram: Array, ridge: float) -> tuple[Array, bool]:
    shrunk = gram.copy(order="F")  # in the order that LAPACK needs; otherwise it copies the array once more
    shrunk.flat[:: len(gram) + 1] += ridge
    factor: tuple[Array, bool] = scipy.linalg.cho_factor(shrunk, lower=True, overwrite_a=True, check_finite=False)
    return factor


def _fitted(moved: Array, gram: Array, labels: Array, ridge: float) -> Array:
    """Ridge regression of the indicators Y without its intercept: X(X'X + r)⁻¹X'Y = Y - r (XX' + r)⁻¹Y, (N, C)."""
    y = indicators(labels)
    if np.isinf(ridge):
        return np.zeros_like(y)
    if len(moved) > moved.shape[1]:
        return np.asarray(moved @ scipy.linalg.cho_solve(_factor(gram, ridge), moved.T @ y))
    return np.asarray(y - ridge * scipy.linalg.cho_solve(_factor(gram, ridge), y))


def _leverage(moved: Array, gram: Array, ridge: float) -> Array:
    """Diagonal of X(X'X + ridge)⁻¹X', (N,)."""
    if np.isinf(ridge):
        return np.zeros(len(moved))
    factor = _factor(gram, ridge)[0]
    right = moved.T if len(moved) > moved.shape[1] else np.eye(len(moved))
    square = (scipy.linalg.solve_triangular(factor, right, lower=True) ** 2).sum(axis=0)
    return np.asarray(square if len(moved) > moved.shape[1] else 1 - ridge * square)
