"""Low-rank updates of layers: a frozen weight plus a trained product of two thin matrices (LoRA).

Hu et al., LoRA: low-rank adaptation of large language models, ICLR 2022. The library peft would bring transformers and
accelerate, and it changes the forward pass of a layer. Here the weight itself is computed (torch.nn.utils.parametrize): layers
whose weight timm reads without calling the layer, such as the attention of BEiT and of Swin V2, are adapted too, and the merged
network gives the same numbers bit for bit. A test compares outputs with those that peft has given.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from benchmark.networks.freezing import name_of
from results.error import CatsError

QUERIES = {"qkv", "qkvs", "qkv_proj", "q", "q_proj", "query", "kv", "to_q", "to_qkv"}  # by one of these a layer is attention
PROJECTIONS = QUERIES | {
    "k", "v", "k_proj", "v_proj", "key", "value", "to_k", "to_v", "proj", "proj_out", "out_proj", "output", "to_out",
}  # fmt: skip


class LowRank(nn.Module):
    """The update of one weight: `up` @ `down` times alpha / rank. `up` is zero at first, so that the network is unchanged.

    Args:
        weight: of a linear layer or a convolution, (outputs, ...).
        rank, alpha: see benchmark.specs.recipe.Recipe.
        rng: from which `down` is drawn, on the CPU.
    """

    def __init__(self, weight: Tensor, rank: int, alpha: float, rng: torch.Generator) -> None:
        super().__init__()
        down = torch.empty(rank, weight[0].numel())
        nn.init.kaiming_uniform_(down, a=math.sqrt(5), generator=rng)  # as peft and the authors' code draw it
        self.down = nn.Parameter(down.to(weight.device))
        self.up = nn.Parameter(torch.zeros(len(weight), rank, device=weight.device))
        self.scale = alpha / rank

    def forward(self, weight: Tensor) -> Tensor:
        """The weight with its update, in float32 also under autocast."""
        with torch.autocast(weight.device.type, enabled=False):
            return weight + (self.scale * (self.up @ self.down)).view(weight.shape)


def adapt(backbone: nn.Module, adapted: str, rank: int, alpha: float, seed: int) -> set[str]:
    """Give layers of a backbone a low-rank update. Returns the names of the parameters of the updates.

    `adapted`: see benchmark.specs.recipe.Recipe. Raises CatsError if the backbone has no such layer.
    """
    rng = torch.Generator().manual_seed(seed)
    names = set()
    for name in chosen_layers(backbone, adapted):
        layer = backbone.get_submodule(name)
        update = LowRank(layer.weight.detach(), rank, alpha, rng)  # type: ignore[operator]
        parametrize.register_parametrization(layer, "weight", update, unsafe=True)
        names |= {f"{name}.parametrizations.weight.0.{own}" for own, _ in update.named_parameters()}
    return names


def merge(backbone: nn.Module) -> None:
    """Replace every updated weight by its value, so that the backbone is an ordinary one with the same outputs."""
    for layer in list(backbone.modules()):
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight")


def chosen_layers(backbone: nn.Module, adapted: str) -> list[str]:
    """The names of the layers that get an update. Raises CatsError, which names the key that decides, if there is none."""
    plain = {
        name: layer
        for name, layer in backbone.named_modules()
        if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
    }
    attention = [name for name in plain if _of_attention(backbone, name)]
    chosen = {
        "auto": attention or list(plain),
        "attention": attention,
        "linear": [name for name, layer in plain.items() if isinstance(layer, nn.Linear)],
        "all": list(plain),
    }[adapted]
    if not chosen:
        what = {"attention": "attention", "linear": "linear layers"}.get(adapted, "linear layers and no ungrouped convolutions")
        other = "auto" if plain else "auto with another backbone"
        raise CatsError(f"adapted is {adapted}, but backbone {name_of(backbone)} has no {what}; write adapted: {other}")
    return chosen


def _of_attention(backbone: nn.Module, name: str) -> bool:
    """Whether a layer is a projection of attention, or lies in one: beside it there is a projection of queries."""
    parts = name.split(".")
    for depth, part in enumerate(parts):
        if part in PROJECTIONS:
            siblings = backbone.get_submodule(".".join(parts[:depth])).named_children()
            if any(sibling in QUERIES for sibling, _ in siblings):
                return True
    return False
