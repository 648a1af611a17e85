"""LEEP: log-likelihood of the labels when each source class predicts the target classes that it goes with."""

import numpy as np

from benchmark import Array, Draws, measure
from benchmark.measures.label_likelihood import label_log_likelihood, likelihood_effects
from benchmark.measures.resampling import first_order


@measure(grows="N S", citation="Nguyen, Hassner, Seeger & Archambeau, LEEP: a new measure of transferability, ICML 2020")
def leep(probabilities: Array, labels: Array) -> float:
    """Mean over target images of log Σ_z p(y_i|z) P_iz, with p(y|z) = Σ_{i: y_i=y} P_iz / Σ_i P_iz; in (-∞, 0].

    probabilities P: (N, S); labels: (N,). It is -H(Y) if P is independent of the labels. A source class without any mass adds
    nothing to the sum; in the code of LogME (thuml), of Transfer-Learning-Library and of PARC it is 0/0 and makes the whole
    score NaN. The code of SFDA and ETran omits the logarithm. A source that was trained on the target itself scores high by
    construction.
    """
    return float(label_log_likelihood(np.ones((1, len(labels))), probabilities, labels)[0])


@leep.bootstrap
def resampled(draws: Draws, probabilities: Array, labels: Array) -> Array:
    """To first order in how often an image is drawn: duplicates would sharpen p(y|z) and make the spread a tenth too wide."""
    value = float(label_log_likelihood(np.ones((1, len(labels))), probabilities, labels)[0])
    return first_order(draws, value, likelihood_effects(probabilities, labels))
