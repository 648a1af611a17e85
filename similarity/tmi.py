"""TMI: how widely the images of a class spread in the source's features, as the entropy within classes."""

import numpy as np
import scipy.special
from scipy.spatial.distance import cdist

from benchmark import Array, CatsError, Draws, Undefined, measure
from benchmark.measures.directions import require_few_directions
from benchmark.measures.resampling import sample
from benchmark.measures.subsets import scores_less_pairs

FORMS = {"published", "entropy"}
KEPT = 6  # neighbours that are kept for each of the k, as a subset of the images may lack some


@measure(
    grows="min(N, most)² D / C",
    citation="Xu & Kang, Fast and accurate transferability measurement by evaluating intra-class feature variance, ICCV 2023",
)
def tmi(features: Array, labels: Array, *, form: str = "published", k: int = 3, most: int = 2000, seed: int = 0) -> float:
    """Mean entropy Σ_c n_c/N H(X|c) of the features within classes, over C in the published form; in nats, unbounded.

    features: (N, D); labels: (N,). Features that still separate images of one class have more to adapt. H(X|c) is the estimate
    of Kozachenko and Leonenko, ψ(n_c) - ψ(k) + log V + D mean log r, with the distance r of each image to its k-th nearest of
    the class and the volume V of the unit ball. It grows with D, so compare sources of one architecture only.

    form: "published", as the authors' code (snudatalab/TMI, 72e5747) computes it: the largest difference of a feature is the
    distance (V = 2^D), a distance below 1 counts as 1, a class of one image has no entropy, and the mean is divided by C.
    "entropy": Euclidean distances as they are and no division, as the paper defines H(X|Y). The work grows with N², so at most
    `most` images are sampled with `seed`, classes in proportion. Undefined if a class has 2 to k images, if all distances of
    the published form are below 1, which leaves nothing but counts, or if k + 1 images of "entropy" have the same features.
    """
    return _Neighbours(features, labels, form, k, most, seed).score()


@tmi.bootstrap
def resampled(draws: Draws, features: Array, labels: Array, *, form: str, k: int, most: int, seed: int) -> Array:  # noqa: PLR0913
    """From subsets of the images, in which each has other neighbours; a duplicate would be at distance 0.

    Raises Undefined where the images vary in many directions for their number: the interval was 1.21 times too wide.
    """
    require_few_directions(features=features)
    near = _Neighbours(features, labels, form, k, most, seed)
    return scores_less_pairs(draws, labels, near.score(), near.score, near.rows)


class _Neighbours:
    """The nearest images of the same class of each sampled image, ready for the scores of all of them and of subsets.

    Attributes:
        rows: numbers of the sampled images, (n,). labels: theirs. near: of each class with more than k images its images, (m,),
            for each of them the q nearest of the class by distance, itself left out, (m, q), and log r of these, (m, q).
    """

    def __init__(self, features: Array, labels: Array, form: str, k: int, most: int, seed: int) -> None:
        if form not in FORMS:
            raise CatsError(f"tmi: form is '{form}'; it must be 'published' or 'entropy'")
        if k < 1:
            raise Undefined(f"tmi: k is {k}; it must be 1 or more")
        moved = features - features.mean(axis=0)
        self.rows = np.arange(len(labels)) if len(labels) <= most else sample(moved, most, seed, labels)
        self.labels, self.k, self.dims = labels[self.rows], k, features.shape[1]
        self.published, self.classes = form == "published", int(labels.max()) + 1
        self.near: list[tuple[Array, Array, Array]] = []
        for label in range(self.classes):
            own = np.flatnonzero(self.labels == label)
            if len(own) > k:
                self.near.append((own, *self._nearest(moved[self.rows[own]])))
            elif len(own) > 1 or not self.published:
                raise Undefined(f"a class has {len(own)} image{'s' * (len(own) > 1)}, {k} neighbours need {k + 1}")
        if self.published and not any((logs[:, k - 1] > 0).any() for _, _, logs in self.near):
            raise Undefined("all distances are below 1, the floor of the published form")

    def _nearest(self, points: Array) -> tuple[Array, Array]:
        wanted = min(len(points) - 1, KEPT * self.k)
        nearest, apart = np.empty((len(points), wanted), dtype=np.int64), np.empty((len(points), wanted))
        for start in range(0, len(points), 500):
            block = points[start : start + 500]
            far = cdist(block, points, "chebyshev" if self.published else "euclidean")
            far[np.arange(len(block)), start + np.arange(len(block))] = np.inf
            found = np.argpartition(far, wanted - 1, axis=1)[:, :wanted]
            distances = np.take_along_axis(far, found, axis=1)
            order = np.argsort(distances, axis=1, kind="stable")
            nearest[start : start + 500] = np.take_along_axis(found, order, axis=1)
            apart[start : start + 500] = np.take_along_axis(distances, order, axis=1)
        if self.published:
            return nearest, np.log(np.maximum(apart, 1.0))
        if apart[:, self.k - 1].min() <= 1e-9 * np.abs(points).max():
            raise Undefined(f"{self.k + 1} images of a class have the same features")
        return nearest, np.log(np.maximum(apart, 1e-300))

    def score(self, subset: Array | None = None) -> float:
        """The score of all sampled images, or of a subset of them: row numbers."""
        kept = np.ones(len(self.labels), dtype=bool)
        if subset is not None:
            kept = np.zeros(len(self.labels), dtype=bool)
            kept[subset] = True
        ball = self.dims * np.log(2.0) if self.published else _log_ball(self.dims)
        total = 0.0
        for own, nearest, logs in self.near:
            here = np.flatnonzero(kept[own])
            count = len(here)
            if count <= self.k:
                return float("nan")
            there = kept[own][nearest[here]]
            place = np.minimum((np.cumsum(there, axis=1) < self.k).sum(axis=1), logs.shape[1] - 1)
            mean = logs[here, place].mean()
            total += count * (scipy.special.digamma(count) - scipy.special.digamma(self.k) + ball + self.dims * mean)
        return float(total / kept.sum() / (self.classes if self.published else 1))


def _log_ball(dims: int) -> float:
    """log of the volume of the Euclidean unit ball."""
    return float(dims / 2 * np.log(np.pi) - scipy.special.gammaln(dims / 2 + 1))
