"""When a choice has been tried enough: a number of runs, patience, or the probability of being near the best."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from results.choosing.play import Column, Played, picks_of
from results.choosing.policy import Arm, Known, Trial
from results.choosing.posterior import Belief, belief_of
from results.choosing.seating import strangers
from results.text.counts import how_many

EARLIEST = 8  # runs before a choice may end
MOST = 20  # runs after which the default rule ends a choice
SURE = 0.9  # probability of being within eps of the best, above which the default rule ends a choice
FIRST = 4  # settings of each source that the prior does not know, before a probability may end a choice
LOOKS = tuple(range(EARLIEST, MOST + 1))
PATIENCE = (4, 8, 12)


def recommended(trials: Sequence[Trial]) -> Arm | None:
    """The arm of the smallest mean validation loss; None where no run has finished."""
    pick = int(picks_of(trials)[-1]) if trials else -1
    return trials[pick].arm if pick >= 0 else None


def within_eps(known: Known, eps: float, taken: Arm | None = None) -> float | None:
    """The probability that a run of an arm is within eps of the best candidate, in the test score, before any correction.

    Only candidates that the prior knows are compared. `taken` is the arm that is recommended, by default that of the smallest
    mean validation loss. None where the probability cannot be stated: see why_unstated.
    """
    belief, taken = belief_of(known.prior), taken or recommended(known.trials)
    arm = None if belief is None or taken is None else belief.arm(*taken)
    if belief is None or arm is None:
        return None
    trials = [trial for trial in known.trials if trial.val_loss is None or math.isfinite(trial.val_loss)]
    chance = belief.within(trials, arm, allowed_arms(belief, known.sources, known.settings), eps)
    return chance if math.isfinite(chance) else None


def why_unstated(known: Known, taken: Arm | None) -> str:
    """Why no probability can be stated for the recommended arm, in words."""
    belief = belief_of(known.prior)
    if taken is None:
        return "no run has finished"
    if belief is None:
        targets = how_many(len(known.prior.targets), "target")
        return f"the prior holds {targets}, too few to say how much targets differ"
    if taken.source not in belief.sources:
        return f"the prior does not know the source {taken.source}"
    if belief.arm(*taken) is None:
        return f"no run of the prior has the source {taken.source} with the setting {taken.setting}"
    return "the validation losses are no numbers that the runs of the prior can be compared with"


def allowed_arms(belief: Belief, sources: Sequence[str], settings: Iterable[str]) -> list[int]:
    """The numbers of the arms that can be chosen; `settings` holds their names."""
    names = list(settings)
    found = {belief.arm(source, name) for source in sources for name in names}
    return sorted(number for number in found if number is not None)


def stated_within(belief: Belief | None, played: Played, column: Column, eps: float) -> np.ndarray:
    """P(within eps) at each look of LOOKS, NaN where it cannot be stated or the policy has ended earlier."""
    stated = np.full(len(LOOKS), np.nan)
    if belief is None:
        return stated
    allowed = allowed_arms(belief, column.sources, column.settings)
    for place, count in enumerate(LOOKS):
        if count > len(played.trials) or played.picks[count - 1] < 0:
            continue
        arm = belief.arm(*played.trials[int(played.picks[count - 1])].arm)
        if arm is not None:
            stated[place] = belief.within(played.trials[:count], arm, allowed, eps)
    return stated


def stop_by_patience(trials: Sequence[Trial], patience: int) -> int:
    """After how many runs a choice ends when `patience` runs in a row have not lowered the smallest validation loss.

    Not before EARLIEST runs; all runs if that never happens.
    """
    best, since = math.inf, 0
    for number, trial in enumerate(trials, 1):
        better = trial.val_loss is not None and trial.val_loss < best
        best, since = (trial.val_loss or 0.0, 0) if better else (best, since + 1)
        if number >= EARLIEST and since >= patience:
            return number
    return len(trials)


def may_look(known: Known) -> bool:
    """Whether a probability may end a choice after these trials: enough runs, and every source that is new had its settings.

    The probability compares only sources that the prior knows, so that alone it would end a choice before the others ran.
    """
    tried = {trial.arm for trial in known.trials}
    counts = Counter(arm.source for arm in tried)
    enough = min(FIRST, len(known.settings))
    return len(tried) >= EARLIEST and all(counts[source] >= enough for source in strangers(known))


def stop_when_sure(stated: np.ndarray, trials: int) -> int:
    """After how many runs the default rule ends a choice: the first look above SURE, else MOST runs, else all there are.

    `stated` is P(within eps) at each look of LOOKS.
    """
    sure = [count for count, chance in zip(LOOKS, stated, strict=True) if chance > SURE and count <= trials]
    return sure[0] if sure else min(MOST, trials)
