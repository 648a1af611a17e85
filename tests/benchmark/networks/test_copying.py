import copy

import pytest
import torch
from torch import nn

from benchmark.networks.copying import copy_of
from benchmark.networks.network import Network, Trained
from benchmark.specs.recipe import Recipe


@pytest.mark.parametrize("backbone", ["test_resnet", "test_efficientnet", "mobilenetv2_100"])
def test_a_copy_is_what_deepcopy_makes(backbone):
    network = Network(backbone, Trained(), 3, Recipe(dropout=0.5)).to(memory_format=torch.channels_last)
    network.head.requires_grad_(False)
    network.train()(torch.rand(2, 3, 64, 64))  # batch norm has statistics, and dropout has drawn
    made, expected = copy_of(network), copy.deepcopy(network)
    for mine, theirs in ((made.parameters(), expected.parameters()), (made.buffers(), expected.buffers())):
        for a, b in zip(mine, theirs, strict=True):
            assert torch.equal(a, b)
            assert (type(a), a.stride(), a.requires_grad) == (type(b), b.stride(), b.requires_grad)
    assert [rng.initial_seed() for rng in made.generators()] == [rng.initial_seed() for rng in expected.generators()]
    assert str(made) == str(expected)
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(made(images), expected(images))


def test_nothing_of_a_copy_is_the_original():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    network[2].weight = network[0].weight
    made = copy_of(network)
    assert made[2].weight is made[0].weight  # tied, as it was
    mine = {id(held) for part in made.modules() for held in vars(part).values() if isinstance(held, dict)}
    assert not mine & {id(held) for part in network.modules() for held in vars(part).values() if isinstance(held, dict)}
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = []
    made[0].register_forward_hook(lambda *_: seen.append(1))
    torch.optim.SGD(made.parameters(), lr=1.0).zero_grad()
    made(torch.rand(8, 4)).sum().backward()
    torch.optim.SGD(made.parameters(), lr=1.0).step()
    assert seen == [1]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(one.grad is None for one in network.parameters())
    network(torch.rand(8, 4))
    assert seen == [1]


def test_a_copy_leaves_what_torch_has_compiled_and_copies_layers_that_know_how_by_their_own_way():
    class Whole(nn.Sequential):
        def __deepcopy__(self, memo):
            return nn.Linear(copy.deepcopy(self[0], memo).weight.shape[1], 5)

    class Bare(nn.Linear):
        def __getstate__(self):
            return {**super().__getstate__(), "bias": None}

    network = nn.Sequential(nn.Linear(2, 2), Whole(nn.Linear(3, 4)), Bare(2, 2))
    network[0]._compiled_call_impl = abs  # as compile() leaves it
    made = copy_of(network)
    assert "_compiled_call_impl" not in vars(made[0])
    assert made[1].weight.shape == copy_of(network[1]).weight.shape == (5, 3)
    assert vars(made[2])["bias"] is None
