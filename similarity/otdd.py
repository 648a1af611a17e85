"""Optimal transport dataset distance: the cost of moving images and labels of the target to those of the source."""

from typing import Any

import numpy as np
from scipy.special import logsumexp

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.bures import covariance_factor, factored, root_trace, triangular
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import require_single_label
from benchmark.measures.directions import require_few_directions
from benchmark.measures.resampling import multiplicities, sample
from benchmark.measures.transport import TransportPlan, exact_transport, square_distances

ROUNDS = 5000


@measure(
    grows="n^3 + n C S E, n = min(N, most)",
    citation="Alvarez-Melis & Fusi, Geometric dataset distances via optimal transport, NeurIPS 2020",
)
def otdd(  # noqa: PLR0913 - four needs and three options
    neutral: Array,
    labels: Array,
    source_neutral: Array,
    source_labels: Array,
    *,
    entropy: float = 0.0,
    most: int = 1_000,
    seed: int = 0,
) -> float:
    """Negated optimal transport distance with the ground cost |x - x'|² + W2²(class of x, class of x'); 0 for equal data sets.

    neutral: (N, E), labels: (N,); source_neutral: (M, E), source_labels: (M,). Each class is a Gaussian, so W2 is the Bures
    distance; a class of one image has no spread. At most `most` images of each side are sampled with `seed`, classes in
    proportion. The cost falls as `most` grows, because more images lie closer: only scores of equally many may be compared.
    entropy: above 0 the debiased Sinkhorn divergence, with this penalty in units of the mean ground cost. microsoft/otdd uses
    Sinkhorn by default, halves both terms of the cost, which halves the distance and keeps the order, and drops classes of one
    image; its distance of a data set from itself is 0 only with the option
    inner_ot_debiased.
    """
    require_single_label(source_labels)
    return -_plan(neutral, labels, source_neutral, source_labels, entropy, most, seed).cost


@otdd.bootstrap
def resampled(
    draws: Draws, neutral: Array, labels: Array, source_neutral: Array, source_labels: Array, **options: Any
) -> Array:
    """To first order in how often an image is drawn: the dual potentials of the one transport, and the classes' Gaussians.

    Of a sub-sample only its own images count, so that the spread is that of samples of its size. Raises Undefined where the
    images vary in many directions for their number: the interval was 1.24 times too wide.
    """
    require_few_directions(neutral=neutral, source=source_neutral)
    given = [{**otdd.options, **options}[name] for name in ("entropy", "most", "seed")]
    plan = _plan(neutral, labels, source_neutral, source_labels, *given)
    weights = multiplicities(draws.target, len(labels))[:, plan.rows]
    source_weights = multiplicities(draws.source, len(source_labels))[:, plan.source_rows]
    sides = (neutral[plan.rows], labels[plan.rows]), (source_neutral[plan.source_rows], source_labels[plan.source_rows])
    cost = plan.cost_at(weights, source_weights)
    if plan.coupling is not None:
        effects = class_effects(*sides, plan.coupling)
        for drawn, (_, own), each in zip((weights, source_weights), sides, effects, strict=True):
            cost = cost + _in_classes(drawn, own) @ each - each.sum()
    return -cost


def _in_classes(weights: Array, labels: Array) -> Array:
    """Weights of images (B, n) over the mean weight of their class; 0 in a class without any."""
    number = _numbered(labels)
    members = np.eye(number.max() + 1)[number]
    means = weights @ members / members.sum(axis=0)
    return np.asarray(np.divide(weights, means[:, number], out=np.zeros_like(weights), where=means[:, number] > 0))


@cache_last
def _plan(  # noqa: PLR0913, PLR0917
    neutral: Array, labels: Array, source_neutral: Array, source_labels: Array, entropy: float, most: int, seed: int
) -> TransportPlan:
    """Transport between the images of both sides."""
    rows, source_rows = sample(neutral, most, seed, labels), sample(source_neutral, most, seed, source_labels)
    target, source = (neutral[rows], labels[rows]), (source_neutral[source_rows], source_labels[source_rows])
    across = _ground(target, source)
    if entropy == 0:
        return exact_transport(across, rows, source_rows)
    penalty = entropy * float(across.mean())
    price, source_price = potentials(across, penalty)
    price = price - np.mean(potentials(_ground(target, target), penalty), axis=0)
    source_price = source_price - np.mean(potentials(_ground(source, source), penalty), axis=0)
    return TransportPlan(float(price.mean() + source_price.mean()), None, price, source_price, rows, source_rows)


