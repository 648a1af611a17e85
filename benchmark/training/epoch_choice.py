"""Which epoch of a training, or which strength of a probe, counts: by validation images alone."""

import math

import numpy as np

from results.board.rules import training_rule


class EpochChoice:
    """The epoch that counts by a rule, told one epoch after the other; of equals the first.

    within_one_se: of the epochs that are no worse than the one with the smallest validation loss, see `no_worse`, the last.
    What the schedule leads to counts, unless validation shows that the training went too far.
    """

    def __init__(self, rule: str) -> None:
        self.rule, self.worth_of = training_rule(rule)
        self.worth, self.losses = -math.inf, np.empty(0)

    def falls_on(self, epoch: int, loss: float, auc: float, losses: np.ndarray) -> bool:
        """Whether this epoch counts rather than those before it. loss: the mean of `losses`, one of each validation image."""
        worth = self.worth_of(float(epoch), loss, auc)
        if worth > self.worth:  # never where it is NaN
            self.worth, self.losses = worth, losses
            return True
        return self.rule.one_standard_error and bool(self.losses.size) and within_one_standard_error(losses, self.losses)


def within_one_standard_error(losses: np.ndarray, best: np.ndarray) -> bool:
    """Whether the mean of `losses` is at most one standard error above that of `best`, both (N,) of the same images.

    The rule of Breiman, Friedman, Olshen & Stone, Classification and Regression Trees, 1984, section 3.4.3, with the error of
    the difference, image by image, where theirs is the error of the best mean: an untrained network has losses that are all
    alike, and hence a small error of its own. One image alone tells no error: then a larger loss is worse.
    """
    with np.errstate(invalid="ignore"):  # an infinite loss is compared with another one
        apart = losses - best
        error = apart.std(ddof=1) / math.sqrt(len(apart)) if len(apart) > 1 else 0.0
    return bool(apart.mean() <= error)  # not where it is NaN
