"""The finalists of a choice: the best setting of each of the best sources, which get further seeds, and whether they tie."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import ttest_rel

from results.choosing.policy import Arm, Trial

NUMBER = 2
ALPHA = 0.05  # level of the test of a tie
ROUNDING = 1e-12  # of a loss: smaller differences come from the arithmetic


def finalists(trials: Sequence[Trial], first_seed: int) -> tuple[Arm, ...]:
    """The arms that get further seeds, best first.

    They are the best arm of each of the best NUMBER sources, or the best two arms where one source was tried. The first seed
    alone decides, so that the finalists stay the same while their further seeds come back.
    """
    losses = {trial.arm: trial.val_loss for trial in trials if trial.seed == first_seed and trial.val_loss is not None}
    ordered = sorted(losses, key=lambda arm: (losses[arm], arm.source, arm.setting))
    best: dict[str, Arm] = {}
    for arm in ordered:
        best.setdefault(arm.source, arm)
    return tuple(best.values())[:NUMBER] if len(best) > 1 else tuple(ordered[:NUMBER])


def next_seeds(trials: Sequence[Trial], seeds: Sequence[int], chosen: Sequence[Arm]) -> list[tuple[Arm, int]]:
    """What the finalists still need, in the order in which it is made: the second seed of all of them before the third."""
    tried = {(trial.arm, trial.seed) for trial in trials}
    return [(arm, seed) for seed in seeds[1:] for arm in chosen if (arm, seed) not in tried]


def by_seed(trials: Sequence[Trial], chosen: Sequence[Arm]) -> dict[Arm, dict[int, float]]:
    """Finalist → seed → validation loss, of the runs that have one."""
    losses: dict[Arm, dict[int, float]] = {arm: {} for arm in chosen}
    for trial in trials:
        if trial.arm in losses and trial.val_loss is not None:
            losses[trial.arm][trial.seed] = trial.val_loss
    return losses


def winner_of(losses: Mapping[Arm, Mapping[int, float]]) -> Arm | None:
    """The finalist with the smallest mean validation loss over the seeds that all finalists have; None without a finalist."""
    held = [arm for arm, seeds in losses.items() if seeds]
    if not held:
        return None
    shared = set.intersection(*(set(losses[arm]) for arm in held)) or None
    return min(
        held, key=lambda arm: float(np.mean([loss for seed, loss in losses[arm].items() if shared is None or seed in shared]))
    )


def tied(losses: Mapping[Arm, Mapping[int, float]], winner: Arm) -> dict[Arm, float | None]:
    """The other finalists that cannot be told apart from the winner → two-sided p of a paired t test over seeds.

    The p is None where fewer than two seeds are shared, so that nothing can be tested.
    """
    found: dict[Arm, float | None] = {}
    for arm, seeds in losses.items():
        shared = sorted(set(seeds) & set(losses[winner]))
        if arm == winner or not seeds:
            continue
        if len(shared) < 2:
            found[arm] = None
            continue
        one, other = (np.array([losses[each][seed] for seed in shared]) for each in (winner, arm))
        p = _paired_p(one, other)
        if p > ALPHA:
            found[arm] = p
    return found


def _paired_p(one: np.ndarray, other: np.ndarray) -> float:
    """The two-sided p of two rows of losses, both (seeds,). Where all differences are equal there is no doubt: 1 or 0."""
    gaps, least = one - other, ROUNDING * max(np.abs(one).max(), np.abs(other).max())
    if np.ptp(gaps) > least:
        return float(ttest_rel(one, other).pvalue)
    return 1.0 if abs(gaps[0]) <= least else 0.0
