"""What ways of choosing lose once all runs of a target are known: the best source's test score minus that of the chosen run.

An arm is a source with a setting. `runs` is a frame with one row for each run and the columns arm, source, seed, val_loss,
value (the test score, higher is better) and run_id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd

from results.board.ranking import measured_results
from results.statistics.influence import TestImageInfluence
from results.statistics.intervals import TargetResults, draw_means, tie_groups

DRAWS = 10_000


def complete(runs: pd.DataFrame, seeds: int) -> pd.DataFrame:
    """The runs of the arms that have a finished run, with a finite loss, of every seed."""
    able = runs[np.isfinite(runs["val_loss"]) & np.isfinite(runs["value"])]
    return able[able.groupby("arm")["seed"].transform("nunique") == seeds]


def smallest_of(losses: np.ndarray, size: int) -> np.ndarray:
    """The probability of each run, (N,), to have the smallest loss among `size` of the N runs drawn at random."""
    count, found = len(losses), np.empty(len(losses))
    size = min(size, count)
    chances = [comb(count - 1 - place, size - 1) / comb(count, size) for place in range(count)]
    found[np.argsort(losses, kind="stable")] = chances
    return found


def by_chance(runs: pd.DataFrame, size: int) -> dict[str, float]:
    """Arm → the probability that it is recommended after `size` of these runs, drawn at random: the smallest loss decides."""
    chances = pd.Series(smallest_of(runs["val_loss"].to_numpy(float), size), index=runs["arm"])
    return {str(arm): float(chance) for arm, chance in chances.groupby(level=0).sum().items()}


def best_settings(runs: pd.DataFrame) -> list[str]:
    """The arm of each source with the smallest validation loss, mean over seeds."""
    losses = runs.groupby(["source", "arm"])["val_loss"].mean().reset_index()
    return losses.loc[losses.groupby("source")["val_loss"].idxmin(), "arm"].tolist()


@dataclass(frozen=True)
class Judge:
    """The test scores of all arms of a target.

    Attributes:
        arms, measured: their names and what was measured of them.
        best: the arm with the highest mean score, of those with the best setting of a source.
        ties: the other arms with the best setting of a source that seeds and test images do not tell apart from the best one.
        note: why the test images are not counted, if they are not.
    """

    arms: list[str]
    measured: TargetResults
    best: str
    ties: list[str]
    note: str | None

    @staticmethod
    def of(runs: pd.DataFrame, name: str, metric: str, images: TestImageInfluence | None) -> "Judge":
        """`name`: of experiment and target. `images`: see results.tracking.predictions.images_of."""
        here = runs.assign(source=runs["arm"])
        arms, measured, note = measured_results(here, name, metric, None, images)
        places = [arms.index(arm) for arm in best_settings(runs)]
        places.sort(key=lambda place: -measured.means[place])
        shares = None if measured.images is None else measured.images[:, places]
        few = TargetResults([measured.values[place] for place in places], shares)
        groups = tie_groups(few, range(len(places)))
        named = [arms[place] for place in places]
        return Judge(arms, measured, named[0], [arm for arm, group in zip(named, groups, strict=True) if group == 1][1:], note)

    def value(self, chances: Mapping[str, float]) -> float:
        """The test score that a way of choosing expects. `chances`: arm → the probability that the way recommends it."""
        return float(self._weights(chances) @ self.measured.means)

    def regret(self, chances: Mapping[str, float]) -> tuple[float, float, float]:
        """The score of the best arm minus `value`, with its 95 % interval over seeds and test images or patients.

        Both scores come from the same draws. What is compared stays the same in all of them.
        """
        contrast = self._weights({self.best: 1.0}) - self._weights(chances)
        drawn = draw_means(self.measured, np.random.default_rng(0), DRAWS) @ contrast
        low, high = np.quantile(drawn, [0.025, 0.975])
        return float(contrast @ self.measured.means), float(low), float(high)

    def _weights(self, chances: Mapping[str, float]) -> np.ndarray:
        return np.array([chances.get(arm, 0.0) for arm in self.arms])
