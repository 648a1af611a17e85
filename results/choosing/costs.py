"""What each run of an experiment cost, in one unit for all of them: energy, else hours, else runs."""

import numpy as np

from results.choosing.matrix import Matrix
from results.text.counts import how_many

KNOWN = 0.5  # share of the runs of a target whose cost is known, from which the others are taken to cost what is usual there


def costs_of(matrix: Matrix) -> tuple[str, np.ndarray, list[str]]:
    """The unit (kwh, hours or cells), the cost of each run (0 where there is none), and sentences about what is missing.

    A run without energy counts its hours times the usual power of its target, or the median energy of the runs there.
    """
    for unit, values in (("kwh", matrix.kwh), ("hours", matrix.hours)):
        known = matrix.made & np.isfinite(values) & (values >= 0)
        made = matrix.made.sum(axis=(1, 2, 3))
        enough = (known.sum(axis=(1, 2, 3)) >= KNOWN * made).all() and values[known].sum() > 0
        if enough:
            return unit, *_filled(matrix, np.where(known, values, np.nan), unit)
    return (
        "cells",
        matrix.made.astype(float),
        ["neither energy nor hours of these runs are known: shares are shares of the runs"],
    )


def _filled(matrix: Matrix, values: np.ndarray, unit: str) -> tuple[np.ndarray, list[str]]:
    missing = matrix.made & ~np.isfinite(values)
    filled = values.copy()
    for number in range(len(matrix.targets)):
        here, hours = filled[number], matrix.hours[number]
        known = np.isfinite(here)
        able = known & np.isfinite(hours) & (hours > 0)
        if unit == "kwh" and able.any():
            power = float(np.median(here[able] / hours[able]))
            here = np.where(missing[number] & np.isfinite(hours), hours * power, here)
        filled[number] = np.where(matrix.made[number] & ~np.isfinite(here), np.median(here[known]), here)
    said = {"kwh": "energy", "hours": "duration"}[unit]
    number = int(missing.sum())
    runs = how_many(number, "run has", "runs have")
    notes = [f"{runs} no {said}: what is usual for the target counts"] if number else []
    if unit == "hours":
        notes.insert(0, "the energy of most runs is not known: shares are shares of the hours")
    return np.where(matrix.made, filled, 0.0), notes
