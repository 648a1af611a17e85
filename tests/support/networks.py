"""A small network and images for tests of measures that go through one."""

import numpy as np
import torch

from benchmark.networks.network import Network, Trained


def network(backbone="test_resnet", seed=0):
    """Random weights, in training mode, with batch norm statistics that matter and a gradient a user left."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = Network(backbone, Trained(), 3)
        for layer in made.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_var.uniform_(0.02, 0.1)
                layer.running_mean.normal_(0, 0.05)
                torch.nn.init.normal_(layer.weight, 1, 0.1)  # 0 at first, where a slope would stand on the bend of a relu
    made.head.weight.grad = torch.ones_like(made.head.weight)
    return made.train()


def pictures(count=24, classes=3, seed=0, size=32):
    """Images whose brightness and stripes follow their class: (images, labels)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = rng.uniform(0, 0.5, (count, 3, size, size)) + 0.03 * labels[:, None, None, None]
    images[:, 0, :: seed + 2] *= 0.5
    return torch.tensor(images, dtype=torch.float32), labels


def state(made):
    """Everything that a measure must leave as it was."""
    modes = [(name, layer.training) for name, layer in made.named_modules()]
    grads = [None if p.grad is None else p.grad.clone() for p in made.parameters()]
    return modes, grads, [p.requires_grad for p in made.parameters()], {k: v.clone() for k, v in made.state_dict().items()}


def same(before, after):
    assert before[0] == after[0]
    assert before[2] == after[2]
    for one, other in zip(before[1], after[1], strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)
    assert all(torch.equal(before[3][key], after[3][key]) for key in before[3])
    return True
