"""Which settings are replicates of each other, and how far settings are apart.

Settings that differ only by a weight decay too small to matter are replicates: the decay shrinks weights by
rate × decay in each step, where the rate is lr / (1 - momentum), and up to NEGLIGIBLE the shrinking over a whole run is below
what another rounding changes (measured on 20,157 public runs: docs/replay.md).
"""

import math
from collections.abc import Sequence

import numpy as np

from results.choosing.prior import Setting

RATES = ("lr", "learning_rate")
MOMENTA = ("momentum",)
DECAYS = ("weight_decay", "wd")
NEGLIGIBLE = 1e-4


def figure_of(setting: Setting, names: Sequence[str]) -> float | None:
    """The number in the first of these columns that the setting has; None without one, or where it is no finite number."""
    text = next((setting.values[name] for name in names if name in setting.values), None)
    try:
        value = math.nan if text is None else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def rate_of(setting: Setting) -> float | None:
    """The effective learning rate, lr / (1 - momentum); None where the setting has no positive rate."""
    rate, momentum = figure_of(setting, RATES), figure_of(setting, MOMENTA) or 0.0
    if rate is None or rate <= 0 or not 0 <= momentum < 1:
        return None
    return rate / (1 - momentum)


def groups_of(settings: Sequence[Setting]) -> np.ndarray:
    """The number of the replicate group of each setting, (settings,); groups are numbered as they first come."""
    found: dict[tuple[tuple[str, str], ...], int] = {}
    return np.array([found.setdefault(_kind(setting), len(found)) for setting in settings], dtype=int)


def _kind(setting: Setting) -> tuple[tuple[str, str], ...]:
    rate, decay = rate_of(setting), figure_of(setting, DECAYS)
    negligible = rate is not None and decay is not None and 0 <= rate * decay <= NEGLIGIBLE * (1 + 1e-9)
    return tuple(
        (name, "negligible" if negligible and name in DECAYS else value) for name, value in sorted(setting.values.items())
    )


def distances_of(settings: Sequence[Setting]) -> np.ndarray:
    """Squared distances of all pairs, (settings, settings): decades of the rate, and other columns from 0 (equal) to 1.

    A column of numbers is measured by the positions of its values in their order; any other column is equal or not.
    """
    rates = [rate_of(setting) for setting in settings]
    rated = bool(settings) and None not in rates
    total = np.zeros((len(settings), len(settings)))
    if rated:
        logs = np.log10(np.array(rates, dtype=float))
        total += (logs[:, None] - logs) ** 2
    for column in sorted({name for setting in settings for name in setting.values}):
        if not (rated and column in (*RATES, *MOMENTA)):
            total += _apart([setting.values.get(column, "") for setting in settings])
    return total


def _apart(texts: Sequence[str]) -> np.ndarray:
    try:
        places = np.unique(np.array([float(text) for text in texts]), return_inverse=True)[1]
    except ValueError:
        codes = np.unique(np.array(texts), return_inverse=True)[1]
        return np.asarray((codes[:, None] != codes).astype(float))
    spread = max(int(places.max(initial=0)), 1)
    return np.asarray(((places[:, None] - places) / spread) ** 2)
