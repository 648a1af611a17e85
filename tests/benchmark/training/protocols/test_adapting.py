"""Trainings that move a part of a network: what moves, what rests, what the record says, and that the network can be kept."""

import numpy as np
import pytest
import torch

from benchmark.execution.execute import make_cell
from benchmark.execution.network_store import stored_network
from benchmark.machine.meter import Stopwatch
from benchmark.models.remake import network_of_cell
from benchmark.networks.freezing import trained_parameters, weight_count
from benchmark.networks.parts import biases, last_blocks, norms
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Augment, Recipe
from benchmark.training import train
from benchmark.training.protocols import protocol_of
from benchmark.training.protocols.probe import fit_probe
from benchmark.training.step import Step
from tests.support.plans import cells_of
from tests.support.stripes import network, state, stripes

PARTS = {"partial": lambda backbone: last_blocks(backbone, 2), "bitfit": biases, "norms": norms}
FROZEN = ("probe", "prototype")
KEPT = ("lora", "partial", "bitfit", "norms", *FROZEN)


def recipe_of(protocol, **changes):
    own = {"partial": {"blocks": 2}, "lora": {"rank": 2}}.get(protocol, {})
    given = {"size": 16, "epochs": 2, "batch_size": 16, "lr": 3e-3, "precision": "fp32", **own}
    return Recipe(protocol=protocol, augment=Augment(flip=0.5), **{**given, **changes})


def trained(protocol, **changes):
    """(weights before, network after, its fit)."""
    recipe = recipe_of(protocol, **changes)
    made = network(recipe)
    for layer in made.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(layer.weight, 1, 0.1)  # 0 at first in some, below which nothing would move
    before = state(made)
    protocol_of(protocol).adapt(made, recipe, 0)
    fit = train.fit(made, stripes(64), stripes(32, seed=1), recipe, 0, "last_epoch")
    protocol_of(protocol).finish(made)
    return before, made, fit


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PARTS)
@pytest.mark.parametrize(
    "changes", [{}, {"ema": 0.5}, {"layer_decay": 0.7}, {"optimiser": "sgd", "weight_decay": 0.1}], ids=str
)
def test_exactly_the_parts_of_the_protocol_move(protocol, changes):
    before, made, _ = trained(protocol, **changes)
    parameters = {name for name, _ in made.named_parameters()}
    moved = {name for name in parameters if not torch.equal(made.state_dict()[name], before[name])}
    assert moved == {f"backbone.{name}" for name in PARTS[protocol](made.backbone)} | {"head.weight", "head.bias"}


def test_statistics_of_frozen_norm_layers_rest_and_those_of_trained_ones_move():
    before, made, _ = trained("partial")
    moved = {name for name, value in made.state_dict().items() if "running" in name and not torch.equal(value, before[name])}
    assert moved
    assert {name.split(".")[1] for name in moved} == {"layer3", "layer4"}


@pytest.mark.parametrize("changes", [{}, {"ema": 0.5}, {"layer_decay": 0.7}, {"adapted": "all", "rank": 1}], ids=str)
def test_lora_moves_each_adapted_weight_by_its_rank_and_nothing_else(changes):
    before, made, _ = trained("lora", **changes)
    after = made.state_dict()
    assert after.keys() == before.keys()
    rank = changes.get("rank", 2)
    for name, value in after.items():
        if name.startswith("backbone.") and value.ndim == 4:
            values = torch.linalg.svdvals((value - before[name]).double().flatten(1))
            assert values[0] > 0
            assert (values[rank:] < 1e-3 * values[0]).all()
        elif name.startswith("backbone."):
            assert torch.equal(value, before[name])
        else:
            assert not torch.equal(value, before[name])


@pytest.mark.slow
def test_lora_learns_what_is_easy():
    assert max(trained("lora", epochs=4)[2].curves["val_auc"]) > 0.9


@pytest.mark.parametrize("protocol", ["lora", *PARTS])
def test_the_optimiser_keeps_state_of_trained_parameters_alone(protocol):
    recipe = recipe_of(protocol)
    made = network(recipe)
    protocol_of(protocol).adapt(made, recipe, 0)
    step = Step(made, recipe, 16)
    given = {id(parameter) for group in step.optimiser.param_groups for parameter in group["params"]}
    assert given == {id(parameter) for parameter in trained_parameters(made)}


