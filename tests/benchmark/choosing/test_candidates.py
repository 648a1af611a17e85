"""Candidates: the backbone and the sources where nothing is named, and what is said where nothing fits."""

import pytest

from benchmark.choosing.arms import Arms
from benchmark.choosing.candidates import BACKBONE, candidates_of
from benchmark.choosing.question import Question
from benchmark.choosing.settings import settings_of
from benchmark.execution.resolution import resolve_plan
from benchmark.specs import catalogue
from benchmark.specs.recipe import recipe_points
from results.choosing.prior import Prior
from results.error import CatsError
from tests.support.choices import SOURCES, furnish
from tests.support.encoders import encoder

REGISTRY = "sqlite:///mlflow.db"
SETTINGS = settings_of("finetune", recipe_points("finetune", "test"), Prior.empty())


def test_without_any_file_of_weights_those_that_can_be_fetched_are_candidates():
    found = candidates_of((), None, REGISTRY)
    assert found.backbone == BACKBONE
    assert found.notes[0] == f"the backbone is {BACKBONE}; --backbone names another one"
    assert found.notes[1] == f"no weights for {BACKBONE} lie on this machine; those of {', '.join(found.sources)} are fetched"
    assert "imagenet" in found.sources


def test_where_nothing_can_be_fetched_either_it_is_said_what_to_do():
    with pytest.raises(CatsError) as error:
        candidates_of((), "efficientnet_b0_gn", REGISTRY)
    assert str(error.value) == (
        "no source has weights for efficientnet_b0_gn; put BACKBONE.NAME.safetensors into CATS_WEIGHTS, or name sources with "
        "--sources that are pretrained here"
    )


def test_one_source_alone_is_a_candidate_and_the_sentence_names_it(tmp_path, monkeypatch):
    furnish(tmp_path, monkeypatch)
    for name in SOURCES[1:]:
        (tmp_path / "weights" / f"test_resnet.{name}.safetensors").unlink()
    found = candidates_of((), None, REGISTRY)
    assert (found.backbone, found.sources) == ("test_resnet", ("imagenet",))
    assert found.notes == (
        "the backbone is test_resnet, for which 1 source has weights on this machine; --backbone names another one",
        "imagenet alone has weights for test_resnet on this machine; --sources names others",
    )


@pytest.fixture
def encoders(own, monkeypatch):
    """Two sources with backbones of their own, beside the sources of a choice."""
    furnish(own, monkeypatch)
    for name, backbone in (("enc_vit", "test_vit"), ("enc_res", "test_resnet")):
        encoder(own / "entries", own / "weights", name, backbone)
    catalogue.source.cache_clear()


@pytest.mark.parametrize("backbone", [None, "test_resnet"])
def test_a_named_source_is_tried_on_the_backbone_that_it_brings(encoders, backbone):
    found = candidates_of(("imagenet", "enc_vit"), backbone, REGISTRY)
    assert found.candidates == [("imagenet", "test_resnet"), ("enc_vit", "test_vit")]
    assert found.notes[-1] == "enc_vit is tried on the backbone that it brings, test_vit"
    arms = Arms.of(resolve_plan(Question("ihc", recipe="finetune").plan(found.candidates), REGISTRY), SETTINGS)
    assert {(arm.source, cell.backbone) for (arm, _), cell in arms.cells.items()} == set(found.candidates)


def test_where_every_source_brings_its_own_no_backbone_is_looked_for(encoders):
    found = candidates_of(("enc_vit", "enc_res"), None, REGISTRY)
    assert found.candidates == [("enc_vit", "test_vit"), ("enc_res", "test_resnet")]
    assert found.notes == tuple(
        f"{source} is tried on the backbone that it brings, {backbone}" for source, backbone in found.candidates
    )


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit", "nonsense"])
def test_a_backbone_that_no_source_uses_is_refused(encoders, backbone):
    with pytest.raises(CatsError) as error:
        candidates_of(("enc_vit", "enc_res"), backbone, REGISTRY)
    assert str(error.value) == (
        f"--backbone names {backbone}, but every source of --sources brings its own backbone: enc_vit brings test_vit, enc_res "
        "brings test_resnet; leave --backbone out"
    )


def test_sources_that_bring_a_backbone_do_not_decide_which_one_is_usual(own, monkeypatch):
    furnish(own, monkeypatch)
    for number in range(len(SOURCES) + 1):
        encoder(own / "entries", own / "weights", f"enc{number}", "test_vit")
    catalogue.source.cache_clear()
    found = candidates_of((), None, REGISTRY)
    assert (found.backbone, set(found.sources)) == ("test_resnet", set(SOURCES))
