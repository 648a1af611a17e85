"""LEEP: log likelihood of the labels under the source's classes, each read as the target classes it tends to go with."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.label_likelihood import label_log_likelihood
from benchmark.measures.resampling import multiplicities


@measure(grows="N S", citation="Nguyen, Hassner, Seeger & Archambeau, LEEP: a new measure of transferability, ICML 2020")
def leep(probabilities: Array, labels: Array) -> float:
    """1/N Σ_i log Σ_z p(y_i|z) P_iz, p(y|z) = Σ_{i: y_i=y} P_iz / Σ_i P_iz. In (-∞, 0]; -H(Y) if P says nothing of Y.

    probabilities P: (N, S); labels: (N,). A source class to which no image gives any mass is left out: it adds nothing to the
    sum, but is 0/0 in the code of LogME (thuml), of the Transfer Learning Library and of PARC, whose whole score then is NaN.
    The code of SFDA and ETran leaves the logarithm out. A target that the source was trained on wins by construction.
    """
    return float(label_log_likelihood(np.ones((1, len(labels))), probabilities, labels)[0])


@leep.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """How often each image is drawn is all that counts."""
    return label_log_likelihood(multiplicities(draws.target, len(labels)), probabilities, labels)
