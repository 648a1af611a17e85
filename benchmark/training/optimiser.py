"""Optimiser, learning rate schedule, and running mean of the weights."""

import math
from collections.abc import Mapping

import torch
from torch import nn

from benchmark.networks.copying import copy_of
from benchmark.networks.network import Network
from benchmark.specs.recipe import Recipe


def make_optimiser(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD (nesterov when there is momentum), Adam or AdamW. The learning rate of a group is multiplied by its `share`."""
    groups = _groups(network, recipe)
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.momentum > 0, fused=True)
    optimiser_class = torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.AdamW
    return optimiser_class(groups, lr=recipe.lr, fused=True)


def _groups(network: Network, recipe: Recipe) -> list[dict[str, object]]:
    """Group trained parameters by weight decay and layer. Vectors (biases, norm layers) are decayed only if `decayed: all`."""
    if recipe.layer_decay == 1:
        layers = [(1.0, list(network.parameters()))]
    else:
        # timm does not export this function officially; with some builds it can be imported only after machine.timm_import
        from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined]

        layer_groups = param_groups_layer_decay(network.backbone, layer_decay=recipe.layer_decay)
        top = max((group["lr_scale"] for group in layer_groups), default=1.0)  # the scale of the layers next to the head
        layers = [(recipe.layer_decay * group["lr_scale"] / top, group["params"]) for group in layer_groups]
        layers.append((1.0, [*network.dense.parameters(), *network.head.parameters()]))
    groups: list[dict[str, object]] = []
    for share, parameters in layers:
        trained = [p for p in parameters if p.requires_grad]
        decayed = [p for p in trained if p.ndim > 1 or recipe.decayed == "all"]
        undecayed = [p for p in trained if p.ndim <= 1 and recipe.decayed != "all"]
        for members, decay in ((decayed, recipe.weight_decay), (undecayed, 0.0)):
            if members:
                groups.append({"params": members, "weight_decay": decay, "share": share})
    return groups


def optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """What an optimiser remembers of each parameter, by the number of the parameter and the name: `12.exp_avg`."""
    return {
        f"{number}.{name}": value
        for number, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state.get(parameter, {}).items()
        if isinstance(value, torch.Tensor)
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, state: Mapping[str, torch.Tensor]) -> None:
    """Give an optimiser of the same network what optimiser_state() has returned.

    What the optimiser has already keeps its place in memory. Tensors of the shape of their parameter get its memory layout too:
    fused optimisers go through both in the same order.
    """
    parameters = _parameters(optimiser)
    for name, value in state.items():
        number, _, what = name.partition(".")
        parameter = parameters[int(number)]
        own = optimiser.state[parameter].get(what)
        if own is not None:
            own.copy_(value)
            continue
        alike = value.shape == parameter.shape
        own = torch.empty_like(parameter, dtype=value.dtype).copy_(value) if alike else value.to(parameter.device)
        optimiser.state[parameter][what] = own.detach()


def _parameters(optimiser: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def schedule(recipe: Recipe, done: float, step: float) -> float:
    """The factor of the learning rate after the share `done` of the training; one step is the share `step`."""
    if done < recipe.warmup:
        return min(1.0, (done + step) / recipe.warmup)
    if recipe.schedule == "constant":
        return 1.0
    if recipe.schedule == "step":
        return 1.0 if done < 0.5 else 0.1 if done < 0.75 else 0.01
    return 0.5 * (1 + math.cos(math.pi * (done - recipe.warmup) / (1 - recipe.warmup)))


class Average:
    """A running mean of a network's weights and of the statistics of its norm layers (Polyak and Juditsky 1992).

    The decay grows to its full value, so that the first steps, made with an untrained head, lose their influence soon.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network, self.decay, self.steps = copy_of(network), decay, 0
        self.network.requires_grad_(False)

    def next_shares(self, count: int) -> list[float]:
        """The shares by which the mean moves towards the weights in the next `count` steps, which count as made."""
        numbers = range(self.steps + 1, self.steps + count + 1)
        self.steps += count
        return [1 - min(self.decay, (1 + number) / (10 + number)) for number in numbers]

    def update(self, network: nn.Module) -> None:
        """Update the mean with the weights after a step."""
        self.move(network, self.next_shares(1)[0])

    @torch.no_grad()
    def move(self, network: nn.Module, share: float | torch.Tensor) -> None:
        """Move the mean by this share of its distance towards the weights; a tensor () stays on its device."""
        means, weights = ([*n.parameters(), *n.buffers()] for n in (self.network, network))
        pairs = list(zip(means, weights, strict=True))
        moving = [(a, b) for a, b in pairs if a.is_floating_point()]
        if isinstance(share, float):
            torch._foreach_lerp_([a for a, _ in moving], [b for _, b in moving], share)
        else:
            for a, b in moving:
                a.lerp_(b, share)
        for a, b in pairs:
            if not a.is_floating_point():
                a.copy_(b)
