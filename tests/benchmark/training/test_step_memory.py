"""The memory of a step, against a count by hand."""

import gc
import weakref

import pytest
import torch
from torch import nn

from benchmark.specs.recipe import Recipe
from benchmark.training import train
from benchmark.training.protocols import protocol_of
from benchmark.training.step import Step
from benchmark.training.step_memory import Activations, step_bytes
from tests.support.stripes import network, stripes


def test_what_a_chain_of_layers_keeps_is_counted_by_hand():
    net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3, bias=False))
    counted = Activations(net)
    with counted.watched():
        net(torch.rand(4, 5)).sum()
    assert counted.bytes == 4 * (4 * 5 + 4 * 7)  # the input and the output of the ReLU; both layers keep these alone


def test_below_a_frozen_layer_nothing_is_kept():
    net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3, bias=False))
    net[0].requires_grad_(False)
    counted = Activations(net)
    with counted.watched():
        net(torch.rand(4, 5)).sum()
    assert counted.bytes == 4 * 4 * 7


def test_weights_gradients_and_state_are_counted_by_hand():
    net = nn.Linear(5, 7)
    net.bias.requires_grad_(False)
    optimiser = torch.optim.SGD([net.weight], lr=0.1, momentum=0.9)
    net(torch.rand(2, 5)).sum().backward()
    optimiser.step()
    assert step_bytes(net, optimiser, None, 1000) == 4 * (35 + 7 + 35 + 35) + 1000
    assert step_bytes(net, optimiser, nn.Linear(5, 7), 0) == 4 * (35 + 7 + 35 + 35 + 35 + 7)


def steps(protocol, **changes):
    recipe = Recipe(protocol=protocol, size=16, epochs=1, batch_size=16, precision="fp32", **changes)
    made = network(recipe)
    protocol_of(protocol).adapt(made, recipe, 0)
    return train.fit(made, stripes(32), stripes(16, seed=1), recipe, 0, "last_epoch").best()["step_memory_bytes"]


def test_fewer_trained_weights_need_less_memory():
    whole, lora, partial = steps("finetune"), steps("lora"), steps("partial")
    weights = sum(p.nbytes for p in network().parameters())
    assert weights < partial < whole
    assert weights < lora < whole


def test_watching_changes_no_number(monkeypatch):
    def made():
        recipe = Recipe(size=16, epochs=2, batch_size=16, precision="fp32")
        net = network(recipe)
        train.fit(net, stripes(32), stripes(16, seed=1), recipe, 0, "last_epoch")
        return net.state_dict()

    watched = made()
    monkeypatch.setattr(Activations, "bytes", 0, raising=False)
    monkeypatch.setattr(Activations, "__init__", lambda self, network: None)
    plain = made()
    assert all(torch.equal(watched[name], plain[name]) for name in watched)


def test_a_smaller_batch_is_counted_where_memory_does_not_suffice():
    recipe = Recipe(size=16, epochs=1, batch_size=16, precision="fp32")
    step = Step(network(recipe), recipe, 16)
    images, real, calls = stripes(16), step.forward, []

    def forward(given):
        calls.append(len(given))
        out = real(given)
        if len(given) > 8:
            raise RuntimeError("CUDA out of memory. DefaultCPUAllocator: can't allocate memory")
        return out

    step.forward = forward
    draws = train.draw_augmentation(recipe.augment, 16, torch.Generator().manual_seed(0))
    step(*images.batch(torch.arange(16)), draws, 1e-3)
    assert calls[0] == 16
    assert calls[1:] == [8, 8]
    small = Step(network(recipe), recipe, 8)
    small(*images.batch(torch.arange(8)), draws[:8], 1e-3)
    assert step.activations.bytes == small.activations.bytes + 8 * 8  # the labels of the other half lie in the same storage


def test_without_a_step_nothing_is_said():
    recipe = Recipe(size=16, epochs=0, precision="fp32")
    assert "step_memory_bytes" not in train.fit(network(recipe), stripes(8), stripes(8), recipe, 0).best()


NONLINEAR = (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.Softmax, nn.GELU)  # the first four keep their own output


@pytest.mark.slow
@pytest.mark.parametrize("layer", NONLINEAR)
def test_a_pass_that_fails_leaves_nothing_on_the_device(layer):
    net = nn.Sequential(nn.Linear(5, 7), layer() if layer is not nn.Softmax else layer(dim=1), nn.Linear(7, 3))
    seen = []
    for each in net:
        each.register_forward_hook(lambda _layer, _given, out: seen.append(weakref.ref(out)))

    def fail():
        with Activations(net).watched():
            net(torch.rand(4, 5))
            raise RuntimeError("CUDA out of memory")

    with pytest.raises(RuntimeError):
        fail()
    gc.collect()
    assert len(seen) == 3
    assert [each() for each in seen] == [None] * 3


@pytest.mark.slow
def test_a_batch_that_does_not_fit_is_gone_when_a_smaller_one_is_tried():
    recipe = Recipe(size=16, epochs=1, batch_size=16, precision="fp32")
    made = network(recipe)
    step = Step(made, recipe, 16)
    images, seen, alive = stripes(16), [], []

    def watch(_layer, _given, out):
        seen.append((len(out), weakref.ref(out)))

    for layer in made.modules():
        if isinstance(layer, nn.ReLU | nn.BatchNorm2d):
            layer.register_forward_hook(watch)
    real = step.forward

    def forward(given):
        if len(given) == 8:
            gc.collect()
            alive.append(sum(size == 16 and each() is not None for size, each in seen))
        out = real(given)
        if len(given) == 16:
            raise RuntimeError("CUDA out of memory. DefaultCPUAllocator: can't allocate memory")
        return out

    step.forward = forward
    draws = train.draw_augmentation(recipe.augment, 16, torch.Generator().manual_seed(0))
    step(*images.batch(torch.arange(16)), draws, 1e-3)
    assert sum(size == 16 for size, _ in seen) > 5
    assert alive == [0, 0]
