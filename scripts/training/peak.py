"""What a machine reaches in products of bf16 matrices, and how many operations a training step needs."""

import statistics
import time

import torch
from torch.utils.flop_counter import FlopCounterMode
from training.clock import finished
from training.task import Task, network_of

from benchmark.training.device_images import as_float, on_device

SIZES = (1024, 2048, 4096)  # of square matrices; the fastest one counts
SECONDS, ROUNDS = 0.5, 5


def matrix_peak(device: torch.device) -> float:
    """Operations per second of the fastest product of two bf16 matrices: a multiplication and an addition are two."""
    return max(statistics.median(_rate(size, device) for _ in range(ROUNDS)) for size in SIZES)


def _rate(size: int, device: torch.device) -> float:
    left, right = torch.randn(2, size, size, device=device, dtype=torch.bfloat16).unbind()
    torch.mm(left, right)
    count, begun = 0, time.perf_counter()
    with finished(device) as clock:
        while time.perf_counter() - begun < SECONDS:
            torch.mm(left, right)
            count += 1
    return 2 * size**3 * count / clock.seconds


def operations(what: Task) -> float:
    """Operations of forward and backward for one training image: three times those of the forward pass.

    They are torch's count of convolutions and matrix products. It counts gradients of grouped convolutions as those of whole
    ones, so that only the forward pass is counted.
    """
    network = network_of(what, 0).train()
    images = on_device(*(part[:4] for part in what.images["train"]), torch.device("cpu"))
    with torch.no_grad(), FlopCounterMode(display=False) as counted:
        network(as_float(images.pixels))
    return 3 * counted.get_total_flops() / 4
