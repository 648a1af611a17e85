"""What all attempts of an experiment took together, as metrics of the run of its plan."""

import math

import pandas as pd

from results.tracking.cost_columns import UNDIVIDED, unpacked


def totals_of(frame: pd.DataFrame) -> dict[str, float]:
    """Name → figure, from the runs of an experiment (Experiment.frame).

    A run of MLflow keeps a metric for good, so a total that may become unknown later is none: energy is summed over the
    attempts of which it is known, and the others are counted. Attempts that hold the energy of several together are among the
    others, because a sum would count it more than once.
    """
    cells = frame[frame["kind"] == "cell"]
    divided = ~frame["energy"].fillna("").str.contains(UNDIVIDED, regex=False)
    known = frame.loc[frame["kwh"].notna() & divided, "kwh"].astype(float)
    seconds = (cost["seconds"] for costs in unpacked(frame["costs"]) for cost in costs)
    return {
        "cells_finished": float((cells["status"] == "FINISHED").sum()),
        "attempts": float(len(frame)),
        "attempts_failed": float((frame["status"] == "FAILED").sum()),
        "attempts_energy_unknown": float(len(frame) - len(known)),
        **({"energy_kwh_known": math.fsum(known)} if len(known) else {}),  # of none it is not 0
        "seconds": math.fsum(seconds),
    }
