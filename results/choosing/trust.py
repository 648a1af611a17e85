"""How far a stated probability can be trusted: what it turned out to be on other targets, and a line through that."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RIDGE = 0.2  # holds the line at what was stated where few targets say otherwise
TARGETS = 4  # targets from which a line is drawn


@dataclass(frozen=True)
class Look:
    """One look at a choice: what was stated before the test score was known, and whether it held."""

    target: str
    stated: float
    held: bool


@dataclass(frozen=True)
class Trust:
    """The line log odds(true) = level + slope × log odds(stated).

    Attributes:
        targets: how many targets the line rests on; 0 for no line, where what is stated is said as it is.
    """

    level: float = 0.0
    slope: float = 1.0
    targets: int = 0

    def of(self, stated: float) -> float:
        """The probability that has proved true where this one was stated."""
        return 1 / (1 + math.exp(-(self.level + self.slope * _odds(stated))))


def trust_of(looks: Sequence[Look]) -> Trust:
    """The line of the largest likelihood, each target with the same weight, shrunk to what was stated (Platt 1999)."""
    targets = sorted({look.target for look in looks})
    if len(targets) < TARGETS:
        return Trust()
    count = {target: sum(look.target == target for look in looks) for target in targets}
    x = np.array([[1.0, _odds(look.stated)] for look in looks])
    y = np.array([float(look.held) for look in looks])
    weight = np.array([1 / count[look.target] for look in looks])
    line = np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-x @ line))
        slope = x.T @ (weight * (chance - y)) + 2 * RIDGE * (line - [0.0, 1.0])
        bend = (x.T * (weight * chance * (1 - chance))) @ x + 2 * RIDGE * np.eye(2)
        step = np.linalg.solve(bend, slope)
        line = line - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return Trust(float(line[0]), max(float(line[1]), 0.0), len(targets))


def _odds(chance: float) -> float:
    chance = min(max(chance, 0.01), 0.99)
    return math.log(chance / (1 - chance))
