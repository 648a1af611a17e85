"""Reference images of a kept classifier, as numbers: what new images are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from benchmark.models.statistics import STATISTICS
from results.error import CatsError, damage_of

MOST = 5000  # images of each part; more say little more about a distribution
PART_NAMES = ("train", "val", "test")


@dataclass(frozen=True)
class Reference:
    """Images that the classifier was made with, one row each. No pixels, no names.

    Attributes:
        features: (N, D) float32, the input of the head.
        logits: (N, C) float32, before the temperature.
        labels: (N,) int64; multi-label (N, C).
        statistics: (N, S) float32, the columns of benchmark.models.statistics.STATISTICS; NaN where one is unknown.
        parts: (N,) int64, the index in PART_NAMES. Training images lie closer to what the network knows than others do.
        groups: (N,) int64, equal numbers for images of one group, for example of a patient; None if groups are unknown.
    """

    features: np.ndarray
    logits: np.ndarray
    labels: np.ndarray
    statistics: np.ndarray
    parts: np.ndarray
    groups: np.ndarray | None = None

    def of(self, *names: str) -> "Reference":
        """The rows of some parts."""
        rows = np.isin(self.parts, [PART_NAMES.index(name) for name in names])
        return Reference(**{name: values[rows] for name, values in self._arrays().items()})

    def write(self, path: Path) -> None:
        """Store the arrays as safetensors. Raises OSError if the disk refuses."""
        arrays = {name: np.ascontiguousarray(values) for name, values in self._arrays().items()}
        path.write_bytes(save(arrays, {"statistics": ",".join(STATISTICS)}))

    def _arrays(self) -> dict[str, np.ndarray]:
        return {name: values for name, values in vars(self).items() if values is not None}


def read_reference(path: Path) -> Reference:
    """The stored reference images. Raises CatsError if the file is damaged or incomplete."""
    try:
        with safe_open(path, framework="np") as file:
            names = [name for name in Reference.__dataclass_fields__ if name != "groups" or name in file.keys()]  # noqa: SIM118
            arrays: Mapping[str, np.ndarray] = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        raise CatsError(f"{path} is not a whole file of reference images: {damage_of(error)}") from error
    counts = {len(array) for array in arrays.values()}
    if len(counts) != 1 or arrays["statistics"].shape[1:] != (len(STATISTICS),):
        raise CatsError(f"{path} holds arrays that do not belong together; keep the classifier again")
    return Reference(**arrays)
