"""What the epochs of a training find, said by a test instead of by the validation."""

from collections.abc import Callable

from benchmark.training.epoch_figures import EpochFigures
from benchmark.training.validation import Validation

READ, VALIDATE = EpochFigures.read, Validation.__call__


def say_figures(patch, figures: Callable) -> None:
    """`figures()` → (loss, AUC, loss of every image), asked once for each epoch; the training loss stays what it is."""
    patch.setattr(EpochFigures, "read", lambda self, truth: (READ(self, truth)[0], *figures()))


def before_validation(patch, happens: Callable) -> None:
    """`happens(network)` is called before each validation of the network."""
    patch.setattr(Validation, "__call__", lambda self: (happens(self.network), VALIDATE(self))[1])
