"""A network whose training steps go through torch.compile."""

import logging

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException

from benchmark.network import Network

log = logging.getLogger(__name__)
BACKEND = "inductor"


class Graph:
    """What a step calls instead of the network: the same, with the backbone compiled for batches of `size` images.

    Other batches, as where memory is short, go through the network as it is: each shape would be compiled anew. If torch cannot
    compile it after all, `network.compiled` becomes false and all of them do.
    """

    def __init__(self, network: Network, size: int) -> None:
        self.network, self.size = network, size
        self.backbone = torch.compile(network.backbone, dynamic=False, backend=BACKEND)

    def __call__(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) → (N, classes), with gradients."""
        if self.network.compiled and len(images) == self.size:
            try:
                return self.network.classified(self.network.through(self.backbone, images))
            except TorchDynamoException as error:
                log.warning(
                    "torch.compile fails here, the backbone is used as it is: %s", str(error).strip().partition("\n")[0]
                )
                self.network.compiled = False
        return self.network.forward(images)
