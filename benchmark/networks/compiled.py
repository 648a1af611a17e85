"""A network whose training steps go through torch.compile."""

import torch
from torch import Tensor

from benchmark.networks.network import Network

BACKEND = "inductor"


class Graph:
    """What a step calls instead of the network: the same, with the backbone compiled for batches of `size` images.

    Other batches, as where memory is short, go through the network as it is, since each shape would be compiled anew; so do all
    when `network.compiled` is set to false.
    """

    def __init__(self, network: Network, size: int) -> None:
        self.network, self.size = network, size
        self.backbone = torch.compile(network.backbone, dynamic=False, backend=BACKEND)

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes), with gradients. Raises RuntimeError if torch cannot compile the backbone."""
        if self.network.compiled and len(images) == self.size:
            return self.network.classified(self.network.through(self.backbone, images))
        return self.network.forward(images)
