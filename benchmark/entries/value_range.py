"""Which of the numbers that pictures may hold they do hold, in a sample, and which option of the reader fits them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmark.data.readers.registry import READERS
from benchmark.data.readers.samples import Samples
from benchmark.entries.inferred import Inferred
from benchmark.entries.said import Said
from results.error import CatsError

LOOKED_AT, FEWEST, PIXELS = 200, 20, 10**8  # pictures; pixels, about two seconds
LEVELS = 256
EMPTY = 4  # times as many values as are used: from here on the bits that are used are declared
MARKED = 8  # times as bright as 99 % of the pixels: from here on the brightest pixels may be marks
SQUEEZED = 8  # times as many values as are used: from here on almost all of the range is empty


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


def seen_in(samples: Samples) -> Seen | None:
    """What a sample of at most LOOKED_AT pictures holds; None if the reader does not scale, or no picture can be read.

    Of large pictures fewer are decoded, in an order without a pattern, so that all classes are among them.
    """
    rows = np.random.default_rng(0).permutation(len(samples.ids))[:LOOKED_AT]
    return None if samples.stored is None or not len(samples.ids) else seen_of(_decoded(samples.stored.of(rows.tolist())))


def _decoded(arrays: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The arrays until PIXELS have been decoded, but at least FEWEST of them."""
    pixels = 0
    for number, values in enumerate(arrays):
        if number >= FEWEST and pixels > PIXELS:
            return
        pixels += values.size
        yield values


def seen_of(arrays: Iterable[np.ndarray]) -> Seen | None:
    """What these arrays hold; None if there are none."""
    found = [_facts(values) for values in arrays if values.size and values.dtype.kind in "uif"]
    facts = [fact for fact in found if not math.isnan(fact[1])]
    deep = [fact for fact in facts if fact[2] != 255] or facts
    if not deep:
        return None
    lows, highs, tops, wholes, mosts = zip(*deep, strict=True)
    high = float(np.nanmax(highs))
    known = None not in tops and high <= max(tops)
    return Seen(len(deep), float(np.nanmin(lows)), high, max(tops) if known else None, all(wholes), float(np.nanmax(mosts)))


def _facts(values: np.ndarray) -> tuple[float, float, int | None, bool, float]:
    numbers = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    whole = values.dtype.kind != "f" or bool((numbers == np.rint(numbers)).all())
    top = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(values.dtype.newbyteorder("="))
    if not numbers.size:
        return math.nan, math.nan, top, whole, math.nan
    return float(numbers.min()), float(numbers.max()), top, whole, float(np.percentile(numbers, 99))


def fitting(seen: Seen, where: str) -> dict[str, Any]:
    """The option that fits the numbers, `{white: 4095}`; empty if the files' own range is used.

    Raises CatsError that says what was seen where nobody can know what is black and white.
    """
    used = f"{where} holds values from {seen.low:.10g} to {seen.high:.10g}"
    if not seen.whole or math.isnan(seen.high):
        if seen.low >= 0 and seen.high <= 1:
            return {"white": 1}
        if seen.low >= 0 and 127 < seen.high <= 255:
            return {"white": 255}
        raise CatsError(f"{used}; say which of them become black and white, as in --values {seen.low:.4g}:{seen.high:.4g}")
    if seen.low == seen.high:  # blank pictures say nothing; `cats check` names them
        return {}
    if seen.low < 0:
        black = -(2 ** (int(-seen.low) - 1).bit_length())
        return {"range": [black, max(seen.bits_top, 0)]}
    span = seen.high - seen.low + 1
    enough = seen.top is not None and (seen.bits_top + 1) * EMPTY > seen.top + 1
    if span * SQUEEZED <= (seen.top + 1 if enough and seen.top else seen.bits_top + 1):
        raise CatsError(
            f"{used}, a small part of 0 to {seen.top or seen.bits_top}; say which of them become black and white, as in "
            f"--values {seen.low:.10g}:{seen.high:.10g}"
        )
    return {} if enough else {"white": seen.bits_top}


