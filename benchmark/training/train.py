"""The training loop: images stay on the device as uint8, a batch is augmented at once, the best epoch is restored.

No number leaves the device during an epoch. Every epoch has the same number of batches of equal size; the few images
that are left over differ from epoch to epoch.
"""

import logging
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.machine.cancellation import stop_requested
from benchmark.machine.device import wait_for
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.load import global_generators, restore_global_generators
from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe
from benchmark.training.augment import draw_augmentation
from benchmark.training.checkpoint import Checkpoint, State, made_with
from benchmark.training.device_images import Images
from benchmark.training.epoch_choice import EpochChoice
from benchmark.training.epoch_figures import EpochFigures
from benchmark.training.fit import Fit
from benchmark.training.graph import replays
from benchmark.training.optimiser import optimiser_state, restore_optimiser, schedule
from benchmark.training.rig import rig_for
from benchmark.training.step_memory import step_bytes
from benchmark.training.step_threads import limited_to, step_threads
from results.error import CatsError

log = logging.getLogger(__name__)


def fit(network: Network, train: Images, val: Images, recipe: Recipe, seed: int, rule: str = "min_val_loss") -> Fit:
    """Train in place and restore the best epoch by `rule`. All randomness comes from `seed`.

    Raises CatsError naming epoch and learning rate if the loss stops being finite.
    """
    return Training(network, (train, val), recipe, seed, rule).run()


@dataclass(frozen=True)
class Epoch:
    """An epoch that has begun: its number from 0, its last learning rate, its figures, and a copy of the weights after it."""

    number: int
    rate: float
    figures: EpochFigures
    state: Mapping[str, Tensor] | None


