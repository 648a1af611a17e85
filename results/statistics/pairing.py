"""Why the test images of two runs cannot be paired: the images are others, or only their names are."""

from collections.abc import Sequence

import numpy as np

from results.text.identifiers import are_digests

APART = "the runs do not share their test images"
MIXED = "test images have plain names in some runs and digests in others, and the key of these digests is not on this machine"
KEYS = "test images have digests of two keys instead of names, or are others"


def why_apart(samples: Sequence[np.ndarray]) -> str:
    """`samples`: (N,) names of the images of each run, of which no two are equal."""
    kinds = {are_digests(names) for names in samples}
    if len(kinds) == 2:
        return MIXED
    return KEYS if kinds == {True} and not set.intersection(*map(set, samples)) else APART
