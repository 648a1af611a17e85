"""Two-sample tests by permutation: do new images and reference images come from one distribution?

All tests of one comparison share the same permutations, in which the labels "new" and "reference" are dealt out again. If both
samples have one distribution, every permutation is as likely as the truth, so that p-values are exact for any statistic, also
one whose parts depend on each other, such as the folds of a cross-validation (Phipson & Smyth, Permutation p-values should
never be zero, 2010). Images of one group (a patient) keep one label.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve

from results.statistics.distributions import normal_quantile, row_ranks

SAME = 1e-6  # squared distances below this part of the mean squared length are those of equal images
FOLDS = 5
COMPONENTS = 50  # principal components of the features that the classifier gets
RIDGE = 0.1  # its penalty, in parts of the mean variance of these components
PAIRS = 1000  # images whose distances give the bandwidth of the kernel


@dataclass(frozen=True)
class Labels:
    """Who is new, in truth and in each permutation.

    Attributes:
        new: (B + 1, N) float32, 1 for a new image and 0 for one of the reference; the first row is the truth.
        units: (N,) the number of the group of each image; an image without a group is a group of its own.
    """

    new: np.ndarray
    units: np.ndarray


def labels_of(new: np.ndarray, groups: np.ndarray | None, permutations: int, rng: np.random.Generator) -> Labels:
    """Deal out the labels again, so that as many groups as in truth are new.

    Args:
        new: (N,) bool.
        groups: (N,) whole numbers, of which none is on both sides; None if every image is a group.
        permutations: their number, B.
        rng: draws them.
    """
    units = np.arange(len(new)) if groups is None else np.unique(groups, return_inverse=True)[1].ravel()
    truth = np.zeros(units.max() + 1, np.float32)
    truth[units[new]] = 1
    dealt = rng.permuted(np.broadcast_to(truth, (permutations, len(truth))), axis=1)
    return Labels(np.concatenate([truth[None], dealt])[:, units], units)


def mmd(features: np.ndarray, labels: Labels) -> np.ndarray:
    """Squared maximum mean discrepancy of (N, D) features for each labelling, (B + 1,); unbiased where the labels are right.

    The kernel is Gaussian; its bandwidth is the median distance of all images (Gretton et al., JMLR 2012, eq. 3). NaN if more
    than half of the images are the same.
    """
    centred = np.asarray(features - features.mean(axis=0), np.float32)
    lengths = np.einsum("nd,nd->n", centred, centred)
    square = lengths[:, None] + lengths - 2 * centred @ centred.T
    few = square[:: max(1, len(square) // PAIRS), :: max(1, len(square) // PAIRS)]
    scale = np.median(few[~np.eye(len(few), dtype=bool)])
    if scale <= SAME * lengths.mean():
        return np.full(len(labels.new), np.nan)
    kernel = np.exp(np.maximum(square, 0) / (-2 * scale))
    np.fill_diagonal(kernel, 0)
    towards = labels.new @ kernel
    count = labels.new.sum(axis=1, dtype=np.float64)
    rest = labels.new.shape[1] - count
    among_new = np.einsum("bn,bn->b", towards, labels.new, dtype=np.float64)
    across = towards.sum(axis=1, dtype=np.float64) - among_new
    among_rest = kernel.sum(dtype=np.float64) - among_new - 2 * across
    squared: np.ndarray = among_new / (count * (count - 1)) + among_rest / (rest * (rest - 1)) - 2 * across / (count * rest)
    return squared


def classifier_auc(features: np.ndarray, labels: Labels, rng: np.random.Generator) -> np.ndarray:
    """Cross-validated AUC with which a linear classifier tells new from reference images, for each labelling, (B + 1,).

    Ridge regression of the labels on the first principal components of all (N, D) features. What the classifier says of a
    held-out image is linear in the labels, so that one matrix serves all labellings, and the dependence of the folds is the
    same in all. The images of a group share a fold. (Kim, Ramdas, Singh & Wasserman, Classification accuracy as a proxy for
    two-sample testing, 2021.)
    """
    reduced = _components(features)
    count = labels.units.max() + 1
    fold = rng.permutation(np.arange(count) % min(FOLDS, count))[labels.units]
    said = np.empty(labels.new.shape, np.float32)
    for held in range(fold.max() + 1):
        test = fold == held
        middle = reduced[~test].mean(axis=0)
        train = reduced[~test] - middle
        gram = train.T @ train
        gram[np.diag_indices_from(gram)] += RIDGE * max(np.trace(gram) / len(gram), np.finfo(float).tiny)
        weights = solve(gram, train.T, assume_a="pos", check_finite=False)
        said[:, test] = labels.new[:, ~test] @ ((reduced[test] - middle) @ weights).T.astype(np.float32)
    return _auc(row_ranks(said), labels)


def rank_shift(values: np.ndarray, labels: Labels) -> np.ndarray:
    """The chance that a new image has a larger value than one of the reference, (N,) values → (B + 1,); ties count half.

    The statistic of Mann & Whitney (1947): above 0.5 new images are larger.
    """
    return _auc(np.broadcast_to(row_ranks(values), labels.new.shape), labels)


def shares_apart(marks: np.ndarray, labels: Labels) -> np.ndarray:
    """How far shares differ between new and reference images, for each labelling: (N, C) zeros and ones → (B + 1,).

    Pearson's statistic of homogeneity, where every image has one mark, divided by the number of images of the smaller side and
    the like; with several marks the sum over them. Permutations keep it right for small counts.
    """
    marks = np.asarray(marks, np.float32)
    count = labels.new.sum(axis=1, keepdims=True)
    among_new = labels.new @ marks
    apart = among_new / count - (marks.sum(axis=0) - among_new) / (labels.new.shape[1] - count)
    pooled = marks.mean(axis=0)
    used = pooled > 0
    return np.asarray((apart[:, used] ** 2 / pooled[used]).sum(axis=1))


def share_above(flags: np.ndarray, labels: Labels) -> np.ndarray:
    """Share of new images with a flag, minus that of the reference: (N,) bool → (B + 1,)."""
    marks = np.asarray(flags, np.float32)
    count = labels.new.sum(axis=1)
    among_new = labels.new @ marks
    return np.asarray(among_new / count - (marks.sum() - among_new) / (labels.new.shape[1] - count))


def detectable(new: int, reference: int, level: float, power: float = 0.8) -> float:
    """The shift, in standard deviations, that a rank test of two samples finds with a probability: normal values, two-sided.

    The efficiency of the test of Mann & Whitney is 3/π of that of the t-test for normal values.
    """
    error = np.sqrt((1 / new + 1 / reference) * np.pi / 3)
    return float((normal_quantile(power) - normal_quantile(level / 2)) * error)


def _auc(ranks: np.ndarray, labels: Labels) -> np.ndarray:
    """The chance that a new image ranks above one of the reference, from the ranks in each labelling, (B + 1, N)."""
    count = labels.new.sum(axis=1, dtype=np.float64)
    total = np.einsum("bn,bn->b", ranks, labels.new, dtype=np.float64)
    auc: np.ndarray = (total / count - (count + 1) / 2) / (labels.new.shape[1] - count)
    return auc


def _components(features: np.ndarray) -> np.ndarray:
    """The first principal components of all images, (N, at most COMPONENTS); approximate, and the same in every call."""
    from sklearn.utils.extmath import randomized_svd

    centred = np.asarray(features - features.mean(axis=0), np.float32)
    left, sizes, _ = randomized_svd(centred, min(COMPONENTS, *centred.shape), random_state=0)
    return np.asarray(left * sizes, np.float64)
