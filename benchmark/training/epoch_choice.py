"""Choose the epoch of a training whose weights are kept, or the setting of a probe, by validation images alone."""

import math

import numpy as np

from results.board.rules import training_rule


class EpochChoice:
    """Chooses an epoch by a rule, given the epochs one after the other; of equally good epochs it chooses the first.

    within_one_se chooses the last epoch whose loss is within one standard error of the smallest validation loss, see
    `within_one_standard_error`: the end of the schedule, unless validation shows that the training has overfitted.
    """

    def __init__(self, rule: str) -> None:
        self.rule, self.worth_of = training_rule(rule)
        self.worth, self.losses = -math.inf, np.empty(0)

    def prefers(self, epoch: int, loss: float, auc: float, losses: np.ndarray) -> bool:
        """Whether the rule prefers this epoch to those before it. loss: mean of `losses`, the loss of each validation image."""
        worth = self.worth_of(float(epoch), loss, auc)
        if worth > self.worth:  # never true for NaN
            self.worth, self.losses = worth, losses
            return True
        return self.rule.one_standard_error and bool(self.losses.size) and within_one_standard_error(losses, self.losses)


def within_one_standard_error(losses: np.ndarray, best: np.ndarray) -> bool:
    """Whether the mean of `losses` is at most one standard error above that of `best`, both (N,) of the same images.

    The rule of Breiman, Friedman, Olshen & Stone, Classification and Regression Trees, 1984, section 3.4.3, but with the
    standard error of the paired difference instead of that of the best mean: an untrained network has similar losses for all
    images and hence a small standard error. With a single image there is no standard error, and a larger loss is worse.
    """
    with np.errstate(invalid="ignore"):  # an infinite loss is compared with another one
        difference = losses - best
        error = difference.std(ddof=1) / math.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return bool(difference.mean() <= error)  # false for NaN
