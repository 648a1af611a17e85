"""Networks that have shapes and no numbers are those that are built with numbers."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.networks.network import Trained, build
from benchmark.networks.shapes import shapes_only


def shapes(model):
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


@pytest.mark.parametrize("backbone", ["test_vit", "test_resnet", "test_convnext"])
def test_the_weights_have_the_shapes_of_a_network_with_numbers(backbone):
    with shapes_only():
        made = build(backbone, Trained())
        out = made.eval()(torch.empty(2, 3, 32, 32))
    assert all(value.is_meta for value in made.state_dict().values())
    assert shapes(made) == shapes(build(backbone, Trained()))
    assert tuple(out.shape) == (2, made.num_features)


class Seen(TorchDispatchMode):
    """Notes the names of all operations."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_filling_costs_no_operation_and_other_operations_are_checked():
    with shapes_only():
        weights = torch.empty(3, 4)
        with Seen() as seen:
            assert torch.nn.init.trunc_normal_(weights).clamp_(min=-2, max=2) is weights
        assert seen.names == []
        with pytest.raises(RuntimeError, match="size|shape"):
            weights.add_(torch.empty(5))
        real = torch.zeros(3, device="cpu").add_(1)
    assert real.tolist() == [1, 1, 1]
