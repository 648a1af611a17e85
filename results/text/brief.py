"""Values as messages quote them: as Python writes them, and short."""

import reprlib
from typing import Any

from results.text.plain import shortened

QUOTED = 80  # characters of a value in a message


class _Brief(reprlib.Repr):
    """Writes values briefly, without making the whole text first."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = self.maxtuple = self.maxlist = self.maxset = self.maxfrozenset = self.maxdict = 6
        self.maxstring = self.maxlong = self.maxother = QUOTED

    def repr_str(self, x: str, _: int) -> str:
        """Return the beginning of a text, in quotation marks."""
        return repr(x) if len(x) <= self.maxstring else f"{x[: self.maxstring]!r}..."

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Return the first keys and values of a mapping, in their order."""
        if level <= 0:
            return "{...}"
        items = [f"{self.repr1(key, level - 1)}: {self.repr1(x[key], level - 1)}" for key in list(x)[: self.maxdict]]
        return f"{{{', '.join([*items, *(['...'] if len(x) > self.maxdict else [])])}}}"

    def repr_int(self, x: int, _: int) -> str:
        """Return a number; of a very long one, which Python refuses to write, the number of its digits."""
        if x.bit_length() > 3 * QUOTED:
            return f"a number of {int(x.bit_length() * 0.30103) + 1:,} digits"
        return repr(x)


def briefly(value: object) -> str:
    """A value as Python writes it, shortened with …."""
    return short(_Brief().repr(value))


def short(text: str, most: int = QUOTED) -> str:
    """A text as a message quotes it: at most `most` characters, the rest marked with …."""
    return shortened(text, most)
