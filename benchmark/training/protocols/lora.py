"""LoRA: every layer keeps its weights and gets a trained update of low rank, which is merged into them at the end."""

from benchmark.core.seed import seed_of
from benchmark.networks.fast_convolution import optimise_for_device
from benchmark.networks.low_rank import adapt, merge
from benchmark.networks.network import Network
from benchmark.networks.parts import train_only
from benchmark.specs.recipe import Recipe
from benchmark.training.protocols.finetune import Finetune


class Lora(Finetune):
    """Low-rank updates of attention, of linear layers or of convolutions, and the head."""

    def adapt(self, network: Network, recipe: Recipe, seed: int) -> None:
        """See Finetune.adapt. The updates are drawn from `seed` alone, so that they do not depend on the source."""
        optimise_for_device(network)  # replaces classes of layers, which an updated layer no longer allows
        names = adapt(network.backbone, recipe.adapted, recipe.rank, recipe.alpha, seed_of("lora", str(seed)))
        train_only(network, names)

    def finish(self, network: Network) -> None:
        """See Finetune.finish."""
        merge(network.backbone)


PROTOCOL = Lora()
