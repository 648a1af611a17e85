"""Centred kernel alignment of two sets of features of the same images, and the influence of each image on it.

All sums over pairs, triples and quadruples of images come from a few sums for each image, so that no N × N matrix is kept.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmark.specs.needs import Array, Undefined

BLOCK = 2**22  # numbers of a kernel at a time


@dataclass(frozen=True)
class _Side:
    """One set of features: rows (N, D), centred, the lengths that are left out of the diagonal of K (N,), and K1, (N,)."""

    rows: Array
    diagonal: Array
    line: Array

    def times(self, vector: Array) -> Array:
        """K v, (N,)."""
        return np.asarray(self.rows @ (self.rows.T @ vector) - self.diagonal * vector)


class _Hsic(NamedTuple):
    """An estimate of HSIC and its derivative by the weight of each image, (N,)."""

    value: float
    slopes: Array


def alignment(one: Array, other: Array, *, debiased: bool) -> tuple[float, Array]:
    """HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) of features (N, D) and (N, E), and its derivative by each image's weight, (N,).

    debiased: HSIC is the unbiased estimate over different images (Song et al., JMLR 2012). Raises Undefined for fewer than 4
    images, and where the estimate of the likeness of one side to itself is not above 0.
    """
    count = len(one)
    if debiased and count < 4:
        raise Undefined(f"the unbiased estimate takes 4 images, there are {count}")
    sides = [_side(rows, debiased) for rows in (one, other)]
    between = _hsic(sides[0], sides[1], debiased)
    own, there = (_hsic(side, side, debiased) for side in sides)
    if not (own.value > 0 and there.value > 0):
        raise Undefined("the unbiased estimate of a side's likeness to itself is not above 0: too few images")
    value = between.value / np.sqrt(own.value * there.value)
    slopes = between.slopes / np.sqrt(own.value * there.value)
    slopes = slopes - value / 2 * (own.slopes / own.value + there.slopes / there.value)
    return float(value), slopes


def _side(rows: Array, debiased: bool) -> _Side:
    """Features minus their mean, scaled to mean length 1. Neither changes the score; both keep products from cancelling."""
    rows = rows - rows.mean(axis=0)
    rows /= np.sqrt((rows**2).mean())
    diagonal = np.einsum("nd,nd->n", rows, rows) * debiased
    return _Side(rows, diagonal, rows @ rows.sum(axis=0) - diagonal)


def _products(one: _Side, other: _Side) -> Array:
    """Σ_j K_ij L_ij for each image, (N,): in the space of features or of images, whichever is smaller."""
    count, wide, deep = len(one.rows), one.rows.shape[1], other.rows.shape[1]
    if 2 * wide * deep <= count * (wide + deep):
        inner = np.einsum("nd,nd->n", one.rows @ (one.rows.T @ other.rows), other.rows)
        return np.asarray(inner - one.diagonal * other.diagonal)
    found, step = np.empty(count), max(1, BLOCK // count)
    for start in range(0, count, step):
        kernel = one.rows[start : start + step] @ one.rows.T
        there = kernel if other is one else other.rows[start : start + step] @ other.rows.T
        found[start : start + step] = np.einsum("bn,bn->b", kernel, there)
    return np.asarray(found - one.diagonal * other.diagonal)


def _hsic(one: _Side, other: _Side, debiased: bool) -> _Hsic:
    """E K_ij L_ij - 2 E K_ij L_ik + E K_ij L_kl over images; if debiased, over different i, j, k, l.

    With weights w of the images these are, for weights of 1: pairs Σ w_i w_j K_ij L_ij, chains Σ w (Kw) (Lw), and
    total w·Kw w·Lw. What they hold of equal indices is subtracted, in the numerators and in the numbers of terms.
    """
    n, products = float(len(one.rows)), _products(one, other)
    along = one.line * other.line
    chained = one.times(other.line) + other.times(one.line)
    pairs, chains, total = products.sum(), along.sum(), one.line.sum() * other.line.sum()
    by_total = 2 * (one.line * other.line.sum() + other.line * one.line.sum())
    if not debiased:
        value = pairs / n**2 - 2 * chains / n**3 + total / n**4
        slopes = 2 * products / n**2 - 2 * (along + chained) / n**3 + by_total / n**4
        return _Hsic(float(value), slopes - 2 * pairs / n**3 + 6 * chains / n**4 - 4 * total / n**5)
    twos, threes = n * (n - 1), n * (n - 1) * (n - 2)
    fours = threes * (n - 3)
    triples, quadruples = chains - pairs, total - 4 * chains + 2 * pairs
    value = pairs / twos - 2 * triples / threes + quadruples / fours
    slopes = 2 * products / twos - pairs * 2 * (n - 1) / twos**2
    slopes = slopes - 2 * ((along + chained - 3 * products) / threes - triples * 3 * (n - 1) * (n - 2) / threes**2)
    by_quadruples = by_total - 4 * (2 * along + chained) + 8 * products
    by_fours = 4 * n**3 - 24 * n**2 + 44 * n - 24
    return _Hsic(float(value), slopes + by_quadruples / fours - quadruples * by_fours / fours**2)
