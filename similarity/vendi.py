"""Vendi score: the effective number of different images of the source."""

import numpy as np
from scipy.linalg import eigh

from benchmark import Array, Draws, Undefined, measure
from benchmark.measures.spectrum import spread_by_subsets


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
    """From subsets of the images: a resample has fewer different images, and effects of the images to first order are a fifth
    too narrow where there are fewer images than features.
    """
    unit = _unit(source_neutral)
    value = float(np.exp(_entropy(_values(unit))))
    return spread_by_subsets(draws.source, unit, value, lambda values: float(np.exp(_entropy(values / values.sum()))))


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
