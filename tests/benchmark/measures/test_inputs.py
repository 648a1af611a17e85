"""Where the inputs of measures lie."""

from benchmark.measures.inputs import ScoreSettings
from benchmark.measures.pair_scores import pair_of
from benchmark.specs.plan import Plan
from tests.support.plans import resolved


def test_networks_and_images_lie_on_the_device_of_the_scores(tmp_path, monkeypatch):
    """Also without a GPU: tensors of the device meta have no numbers, but a place."""
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))
    given = {
        "experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": [0],
        "recipe": {"size": 16, "epochs": 1}, "subsample": {"train": 20},
    }  # fmt: skip
    setting = ScoreSettings(resolved(Plan(**given)), "meta", 20, 2, neutral="scratch")
    inputs = pair_of(setting, {}, ("scratch", "ihc", "test_resnet")).inputs
    assert inputs.get("images").device.type == "meta"
    for need in ("network", "neutral_network"):
        assert {weight.device.type for weight in inputs.get(need).parameters()} == {"meta"}
