"""Amount of energy, sums."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SUMMED = ("counter", "modelled", "kg", "kg_missing", "seconds", "shared", "undivided")


@dataclass(frozen=True)
class Amount:
    """An amount of energy.

    Attributes:
        counter, modelled: kWh that a counter told, and that codecarbon estimated.
        missing: how many figures nobody could tell.
        kg: CO2e of what is known, with the carbon intensity of the country; kg_missing: kWh whose intensity is unknown.
        seconds: wall-clock time.
        figures: how many there are, missing ones too.
        shared: kWh of what is known that are shares of several attempts' energy, by device time.
        undivided: kWh of what is known that other attempts drew from the same hardware too, and hold as well.
        without: how many cells and pretrainings a figure is missing of.
    """

    counter: float = 0.0
    modelled: float = 0.0
    missing: int = 0
    kg: float = 0.0
    kg_missing: float = 0.0
    seconds: float = 0.0
    figures: int = 0
    shared: float = 0.0
    undivided: float = 0.0
    without: int = 0

    @property
    def kwh(self) -> float | None:
        """All of it; None if a part is missing, or if nothing was measured at all."""
        return None if self.missing or not self.figures else self.counter + self.modelled

    @property
    def known(self) -> float | None:
        """What is known of it: all, or a lower bound, unless it is `rough`; None if nothing is."""
        return self.counter + self.modelled if self.figures > self.missing else None

    @property
    def rough(self) -> bool:
        """Whether some of it may be counted more than once: it is then no bound of anything."""
        return self.undivided > 0

    @property
    def co2e(self) -> float | None:
        """kg CO2e of all of it; None if a part is missing."""
        return None if self.kwh is None or self.kg_missing else self.kg

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def share(self, part: float) -> "Amount":
        """A part of it. What is missing stays missing."""
        scaled = {name: part * getattr(self, name) for name in SUMMED}
        return Amount(**scaled, missing=self.missing, figures=self.figures, without=self.without)


def add(amounts: Iterable[Amount]) -> Amount:
    """The sum."""
    listed = list(amounts)
    sums = {name: math.fsum(getattr(a, name) for a in listed) for name in SUMMED}
    missing, figures, without = (sum(getattr(a, name) for a in listed) for name in ("missing", "figures", "without"))
    return Amount(**sums, missing=missing, figures=figures, without=without)


def amount_of(cost: Mapping[str, Any], hardware: str | None = None) -> Amount:
    """One phase (a results.record.Cost as a dict), or one piece of hardware in it."""
    parts = [e for name, e in cost["energy"].items() if hardware in (None, name)]
    if not parts:
        return Amount(missing=1, figures=1, seconds=cost["seconds"])
    counter, modelled = (
        math.fsum(e["kwh"] for e in parts if e["provenance"] == told and e["kwh"] is not None)
        for told in ("counter", "modelled")
    )
    known, intensity = counter + modelled, cost.get("kg_per_kwh")
    kg, unknown = (0.0, known) if intensity is None else (known * intensity, 0.0)
    missing = sum(e["kwh"] is None for e in parts)
    whole = cost.get("shared_seconds") is None
    shared = math.fsum(e["kwh"] for e in parts if e["kwh"] is not None and not whole and not e.get("whole"))
    undivided = known if cost.get("undivided") else 0.0
    return Amount(counter, modelled, missing, kg, unknown, cost["seconds"], len(parts), shared, undivided)
