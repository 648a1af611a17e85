"""How fast a run of a plan goes, and what it has used, as the text beside every progress bar."""

import time

from benchmark.execution.watch import Run
from results.record import Record
from results.text.units import three_digits


class Pace:
    """Counts from now on: cells per hour, for scores pairs per hour, and the energy of the attempts."""

    def __init__(self) -> None:
        self._start, self._kwh, self._missing = time.monotonic(), 0.0, False
        self._resumed: bool | None = None  # whether an earlier call had finished cells; a choice counts its own ones too later

    def after(self, record: Record, state: Run) -> str:
        """The text once a record has come; `state` already counts the record."""
        if self._resumed is None:
            self._resumed = state.done > 0
        for cost in record.costs:
            self._kwh += cost.kwh("counter") + cost.kwh("modelled")
            self._missing = self._missing or bool(cost.missing) or not cost.energy
        self._missing = self._missing or not record.costs  # what left no figure has cost something too, as `cats cost` says
        what = "pairs" if record.kind == "score" else "cells"
        energy = f"{three_digits(self._kwh * 1000)} Wh"
        if self._missing:
            energy = f"at least {energy}" if self._kwh else "energy unknown"
        scope = " in this call" if self._resumed else ""  # beside a number that counts earlier calls too
        rate = f"{state.made / (time.monotonic() - self._start) * 3600:.0f} {what}/h, " if state.made else ""
        return f"{rate}{energy}{scope}"


def ended_line(record: Record, state: Run) -> str:
    """The line about one attempt: how many cells are done, and how this attempt ended."""
    return f"{state.done + state.made}/{state.cells} {record.kind} {state.name(record)}: {record.status}"
