"""Which of the numbers that pictures may hold they do hold, in a sample, and which option of the reader fits them."""

import math
from dataclasses import replace
from typing import Any

from benchmark.data.readers.registry import READERS
from benchmark.data.readers.samples import Samples
from benchmark.entries.inferred import Inferred
from benchmark.entries.said import Said
from benchmark.entries.stored_numbers import LOOKED_AT, Seen, looked_at, ranges_that_differ, require_finite, seen_of
from results.error import CatsError

LEVELS = 256
EMPTY = 4  # times as many values as are used: from here on the bits that are used are declared
MARKED = 8  # times as bright as 99 % of the pixels: from here on the brightest pixels may be marks
SQUEEZED = 8  # times as many values as are used: from here on almost all of the range is empty


def fitting(seen: Seen, where: str) -> dict[str, Any]:
    """The option that fits the numbers, `{white: 4095}`; empty if the files' own range is used.

    Raises CatsError that says what was seen where nobody can know what is black and white.
    """
    used = f"{where} holds values from {seen.low:.10g} to {seen.high:.10g}"
    if not seen.whole:
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
    seen = seen_of(looked_at(samples))
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
    samples, where = READERS[reader].make({**classes, **options})(folder), str(inferred.inside or inferred.path)
    pictures = looked_at(samples)
    require_finite(pictures, samples, inferred, where)
    seen = seen_of(pictures)
    if seen is None:
        if said.values is not None:
            raise CatsError(f"--values cannot be used with {inferred.path}: its files say how they are shown")
        return inferred
    names = list(dict.fromkeys(inferred.spellings.values() or inferred.counts))
    differ = ranges_that_differ(pictures, samples, names)
    if differ and said.values is None:
        raise CatsError(
            f"{where}: {differ}; bring all pictures to one range, or say with --values BLACK:WHITE, as in "
            f"0:{seen.top or seen.bits_top}, which values become black and white in all of them"
        )
    chosen = declared(said.values, seen) if said.values is not None else fitting(seen, where)
    marks = _marks(seen) if said.values is None else [differ] if differ else []
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
