"""Vendi score: the effective number of different images of the source."""

import numpy as np
from scipy.linalg import eigh

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.resampling import multiplicities


@measure(
    grows="M E min(M, E)",
    citation="Friedman & Dieng, The Vendi score: a diversity evaluation metric for machine learning, TMLR 2023",
)
def vendi(source_neutral: Array) -> float:
    """Vendi score exp(-Σ_k l_k log l_k), l the eigenvalues of K / M, K the cosines between source images; in [1, min(M, E)].

    source_neutral: (M, E). It measures how diverse the source is, not how similar to the target: it is equal on all targets. K
    / M is M × M or, with the same positive eigenvalues, E × E, whichever is smaller.
    """
    return float(np.exp(_entropy(_values(_unit(source_neutral)))))


@vendi.bootstrap
def resampled(draws: Draws, source_neutral: Array) -> Array:
    """To first order in how often an image is drawn; a resample itself has fewer different images and is less diverse."""
    unit = _unit(source_neutral)
    count, dims = unit.shape
    values, vectors = eigh(unit @ unit.T / count if count <= dims else unit.T @ unit / count, check_finite=False)
    positive = values > 1e-12
    values, vectors = values[positive], vectors[:, positive]
    # dl_k = l_k u_ik^2 for image i, where u_k = X v_k / (M l_k)^(1/2) in the E x E form.
    shares = vectors**2 * values if count <= dims else (unit @ vectors) ** 2 / count
    influence = -shares @ (np.log(values) + 1)
    change = multiplicities(draws.source, count) - 1
    return np.asarray(np.exp(_entropy(values) + change @ influence))


def _unit(rows: Array) -> Array:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if (lengths == 0).any():
        raise Undefined("a source image is 0 in the neutral space and has no direction")
    return np.asarray(rows / lengths)


def _values(unit: Array) -> Array:
    count, dims = unit.shape
    gram = unit @ unit.T if count <= dims else unit.T @ unit
    return np.asarray(eigh(gram / count, eigvals_only=True, check_finite=False))


def _entropy(values: Array) -> float:
    above = values[values > 0]
    return -float(above @ np.log(above))
