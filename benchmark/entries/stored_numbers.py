"""Which numbers pictures hold, as they are stored, in a sample; and what must not differ between classes."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.data.readers.samples import Samples
from benchmark.entries.inferred import Inferred, way_to_allow
from results.error import CatsError

LOOKED_AT, FEWEST, PIXELS = 200, 20, 10**8  # pictures; pixels, about two seconds
BLOCK = 1024  # decoded pictures that are looked at together
FEW = 3  # pictures of a class or part; of fewer nothing is said
APART = 4  # times as large: from here on the numbers of two classes have another range, as those of 12 and of 16 bits


@dataclass(frozen=True)
class Seen:
    """The numbers in a sample of pictures.

    Attributes:
        pictures: how many. low, high: smallest and largest number of those of more than 8 bits, or of all if there are none.
        top: the largest number that the files can hold: 255, 65535, or None if nobody can know.
        whole: True if all are whole numbers.
        most: the number that 99 % of the pixels of each picture do not exceed.
    """

    pictures: int
    low: float
    high: float
    top: int | None
    whole: bool
    most: float

    @property
    def bits_top(self) -> int:
        """The largest number that has as many bits as the largest one here."""
        top: int = 2 ** max(int(self.high).bit_length(), 1) - 1
        return top


@dataclass(frozen=True)
class Numbers:
    """The numbers in one picture.

    Attributes:
        row: of the picture. low, high, most: smallest and largest number, and the one that 99 % of the pixels do not exceed;
            NaN if there is no finite one.
        top: the largest number that its file can hold; None if nobody can know. whole: True if all are whole numbers.
        finite: False if some are infinite or no number (NaN).
    """

    row: int
    low: float
    high: float
    most: float
    top: int | None
    whole: bool
    finite: bool


def looked_at(samples: Samples) -> list[Numbers]:
    """The numbers in a sample of at most LOOKED_AT pictures; none if the reader does not scale, or no picture can be read.

    Of large pictures fewer are decoded, in an order without a pattern, so that all classes are among them.
    """
    if samples.stored is None or not len(samples.ids):
        return []
    rows = np.random.default_rng(0).permutation(len(samples.ids))[:LOOKED_AT]
    arrays = _decoded(samples.stored.of(rows.tolist()))
    return [_numbers(row, values) for row, values in arrays if values.size and values.dtype.kind in "uif"]


def _decoded(arrays: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    """The arrays until PIXELS have been decoded, but at least FEWEST of them."""
    pixels = 0
    for number, (row, values) in enumerate(arrays):
        if number >= FEWEST and pixels > PIXELS:
            return
        pixels += values.size
        yield row, values


def seen_of(pictures: Iterable[Numbers]) -> Seen | None:
    """What these pictures hold; None if there is none with a number."""
    known = [picture for picture in pictures if not math.isnan(picture.high)]
    deep = [picture for picture in known if picture.top != 255] or known
    if not deep:
        return None
    tops, high = [picture.top for picture in deep], max(picture.high for picture in deep)
    top = max(each for each in tops if each is not None) if None not in tops else None
    return Seen(
        pictures=len(deep), low=min(picture.low for picture in deep), high=high, top=top if top and high <= top else None,
        whole=all(picture.whole for picture in deep), most=max(picture.most for picture in deep),
    )  # fmt: skip


def _numbers(row: int, values: np.ndarray) -> Numbers:
    numbers = values[np.isfinite(values)] if values.dtype.kind == "f" else values.reshape(-1)
    whole = values.dtype.kind != "f" or bool((numbers == np.rint(numbers)).all())
    top = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(values.dtype.newbyteorder("="))
    if not numbers.size:
        return Numbers(row, math.nan, math.nan, math.nan, top, whole, finite=False)
    most = float(np.percentile(numbers, 99))
    return Numbers(row, float(numbers.min()), float(numbers.max()), most, top, whole, numbers.size == values.size)


def require_finite(pictures: Sequence[Numbers], samples: Samples, inferred: Inferred, where: str) -> None:
    """Raises CatsError if more pictures than may be broken hold values that no reader can scale."""
    faulty = [picture for picture in pictures if not picture.finite]
    if len(faulty) <= inferred.broken * len(pictures):
        return
    allowed = "" if inferred.inside else way_to_allow(len(faulty), len(pictures))
    raise CatsError(
        f"{where}: {len(faulty):,} of {len(pictures):,} pictures that were looked at hold values that are infinite or no "
        f"number (NaN), for example {samples.ids[faulty[0].row]}; write numbers into them{allowed}"
    )


def ranges_that_differ(pictures: Sequence[Numbers], samples: Samples, classes: Sequence[str]) -> str:
    """A part of a sentence about a class, or a part, whose pictures have another range than those of others; else empty.

    A network would tell them apart by that alone. classes: their names. Pictures of 8 bits have a range of their own.
    """
    deep = [picture for picture in pictures if picture.top != 255 and not math.isnan(picture.high)]
    labels = samples.labels
    kinds = {
        f"the class '{name}'": labels == number if labels.ndim == 1 else labels[:, number] == 1
        for number, name in enumerate(classes)
    }
    parts = np.array(samples.parts or [""] * len(samples.ids))
    for each in (kinds, {f"the part {part}": parts == part for part in set(parts.tolist()) - {""}}):
        highs = {what: [abs(picture.high) for picture in deep if chosen[picture.row]] for what, chosen in each.items()}
        known = {what: values for what, values in highs.items() if len(values) >= FEW and max(values) > 0}
        if len(known) < 2:
            continue
        low = min(known, key=lambda what: max(known[what]))
        high = max(known, key=lambda what: float(np.median(known[what])))
        most, usual = _range(max(known[low])), _range(float(np.median(known[high])))
        if usual >= APART * most:
            return (
                f"pictures of {low} hold values up to {max(known[low]):.10g}, and most of {high} up to "
                f"{np.median(known[high]):.10g} or more, so that a network could tell them apart by that alone"
            )
    return ""


def extremes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest number in each of (N, ...) decoded pictures, (N,) each."""
    found = []
    for start in range(0, len(pixels), BLOCK):
        block = np.asarray(pixels[start : start + BLOCK]).reshape(len(pixels[start : start + BLOCK]), -1)
        found.append((block.min(axis=1), block.max(axis=1)))
    least, most = (np.concatenate(each) for each in zip(*found, strict=True))
    return least, most


def dark_class(brightest: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> str:
    """A part of a sentence about a class all of whose decoded pictures are darker than most of another class; else empty.

    brightest: the largest of 256 grey levels in each picture, (N,). labels: (N,), or (N, C) of 0 and 1.
    """
    levels = {
        name: brightest[labels == number if labels.ndim == 1 else labels[:, number] == 1] for number, name in enumerate(classes)
    }
    known = {name: values for name, values in levels.items() if len(values) >= FEW and values.max() > 0}
    if len(known) < 2:
        return ""
    dark = min(known, key=lambda name: int(known[name].max()))
    bright = max(known, key=lambda name: float(np.median(known[name])))
    most, usual = int(known[dark].max()), float(np.median(known[bright]))
    if usual < APART * (most + 1):
        return ""
    return (
        f"no picture of the class '{dark}' has a grey level above {most}, and most of '{bright}' reach {usual:.0f}: if their "
        "files have another range, as 12 bits beside 16, a network could tell them apart by that alone; bring them to one "
        "range, or declare range or white"
    )


def _range(value: float) -> float:
    """A whole number with all bits of its size, as 4095 for 3000 of 12 bits; a fraction as it is."""
    return 2.0 ** int(value).bit_length() if float(value).is_integer() else value
