"""bf16 and what makes a network fast change its numbers by rounding alone."""

import copy
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from benchmark.networks.fast_convolution import Fp32Conv2d, MatmulConv2d, SinglePixelConv2d, optimise_for_device, suits_matmul
from benchmark.networks.network import Network, Trained
from benchmark.networks.precision import autocast, precision
from benchmark.specs.recipe import Recipe
from benchmark.training import evaluate, train
from results.error import CatsError
from tests.support.stripes import CPU, network, stripes


@pytest.mark.parametrize("able", ["_is_amx_tile_supported", "_is_avx512_bf16_supported"])
def test_small_images_stay_in_fp32_on_a_cpu_unless_the_stem_leaves_them_large(monkeypatch, able):
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda name=name: name == able)
    small = Network("resnet18", Trained(), 2, Recipe(stem="small"))
    assert precision(network(), Recipe(size=28)) is torch.float32
    assert precision(small, Recipe(size=28)) is torch.bfloat16
    assert precision(network(), Recipe(size=64)) is torch.bfloat16
    assert precision(network(), Recipe(size=28, precision="bf16")) is torch.bfloat16
    assert precision(network(), Recipe(size=64, precision="fp32")) is torch.float32
    monkeypatch.setattr(torch.cpu, able, lambda: False)
    assert precision(network(), Recipe(size=64)) is torch.float32


@pytest.mark.parametrize(("generations", "expected"), [((7, 8), torch.bfloat16), ((9, 7), torch.float32)])
def test_a_gpu_has_bf16_if_it_is_the_one_of_the_network_and_need_not_emulate_it(monkeypatch, generations, expected):
    """Two cards, of which the network lies on the second; torch can emulate bf16 on any. There need be no card here."""
    current = [0]
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "_check_bf16_tensor_supported", lambda device: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: current[0])
    for name in ("_exchange_device", "_maybe_exchange_device"):
        monkeypatch.setattr(torch.cuda, name, lambda to: (current[0], current.__setitem__(0, to))[0])
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda card: SimpleNamespace(major=generations[card]))
    there = SimpleNamespace(head=SimpleNamespace(weight=SimpleNamespace(device=torch.device("cuda:1"))))
    assert precision(there, Recipe()) is expected
    assert current == [0]


def test_bf16_on_a_gpu_that_has_none_is_one_sentence(monkeypatch):
    """There need be no card here."""
    monkeypatch.setattr(torch.cuda, "device", lambda place: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation: including_emulation)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda place: "Tesla T4")
    there = SimpleNamespace(head=SimpleNamespace(weight=SimpleNamespace(device=torch.device("cuda"))))
    assert precision(there, Recipe(precision="fp32")) is precision(there, Recipe()) is torch.float32
    with pytest.raises(CatsError, match="precision: bf16, but Tesla T4 does not compute in bf16; write auto or fp32"):
        precision(there, Recipe(precision="bf16"))


@pytest.mark.parametrize(
    ("place", "precise", "rounded"),
    [("cuda", torch.float32, False), ("cuda", torch.bfloat16, True), ("cpu", torch.float32, True)],
)
def test_fp32_on_a_gpu_is_fp32_in_convolutions_too(monkeypatch, place, precise, rounded):
    """Also after the forward pass. There need be no GPU here."""
    monkeypatch.setattr(torch, "autocast", lambda *kind, **more: nullcontext())
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with autocast(torch.device(place), precise):
        pass
    assert torch.backends.cudnn.allow_tf32 is rounded


def test_bf16_gives_nearly_the_same_predictions():
    made, images = network(), stripes(32)
    exact, rough = (
        evaluate.to_probabilities(evaluate.predict(made, images, p), multilabel=False) for p in (torch.float32, torch.bfloat16)
    )
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(exact, rough, atol=0.02)


@pytest.mark.slow
def test_auc_of_bf16_is_within_a_hundredth_of_that_of_fp32_over_ten_seeds():
    """Hard pictures, so that AUC has room to either side. Each network predicts in the precision of its training.

    The 95 % interval of the mean difference must lie within a margin. It need not contain 0, because with an interval so narrow
    that depends on the rounding of the processor.
    """
    parts = [stripes(count, seed, side=32, bright=10) for seed, count in enumerate((96, 32, 400))]
    aucs = []
    for word in ("fp32", "bf16"):
        recipe = Recipe(size=32, epochs=4, batch_size=32, precision=word)
        for seed in range(10):
            made = network(seed=seed)
            train.fit(made, parts[0], parts[1], recipe, seed)
            logits = evaluate.predict(made, parts[2], precision(made, recipe))
            aucs.append(evaluate.loss_and_auc(logits, parts[2].labels)[1])
    apart = np.subtract(aucs[10:], aucs[:10])
    assert 0 < np.abs(apart).mean() < 0.01
    half = stats.t.ppf(0.975, 9) * apart.std(ddof=1) / np.sqrt(10)
    assert abs(apart.mean()) + half < 0.01