def potentials(cost: Array, penalty: float) -> tuple[Array, Array]:
    """Dual potentials of min <P, cost> + penalty KL(P | a b') between equal weights, (n,) and (m,); value: mean f + mean g.

    Both are moved half way in each step (Feydy et al. 2019), which also converges fast between a sample and itself. Raises
    Undefined without convergence.
    """
    count, others = cost.shape
    one: Array = np.zeros(count)
    other: Array = np.zeros(others)
    for _ in range(ROUNDS):
        next_one = -penalty * (logsumexp((other - cost) / penalty, axis=1) - np.log(others))
        next_other = -penalty * (logsumexp((one[:, None] - cost) / penalty, axis=0) - np.log(count))
        moved = max(np.abs(next_one - one).max(), np.abs(next_other - other).max())
        one, other = (one + next_one) / 2, (other + next_other) / 2
        if moved < 1e-8 * penalty:
            return one, other
    raise Undefined(f"entropic transport did not settle within {ROUNDS} rounds; take more entropy")


def _ground(one: tuple[Array, Array], other: tuple[Array, Array]) -> Array:
    """Ground cost |x - x'|² + W2² of the classes, (n, m)."""
    between = class_distances(one, other)
    return np.asarray(square_distances(one[0], other[0]) + between[np.ix_(_numbered(one[1]), _numbered(other[1]))])


def _numbered(labels: Array) -> Array:
    return np.asarray(np.unique(labels, return_inverse=True)[1])


def class_distances(one: tuple[Array, Array], other: tuple[Array, Array]) -> Array:
    """Bures distance |m - m'|² + tr(S + S' - 2 (S S')^(1/2)) between the classes of two samples, (C, C')."""
    sides = []
    for rows, labels in (one, other):
        classes = [rows[labels == label] for label in np.unique(labels)]
        roots = [triangular(covariance_factor(own)) for own in classes]
        sides.append((np.stack([own.mean(axis=0) for own in classes]), roots, np.array([(r**2).sum() for r in roots])))
    (means, roots, spreads), (others, other_roots, other_spreads) = sides
    shared = np.zeros((len(roots), len(other_roots)))
    for i, j in np.argwhere(spreads[:, None] * other_spreads > 0):
        shared[i, j] = root_trace(roots[i], other_roots[j])
    return np.asarray(np.maximum(square_distances(means, others) + spreads[:, None] + other_spreads - 2 * shared, 0))


def class_effects(one: tuple[Array, Array], other: tuple[Array, Array], coupling: Array) -> tuple[Array, Array]:
    """What each image adds to the cost through mean and covariance of its class, by its weight, (n,) and (m,).

    coupling: (n, m), whose mass between two classes weighs their distance. The slopes are those of the Fréchet distance, which
    `fid` uses too.
    """
    sides = []
    for rows, labels in (one, other):
        number = _numbered(labels)
        classes = [np.flatnonzero(number == c) for c in range(number.max() + 1)]
        sides.append([(each, rows[each].mean(axis=0), *factored(covariance_factor(rows[each]))) for each in classes])
    effects = np.zeros(len(one[1])), np.zeros(len(other[1]))
    for own, middle, basis, small in sides[0]:
        for there, away, turned, little in sides[1]:
            mass = float(coupling[np.ix_(own, there)].sum())
            if mass == 0:
                continue
            left, values, right = np.linalg.svd(small @ little.T, full_matrices=False)
            apart = middle - away
            for side, rows, kept, axes, sign in (
                (effects[0], one[0][own] - middle, own, basis @ left, 1.0),
                (effects[1], other[0][there] - away, there, turned @ right.T, -1.0),
            ):
                spread = (rows**2).sum(axis=1) / max(len(rows) - 1, 1)
                side[kept] += mass * (spread - axes**2 @ values + sign * 2 * rows @ apart / len(rows))
    return effects
