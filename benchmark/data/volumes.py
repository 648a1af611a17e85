"""Volumes as samples: the slices of a volume lie one below the other in one strip, K·S pixels high and S wide.

Everything that counts samples (splits, groups, features, predictions, intervals) so counts volumes. A network takes the strips
apart and pools the features of the slices (benchmark.networks.slices). Any other picture is a square, K = 1.
"""

import math

import numpy as np


def slice_count(height: int, width: int) -> int:
    """The number of slices K in a strip of these sides; 1 for a picture."""
    return max(1, height // width)


def slices_of(strips: np.ndarray) -> np.ndarray:
    """(N, K·S, S, C) → (N·K, S, S, C), the slices of one volume after the other."""
    side = strips.shape[2]
    return strips.reshape(-1, side, side, strips.shape[3]) if slice_count(*strips.shape[1:3]) > 1 else strips


def mosaic(strip: np.ndarray) -> np.ndarray:
    """A strip (K·S, S, C) as a picture for people: its slices row by row in a square of slices; a square as it is."""
    height, side, channels = strip.shape
    count = slice_count(height, side)
    across = math.ceil(math.sqrt(count))
    page = np.zeros((across * across, side, side, channels), dtype=strip.dtype)
    page[:count] = strip.reshape(count, side, side, channels)
    return page.reshape(across, across, side, side, channels).swapaxes(1, 2).reshape(across * side, across * side, channels)


def in_words(count: int) -> str:
    """What a sample of so many slices is, as in "a volume of 9 slices"; empty for a picture."""
    return f"a volume of {count} slices" if count > 1 else ""
