"""Rates, groups and running means by hand."""

import copy

import pytest
import torch
from torch import nn

from benchmark.specs.recipe import Recipe
from benchmark.training import evaluate, train
from benchmark.training.optimiser import Average, make_optimiser, schedule
from benchmark.training.step import Step
from tests.support.stripes import network, state, stripes


def test_the_rate_rises_then_falls_as_a_cosine():
    recipe = Recipe(warmup=0.1)
    assert schedule(recipe, 0.0, 0.01) == pytest.approx(0.1)
    assert schedule(recipe, 0.09, 0.01) == pytest.approx(1.0)
    assert schedule(recipe, 0.1, 0.01) == 1.0
    assert schedule(recipe, 0.55, 0.01) == pytest.approx(0.5)
    assert schedule(recipe, 1.0, 0.01) == pytest.approx(0.0)
    assert schedule(Recipe(warmup=0, schedule="constant"), 0.7, 0.01) == 1.0


def test_the_first_step_already_learns():
    assert schedule(Recipe(warmup=0.1), 0.0, 0.001) > 0


def test_the_rate_falls_to_a_tenth_after_a_half_and_again_after_three_quarters():
    recipe = Recipe(warmup=0.1, schedule="step")
    done = (0.0, 0.1, 0.49, 0.5, 0.74, 0.75, 0.99)
    assert [schedule(recipe, share, 0.01) for share in done] == pytest.approx([0.1, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01])


def test_a_training_takes_the_steps_of_its_schedule():
    recipe = Recipe(size=16, epochs=4, batch_size=16, lr=1e-3, warmup=0, schedule="step", precision="fp32")
    fit = train.fit(network(), stripes(32), stripes(8), recipe, 0)
    assert fit.curves["learning_rate"] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])


def test_biases_and_norm_layers_are_not_decayed():
    made = network()
    decayed, free = make_optimiser(made, Recipe(weight_decay=0.1)).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert {p.ndim for p in free["params"]} == {1}
    assert sum(len(g["params"]) for g in (decayed, free)) == len(list(made.parameters()))


@pytest.mark.parametrize("layer_decay", [1.0, 0.5])
def test_where_all_is_decayed_nothing_is_spared(layer_decay):
    made = network()
    groups = make_optimiser(made, Recipe(weight_decay=0.1, decayed="all", layer_decay=layer_decay)).param_groups
    assert {group["weight_decay"] for group in groups} == {0.1}
    assert {p.ndim for group in groups for p in group["params"]} > {1}


