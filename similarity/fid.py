"""Fréchet distance between Gaussians: how far means and covariances of target and source differ."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.bures import covariance_factor, factored, root_trace, triangular
from benchmark.measures.directions import require_few_directions
from benchmark.measures.resampling import multiplicities


@measure(
    grows="N E min(N, E)",
    citation="Heusel, Ramsauer, Unterthiner, Nessler & Hochreiter, GANs trained by a two time-scale update rule, NeurIPS 2017",
)
def fid(neutral: Array, source_neutral: Array) -> float:
    """Negated Fréchet distance |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^(1/2)) of the Gaussians of target and source; at most 0.

    neutral: (N, E); source_neutral: (M, E). With S1 = A'A and S2 = B'B the trace of the root is the sum of the singular values
    of A B', (N, M) at most; this is exact, also where N < E. pytorch-fid (mseitzer) takes the square root of an E × E matrix
    and adds 1e-6 to the diagonals where that is not finite. The distance is biased upwards for few images: compare sources with
    about equally many images, or use `kid`. The features are the neutral network's, not Inception's.
    """
    target, source = covariance_factor(neutral), covariance_factor(source_neutral)
    apart = neutral.mean(axis=0) - source_neutral.mean(axis=0)
    spread = float((target**2).sum() + (source**2).sum())
    return -float(apart @ apart + spread - 2 * root_trace(triangular(target), triangular(source)))


@fid.bootstrap
def resampled(draws: Draws, neutral: Array, source_neutral: Array) -> Array:
    """To first order in how often an image is drawn: the score plus the influence of each image, (B,).

    A resample itself has fewer different images, hence covariances of lower rank, and its distance is far from the sample's.
    Raises Undefined where the images vary in many directions for their number: the interval was 1.28 times too wide.
    """
    require_few_directions(neutral=neutral, source=source_neutral)
    target, source = covariance_factor(neutral), covariance_factor(source_neutral)
    apart = neutral.mean(axis=0) - source_neutral.mean(axis=0)
    basis, small = factored(target)
    source_basis, source_small = factored(source)
    left, values, right = np.linalg.svd(small @ source_small.T, full_matrices=False)
    # Of |A B'|_* = sum s_k: half of sum s_k u_ik^2 for row i of A, as a row enters with the root of its weight.
    change = multiplicities(draws.target, len(neutral)) - 1
    source_change = multiplicities(draws.source, len(source_neutral)) - 1
    own = (target**2).sum(axis=1) - (basis @ left) ** 2 @ values
    source_own = (source**2).sum(axis=1) - (source_basis @ right.T) ** 2 @ values
    own = own + 2 * (neutral - neutral.mean(axis=0)) @ apart / len(neutral)
    source_own = source_own - 2 * (source_neutral - source_neutral.mean(axis=0)) @ apart / len(source_neutral)
    spread = float((target**2).sum() + (source**2).sum())
    scores: Array = -(apart @ apart + spread - 2 * values.sum() + change @ own + source_change @ source_own)
    return scores
