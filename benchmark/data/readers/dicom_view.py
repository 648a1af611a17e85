"""What becomes of a DICOM file's pixels on their way to the screen: the grey pipeline of DICOM PS3.3 C.11."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmark.data.readers.dicom_limits import FRAMES
from results.error import CatsError
from results.text.brief import briefly

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class View:
    """The options of a DICOM reader that say what is shown.

    Attributes:
        window: (centre, width) in units after rescaling. None: the look-up table or the first window of each file.
        frame: the frame that is read of a file with several: 'first', 'middle' (of an even number the earlier one), or its
            number, counted from 1. None: such a file is refused.
        group_tag: the DICOM attribute that names the group of an image. Empty if groups are unknown.
    """

    window: tuple[float, float] | None = None
    frame: int | Literal["first", "middle"] | None = None
    group_tag: str = "PatientID"

    def __post_init__(self) -> None:
        if self.window is not None and not (math.isfinite(self.window[0]) and 0 < self.window[1] < math.inf):
            text = f"{self.window[0]:g}, {self.window[1]:g}"
            raise CatsError(f"window is {text}; the width, its second number, must be above 0, and both must be finite")
        if isinstance(self.frame, int) and not 1 <= self.frame <= FRAMES:
            raise CatsError(f"frame is {briefly(self.frame)}; frames are counted from 1, and there are at most {FRAMES:,}")

    def index(self, frames: int, where: str) -> int:
        """The index of the frame that is read. Raises CatsError if several frames are there and none is chosen."""
        if isinstance(self.frame, int) and self.frame > frames:
            raise CatsError(f"{where} holds {frames} frames; there is no frame {self.frame}")
        if frames == 1:
            return 0
        if self.frame is None:
            raise CatsError(
                f"{where} holds {frames} frames; only single images can be read, unless the option frame says which one: "
                "first, middle, or a number from 1"
            )
        return {"first": 0, "middle": (frames - 1) // 2}[self.frame] if isinstance(self.frame, str) else self.frame - 1


def functional_group(file: Any, index: int, sequence: str) -> Any:
    """The item of `sequence` that applies to a frame (enhanced objects keep it by frame or for all), else the file itself."""
    frames, shared = file.get("PerFrameFunctionalGroupsSequence") or [], file.get("SharedFunctionalGroupsSequence") or []
    places = [*frames[index : index + 1], *shared[:1]]
    return next((place[sequence].value[0] for place in places if sequence in place and place[sequence].value), file)


def modality_values(raw: np.ndarray, file: Any, place: Any) -> np.ndarray:
    """Stored numbers in their unit: by look-up table, else by slope and intercept. Whole numbers stay whole."""
    if place.get("ModalityLUTSequence"):
        return looked_up(raw, place.ModalityLUTSequence[0], file)[0]
    slope, intercept = float(place.get("RescaleSlope") or 1), float(place.get("RescaleIntercept") or 0)
    if raw.dtype.kind in "iu" and slope.is_integer() and intercept.is_integer():
        return raw.astype(np.int64) * int(slope) + int(intercept)
    return raw * slope + intercept


def padding(raw: np.ndarray, file: Any) -> np.ndarray:
    """(H, W) bool: pixels that are no part of the picture, PixelPaddingValue up to PixelPaddingRangeLimit."""
    value = first(file.get("PixelPaddingValue"))
    if value is None:
        return np.zeros(raw.shape, dtype=bool)
    limit = first(file.get("PixelPaddingRangeLimit"))
    ends = [_as_stored(int(end), raw) for end in (value, value if limit is None else limit)]
    return (raw >= min(ends)) & (raw <= max(ends))


def _as_stored(value: int, raw: np.ndarray) -> int:
    """A number of 16 bits with the sign of the pixels: files write -2000 as 63536 too, and the reverse."""
    if raw.dtype.kind == "i" and value >= 2**15:
        return value - 2**16
    return value + 2**16 if raw.dtype.kind == "u" and value < 0 else value


def shown_by_file(values: np.ndarray, file: Any, place: Any, where: str) -> np.ndarray | None:
    """Values from 0 (black) to 1 by the file's own look-up table or first window; None if it has neither."""
    table = (place.get("VOILUTSequence") or [None])[0]
    if table is not None and table.get("LUTData") is not None:
        found, top = looked_up(values, table, file)
        return found / top
    centre, width = first(place.get("WindowCenter")), first(place.get("WindowWidth"))
    if centre is None or width is None or not float(width) > 0:  # files without a window often have one of width 0
        return None
    function = str(place.get("VOILUTFunction") or "LINEAR").strip().upper()
    if function not in FUNCTIONS:
        raise CatsError(
            f"{where} has the VOI LUT function '{function}'; allowed are {', '.join(FUNCTIONS)}; give the option window"
        )
    return windowed(values, float(centre), float(width), function)


def windowed(values: np.ndarray, centre: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Values from 0 to 1 by a window, DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3, where a linear width of n spans n values."""
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))
    if function == "LINEAR" and width >= 1:
        centre, width = centre - 0.5, width - 1
    return between(values, centre - width / 2, centre + width / 2)


def between(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values from 0 at `low` to 1 at `high`."""
    return np.clip((values - low) / max(high - low, 1e-12), 0, 1)


def looked_up(values: np.ndarray, table: Any, file: Any) -> tuple[np.ndarray, int]:
    """Values by an item of a look-up table sequence, and the largest value that its entries can have.

    pydicom's own functions count modulo 256 where entries of 8 bits follow values of more, and refuse entries of 12 bits.
    Raises ValueError if the table is not complete.
    """
    missing = [name for name in ("LUTDescriptor", "LUTData") if name not in table]
    if missing:
        raise ValueError(f"a look-up table has no {' and no '.join(missing)}")  # the caller names the file
    count, start, bits = (int(number) for number in table.LUTDescriptor)
    entries = _entries(table.LUTData, count or 2**16, file)
    if start >= 2**15 and values.size and values.min() < 0:
        start -= 2**16  # written without a sign
    top = 2**bits - 1 if 1 <= bits <= 16 and entries.max() < 2**bits else 2**16 - 1
    place = np.clip(np.rint(values).astype(np.int64) - start, 0, len(entries) - 1)
    return entries[place].astype(np.int64), top


def _entries(data: Any, count: int, file: Any) -> np.ndarray:
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, dtype=np.int64))[:count]
    order = "<" if file.file_meta.TransferSyntaxUID.is_little_endian else ">"
    return np.frombuffer(data, f"{order}u2" if len(data) >= 2 * count else "u1", count=min(count, len(data)))


def first(value: Any) -> Any:
    """The first of several values, or the only one; None if there is none."""
    if value is None or isinstance(value, str | int | float):
        return None if value == "" else value
    values = list(value)
    return first(values[0]) if values else None
