"""From numbers as they are stored to 8 bits: which value becomes black, and which becomes white."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.error import CatsError

STRIP = 2**24  # numbers that are scaled at a time


@dataclass(frozen=True)
class Stored:
    """A picture as it is stored.

    Attributes:
        values: (H, W) or (H, W, 3) numbers of any kind, RGB.
        top: the largest number that the format can hold; None for floating-point numbers, which have none.
        alpha: (H, W) from 0 (transparent) to 1; None if everything is opaque.
        inverted: True if the smallest number is white (PhotometricInterpretation WhiteIsZero).
    """

    values: np.ndarray
    top: int | None = 255
    alpha: np.ndarray | None = None
    inverted: bool = False


@dataclass(frozen=True)
class Scale:
    """The options of readers that say which stored numbers are black and white.

    Attributes:
        white: the value that becomes white (4095 for 12 bits in files of 16); a larger value is an error. In files of 8 bits
            no more than 255. None: the largest number that the format can hold.
        range: (black, white); values outside become black or white. For signed and floating-point numbers.
    """

    white: float | None = None
    range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.white is not None and self.range is not None:
            raise CatsError("white and range are both given; only one of them can say which value becomes white")
        if self.white is not None and not 0 < self.white < math.inf:
            raise CatsError(f"white is {self.white:g}; it must be a number greater than 0")
        if self.range is not None and not -math.inf < self.range[0] < self.range[1] < math.inf:
            black, white = self.range
            raise CatsError(f"range is {black:g} to {white:g}; allowed are two numbers of which the first is smaller")

    @property
    def declared(self) -> bool:
        """True if the entry says what is white."""
        return self.white is not None or self.range is not None

    def limits(self, top: int | None, where: str) -> tuple[float, float]:
        """The values that become black and white. Raises CatsError for numbers whose largest value nobody can know."""
        if self.range is not None:
            return self.range
        if self.white is not None:
            return 0, min(self.white, top) if top == 255 else self.white
        if top is None:
            raise CatsError(
                f"{where} holds floating-point numbers; allowed are pictures of 8 or 16 bits, unless the option white or "
                "range says which values become black and white"
            )
        return 0, top


def scale_of(options: dict[str, Any]) -> tuple[Scale, dict[str, Any]]:
    """The Scale that the options of a reader declare, and the other options."""
    names = {"white", "range"}
    scale = Scale(**{name: value for name, value in options.items() if name in names})
    return scale, {name: value for name, value in options.items() if name not in names}


def to_8_bit(stored: Stored, where: str, scale: Scale) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8, scaled linearly; what is transparent lies on black.

    Raises CatsError that names `where` for values outside of the limits, unless `range` is declared, and for values that are
    no number.
    """
    values = np.atleast_1d(stored.values)
    black, white = scale.limits(stored.top, where)
    least, most = (float(values.min()), float(values.max())) if values.size else (black, white)
    if not np.isfinite([least, most]).all():
        raise CatsError(f"{where} holds values that are infinite or no number (NaN)")
    if scale.range is None and (least < black or most > white):
        remedy = "; the option range says which values become black and white" if least < black else ""
        raise CatsError(
            f"{where} holds values from {least:.10g} to {most:.10g}; allowed are {black:.10g} to {white:.10g}{remedy}"
        )
    shown = np.empty(values.shape, dtype=np.uint8)
    rows = max(1, STRIP // max(1, math.prod(values.shape[1:])))  # a large picture as floats would not fit into memory
    for top in range(0, len(values), rows):
        strip = np.clip((values[top : top + rows].astype(np.float64) - black) * (255 / (white - black)), 0, 255)
        if stored.inverted:
            strip = 255 - strip
        if stored.alpha is not None:
            alpha = stored.alpha[top : top + rows]
            strip = strip * (alpha if strip.ndim == 2 else alpha[..., None])
        shown[top : top + rows] = np.rint(strip).astype(np.uint8)
    return shown.reshape(np.shape(stored.values))


def scaled(images: Iterable[np.ndarray], names: Sequence[str], where: str, scale: Scale) -> Iterator[np.ndarray | CatsError]:
    """The images of array files as uint8; an image that cannot be scaled is replaced by the CatsError that names it."""
    for name, image in zip(names, images, strict=False):  # readers compare their numbers
        yield array_to_8_bit(image, f"{where}: image {name}", scale)


def array_to_8_bit(image: np.ndarray, where: str, scale: Scale) -> np.ndarray | CatsError:
    """An image of an array file as uint8; the CatsError that names `where` for numbers whose white is not declared.

    What is no picture is returned as it is: the entry's promises name it.
    """
    if image.dtype.kind not in "uif" or (image.dtype == np.uint8 and not scale.declared):
        return image
    if not scale.declared:
        return CatsError(
            f"{where} is {image.dtype}; the option white says which value becomes white (4095 for 12 bits), or range, which "
            "become black and white"
        )
    try:
        return to_8_bit(Stored(image, 255 if image.dtype == np.uint8 else None), where, scale)
    except CatsError as error:
        return error
