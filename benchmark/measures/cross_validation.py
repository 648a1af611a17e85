"""Cross-validation for measures that fit a small classifier: folds, votes of neighbours, results of held-out images."""

from hashlib import blake2b

import numpy as np

from benchmark.measures.resampling import multiplicities
from benchmark.specs.measure import Draws
from benchmark.specs.needs import Array, Undefined
from results.text.counts import how_many

BLOCK = 2**22  # distances at a time, 32 MiB


def canonical(features: Array) -> Array:
    """Row numbers in an order that depends on the rows alone, not on their order: sorted along one fixed direction."""
    direction = np.cos(np.arange(1, features.shape[1] + 1))
    # Row by row: a product of matrices may round equal rows in different ways, depending on their position.
    parts = [(features[at : at + 4096] * direction).sum(axis=1) for at in range(0, len(features), 4096)]
    return np.argsort(np.concatenate(parts), kind="stable")


def stratified_folds(features: Array, labels: Array, *, number: int, seed: int) -> Array:
    """Fold of each image, (N,), stratified by class; equal rows share a fold, as one row would reveal the label of the other.

    The order of images and the names of classes have no effect. Raises Undefined for too few images or classes.
    """
    rows = canonical(features)
    seen: dict[bytes, int] = {}
    group = np.empty(len(labels), dtype=np.int64)
    for row in rows:  # a digest, because keys of whole rows would double the memory; + 0.0 turns -0.0 into 0.0
        group[row] = seen.setdefault(blake2b(features[row] + 0.0, digest_size=16).digest(), len(seen))
    if number < 2:
        raise Undefined(f"{how_many(number, 'fold holds', 'folds hold')} nothing out")
    if len(seen) < 2 * number:
        raise Undefined(f"{how_many(len(seen), 'different image is', 'different images are')} too few for {number} folds")
    held = np.zeros((len(seen), labels.max() + 1))
    np.add.at(held, (group, labels), 1)
    appears = np.lexsort(-held[::-1])  # classes in canonical order too: by their counts of the first image, then the second ...
    kind = held[:, appears].argmax(axis=1)
    rng = np.random.default_rng(seed)
    dealt = np.concatenate([rng.permutation(np.flatnonzero(kind == one)) for one in range(kind.max() + 1)])
    fold = np.empty(len(seen), dtype=np.int64)
    fold[dealt] = np.arange(len(seen)) % number
    folds: Array = fold[group]
    for one in range(number):
        if len(np.unique(labels[folds != one])) < 2:
            raise Undefined("one class is left where a fold is held out")
    return folds


def votes(queries: Array, references: Array, labels: Array, k: int, *, classes: int) -> Array:
    """Share of each class among the k nearest of `references` (M, D) to each row of `queries` (A, D): (A, classes).

    Images at the distance of the k-th share the remaining votes, so the order of images has no effect. Rows should be centred:
    distances are computed as |a|² + |b|² - 2ab.
    """
    return votes_and_nearest(queries, references, labels, k, classes=classes, kept=1)[0]


def votes_and_nearest(
    queries: Array, references: Array, labels: Array, k: int, *, classes: int, kept: int
) -> tuple[Array, Array]:
    """The same, and the rows of the `kept` nearest references, nearest first, (A, kept); fewer if there are fewer."""
    norms = np.einsum("nd,nd->n", references, references)
    near = 1e-10 * norms.mean()
    k, kept, step = min(k, len(references)), min(kept, len(references)), max(1, BLOCK // len(references))
    shares, nearest = np.empty((len(queries), classes)), np.empty((len(queries), kept), dtype=np.int64)
    for start in range(0, len(queries), step):
        apart = queries[start : start + step] @ references.T
        apart *= -2
        apart += norms  # |a - b|^2 but for |a|^2, which the nearest images do not depend on
        found = np.argpartition(apart, max(k, kept) - 1, axis=1)[:, : max(k, kept)]
        found = np.take_along_axis(found, np.take_along_axis(apart, found, axis=1).argsort(axis=1, kind="stable"), axis=1)
        last = np.take_along_axis(apart, found[:, k - 1 : k], axis=1)[:, 0]
        rows, columns = np.nonzero(apart <= (last + near)[:, None])  # k images and those tied with the last of them
        closer, number = apart[rows, columns] < last[rows] - near, len(apart)
        left = (k - np.bincount(rows[closer], minlength=number)) / np.bincount(rows[~closer], minlength=number)
        counted = np.bincount(rows * classes + labels[columns], np.where(closer, 1.0, left[rows]), number * classes)
        shares[start : start + step] = counted.reshape(number, classes) / k
        nearest[start : start + step] = found[:, :kept]
    return shares, nearest


def hits(shares: Array, labels: Array) -> Array:
    """1 where the own class has the highest share, 1/m where m classes tie for it, else 0: (N,)."""
    best = shares >= shares.max(axis=1, keepdims=True) - 1e-9
    results: Array = best[np.arange(len(labels)), labels] / best.sum(axis=1)
    return results


def average(results: Array, labels: Array, *, balanced: bool, draws: Draws | None = None, rows: Array | None = None) -> Array:
    """Mean result of the images, or mean over classes if `balanced`: a number, or (B,) for the images of each draw.

    rows: the numbers of the images that have a result, (q,), where only these count; `results` and `labels` are theirs.
    """
    weights = 1 / np.bincount(labels)[labels] if balanced else np.ones(len(labels))
    if draws is None:
        return np.asarray(np.average(results, weights=weights))
    counted = multiplicities(draws.target, draws.target.shape[1])
    counted = (counted if rows is None else counted[:, rows]) * weights
    means: Array = counted @ results / counted.sum(axis=1)
    return means
