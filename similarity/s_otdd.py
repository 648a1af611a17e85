"""Sliced optimal transport dataset distance: images with their classes, projected to numbers and sorted."""

import numpy as np

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.cache_last import cache_last
from benchmark.measures.class_statistics import indicators, require_single_label
from benchmark.measures.resampling import multiplicities
from benchmark.measures.sorted_transport import rank_coupling, sorted_transport

FARTHEST = 3.0  # units, beyond which numbers are clipped in the moments
UNIT = 2.0  # standard deviations that are scaled to 1
BLOCK = 50  # projections at a time

Side = tuple[Array, Array]


@measure(
    grows="(N + M) L (E + log(N + M)), L projections",
    citation="Nguyen, Nguyen, Pham & Ho, Lightspeed geometric dataset distances via projections, ICML 2025",
)
def s_otdd(  # noqa: PLR0913 - four needs and three options
    neutral: Array,
    labels: Array,
    source_neutral: Array,
    source_labels: Array,
    *,
    projections: int = 500,
    moments: int = 8,
    seed: int = 0,
) -> float:
    """Negated root of the mean over projections of the squared Wasserstein distance between projected target and source.

    neutral: (N, E), labels: (N,); source_neutral: (M, E), source_labels: (M,). A projection gives the image x of class c the
    number a_0 t'x + Σ_k a_k E_c[(t'x)^p_k] / p_k!, where t and a are uniform on spheres, and p_k is drawn from a Poisson
    distribution of mean k without 0, k = 1 .. `moments`; E_c is the mean over the class. So classes are compared by the moments
    of their images, and no image is left out as in `otdd`. This is what the authors' code computes (hainn2803/s-OTDD, 10,000
    projections), on images; here features are first centred by the mean of the target and divided by twice the standard
    deviation of all its numbers, since the powers depend on origin and unit; in the moments, numbers beyond 3 are clipped, or
    single images in the tails would decide (that code clips some projections at 5). Projections come from `seed` and are the
    same for every source, so their randomness, some hundredths of the distance, hardly changes an order of sources.
    """
    require_single_label(source_labels)
    return -float(
        np.sqrt(_transported((neutral, labels), (source_neutral, source_labels), projections, moments, seed)[0].mean())
    )


@s_otdd.bootstrap
def resampled(  # noqa: PLR0913 - four needs and three options
    draws: Draws,
    neutral: Array,
    labels: Array,
    source_neutral: Array,
    source_labels: Array,
    *,
    projections: int,
    moments: int,
    seed: int,
) -> Array:
    """To first order in how often an image is drawn, from dual potentials and moments; projections are held fixed."""
    require_single_label(source_labels)
    sides = (neutral, labels), (source_neutral, source_labels)
    costs, effects, source_effects = _transported(*sides, projections, moments, seed)
    moved = (multiplicities(draws.target, len(labels)) - 1) @ effects
    moved += (multiplicities(draws.source, len(source_labels)) - 1) @ source_effects
    root = np.sqrt(costs.mean())
    return np.asarray(-(root + moved / (2 * root))) if root > 0 else np.zeros(len(draws.target))


@cache_last
def _measured(neutral: Array) -> tuple[Array, float]:
    """Mean and standard deviation by which both sides are moved and scaled."""
    middle = neutral.mean(axis=0)
    return middle, UNIT * float(np.sqrt(((neutral - middle) ** 2).mean()))


def _transported(target: Side, source: Side, projections: int, moments: int, seed: int) -> tuple[Array, Array, Array]:
    """Squared distances, (L,), and the change of their mean when an image counts once more, (N,) and (M,)."""
    if min(projections, moments) < 1:
        raise Undefined(f"s_otdd: projections is {projections} and moments is {moments}; both must be 1 or more")
    middle, unit = _measured(target[0])
    sides = [((rows - middle) / unit, np.unique(labels, return_inverse=True)[1]) for rows, labels in (target, source)]
    rng = np.random.default_rng(seed)
    costs, effects, stretch = [], [np.zeros(len(rows)) for rows, _ in sides], 0.0
    steps = rank_coupling(len(target[1]), len(source[1]))
    for start in range(0, projections, BLOCK):
        count = min(BLOCK, projections - start)
        along = _directions(rng, count, middle.size).T
        inner = _directions(rng, count, moments + 1)
        powers = np.stack([_above_zero(rng, np.full(count, k, dtype=float)) for k in range(1, moments + 1)], axis=1)
        scale = np.cumprod(np.append(1.0, np.arange(1, powers.max() + 1)))[powers.astype(int)]  # p!
        numbers, slopes, stretches = zip(
            *(_numbers(rows @ along, labels, inner, powers, scale) for rows, labels in sides), strict=True
        )
        cost, potentials, shifts = sorted_transport(numbers[0], numbers[1], steps)
        costs.append(cost)
        stretch += sum(float((shift * part).sum()) for shift, part in zip(shifts, stretches, strict=True)) / projections
        for side, (_, labels) in enumerate(sides):
            y = indicators(labels)
            # the shift of a class's number moves all images of the class
            pull = (y.T @ shifts[side])[labels] * slopes[side] / np.bincount(labels)[labels][:, None]
            effects[side] += (potentials[side] + pull).sum(axis=1) / projections
    share = (sides[0][0] ** 2).sum(axis=1) * UNIT**2 / middle.size
    effects[0] -= stretch * (share - 1) / (2 * len(share))  # an image far from the mean makes the unit larger
    return np.concatenate(costs), effects[0], effects[1]


def _directions(rng: np.random.Generator, count: int, dims: int) -> Array:
    drawn = rng.standard_normal((count, dims))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def _above_zero(rng: np.random.Generator, rates: Array) -> Array:
    """A Poisson number of each rate, given that it is not 0: 1 and those after the first event, which comes before time 1."""
    first = -np.log(rng.random(len(rates)) * (1 - np.exp(-rates)) + np.exp(-rates))
    return np.asarray(1 + rng.poisson(rates - first))


def _numbers(along: Array, labels: Array, inner: Array, powers: Array, scale: Array) -> tuple[Array, Array, Array]:
    """The numbers of all images, (n, L), and their derivatives by how often an image counts in its class times the images of
    the class, and by the logarithm of all features, both (n, L).
    """
    y = indicators(labels)
    own, near = along * inner[:, 0], np.clip(along, -FARTHEST, FARTHEST)
    coefficients = np.zeros((int(powers.max()) + 1, len(inner)))
    np.add.at(coefficients, (powers.astype(int), np.arange(len(inner))[:, None]), inner[:, 1:] / scale)
    # Horner's scheme for the sum of powers and for its derivative: powers by `**` take ten times as long
    slopes, bent = np.zeros_like(along), np.zeros_like(along)
    for coefficient in coefficients[::-1]:
        bent *= near
        bent += slopes
        slopes *= near
        slopes += coefficient
    bent *= near
    bent *= near == along
    means, stretched = ((y.T @ part / y.sum(axis=0)[:, None])[labels] for part in (slopes, bent))
    return own + means, slopes - means, own + stretched
