"""Which epoch of a training, or which strength of a probe, counts: by validation images alone."""

import math

import numpy as np

from results.record import Rule


class Choice:
    """The epoch that counts by a rule, told one epoch after the other; of equals the first.

    one_standard_error: the last epoch that is no worse than the one with the smallest validation loss, see `no_worse`. What the
    schedule leads to counts, unless validation, however few its images, shows that the training went too far.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule, self.worth, self.losses = rule, -math.inf, np.empty(0)

    def falls_on(self, epoch: int, loss: float, auc: float, losses: np.ndarray) -> bool:
        """Whether this epoch counts rather than those before it. loss: the mean of `losses`, one of each validation image."""
        worth = {"max_val_auc": auc, "last_epoch": float(epoch)}.get(self.rule, -loss)
        if worth > self.worth:  # never where it is NaN
            self.worth, self.losses = worth, losses
            return True
        return self.rule == "one_standard_error" and bool(self.losses.size) and no_worse(losses, self.losses)


def no_worse(losses: np.ndarray, best: np.ndarray) -> bool:
    """Whether the mean of `losses` is no more than a standard error above that of `best`, both (N,) of the same images.

    The error is that of the difference, image by image: an untrained network has small losses that are all alike, so that its
    own would be small. Reference: the rule of Breiman, Friedman, Olshen & Stone, Classification and Regression Trees, 1984,
    section 3.4.3, for the choice of a tree; there the error is that of the best one's own mean. One image alone has none.
    """
    apart = losses - best
    error = apart.std(ddof=1) / math.sqrt(len(apart)) if len(apart) > 1 else 0.0
    return bool(apart.mean() <= error)  # not where it is NaN
