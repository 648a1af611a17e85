"""Norm layers alone: their scales and shifts and the head are trained (Frankle, Schwab & Morcos, ICLR 2021)."""

from benchmark.networks.network import Network
from benchmark.networks.parts import norms, train_only
from benchmark.specs.recipe import Recipe
from benchmark.training.protocols.finetune import Finetune


class Norms(Finetune):
    """The scales and shifts of all norm layers, and the head."""

    def adapt(self, network: Network, recipe: Recipe, seed: int) -> None:  # noqa: ARG002 - nothing is drawn
        """See Finetune.adapt."""
        train_only(network, norms(network.backbone))


PROTOCOL = Norms()
