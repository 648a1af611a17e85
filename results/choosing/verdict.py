"""What a replay says, as figures: means over relabellings, intervals over targets, differences of pairs, and stop rules."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from results.choosing.draws import generator
from results.choosing.play import Played
from results.choosing.prior import data_set_of, known_mean
from results.choosing.replay import Replayed
from results.choosing.stopping import LOOKS, MOST, PATIENCE, SURE, stop_by_patience, stop_when_sure
from results.choosing.trust import Look, Trust, trust_of

Ends = Callable[[Played, tuple[int, int]], int]  # a play and its target and relabelling → after how many runs it ends
RESAMPLES = 10_000
INTERVAL = 5  # targets from which a bootstrap over targets is given
RUNS = (4, 8, 12, 16, 20, 32, 64)
BINS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class Mean:
    """A mean over targets with its 95 % interval; None for the ends where there are too few targets."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PolicyRegret:
    """The regret of a policy at each share.

    Attributes:
        runs: how many runs fit into each share, mean over targets and relabellings.
        worst, worst_target: of each share; NaN and "" where no run has a score.
        by_chance: from the 5th to the 95th percentile over relabellings of the mean over targets, of each share.
        plain: of the experiment as it is: one draw of many, never to be read alone.
        first_minus: regret of the first policy minus that of this one, of each share; None for the first policy itself.
    """

    name: str
    regret: tuple[Mean, ...]
    runs: tuple[float, ...]
    worst: tuple[float, ...]
    worst_target: tuple[str, ...]
    by_chance: tuple[tuple[float, float], ...]
    plain: tuple[float, ...]
    first_minus: tuple[Mean, ...] | None


@dataclass(frozen=True)
class StopRule:
    """A rule that ends a choice: share of the cost of all runs, number of runs, regret, worst target."""

    rule: str
    share: float
    runs: float
    regret: Mean
    worst: float


@dataclass(frozen=True)
class Stated:
    """P(within eps) in one bin: what was stated, how often it held, and how many looks on how many targets that are."""

    low: float
    high: float
    stated: float | None
    held: float | None
    looks: int
    targets: int