@pytest.fixture(params=[{}, {"pad_type": "same"}], ids=["plain", "same"])
def twins(request):
    """A MobileNetV2, optimised for the device and unchanged, whose norm layers keep their statistics.

    With those of 16 images of 32 pixels its gradient is so ill-conditioned that any change of order shows in it.
    """
    torch.manual_seed(0)
    made = Network("mobilenetv2_035", Trained(arguments=request.param), 2)
    untouched = copy.deepcopy(made)
    optimise_for_device(made)
    for one in (made, untouched):
        one.train()
        for layer in one.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
    return made, untouched


def answer(made, precise):
    """Logits and the gradient of all weights, for the same 16 images, in float64."""
    images = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(1)).to(made.head.weight.dtype)
    made.zero_grad()
    with autocast(CPU, precise):
        logits = made(images)
    F.cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)), torch.arange(16) % 2).backward()
    return logits.detach().double(), torch.cat([p.grad.flatten().double() for p in made.parameters()])


def apart(one, other):
    return float((one - other).norm() / other.norm())


def test_a_quickened_network_computes_what_it_did_before(twins):
    for one, other in zip(*(answer(made, torch.float32) for made in twins), strict=True):
        assert apart(one, other) < 1e-5


def test_in_bf16_a_quickened_network_is_as_near_to_the_truth_as_an_untouched_one(twins):
    truth = answer(copy.deepcopy(twins[1]).double(), torch.float32)
    quick, plain = (answer(made, torch.bfloat16) for made in twins)
    for one, other, exact in zip(quick, plain, truth, strict=True):
        assert apart(one, exact) < 1.5 * apart(other, exact)
    assert 1e-3 < apart(quick[0], truth[0]) < 0.1  # it was bf16


def test_a_quickened_network_predicts_what_it_did_before(twins):
    images = stripes(8, side=32)
    quick, plain = (evaluate.predict(made, images, torch.float32) for made in twins)
    torch.testing.assert_close(quick, plain, rtol=1e-4, atol=1e-5)


def test_depthwise_convolutions_of_a_training_in_bf16_are_computed_in_fp32(twins):
    seen = {}
    for name, layer in twins[0].named_modules():
        if isinstance(layer, Fp32Conv2d):
            layer.register_forward_hook(lambda layer, given, made, name=name: seen.update({name: (given[0], made)}))
    with autocast(CPU, torch.bfloat16):
        twins[0](torch.rand(2, 3, 32, 32))
    assert len(seen) == 17
    for name, (given, made) in seen.items():
        layer = copy.deepcopy(twins[1].get_submodule(name))
        assert made.dtype == torch.bfloat16
        torch.testing.assert_close(made, layer(given.float()).to(torch.bfloat16))


def test_names_weights_and_copies_of_a_quickened_network_are_as_they_were(twins):
    made, untouched = twins
    assert made.state_dict().keys() == untouched.state_dict().keys()
    untouched.load_state_dict(made.state_dict())
    copied = copy.deepcopy(made)
    assert [type(layer) for layer in copied.modules()] == [type(layer) for layer in made.modules()]
    assert torch.equal(answer(copied, torch.float32)[0], answer(made, torch.float32)[0])
    assert isinstance(made.backbone.blocks[0][0].conv_dw, type(untouched.backbone.blocks[0][0].conv_dw))


@pytest.mark.slow
def test_what_is_quick_already_stays_as_it_is(twins):
    made = twins[0]
    kinds = [type(layer) for layer in made.modules()]
    optimise_for_device(made)
    assert [type(layer) for layer in made.modules()] == kinds
    assert sum(issubclass(kind, Fp32Conv2d) for kind in kinds) == 17


