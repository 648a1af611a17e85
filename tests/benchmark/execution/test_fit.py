"""Whether networks take the images of a plan is known before weights are fetched, and the sentence names the source."""

import pytest

from benchmark.execution.fit import Use, arguments_of, size_refusals
from benchmark.specs.catalogue import source
from benchmark.specs.source import Weights
from benchmark.specs.start import Start

COMMIT = "1" * 40
STATED = {"mean": (0.5,) * 3, "std": (0.5,) * 3}


def hub_start(name, backbone, weights):
    return Start(kind="hub", source=name, backbone=backbone, weights=f"a/b@{COMMIT}", input=weights)


def named(**fields):
    return Weights(hub="a/b", revision=COMMIT, hub_file="a.bin", **STATED, **fields)


@pytest.fixture(autouse=True)
def nothing_is_fetched(monkeypatch):
    def fetched(*_, **__):
        raise AssertionError("something was fetched")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fetched)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rad_dino", "h_optimus"])
def test_encoders_of_the_hub_with_patches_of_14_are_refused_at_64_pixels_before_they_are_fetched(name):
    entry = source(name)
    start = hub_start(name, entry.backbone, entry.weights)
    (said,) = size_refusals([Use(start, "backbone", 64)], fetch=False)
    assert "has patches of 14 pixels, which do not divide 64; write size: 56 or 70" in said
    assert size_refusals([Use(start, "backbone", 56)], fetch=False) == []


def test_a_file_that_an_entry_names_says_its_arguments_without_being_fetched():
    start = hub_start("mine", "test_vit", named(arguments={"depth": 2}, pool="avg"))
    assert arguments_of(start, fetch=False) == {"depth": 2, "pool": "avg"}
    of_timm = hub_start("mine", "test_vit", Weights(hub="a/b", revision=COMMIT))
    assert arguments_of(of_timm, fetch=False) is None  # its config.json says the arguments


def test_the_sentence_names_each_source_that_shapes_the_backbone():
    tokens = {"arguments": {"global_pool": ""}}
    starts = [hub_start(name, "test_vit", named(**tokens)) for name in ("one", "two")]
    plain = Start(kind="random", source="scratch", backbone="test_vit", seed=0)
    said = size_refusals([Use(start, "backbone", 32) for start in (*starts, plain)], fetch=False)
    assert [sentence.partition(": ")[0] for sentence in said] == ["recipe, source one", "recipe, source two"]
    (patches,) = size_refusals([Use(plain, "backbone", 20)], fetch=False)
    assert patches.startswith("recipe: backbone test_vit has patches of 16 pixels, which do not divide 20")
