"""An amount of energy: what was counted, what was modelled, what is missing; sums of amounts."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SUMMED = ("counter", "modelled", "kg", "kg_missing", "seconds", "shared", "undivided")


@dataclass(frozen=True)
class Amount:
    """An amount of energy, with CO2e and time. Whatever is missing of the parts stays missing in the sum.

    Attributes:
        counter: kWh that a hardware counter measured.
        modelled: kWh that were computed: by codecarbon, or as the expected cost of work.
        missing: number of readings that are missing.
        kg: kg CO2e of the known energy, with the carbon intensity of the country.
        kg_missing: kWh whose carbon intensity is unknown.
        seconds: wall-clock time.
        figures: number of readings, missing ones included.
        shared: known kWh that are shares of the energy of several attempts, divided by device time.
        undivided: known kWh that other attempts drew from the same hardware and whose amounts include them too.
        without: number of cells and pretrainings with a missing reading.
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
        """All energy; None if a reading is missing, or if there is none at all."""
        return None if self.missing or not self.figures else self.counter + self.modelled

    @property
    def known(self) -> float | None:
        """The known energy: all, or a lower bound unless `rough`; None if nothing is known."""
        return self.counter + self.modelled if self.figures > self.missing else None

    @property
    def rough(self) -> bool:
        """Whether some energy may be counted more than once, so that the known energy is no bound."""
        return self.undivided > 0

    @property
    def co2e(self) -> float | None:
        """kg CO2e of all energy; None if a part is missing."""
        return None if self.kwh is None or self.kg_missing else self.kg

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def share(self, part: float) -> "Amount":
        """A part of this amount. What is missing stays missing."""
        scaled = {name: part * getattr(self, name) for name in SUMMED}
        return Amount(**scaled, missing=self.missing, figures=self.figures, without=self.without)


def add(amounts: Iterable[Amount]) -> Amount:
    """The sum."""
    listed = list(amounts)
    sums = {name: math.fsum(getattr(a, name) for a in listed) for name in SUMMED}
    missing, figures, without = (sum(getattr(a, name) for a in listed) for name in ("missing", "figures", "without"))
    return Amount(**sums, missing=missing, figures=figures, without=without)


def amount_of(cost: Mapping[str, Any], hardware: str | None = None) -> Amount:
    """The amount of one phase (a results.record.Cost as a dict), or of one piece of hardware in it."""
    parts = [e for name, e in cost["energy"].items() if hardware in (None, name)]
    if not parts:
        return Amount(missing=1, figures=1, seconds=cost["seconds"])
    counter, modelled = (
        math.fsum(e["kwh"] for e in parts if e["provenance"] == provenance and e["kwh"] is not None)
        for provenance in ("counter", "modelled")
    )
    known, intensity = counter + modelled, cost.get("kg_per_kwh")
    kg, unknown = (0.0, known) if intensity is None else (known * intensity, 0.0)
    missing = sum(e["kwh"] is None for e in parts)
    whole = cost.get("shared_seconds") is None
    shared = math.fsum(e["kwh"] for e in parts if e["kwh"] is not None and not whole and not e.get("whole"))
    undivided = known if cost.get("undivided") else 0.0
    return Amount(counter, modelled, missing, kg, unknown, cost["seconds"], len(parts), shared, undivided)
