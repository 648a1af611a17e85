"""Samples: what a reader returns; PARTS; Reader."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.error import CatsError

PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Samples:
    """The images of a data set and what is known of each, in one order.

    Attributes:
        images: N arrays, each (H, W) or (H, W, 3) uint8, RGB; may be a generator, it is gone through once. A picture that
            cannot be read stands there as the CatsError that names it.
        labels: (N,) int64, the index of the class; multi-label: (N, C) of 0 and 1.
        ids: N names, unique inside the data set.
        groups: N names of the patient, slide, lesion or block an image comes from; None if nobody knows.
        parts: N of 'train', 'val', 'test' where an official split exists, anything else where an image is in none of them
            (idc: 'extra'); else None.
    """

    images: Iterable[np.ndarray | CatsError]
    labels: np.ndarray
    ids: list[str]
    groups: list[str] | None = None
    parts: list[str] | None = None


Reader = Callable[[Path], Samples]