def mean_over_targets(values: np.ndarray) -> Mean:
    """The mean of one value per target, with a bootstrap over targets."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Mean(float("nan"), None, None)
    if len(known) < INTERVAL:
        return Mean(float(known.mean()), None, None)
    picks = generator("bootstrap over targets", len(known)).integers(len(known), size=(RESAMPLES, len(known)))
    low, high = np.percentile(known[picks].mean(axis=1), [2.5, 97.5])
    return Mean(float(known.mean()), float(low), float(high))


def policy_regrets(found: Replayed) -> list[PolicyRegret]:
    """The regret of each policy, the first one first."""
    first = averaged_regret(found, found.question.policies[0])
    regrets = []
    for name in found.question.policies:
        by_target = averaged_regret(found, name)
        means = known_mean(found.regret[name][1:], 1)
        worst = np.where(np.isfinite(by_target), by_target, -np.inf).argmax(axis=0)
        regrets.append(
            PolicyRegret(
                name,
                tuple(mean_over_targets(column) for column in by_target.T),
                tuple(found.runs[name].tolist()),
                tuple(float(by_target[target, share]) for share, target in enumerate(worst)),
                tuple(found.targets[t] if np.isfinite(by_target[t, share]) else "" for share, t in enumerate(worst)),
                tuple(map(_by_chance, means.T)),
                tuple(known_mean(found.regret[name][0], 0).tolist()),
                None if name == found.question.policies[0] else tuple(map(mean_over_targets, (first - by_target).T)),
            )
        )
    return regrets


def _by_chance(means: np.ndarray) -> tuple[float, float]:
    known = means[np.isfinite(means)]
    low, high = np.percentile(known, [5, 95]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def averaged_regret(found: Replayed, policy: str) -> np.ndarray:
    """The regret of a policy, mean over relabellings, (targets, shares)."""
    return over_relabellings(found.regret[policy])


def over_relabellings(regret: np.ndarray) -> np.ndarray:
    """The mean over relabellings, (relabellings + 1, targets, ...) to (targets, ...); the first, as it is, does not count."""
    return known_mean(regret[1:], 0)


def trusted(found: Replayed) -> tuple[np.ndarray, Trust]:
    """P(within eps) at each look, corrected by the looks at other families; and the correction that all targets give."""
    looks = [_looks(found, target) for target in range(len(found.targets))]
    corrected = np.full(found.stated.shape, np.nan)
    for target in range(len(found.targets)):
        others = [some for some, family in zip(looks, found.families, strict=True) if family != found.families[target]]
        trust = trust_of([look for some in others for look in some])
        for place in np.argwhere(np.isfinite(found.stated[target])).tolist():
            corrected[(target, *place)] = trust.of(float(found.stated[(target, *place)]))
    return corrected, trust_of([look for some in looks for look in some])


def _looks(found: Replayed, target: int) -> list[Look]:
    return [
        Look(
            data_set_of(found.targets[target]),
            float(found.stated[target, number, look]),
            _held(found, target, number, LOOKS[look]),
        )
        for number, look in np.argwhere(np.isfinite(found.stated[target])).tolist()
        if number
    ]


def _held(found: Replayed, target: int, number: int, runs: int) -> bool:
    regret = found.best[target] - found.plays[target][number].score(runs)
    return bool(regret <= found.question.eps + 1e-12)


def stated_bins(found: Replayed, corrected: np.ndarray) -> list[Stated]:
    """What was stated and what held, by bins of what was stated; looks at one target are not independent."""
    rows = [
        (target, float(corrected[target, number, look]), _held(found, target, number, LOOKS[look]))
        for target, number, look in np.argwhere(np.isfinite(corrected)).tolist()
        if number
    ]
    bins = []
    for low, high in pairwise(BINS):
        here = [row for row in rows if low < row[1] <= high or (low == row[1] == 0)]
        stated = float(np.mean([row[1] for row in here])) if here else None
        held = float(np.mean([row[2] for row in here])) if here else None
        bins.append(Stated(low, high, stated, held, len(here), len({row[0] for row in here})))
    return bins


def stop_rules(found: Replayed, corrected: np.ndarray) -> list[StopRule]:
    """The stop rules of the first policy, each as it would have ended every play."""

    def after(runs: int) -> Ends:
        return lambda played, _: min(runs, len(played.trials))

    def patient(runs: int) -> Ends:
        return lambda played, _: stop_by_patience(played.trials, runs)

    longest = max(len(played.trials) for some in found.plays for played in some[1:])
    named = {f"{runs} runs": after(runs) for runs in RUNS if runs <= longest}
    named |= {f"{runs} runs in a row without a better validation loss": patient(runs) for runs in PATIENCE}
    if np.isfinite(corrected).any():
        what = f"P(within {found.question.eps:g}) > {SURE:g}, or {MOST} runs"
        named[what] = lambda played, at: stop_when_sure(corrected[at], len(played.trials))
    return [_rule(found, what, ends) for what, ends in named.items()]


def _rule(found: Replayed, name: str, ends: Ends) -> StopRule:
    shares, runs, regrets = [], [], []
    for target, some in enumerate(found.plays):
        counts = [max(1, ends(played, (target, number))) for number, played in enumerate(some)][1:]
        plays = some[1:]
        shares.append(np.mean([played.spent_after(count) for played, count in zip(plays, counts, strict=True)]))
        runs.append(np.mean([min(count, len(played.trials)) for played, count in zip(plays, counts, strict=True)]))
        scores = known_mean(np.array([played.score(count) for played, count in zip(plays, counts, strict=True)]), 0)
        regrets.append(float(found.best[target] - scores))
    worst = max((regret for regret in regrets if np.isfinite(regret)), default=float("nan"))
    return StopRule(name, float(np.mean(shares)), float(np.mean(runs)), mean_over_targets(np.array(regrets)), worst)
