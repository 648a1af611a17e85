"""The logits of the validation images after each epoch: on a GPU one CUDA graph from the second epoch on."""

import logging

import torch
from torch import Tensor

from benchmark.networks.network import Network
from benchmark.training.device_images import Images
from benchmark.training.evaluate import evaluation_batch, predict
from benchmark.training.graph import recorded, replays

log = logging.getLogger(__name__)
BATCHES = 32  # in a graph, at most; a GPU has enough to do with more of them, and a graph needs memory for all


class Validation:
    """Validates one network by the same images again and again. Images and network must keep their places in memory."""

    def __init__(self, network: Network, images: Images, precise: torch.dtype) -> None:
        self.network, self.images, self.precise = network, images, precise
        here, few = images.pixels.device == images.device, len(images) <= BATCHES * evaluation_batch(images.pixels)
        self.able, self.warm = replays(images.device) and here and few, False
        self.graph: torch.cuda.CUDAGraph | None = None
        self.logits: Tensor | None = None

    def __call__(self) -> Tensor:
        """Logits (N, C) float32; they are overwritten by the next call."""
        self.network.eval()
        if self.able and self.warm and self.graph is None:
            self.graph, why = recorded(self._predict, self.images.device)
            self.able = self.graph is not None
            if why:
                log.info("validation goes on without a CUDA graph: %s", why)
        self.warm = True
        if self.graph is None:
            self._predict()
        else:
            self.graph.replay()
        assert self.logits is not None
        return self.logits

    def _predict(self) -> None:
        self.logits = predict(self.network, self.images, self.precise)
