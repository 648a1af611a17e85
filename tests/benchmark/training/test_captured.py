"""Steps that find everything on the device are single steps, and what a CUDA graph cannot hold is made step by step."""

from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import captured, validation
from benchmark.training.augment import draw_augmentation
from benchmark.training.captured import StepsOnDevice
from benchmark.training.device_images import Images, batches
from benchmark.training.optimiser import Average
from benchmark.training.step import Step, one_by_one
from benchmark.training.train import fit
from tests.support.stripes import network, state, stripes

AUGMENT = Augment(flip=0.5, rotate=10, contrast=0.2, cutout=0.2, mixup=0.4)
RECIPES = {
    "sgd": Recipe(size=16, optimiser="sgd", momentum=0.9, precision="fp32", augment=AUGMENT, layer_decay=0.7),
    "adamw": Recipe(size=16, optimiser="adamw", precision="fp32", ema=0.9, dropout=0.3, hidden=[8], label_smoothing=0.1),
    "plain": Recipe(size=16, optimiser="adam", precision="fp32", augment=Augment(flip=0)),
}
STEPS, SIZE = 3, 8


def epochs(name, seed, make, device="cpu"):
    """Two epochs of steps made by `make`: losses and state of network and running mean."""
    recipe, here = RECIPES[name], stripes(STEPS * SIZE, seed=seed)
    torch.manual_seed(seed)
    made = network(recipe).to(device).train()
    made.seed_dropout(seed)
    images = Images(here.pixels.to(device), here.labels.to(device))
    step, average = Step(made, recipe, SIZE), Average(made, recipe.ema) if recipe.ema else None
    steps, rng, losses = make(step, average, images), torch.Generator().manual_seed(seed), []
    for epoch in range(2):
        order, draws = torch.randperm(STEPS * SIZE, generator=rng), draw_augmentation(recipe.augment, STEPS * SIZE, rng)
        losses += steps(order, draws.to(device), [0.02 / (epoch * STEPS + number + 1) for number in range(STEPS)]).tolist()
    return losses, state(made), {} if average is None else state(average.network)


def plainly(step, average, images):
    return lambda order, draws, rates: one_by_one(step, average, batches(images, order, SIZE), draws, rates)


def on_device(step, average, images):
    return partial(StepsOnDevice(step, average, images, SIZE).epoch, replayed=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("seed", range(3))
def test_steps_on_the_device_are_single_steps(name, seed):
    one, other = epochs(name, seed, plainly), epochs(name, seed, on_device)
    assert other[0] == pytest.approx(one[0], rel=1e-5)
    for mine, theirs in zip(one[1:], other[1:], strict=True):
        assert mine.keys() == theirs.keys()
        for key, value in mine.items():
            torch.testing.assert_close(theirs[key], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("augment", [AUGMENT, Augment(flip=0)], ids=["augmented", "plain"])
def test_every_epoch_finds_its_numbers_in_the_memory_of_the_first(augment):
    """A graph reads the memory that it was recorded with."""
    recipe, images = RECIPES["adamw"].model_copy(update={"augment": augment}), stripes(STEPS * SIZE)
    made = network(recipe).train()
    steps, places = StepsOnDevice(Step(made, recipe, SIZE), Average(made, 0.9), images, SIZE), []
    for seed in range(2):
        draws = draw_augmentation(augment, STEPS * SIZE, torch.Generator().manual_seed(seed))
        steps.epoch(torch.arange(STEPS * SIZE), draws, [0.1] * STEPS, replayed=False)
        places.append([each.data_ptr() for each in (*steps.given, steps.number, steps.losses, *steps.rates)])
    assert places[0] == places[1]


class Refused:
    """A graph that holds nothing; there is no GPU here."""

    def capture_begin(self, pool, capture_error_mode):
        assert capture_error_mode == "thread_local"

    def capture_end(self):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")


@pytest.mark.parametrize("name", RECIPES)
def test_what_no_graph_can_hold_is_made_step_by_step_and_says_why(monkeypatch, caplog, name):
    caplog.set_level("INFO")
    expected = epochs(name, 0, on_device)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Refused)
    for function in ("Stream", "current_stream"):
        monkeypatch.setattr(torch.cuda, function, lambda *rest, **how: SimpleNamespace(wait_stream=lambda other: None))
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    tried = []

    def refused(step, average, images):
        steps = StepsOnDevice(step, average, images, SIZE)
        steps._one, real = lambda gradients: real(gradients) if gradients == step.gradients else tried.append(1), steps._one
        return lambda *rest: (steps.epoch(*rest, replayed=bool(tried) or len(steps.given) > 0), told.append(steps.refused))[0]

    told = []
    found = epochs(name, 0, refused)
    assert told == ["", "operation not permitted when stream is capturing"]
    assert tried == [1]
    assert caplog.messages == [f"training goes on without a CUDA graph: {told[1]}"]
    assert found[0] == expected[0]
    for one, other in zip(found[1:], expected[1:], strict=True):
        assert all(torch.equal(value, other[key]) for key, value in one.items())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("name", RECIPES)
def test_a_graph_trains_as_single_steps_do(name):
    """One epoch by single steps, then epochs by a graph, beside a training that may have none."""
    found = []
    for graph in (True, False):
        recipe = RECIPES[name].model_copy(update={"epochs": 4, "batch_size": SIZE})
        made, images = network(recipe).to("cuda"), [stripes(24, seed=seed) for seed in (0, 1)]
        there = [Images(each.pixels.cuda(), each.labels.cuda()) for each in images]
        with pytest.MonkeyPatch.context() as patch:
            if not graph:
                for module in (captured, validation):
                    patch.setattr(module, "recorded", lambda work, device: (None, "no"))
            made_fit = fit(made, *there, recipe, 0, "last_epoch")
        assert made_fit.cuda_graph == ("yes" if graph else "no")
        found.append((made_fit.curves, {key: value.cpu() for key, value in state(made).items()}))
    for curve, values in found[0][0].items():
        assert values == pytest.approx(found[1][0][curve], rel=1e-3)
    for key, value in found[0][1].items():
        torch.testing.assert_close(value, found[1][1][key], rtol=1e-2, atol=1e-3)
