"""Chance: the baseline that every measure has to beat."""

import numpy as np

from benchmark import measure


@measure(grows="1", citation="a baseline")
def random(rng: np.random.Generator) -> float:
    """A random number between 0 and 1 that depends on the names of source, target and backbone alone."""
    return float(rng.random())