@pytest.mark.parametrize(("name", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_the_optimiser_is_the_one_that_is_named(name, kind):
    assert type(make_optimiser(network(), Recipe(optimiser=name))) is kind


def test_sgd_is_nesterovs_only_with_momentum():
    assert make_optimiser(network(), Recipe(optimiser="sgd", momentum=0.9)).param_groups[0]["nesterov"]
    assert not make_optimiser(network(), Recipe(optimiser="sgd", momentum=0.0)).param_groups[0]["nesterov"]


def one_value(recipe, steps):
    """A single weight, 1 at first, whose gradient is 2 and then 1, after so many steps."""
    made = network()
    for parameter in made.parameters():
        parameter.requires_grad_(False)
    weight = made.head.weight.requires_grad_()
    with torch.no_grad():
        weight.fill_(1)
    optimiser = make_optimiser(made, recipe)
    for gradient in (2.0, 1.0)[:steps]:
        weight.grad = torch.full_like(weight, gradient)
        optimiser.step()
    return float(weight.detach().flatten()[0])


def test_nesterov_by_hand():
    """The buffer is 2, then 0.9 * 2 + 1; a step goes along the gradient and 0.9 times the buffer."""
    recipe = Recipe(optimiser="sgd", lr=0.1, momentum=0.9, weight_decay=0)
    assert one_value(recipe, 1) == pytest.approx(1 - 0.1 * (2 + 0.9 * 2))
    assert one_value(recipe, 2) == pytest.approx(1 - 0.1 * (2 + 0.9 * 2) - 0.1 * (1 + 0.9 * 2.8))


def test_adam_adds_decay_to_the_gradient_and_adamw_takes_it_off_the_weight():
    """The first step of Adam is the sign of what it sees, whatever its size, so decay shows in AdamW alone."""
    adam, adamw = (one_value(Recipe(optimiser=name, lr=0.1, weight_decay=0.5), 1) for name in ("adam", "adamw"))
    assert adam == pytest.approx(1 - 0.1, abs=1e-6)
    assert adamw == pytest.approx(1 - 0.1 * 0.5 - 0.1, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_fused_steps_are_those_of_the_plain_loop(name):
    recipe = Recipe(optimiser=name, lr=0.01, weight_decay=0.1)
    fused = network()
    plain = copy.deepcopy(fused)
    optimisers = [make_optimiser(made, recipe) for made in (fused, plain)]
    for group in optimisers[1].param_groups:
        group["fused"], group["foreach"] = False, False
    rng = torch.Generator().manual_seed(0)
    for _ in range(3):
        for one, other in zip(fused.parameters(), plain.parameters(), strict=True):
            one.grad = torch.randn(one.shape, generator=rng)
            other.grad = one.grad.clone()
        for optimiser in optimisers:
            optimiser.step()
    for one, other in zip(fused.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    assert not torch.equal(fused.head.weight, network().head.weight)


def shares(made, recipe):
    """Name of each trained parameter → the factor of its rate; fails if a parameter is in no group or in two."""
    names = {id(parameter): name for name, parameter in made.named_parameters()}
    found = [(names[id(p)], group["share"]) for group in make_optimiser(made, recipe).param_groups for p in group["params"]]
    assert len(found) == len(dict(found))
    assert {name for name, _ in found} == {name for name, p in made.named_parameters() if p.requires_grad}
    return dict(found)


def test_every_layer_of_a_resnet_learns_half_as_fast_as_the_one_above_it():
    """timm takes each of layer1 to layer4 as one and the stem as the lowest."""
    found = shares(network(Recipe(hidden=(8,))), Recipe(layer_decay=0.5))
    layers = {"backbone.conv1": 0.5**5, "backbone.bn1": 0.5**5} | {f"backbone.layer{i}": 0.5 ** (5 - i) for i in range(1, 5)}
    layers |= {"dense": 1.0, "head": 1.0}
    for layer, share in layers.items():
        got = [value for name, value in found.items() if name.startswith(f"{layer}.")]
        assert got, layer
        assert got == pytest.approx([share] * len(got)), layer
    assert min(found.values()) == pytest.approx(0.5**5)


def test_the_rate_of_a_step_is_multiplied_by_the_share_of_the_layer():
    made = network()
    recipe = Recipe(size=16, layer_decay=0.5, optimiser="sgd", precision="fp32")
    step = Step(made, recipe, 8)
    images = stripes(8)
    step(*images.batch(torch.arange(8)), train.draw_augmentation(recipe.augment, 8, torch.Generator()), 0.25)
    rates = {group["lr"] for group in step.optimiser.param_groups}
    assert rates == {0.25 * share for share in shares(made, recipe).values()}
    assert max(rates) == 0.25


def test_without_layer_decay_all_learn_alike():
    assert set(shares(network(), Recipe()).values()) == {1.0}


def test_of_a_frozen_network_what_follows_the_backbone_is_in_the_groups_alone():
    recipe = Recipe(trained="head", hidden=(8,), layer_decay=0.5)
    assert shares(network(recipe), recipe).keys() == {"dense.0.1.weight", "dense.0.1.bias", "head.weight", "head.bias"}


class Tiny(nn.Module):
    """One weight, one statistic, one counter."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("statistic", torch.zeros(1))
        self.register_buffer("counter", torch.zeros(1, dtype=torch.int64))


def test_a_running_mean_by_hand():
    """The decay is 2 / 11, 3 / 12, ... until it has grown to its full value, here 0.2."""
    followed = Tiny()
    average = Average(followed, 0.2)
    with torch.no_grad():
        followed.weight.fill_(11.0)
        followed.statistic.fill_(22.0)
        followed.counter.fill_(7)
    average.update(followed)
    assert average.network.weight.item() == pytest.approx(9 / 11 * 11)
    assert average.network.statistic.item() == pytest.approx(9 / 11 * 22)
    assert average.network.counter.item() == 7
    average.update(followed)
    assert average.network.weight.item() == pytest.approx(0.2 * 9 + 0.8 * 11)  # 3 / 12 would be more than 0.2
    assert followed.weight.item() == 11.0
    assert not average.network.weight.requires_grad


RECIPE = Recipe(size=16, epochs=3, batch_size=16, lr=3e-3, precision="fp32")


def test_with_a_running_mean_the_network_that_was_validated_is_the_one_that_is_kept():
    made, plain = network(), network()
    fit = train.fit(made, stripes(64), stripes(32, seed=1), RECIPE.model_copy(update={"ema": 0.9}), 0)
    without = train.fit(plain, stripes(64), stripes(32, seed=1), RECIPE, 0)
    assert fit.curves["train_loss"] == without.curves["train_loss"]  # the trained network is not changed by it
    assert fit.curves["val_loss"] != without.curves["val_loss"]
    val = stripes(32, seed=1)
    loss, auc = evaluate.loss_and_auc(evaluate.predict(made, val, torch.float32), val.labels)
    assert loss == pytest.approx(fit.curves["val_loss"][fit.best_epoch])
    assert auc == pytest.approx(fit.curves["val_auc"][fit.best_epoch])
    assert not torch.equal(made.head.weight, plain.head.weight)


def test_a_running_mean_over_a_training_is_that_of_the_weights_after_each_step(monkeypatch):
    seen, real = [], Average.update
    monkeypatch.setattr(Average, "update", lambda self, made: (seen.append(state(made)), real(self, made))[1])
    made, recipe = network(), RECIPE.model_copy(update={"ema": 0.5, "epochs": 1})
    expected = state(made)["head.weight"]
    train.fit(made, stripes(64), stripes(8), recipe, 0, "last_epoch")
    assert len(seen) == 4
    for number, weights in enumerate(seen, 1):
        decay = min(0.5, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * weights["head.weight"]
    torch.testing.assert_close(made.head.weight.detach(), expected)
    assert torch.equal(made.backbone.bn1.num_batches_tracked, seen[-1]["backbone.bn1.num_batches_tracked"])