def cell_of(protocol, **changes):
    plan = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 1}
    recipe = {"protocol": protocol, "size": 16, "epochs": 1, "batch_size": 16, "precision": "fp32", **changes}
    return next(cells_of(Plan(**plan, recipe=recipe, subsample={"train": 60, "val": 30})))


@pytest.mark.parametrize(
    ("protocol", "changes", "expected"),
    [
        ("finetune", {}, lambda whole, features: whole),
        ("finetune", {"trained": "head"}, lambda whole, features: 2 * features + 2),
        ("probe", {}, lambda whole, features: 2 * features + 2),
        ("prototype", {}, lambda whole, features: 0),  # class means, although the network that is kept has a head
        ("knn", {"k": [1]}, lambda whole, features: 0),
    ],
)
def test_the_record_says_how_many_weights_there_are_and_how_many_were_trained(protocol, changes, expected):
    made = network()
    whole, features = weight_count(made.parameters()), made.head.in_features
    found = make_cell(cell_of(protocol, **changes), "e", Stopwatch("NLD", "cpu")).record.validation
    assert found["parameters"] == (whole if protocol != "knn" else whole - 2 * features - 2)
    assert found["trained_parameters"] == expected(whole, features)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", KEPT)
def test_a_kept_network_is_that_of_the_record_and_so_is_one_that_is_made_again(protocol):
    cell = cell_of(protocol)
    outcome = make_cell(cell, "e", Stopwatch("NLD", "cpu"), keep=True)
    assert outcome.record.reason is None
    stored = stored_network(cell, 2)
    assert not any("parametrizations" in name for name in stored.state_dict())
    wanted = outcome.predictions[["probability_unstained", "probability_stained"]].to_numpy()
    allowed = 1e-4 if protocol in FROZEN else 1e-6
    remade = network_of_cell(cell, outcome.record.facts, Stopwatch("NLD", "cpu"))
    assert not remade.trained_again
    np.testing.assert_allclose(remade.test, wanted, atol=allowed)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", KEPT)
def test_a_network_that_was_not_kept_is_made_again(protocol):
    cell = cell_of(protocol)
    outcome = make_cell(cell, "e", Stopwatch("NLD", "cpu"))
    remade = network_of_cell(cell, outcome.record.facts, Stopwatch("NLD", "cpu"))
    assert remade.trained_again
    wanted = outcome.predictions[["probability_unstained", "probability_stained"]].to_numpy()
    np.testing.assert_allclose(remade.test, wanted, atol=1e-4 if protocol in FROZEN else 1e-6)


@pytest.mark.slow
def test_a_probe_of_several_layers_is_kept_too():
    cell = cell_of("probe", layers=3)
    outcome = make_cell(cell, "e", Stopwatch("NLD", "cpu"), keep=True)
    assert outcome.record.reason is None
    assert stored_network(cell, 2).layers == 3
    remade = network_of_cell(cell, outcome.record.facts, Stopwatch("NLD", "cpu"))
    wanted = outcome.predictions[["probability_unstained", "probability_stained"]].to_numpy()
    np.testing.assert_allclose(remade.test, wanted, atol=1e-4)
    assert outcome.record.validation["trained_parameters"] == 2 * (48 + 96 + 192) + 2  # the channels of the last three stages


def test_one_layer_is_the_plain_probe_bit_for_bit():
    cells = [cell_of("probe"), cell_of("probe", layers=1)]
    assert cells[0].key == cells[1].key
    outcome = make_cell(cells[1], "e", Stopwatch("NLD", "cpu"))
    assert outcome.record.reason is None
    assert "layers" not in outcome.record.settings


@pytest.mark.slow
def test_a_probe_of_several_layers_has_features_of_its_own(monkeypatch):
    seen = []
    real = fit_probe

    def noted(features, *rest):
        seen.append(features["train"].shape[1])
        return real(features, *rest)

    monkeypatch.setattr("benchmark.training.protocols.probe.fit_probe", noted)
    for layers in (1, 2, 1):
        assert make_cell(cell_of("probe", layers=layers), "e", Stopwatch("NLD", "cpu")).record.reason is None
    assert seen[0] == seen[2] < seen[1]
