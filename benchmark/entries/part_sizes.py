"""The parts of a data set in words: how large they are, and where they come from."""

from collections.abc import Mapping

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded


def part_sizes(dataset: Dataset, images: Decoded, parts: Mapping[str, np.ndarray]) -> str:
    """How many images each part has, and of how many patients (slides, lesions, blocks) where all are known.

    parts: part → row numbers of its images. Two patients or two thousand: the intervals of all results depend on this number.
    """
    sizes = ", ".join(f"{part} {len(rows):,}" for part, rows in parts.items()) + " images"
    if dataset.groups in {None, "image"} or (images.groups == "").any():
        return sizes
    *others, last = (f"{len(np.unique(images.groups[rows])):,}" for rows in parts.values())
    return f"{sizes} of {', '.join(others)} and {last} {dataset.groups}s"


def origin(parts: np.ndarray) -> str:
    """Where the parts of a data set come from."""
    if not parts.astype(bool).any():
        return "drawn 70/15/15"
    return "official" if (parts == "val").any() else "official, val drawn from train"
