"""A model folder is written whole, read back to the same network, and refused in a sentence when it is damaged."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.models.card import card_of
from benchmark.models.manifest import MANIFEST, REFERENCE, WEIGHTS
from benchmark.models.model import probabilities_of, read_model, write_model
from benchmark.networks.network import Trained
from benchmark.specs.recipe import Recipe
from benchmark.training.device_images import as_float
from results.error import CatsError
from tests.support.kept_models import images, kept_model, manifest, network, reference

RECIPES = {
    "plain": (Recipe(size=32), "test_resnet", None),
    "dense layers": (Recipe(size=32, hidden=(8,), dropout=0.5), "test_resnet", None),
    "small stem": (Recipe(size=32, stem="small"), "resnet18", None),
    "bgr": (Recipe(size=32), "test_resnet", Trained(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), channels="bgr")),
    "padding": (Recipe(size=32), "mobilenetv2_035", Trained(arguments={"pad_type": "same", "bn_eps": 1e-3})),
    "transformer": (Recipe(size=32), "test_vit", Trained(arguments={"img_size": 32})),
    "pooled transformer": (Recipe(size=32), "test_vit", Trained(arguments={"img_size": 32, "reg_tokens": 2, "pool": "both"})),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", RECIPES)
def test_the_network_that_is_read_gives_what_the_written_one_gave(kind, tmp_path):
    recipe, backbone, trained = RECIPES[kind]
    model = kept_model(tmp_path / "m", recipe=recipe, backbone=backbone, trained=trained)
    made = network(recipe, backbone=backbone, trained=trained)
    pixels, _ = images(7, 3)
    with torch.inference_mode():
        expected = made(as_float(torch.from_numpy(pixels).permute(0, 3, 1, 2)))
    np.testing.assert_allclose(model.outputs(pixels).logits, expected.numpy(), atol=2e-5)


def test_equal_weights_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        kept_model(tmp_path / name)
    for name in (WEIGHTS, REFERENCE, MANIFEST):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_outputs_do_not_depend_on_the_batch_and_none_is_none(tmp_path):
    model = kept_model(tmp_path / "m")
    pixels, _ = images(300, 3)
    np.testing.assert_allclose(model.outputs(pixels).logits[280:], model.outputs(pixels[280:]).logits, atol=1e-5)
    assert model.outputs(pixels[:0]).logits.shape == (0, 2)


@pytest.mark.parametrize(
    ("task", "expected"), [("binary", [[0.2, 0.8]]), ("multilabel", [[1 / (1 + 4**-0.5), 1 / (1 + 1 / 8)]])]
)
def test_the_temperature_divides_the_logits(task, expected, tmp_path):
    described = manifest(network(), task=task, temperature=2.0)
    logits = np.log(np.array([[4.0, 64.0]]))
    np.testing.assert_allclose(probabilities_of(logits, described), expected)


def test_a_folder_with_content_is_not_written_over(tmp_path):
    made = network()
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "notes.txt").write_text("mine")
    with pytest.raises(CatsError, match="exists and is not empty"):
        write_model(tmp_path / "m", manifest(made), made, reference(made))
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["notes.txt"]


def _no_manifest(folder):
    (folder / MANIFEST).unlink()


def _one_bit(name):
    def damage(folder):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return damage


def _changed(**fields):
    def damage(folder):
        content = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps(content | fields))

    return damage


def _set_argument(name, value):
    def damage(folder):
        content = json.loads((folder / MANIFEST).read_text())
        content["architecture"]["arguments"][name] = value
        (folder / MANIFEST).write_text(json.dumps(content))

    return damage


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_no_manifest, "holds no model.json, so it is not the folder of a kept classifier"),
        (_one_bit(WEIGHTS), "weights.safetensors is damaged: its sha256"),
        (_one_bit(REFERENCE), "reference.safetensors is damaged: its sha256"),
        (lambda folder: (folder / WEIGHTS).unlink(), "weights.safetensors is missing"),
        (lambda folder: (folder / MANIFEST).write_text("{"), "model.json is damaged"),
        (lambda folder: (folder / MANIFEST).write_text("[]"), "model.json is damaged"),
        (_changed(format=99), "has format 99; this version of cats reads formats up to 4"),
        (_changed(format=99, unknown=1), "has format 99; this version of cats reads formats up to 4"),
        (_changed(classes=["a"]), "model.json is damaged: classes is ['a']; allowed is a list of at least 2;"),
        (_changed(reading=3), "model.json is damaged: reading is 3; allowed is keys with values;"),
        (_changed(classes=["a", "b", "c"]), "does not hold the weights that model.json describes"),
        (lambda folder: (folder / MANIFEST).write_text("[" * 100_000), "model.json is damaged: its content is damaged"),
        (_changed(digests={"../x": "0" * 64}), "digests names '../x'; allowed are reference.safetensors, weights.safetensors"),
        (
            _changed(digests={"weights.safetensor": "0"}),
            "digests names 'weights.safetensor'; did you mean 'weights.safetensors'?",
        ),
        (
            _set_argument("checkpoint_path", "/x"),
            "'checkpoint_path' is no argument of a network; allowed are act_layer, bn_eps, depth",
        ),
        (_set_argument("bn_epsilon", 1e-3), "'bn_epsilon' is no argument of a network; did you mean 'bn_eps'?"),
        (_set_argument("pad_type", ["same"]), "the argument pad_type of a network is ['same']; "),
        (_set_argument("img_size", True), "the argument img_size of a network is True; allowed is a whole number"),
        (_changed(digests={}), "names no checksum of weights.safetensors"),
    ],
)
def test_a_damaged_folder_is_one_sentence(damage, sentence, tmp_path):
    kept_model(tmp_path / "m")
    damage(tmp_path / "m")
    with pytest.raises(CatsError) as raised:
        read_model(tmp_path / "m")
    assert sentence in str(raised.value)


def test_what_is_no_folder_is_named(tmp_path):
    with pytest.raises(CatsError, match="is no folder"):
        read_model(tmp_path / "nowhere")


@pytest.mark.parametrize("grouped", [False, True])
def test_groups_of_reference_images_are_kept_where_they_are_known(grouped, tmp_path):
    made = network()
    plain = reference(made)
    groups = np.arange(len(plain.parts)) // 3 if grouped else None
    write_model(tmp_path / "m", manifest(made), made, replace(plain, groups=groups))
    held_out = read_model(tmp_path / "m").reference.of("val", "test")
    assert len(held_out.parts) == 120
    assert held_out.groups is None if groups is None else (held_out.groups == groups[plain.parts > 0]).all()


def test_folders_of_earlier_formats_are_read(tmp_path):
    folder = kept_model(tmp_path / "m").folder
    content = json.loads((folder / MANIFEST).read_text())
    for number, later in ((3, {"tested"}), (1, {"tested", "calibrated", "subgroups"})):
        earlier = {name: value for name, value in content.items() if name not in later} | {"format": number}
        (folder / MANIFEST).write_text(json.dumps(earlier))
        manifest = read_model(folder).manifest
        assert (manifest.format, manifest.tested) == (number, None)
        assert "rest on" not in card_of(manifest)
    assert (manifest.calibrated, manifest.subgroups) == ({}, ())
    assert manifest.scores["auc"].value == 0.9
