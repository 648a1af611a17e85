"""What becomes of a NIfTI volume on its way to the network: which values are black and white, and which slices are seen."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.data.readers.nifti_file import volume_of
from benchmark.data.readers.scale import Scale
from benchmark.data.readers.views import Views
from results.error import CatsError

PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True)
class VolumeView(Views):
    """The options of a NIfTI reader that say what is shown, beside those of Views.

    Attributes:
        plane: of single `slices`.
        orientation: `canonical` turns each volume by what its file says; `stored` takes the axes as they are stored, as if
            they led to the right, to the front and upwards.
        range: (black, white), the same for all volumes, such as Hounsfield units; values outside become black or white.
        percentiles: (black, white) as percentiles of the values of each volume, for units that differ, as in MRI.
    """

    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    orientation: Literal["canonical", "stored"] = "canonical"
    range: tuple[float, float] | None = None
    percentiles: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        Scale(range=self.range)
        if (self.range is None) == (self.percentiles is None):
            given = "both given" if self.range else "both left out"
            raise CatsError(
                f"range and percentiles are {given}; one of them says which values become black and white: range: [-160, 240] "
                "in the unit of the volumes, or percentiles: [0.5, 99.5] of each volume"
            )
        low, high = self.percentiles or (0, 100)
        if not 0 <= low < high <= 100:
            raise CatsError(f"percentiles is {low:g} to {high:g}; allowed are two numbers from 0 to 100, the smaller one first")
        if self.views == "orthogonal" and self.plane != VolumeView.plane:
            raise CatsError(f"plane is {self.plane}, and views: orthogonal shows all three planes; leave one of the two out")

    def shown(self, content: bytes, where: str) -> tuple[np.ndarray, ...]:
        """The slices of a file, each (H, W) uint8, as a viewer shows them: the front or the top of the patient is above, the
        patient's right on the left (axial, coronal), the front on the left (sagittal).

        Slices follow each other downwards, to the back, and to the left. Raises CatsError as `volume_of` does.
        """
        volume = volume_of(content, where, self.orientation)
        black, white = self._limits(volume, where)
        axes = volume.transpose(2, 1, 0)[::-1, ::-1, ::-1]  # downwards, to the back, to the left: a picture's rows and columns
        return tuple(_eight_bits(each, black, white) for each in self.of(axes, PLANES.index(self.plane)))

    def _limits(self, volume: np.ndarray, where: str) -> tuple[float, float]:
        if self.range is not None:
            return self.range
        known = volume[np.isfinite(volume)]
        if not known.size:
            raise CatsError(f"{where} holds no finite value")
        black, white = np.percentile(known, self.percentiles or (0, 100))
        return float(black), float(white)


def _eight_bits(image: np.ndarray, black: float, white: float) -> np.ndarray:
    """Values as uint8; what is no number is black. A volume of one value is black."""
    share = (np.nan_to_num(image.astype(np.float64), nan=-math.inf) - black) / max(white - black, 1e-12)
    eight: np.ndarray = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    return eight
