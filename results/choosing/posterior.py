"""What is believed about every source and setting on a target after some runs: a Gaussian, learnt from other targets.

An arm is a source with a replicate group of settings. Its worth on a target is the normal score of its test score among all
arms of that target. Over targets, worths have a mean and a covariance of four parts, found by moments: the source, the setting,
the pair, and what is left; settings are alike by a squared-exponential kernel of `distances_of`. A run shows
-log(validation loss) = level + scale × (worth + noise), with level and scale shrunk to those of the other targets.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np

from results.choosing.draws import generator
from results.choosing.groups import distances_of, groups_of
from results.choosing.moments import FINE, REACH, covariance_by_moments, run_spread, score_maps, seen_by_moments
from results.choosing.policy import Trial
from results.choosing.prior import Prior, averaged, data_set_of, known_mean
from results.statistics.normal_scores import normal_scores

DATA_SETS = 4  # data sets from which a covariance is estimated
DRAWS = 256
STEPS = np.array([-1.2, 0.0, 1.2])  # of the log of the scale, in its standard deviations
NOTHING = 1e-17  # share of a target in the answer, which rounding hides; a third of the targets have less after some runs
KEPT = 16  # updates; the runs of a replay often begin alike
_kept: "WeakKeyDictionary[Prior, Belief | None]" = WeakKeyDictionary()


def belief_of(prior: Prior) -> "Belief | None":
    """What a prior says before any run; None where it has too few targets to say how much targets differ.

    One data set with different options counts once.
    """
    if prior not in _kept:
        several = len({data_set_of(target) for target in prior.targets}) >= DATA_SETS
        _kept[prior] = Belief(prior) if several and prior.score.size else None
    return _kept[prior]


class Belief:
    """Mean and covariance of the worths of all arms, and joint draws of them.

    An arm is a source with a replicate group of settings; arms are numbered by source and within it by group.

    Attributes:
        place: setting → the number of its group.
        mean: over the targets of the prior, (arms,), in normal scores; -inf where no target knows the arm.
        covariance: of the worths of a new target around the mean, (arms, arms).
        seen, scores, spread: how runs and test scores show worths, see seen_by_moments, score_maps and run_spread.
        scales: logs of the scale of -log(validation loss) that a new target may have, (3,).
        draws: joint draws of the worths of a new target, (arms, DRAWS).
        noise: what is added to the score of the recommended run in each draw, in its standard deviations, (DRAWS,).
    """

    def __init__(self, prior: Prior) -> None:
        self.sources, self.groups = prior.sources, groups_of(prior.settings)
        self.place = {setting.name: int(group) for setting, group in zip(prior.settings, self.groups, strict=True)}
        count = int(self.groups.max(initial=-1)) + 1
        score = averaged(prior.score, self.groups).reshape(len(prior.targets), -1)
        worth = normal_scores(score)
        known = np.isfinite(worth).any(axis=0)
        self.mean = np.where(known, known_mean(worth, 0), -np.inf)
        first = [int(np.flatnonzero(self.groups == group)[0]) for group in range(count)]
        kernel = np.exp(-distances_of([prior.settings[place] for place in first]) / 2)
        self.covariance = covariance_by_moments(worth - np.where(known, self.mean, 0.0), len(self.sources), kernel)
        self.seen = seen_by_moments(-np.log(np.maximum(prior.val_loss, 1e-12)), worth, self.groups)
        self.scores = score_maps(score)
        logs = np.array([line[2] for line in self.seen.lines])
        self.scales = logs.mean() + STEPS * logs.std()
        root = np.linalg.cholesky(self.covariance + 1e-9 * np.eye(len(self.mean)))
        rng = generator("belief", *prior.targets, *prior.sources)
        centred = root @ rng.standard_normal((len(self.mean), DRAWS))
        self.draws = np.where(np.isfinite(self.mean), self.mean, -1e9)[:, None] + centred
        self.noise = rng.standard_normal(DRAWS)
        self.spread = run_spread(prior.score, self.groups, worth)
        self._updates: OrderedDict[tuple[int, ...], list[tuple[np.ndarray, np.ndarray, np.ndarray, float]]] = OrderedDict()

    def arm(self, source: str, setting: str) -> int | None:
        """The number of an arm; None where the prior does not hold the source or the setting."""
        if source not in self.sources or setting not in self.place:
            return None
        number = self.sources.index(source) * (len(self.mean) // len(self.sources)) + self.place[setting]
        return number if np.isfinite(self.mean[number]) else None

    def within(self, trials: Sequence[Trial], arm: int, allowed: Sequence[int], eps: float) -> float:
        """The probability that an arm is within eps of the best of `allowed` arms, in the test score, after some runs.

        The target may show its worths, and spread its scores, as any other target does: each counts with the probability of
        what the runs have shown.
        """
        rows = np.array(sorted({*allowed, arm}))
        found = [(self.arm(*trial.arm), trial.val_loss) for trial in trials]
        seen = [(one, -math.log(max(loss, 1e-12))) for one, loss in found if one is not None and loss is not None]
        arms, shown = tuple(one for one, _ in seen), np.array([value for _, value in seen])
        updates = self._update(arms)
        compared: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # at each scale, the gain and the draws of `rows`
        worths = np.empty((len(rows), DRAWS), np.float32)
        lines, logs = [], []
        for target, level, log_scale in self.seen.lines:
            near = int(np.abs(self.scales - log_scale).argmin())
            _, _, precision, log_det = updates[near]
            scale = math.exp(self.scales[near])
            away = (shown - level) / scale - self.mean[list(arms)]
            lines.append((target, near, away))
            logs.append(-0.5 * (away @ precision @ away + log_det) - len(arms) * math.log(scale))
        weights, chances = np.exp(np.array(logs) - max(logs)), np.zeros(len(lines))
        for place in np.flatnonzero(weights > NOTHING).tolist():
            target, near, away = lines[place]
            if near not in compared:
                gain, drawn, _, _ = updates[near]
                compared[near] = gain[rows], drawn[rows]
            gain_of_rows, drawn_of_rows = compared[near]
            np.add(drawn_of_rows, (gain_of_rows @ away).astype(np.float32)[:, None], out=worths)
            best, own = (self._score(target, each) for each in (worths.max(axis=0), worths[np.searchsorted(rows, arm)]))
            chances[place] = float((best - own - self.noise * self.spread[target] <= eps).mean())
        return float(weights @ chances / weights.sum())

    def forget(self) -> None:
        """Free what was kept of earlier questions."""
        self._updates.clear()

    def _update(self, arms: tuple[int, ...]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
        """For each scale: gain, the draws without what the runs showed, precision and log determinant of what runs show."""
        if arms in self._updates:
            self._updates.move_to_end(arms)
            return self._updates[arms]
        rows, found = list(arms), []
        rng = generator("runs", *arms)
        noise = rng.standard_normal((len(rows), DRAWS)) * math.sqrt(self.seen.noise)
        level = rng.standard_normal(DRAWS)
        for log_scale in self.scales:
            wide = self.seen.level_sd / math.exp(log_scale)
            shown = self.covariance[np.ix_(rows, rows)] + self.seen.noise * np.eye(len(rows)) + wide**2
            precision = np.linalg.inv(shown)
            gain = self.covariance[:, rows] @ precision
            off = self.draws[rows] - self.mean[rows, None] + noise + wide * level
            drawn = (self.draws - gain @ off).astype(np.float32)
            found.append((gain, drawn, precision, float(np.linalg.slogdet(shown)[1])))
        self._updates[arms] = found
        if len(self._updates) > KEPT:
            self._updates.popitem(last=False)
        return found

    def _score(self, target: int, worth: np.ndarray) -> np.ndarray:
        place = np.clip(np.rint((worth + REACH) * FINE), 0, self.scores.shape[1] - 1).astype(int)
        return np.asarray(self.scores[target, place])
