"""Numbers on the command line: written with plain digits, and within bounds that are looked at before anything starts."""

import re
from collections.abc import Callable

import typer

from results.text.brief import short

WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE | re.ASCII)

bounds: dict[Callable[[str | int], int], tuple[int, int]] = {}  # of each parser, for the documentation


def whole(least: int, most: int) -> Callable[[str | int], int]:
    """Return the parser of an option that takes a whole number between two bounds."""

    def integer(value: str | int) -> int:
        text = str(value).strip()
        if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise typer.BadParameter(f"'{short(text)}' is not a whole number from {least:,} to {most:,}")
        return int(text)

    bounds[integer] = (least, most)
    return integer


def number(value: str | float) -> float:
    """Return the number that an option states; the code that knows its bounds checks them."""
    text = str(value).strip()
    if not NUMBER.fullmatch(text):
        raise typer.BadParameter(f"'{short(text)}' is not a number; write it as 0.25 or 1e-3")
    return float(text)


def share(value: str | float) -> float:
    """Return a part of a whole, from 0 to 0.99."""
    part = number(value)
    if not 0 <= part <= 0.99:
        raise typer.BadParameter(f"'{short(str(value))}' is not a share from 0 to 0.99")
    return part


# Bounds of options of several commands.
PROCESSES = whole(1, 1024)
TARGETS = whole(-(10**6), 10**6)  # a number below 1 has a sentence of its own
SEED = whole(0, 2**53)
LIMIT = whole(-(10**9), 10**9)  # so has it, in the budget
bounds |= {TARGETS: (1, 10**6), LIMIT: (1, 10**9)}  # what is allowed
