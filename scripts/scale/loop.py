"""`python -m scale.loop SECONDS`: a bare training loop on one thread; prints when it is ready, waits for a line, and tells its
steps per second."""

import sys
import time

import torch
from torch.nn import functional as F

from benchmark.machine.timm_import import timm


def main(seconds: float) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = timm.create_model("resnet18", num_classes=2)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    images, labels = torch.randn(32, 3, 32, 32), torch.arange(32) % 2
    count, start, begun = -2, 0.0, False
    while not begun or time.perf_counter() - start < seconds:
        if count == 0 and not begun:  # it is warm
            print("ready", flush=True)
            sys.stdin.readline()
            start, begun = time.perf_counter(), True
        optimiser.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimiser.step()
        count += 1
    print(count / (time.perf_counter() - start))


if __name__ == "__main__":
    main(float(sys.argv[1]))
