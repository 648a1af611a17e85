"""The networks by which measures compare a source: one that was trained on the target, and one without training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.execution.network_store import network_path, store_network
from benchmark.measures.inputs import MeasureInputs, ScoreSettings
from benchmark.networks.load import initial_network
from benchmark.specs.needs import Undefined
from benchmark.specs.plan import Plan
from tests.support.plans import resolved

PLAN = {
    "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"],
    "recipe": {"size": 16, "epochs": 1}, "seeds": [0], "measures": ["rsa"], "subsample": {"train": 60},
}  # fmt: skip


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))
    setting = ScoreSettings(resolved(Plan(**PLAN)), "cpu", 40, 20)
    start = setting.plan.starts["scratch", "test_resnet"][0]
    return MeasureInputs(setting, setting.target("ihc"), start, {})


def fresh(inputs):
    return replace(inputs)  # what has been looked up is forgotten


def test_without_a_trained_network_it_is_said_how_to_get_one(inputs):
    with pytest.raises(Undefined, match="no target-trained network: .*`keep: all`"):
        inputs.get("trained")
    assert inputs.identity({"trained"}) != inputs.identity({"features"})


def test_the_kept_network_of_a_scratch_cell_is_taken(inputs):
    cell = next(cell for cell in inputs.setting.plan.cells() if cell.source == "scratch")
    network = initial_network(cell.start, len(inputs.target.dataset.classes), cell.seed, cell.recipe)
    with torch.no_grad():
        for weights in network.backbone.parameters():
            weights.mul_(1.5)
    before = inputs.identity({"trained"})
    store_network(cell, network)
    features = fresh(inputs).get("trained")
    expected = network.eval().features(inputs.get("images")).detach().numpy()
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)
    assert fresh(inputs).identity({"trained"}) != before
    network_path(cell.key).unlink()
    with pytest.raises(Undefined, match="no target-trained network"):
        fresh(inputs).get("trained")


def test_the_untrained_network_is_the_same_for_every_source(inputs):
    other = inputs.setting.plan.starts["scratch", "test_resnet"][0].model_copy(update={"seed": 3})
    np.testing.assert_array_equal(inputs.get("untrained"), replace(inputs, start=other).get("untrained"))
    assert inputs.get("untrained").shape == inputs.get("features").shape