def doubt_of_levels(samples: Samples, low: int, high: int) -> str:
    """A sentence about pictures that use few of 256 grey levels, as decoded `low` to `high`, and how to mend that; else empty.

    Raises CatsError if almost all of the range is empty.
    """
    stored, levels = samples.stored, high - low + 1
    if levels > LEVELS // EMPTY and not (stored and stored.apart):
        return ""
    seen = seen_in(samples)
    if stored is None or seen is None:
        return f"the pictures use {levels} of {LEVELS} grey levels" if levels <= LEVELS // SQUEEZED else ""
    try:
        option = fitting(seen, "")
    except CatsError:
        option = {"range": [seen.low, seen.high]}
    remedy = ", ".join(f"{name}: {_written(value)}" for name, value in option.items())
    if stored.apart and option:
        most = min(len(samples.ids), LOOKED_AT)
        return (
            f"{seen.pictures:,} of {most:,} files that were looked at do not say which values are black and white, and each is "
            f"shown from its smallest to its largest; declare {remedy}"
        )
    black, white = stored.scale.limits(seen.top or seen.bits_top, "")
    levels = int((seen.high - seen.low) / (white - black) * (LEVELS - 1)) + 1
    if levels > LEVELS // EMPTY or option.get("white") == white or not option:
        return ""
    doubt = f"the pictures use {levels} of {LEVELS} grey levels; declare {remedy}"
    if levels <= LEVELS // SQUEEZED:
        raise CatsError(doubt)
    return doubt


def _written(value: Any) -> str:
    return f"[{', '.join(f'{number:.10g}' for number in value)}]" if isinstance(value, list) else f"{value:.10g}"


def with_range(inferred: Inferred, said: Said) -> Inferred:
    """What was inferred, with the option of the reader that fits the pictures' numbers, and a sentence about it.

    Raises CatsError where the numbers of a sample do not say what is black and white, and `--values` does not either.
    """
    reader, options = next(iter(inferred.reader.items()))
    classes = {} if reader == "npz" else {"classes": inferred.spellings or list(inferred.counts)}
    folder = inferred.inside.parent if inferred.inside else inferred.path
    seen = seen_in(READERS[reader].make({**classes, **options})(folder))
    if seen is None:
        if said.values is not None:
            raise CatsError(f"--values cannot be used with {inferred.path}: its files say how they are shown")
        return inferred
    chosen = declared(said.values, seen) if said.values is not None else fitting(seen, str(inferred.inside or inferred.path))
    marks = _marks(seen) if said.values is None else []
    if not chosen:
        return replace(inferred, notes=(*inferred.notes, *marks))
    found = f"{seen.low:.10g} to {seen.high:.10g}"
    option = ", ".join(f"{name}: {_written(value)}" for name, value in chosen.items())
    note = f"{seen.pictures:,} pictures that were looked at hold values from {found}, so the entry says {option}"
    return replace(inferred, reader={reader: {**options, **chosen}}, notes=(*inferred.notes, note, *marks))


def _marks(seen: Seen) -> list[str]:
    """A sentence about pictures of which few pixels are far brighter than all others, as marks in X-rays are."""
    if seen.low < 0 or seen.high <= 255 or (seen.most + 1) * MARKED > seen.high + 1:
        return []
    bits = 2 ** max(int(seen.most).bit_length(), 1) - 1
    found = f"99 % of the pixels of each picture are at most {seen.most:,.10g}, and the brightest is {seen.high:,.10g}"
    return [f"{found}: if that is a mark or a fault, say --values 0:{bits}"]


def declared(values: str, seen: Seen) -> dict[str, Any]:
    """The option that `--values BLACK:WHITE` means. Raises CatsError if it has another form."""
    try:
        black, white = (float(text) for text in values.split(":"))
    except ValueError:
        black = white = math.nan
    if not -math.inf < black < white < math.inf:
        raise CatsError(f"--values is '{values}'; write BLACK:WHITE, two numbers of which the first is smaller, as in 0:4095")
    low, high = (int(number) if number.is_integer() else number for number in (black, white))
    return {"white": high} if low == 0 and seen.low >= 0 and seen.high <= high else {"range": [low, high]}
