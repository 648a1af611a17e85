"""BitFit: the biases of all layers and the head are trained (Ben Zaken, Ravfogel & Goldberg, ACL 2022)."""

from benchmark.networks.network import Network
from benchmark.networks.parts import biases, train_only
from benchmark.specs.recipe import Recipe
from benchmark.training.protocols.finetune import Finetune


class BitFit(Finetune):
    """All biases, those of norm layers included, and the head."""

    def adapt(self, network: Network, recipe: Recipe, seed: int) -> None:  # noqa: ARG002 - nothing is drawn
        """See Finetune.adapt."""
        train_only(network, biases(network.backbone))


PROTOCOL = BitFit()
