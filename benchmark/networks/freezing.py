"""What is trained of a network, and what rests; and how sentences name its backbone."""

from collections.abc import Iterable, Iterator

from torch import nn


def resting(module: nn.Module) -> Iterator[nn.Module]:
    """The largest parts of a module that have weights or statistics and of which nothing is trained."""
    parameters = list(module.parameters())
    if any(parameter.requires_grad for parameter in parameters):
        for child in module.children():
            yield from resting(child)
    elif parameters or any(True for _ in module.buffers()):
        yield module


def trained_parameters(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def weight_count(parameters: Iterable[nn.Parameter]) -> int:
    """The number of weights in some parameters."""
    return sum(parameter.numel() for parameter in parameters)


def name_of(backbone: nn.Module) -> str:
    """The name of a backbone for sentences."""
    return str(backbone.pretrained_cfg["architecture"])  # type: ignore[index]
