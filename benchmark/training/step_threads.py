"""The number of threads for a training: small networks train on one.

The threads of a small network mostly wait for each other. On two idle cores `test_resnet` at 32 pixels trained 1.07 times as
fast with two threads as with one and took 1.5 times its CPU seconds, which are energy; beside other work it took 2.7 times its
CPU seconds and more time as well. The choice depends on the network and the images alone, so that it is equal on all machines.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmark.networks.network import Network
from benchmark.training.device_images import Images, as_float

# Floating-point operations of the forward pass of a step. With fewer, a second thread made steps at most 1.3 times as fast;
# measured with ResNets, a MobileNet and a ViT of 28 to 128 pixels on two cores.
SMALL = 3e8


def step_threads(network: Network, images: Images, batch: int) -> int:
    """The number of threads for steps of `batch` images; that of torch on a GPU, or if the user has set OMP_NUM_THREADS."""
    threads = torch.get_num_threads()
    if threads == 1 or images.device.type != "cpu" or os.environ.get("OMP_NUM_THREADS"):
        return threads
    return 1 if batch * forward_operations(network, images) < SMALL else threads


def forward_operations(network: Network, images: Images) -> int:
    """The floating-point operations of a forward pass of one image, without those of layers that are not matrix products."""
    training = network.training
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(as_float(images.pixels[:1]))
    network.train(training)
    return int(counter.get_total_flops())


@contextmanager
def limited_to(threads: int) -> Iterator[None]:
    """Let torch use so many threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
