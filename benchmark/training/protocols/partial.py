"""Partial fine-tuning: the last blocks of the backbone and the head are trained, everything below them stays as it was."""

from benchmark.networks.network import Network
from benchmark.networks.parts import last_blocks, train_only
from benchmark.specs.recipe import Recipe
from benchmark.training.protocols.finetune import Finetune


class Partial(Finetune):
    """The last `blocks` blocks, what comes after them, and the head."""

    def adapt(self, network: Network, recipe: Recipe, seed: int) -> None:  # noqa: ARG002 - nothing is drawn
        """See Finetune.adapt."""
        train_only(network, last_blocks(network.backbone, recipe.blocks))


PROTOCOL = Partial()