def test_a_quickened_network_has_its_channels_last_and_no_activation_in_place(twins):
    made = twins[0]
    assert made.backbone.conv_stem.weight.is_contiguous(memory_format=torch.channels_last)
    assert not any(layer.inplace for layer in made.modules() if isinstance(layer, nn.ReLU6))


KINDS = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": 3, "padding": 1, "stride": 2, "bias": True},
    {"kernel_size": (1, 3), "padding": (0, 1), "stride": (2, 1)},
    {"kernel_size": (3, 2), "padding": (2, 0)},
    {"kernel_size": 2},
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("side", [2, 3, 4, 6])
def test_a_deep_convolution_and_its_gradients_are_those_of_the_library(kind, side):
    torch.manual_seed(side)
    plain = nn.Conv2d(6, 5, **{"bias": False, **kind}).double().to(memory_format=torch.channels_last)
    quick = copy.deepcopy(plain)
    quick.__class__ = MatmulConv2d
    given = torch.rand(3, 6, side, side, dtype=torch.float64).to(memory_format=torch.channels_last)
    found = []
    for layer in (plain, quick):
        features = given.clone().requires_grad_()
        made = layer(features)
        made.square().sum().backward()
        found.append([made, features.grad, *(p.grad for p in layer.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_the_library_keeps_the_convolutions_of_large_maps(monkeypatch):
    layer, large, few = MatmulConv2d(2, 2, 3, padding=1), torch.rand(1, 2, 5, 4), torch.rand(1, 2, 4, 4)
    exact = nn.Conv2d.forward(layer, few)
    monkeypatch.setattr(nn.Conv2d, "forward", lambda layer, given: given + 7)
    assert torch.equal(layer(large), large + 7)
    torch.testing.assert_close(layer(few), exact)


@pytest.mark.parametrize(
    "odd", [{"groups": 2}, {"dilation": 2}, {"padding": "same"}, {"padding_mode": "reflect"}, {"kernel_size": 1}]
)
def test_only_plain_convolutions_of_many_channels_are_made_deep(odd):
    plain = {"in_channels": 256, "out_channels": 256, "kernel_size": 3}
    assert suits_matmul(nn.Conv2d(**plain))
    assert not suits_matmul(nn.Conv2d(**plain | {"in_channels": 128}))
    assert not suits_matmul(nn.Conv2d(**plain | odd))


def test_weights_that_a_single_pixel_never_meets_have_no_gradient_in_bf16():
    """The library leaves memory that was never written in their place, which may hold NaN."""
    layer = nn.Conv2d(64, 128, 3, stride=2, padding=1, bias=False).to(memory_format=torch.channels_last)
    layer.__class__ = SinglePixelConv2d
    plain, given = copy.deepcopy(layer).double(), torch.randn(8, 64, 1, 1)
    plain.__class__ = nn.Conv2d
    expected = torch.autograd.grad(plain(given.double()).sum(), plain.weight)[0]
    for _ in range(5):
        torch.full((4, 128, 64, 3, 3), float("nan"))  # leaves NaN in the memory that comes next
        with autocast(CPU, torch.bfloat16):
            made = layer(given)
        (gradient,) = torch.autograd.grad(made.float().sum(), layer.weight)
        torch.testing.assert_close(gradient.double(), expected, rtol=0.02, atol=0.05)


def test_layers_of_a_quickened_network_take_single_pixels_where_they_have_a_stride():
    made = Network("resnet10t", Trained(), 2)
    optimise_for_device(made)
    found = [name for name, layer in made.backbone.named_modules() if isinstance(layer, SinglePixelConv2d)]
    assert found == ["conv1.0", "layer2.0.conv1", "layer3.0.conv1"]


@pytest.mark.slow
def test_the_last_stages_of_a_quickened_resnet_are_deep_and_it_computes_what_it_did():
    torch.manual_seed(0)
    made = Network("resnet18", Trained(), 2)
    untouched = copy.deepcopy(made)
    optimise_for_device(made)
    assert [name for name, layer in made.named_modules() if isinstance(layer, MatmulConv2d)] == [
        f"backbone.{place}" for place in (
            "layer3.0.conv2", "layer3.1.conv1", "layer3.1.conv2",
            "layer4.0.conv1", "layer4.0.conv2", "layer4.1.conv1", "layer4.1.conv2",
        )
    ]  # fmt: skip
    made.eval(), untouched.eval()
    for one, other in zip(answer(made, torch.float32), answer(untouched, torch.float32), strict=True):
        assert apart(one, other) < 1e-5