class Training:
    """A training between two epochs: its attributes are everything that decides how it goes on.

    Attributes:
        ahead: whether an epoch begins before the one before it is judged, so that a GPU never waits for the host. What it makes
            is dropped if the judgement ends the training.
    """

    def __init__(
        self, network: Network, images: tuple[Images, Images], recipe: Recipe, seed: int, rule: str, backbone: str = ""
    ) -> None:
        """images: of training and of validation. backbone: its name, for which a later training may use the same rig."""
        train, val = images
        self.threads = step_threads(network, train, recipe.batch_size)  # counts the layers that optimise_for_device replaces
        optimise_for_device(network)
        self.network, self.recipe, self.device = network, recipe, train.device
        self.rig = rig_for(network, train, val, recipe, backbone)
        self.rng = torch.Generator().manual_seed(seed)
        self.rig.network.seed_dropout(seed)
        self.truth = val.labels.cpu().numpy().astype(np.int64)
        self.curves: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_auc": [], "learning_rate": []}
        self.choice, self.best_epoch = EpochChoice(rule), 0
        self.best_state: Mapping[str, Tensor] | None = None
        self.spare: list[Mapping[str, Tensor]] = []
        self.ahead = replays(train.device)
        self.made_with = made_with(train.device, self.rig.step.precise, self.threads)

    @property
    def epochs(self) -> int:
        """The number of epochs that have been made and judged."""
        return len(self.curves["learning_rate"])

    def run(self, checkpoint: Checkpoint | None = None) -> Fit:
        """Train to the end, from the state in `checkpoint` if there is one, and restore the best epoch. Raises CatsError."""
        state = None if checkpoint is None else checkpoint.read(self.made_with)
        if checkpoint is not None and state is not None:
            self._restore(state)
            log.info("%s goes on after epoch %d of %d", checkpoint.what, self.epochs, self.recipe.epochs)
        resumed = self.epochs
        try:
            with limited_to(self.threads):
                self._make_epochs(checkpoint)
        finally:
            wait_for(str(self.device))  # the next user of the rig may use another stream
        if self.best_state is not None:
            self.network.load_state_dict(self.best_state)
        elif self.recipe.epochs:
            last = f"epoch {self.epochs}, at learning rate {self.curves['learning_rate'][-1]:.3g}"
            raise CatsError(f"no epoch has a finite {self.choice.rule.what}; the last was {last}")
        made = Fit(self.curves, self.best_epoch, self.rig.step.micro, resumed, self.threads, self._step_bytes(), self.rig.graph)
        self.rig.keep()
        return made

    def _step_bytes(self) -> int | None:
        """The memory of a step; None if no step was watched, as with torch.compile or without an epoch."""
        step, average = self.rig.step, None if self.rig.average is None else self.rig.average.network
        counted = step.activations.bytes
        return None if counted is None else step_bytes(self.rig.network, step.optimiser, average, counted)

    def _make_epochs(self, checkpoint: Checkpoint | None) -> None:
        begun, waiting = self.epochs, deque[Epoch]()
        while self.epochs < self.recipe.epochs:
            more = 1 if self.ahead and not (checkpoint is not None and checkpoint.due()) else 0
            while begun < self.recipe.epochs and len(waiting) <= more:
                if stop_requested():
                    raise KeyboardInterrupt
                waiting.append(self._begin(begun, copied=more > 0))
                begun += 1
            if not self._judge(waiting.popleft()):
                break
            if checkpoint is not None and not waiting and self.epochs < self.recipe.epochs:
                checkpoint.keep(self._state)

    def _begin(self, number: int, *, copied: bool) -> Epoch:
        """Train for an epoch and validate, without waiting for the device. copied: keep a copy of the weights after it."""
        recipe, size, rig = self.recipe, self.rig.size, self.rig
        steps = len(rig.train) // size
        total = steps * recipe.epochs
        order = torch.randperm(len(rig.train), generator=self.rng)[: steps * size]
        draws = draw_augmentation(recipe.augment, len(order), self.rng).to(self.device)
        rates = [recipe.lr * schedule(recipe, (number * steps + step) / total, 1 / total) for step in range(steps)]
        losses = rig.steps(order, draws, rates)
        figures = EpochFigures(losses, rig.validation(), rig.val.labels)
        return Epoch(number, rates[-1], figures, self._copied() if copied else None)

    def _judge(self, epoch: Epoch) -> bool:
        """Note the figures of an epoch. Returns whether the training goes on; at the end of its patience it does not."""
        train_loss, val_loss, val_auc, val_losses = epoch.figures.read(self.truth)
        for name, value in zip(self.curves, (train_loss, val_loss, val_auc, epoch.rate), strict=True):
            self.curves[name].append(value)
        if not math.isfinite(train_loss):
            raise CatsError(f"the training loss is {train_loss} in epoch {epoch.number + 1} at learning rate {epoch.rate:.3g}")
        preferred = self.choice.prefers(epoch.number, val_loss, val_auc, val_losses)
        dropped = self.best_state if preferred else epoch.state
        if dropped is not None:
            self.spare.append(dropped)
        if preferred:
            self.best_epoch, self.best_state = epoch.number, epoch.state or self._copied()
        return preferred or self.recipe.patience is None or epoch.number - self.best_epoch < self.recipe.patience

    def _copied(self) -> Mapping[str, Tensor]:
        """A copy of the weights and statistics that are judged, in memory that is used again."""
        state = self.rig.judged.state_dict()
        if not self.spare:
            return {name: tensor.clone() for name, tensor in state.items()}
        own = self.spare.pop()
        for real in (True, False):  # one operation for all tensors, where they are alike
            names = [name for name, tensor in state.items() if tensor.is_floating_point() is real]
            if names:
                torch._foreach_copy_([own[name] for name in names], [state[name] for name in names])
        return own

    def _state(self) -> State:
        parts: dict[str, Mapping[str, Tensor]] = {
            "network": self.rig.network.state_dict(),
            "optimiser": optimiser_state(self.rig.step.optimiser),
            "average": {} if self.rig.average is None else self.rig.average.network.state_dict(),
            "best": self.best_state or {},
            "dropout": {str(number): rng.get_state() for number, rng in enumerate(self.rig.step.generators)},
            "global": global_generators(self.device),
            "own": {"order": self.rng.get_state(), "losses": torch.from_numpy(self.choice.losses)},
        }
        figures = {
            "curves": self.curves, "best_epoch": self.best_epoch, "worth": self.choice.worth, "micro": self.rig.step.micro,
            "averaged": 0 if self.rig.average is None else self.rig.average.steps,
        }  # fmt: skip
        return State.of(self.made_with, parts, figures)

    def _restore(self, state: State) -> None:
        own, dropout = state.part("own"), state.part("dropout")
        self.rig.network.load_state_dict(state.part("network"))
        restore_optimiser(self.rig.step.optimiser, state.part("optimiser"))
        if self.rig.average is not None:
            self.rig.average.network.load_state_dict(state.part("average"))
            self.rig.average.steps = state.figures["averaged"]
        self.best_state = {name: tensor.to(self.device) for name, tensor in state.part("best").items()} or None
        for number, rng in enumerate(self.rig.step.generators):
            rng.set_state(dropout[str(number)])
        restore_global_generators(state.part("global"), self.device)
        self.rng.set_state(own["order"])
        self.choice.losses, self.choice.worth = own["losses"].numpy(), state.figures["worth"]
        self.curves, self.best_epoch = state.figures["curves"], state.figures["best_epoch"]
        self.rig.step.micro = state.figures["micro"]
