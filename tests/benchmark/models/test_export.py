"""Exports of a kept classifier: other programs get the classifier's probabilities from images in [0, 1], and nothing else."""

import importlib.util
import json
import re
import shutil
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.data.decoded import load_images
from benchmark.data.identity import data_digest
from benchmark.data.split import split
from benchmark.machine.timm_import import timm
from benchmark.models import export as exports
from benchmark.models import graphs
from benchmark.models.check_images import check_images, drawn_images, real_images
from benchmark.models.export import FORMATS, export
from benchmark.models.model import read_model
from benchmark.models.portable import as_images, portable
from benchmark.networks.network import Trained
from benchmark.specs import catalogue
from benchmark.specs.recipe import Recipe
from results.error import CatsError
from tests.support.explained import spots_target
from tests.support.kept_models import images, kept_model

pytestmark = pytest.mark.slow

BGR = Trained(mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), channels="bgr")
GREY = Trained(mean=(0.3,), std=(0.2,), channels="grey")
POOLED = {
    "img_size": 32,
    "reg_tokens": 2,
    "pool": "both",
    "depth": 2,
}  # not all of six equal blocks, which takes three times as long
DENSE = {"recipe": Recipe(size=32, hidden=(8,), dropout=0.5), "trained": BGR}
LABELS = {"recipe": Recipe(size=40), "trained": GREY, "channels": 1, "temperature": None, "task": "multilabel"}
TRANSFORMER = {"recipe": Recipe(size=32), "backbone": "test_vit", "trained": Trained(arguments=POOLED)}


def expected(model, pixels):
    return model.probabilities(model.outputs(pixels).logits)


def by_torch(path, pixels):
    with torch.no_grad():
        return [each.numpy() for each in torch.export.load(path).module()(torch.from_numpy(as_images(pixels)))]


def by_onnxruntime(path, pixels):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": as_images(pixels)})


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A classifier with both exports in its folder."""
    model = kept_model(tmp_path_factory.mktemp("exported") / "m", **DENSE)
    return model, {form: export(model, form) for form in ("torch", "onnx")}


@pytest.mark.parametrize(("form", "run", "allowed"), [("torch", by_torch, 1e-5), ("onnx", by_onnxruntime, 1e-4)])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_other_programs_get_the_probabilities_and_logits_of_the_classifier(form, run, allowed, count, exported):
    model, files = exported
    assert files[form].path == model.folder / FORMATS[form].name
    assert files[form].largest <= allowed == files[form].tolerance
    pixels, _ = images(count, 5)
    probabilities, logits = run(files[form].path, pixels)
    np.testing.assert_allclose(probabilities, expected(model, pixels), atol=allowed)
    np.testing.assert_allclose(logits, model.outputs(pixels).logits, atol=1e-3)


def test_a_network_for_grey_images_and_several_labels_gives_the_same_after_torch_export(tmp_path):
    model = kept_model(tmp_path / "m", classes=("a", "b", "c"), **LABELS)
    made = export(model, "torch", tmp_path / "out.pt2")
    pixels, _ = images(3, 5, channels=1, size=40)
    np.testing.assert_allclose(by_torch(made.path, pixels)[0], expected(model, pixels), atol=1e-5)
    assert abs(by_torch(made.path, pixels)[0].sum(axis=1) - 1).max() > 1e-3


@pytest.mark.parametrize(("form", "run", "allowed"), [("torch", by_torch, 1e-5), ("onnx", by_onnxruntime, 1e-4)])
def test_a_transformer_gives_the_same(form, run, allowed, tmp_path):
    model = kept_model(tmp_path / "m", **TRANSFORMER)
    pixels, _ = images(3, 5)
    np.testing.assert_allclose(run(export(model, form).path, pixels)[0], expected(model, pixels), atol=allowed)


def test_exports_say_what_they_take_and_name_no_folder_of_this_machine(exported):
    import onnx

    files = exported[1]
    extra = dict.fromkeys(("cats.classes", "cats.input", "cats.use"), "")
    torch.export.load(files["torch"].path, extra_files=extra)
    said = {entry.key: entry.value for entry in onnx.load(files["onnx"].path).metadata_props}
    for text in (extra, said):
        assert json.loads(text["cats.classes"]) == ["benign", "malignant"]
        assert "float32 (N, 3, 32, 32), RGB in [0, 1]" in text["cats.input"]
        assert text["cats.use"] == "research software, no medical device"
    root = str(exports.__file__).split("/benchmark/")[0].encode()
    with zipfile.ZipFile(files["torch"].path) as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    assert not any(root in part or b"site-packages" in part for part in [files["onnx"].path.read_bytes(), *parts])


def test_an_export_of_torch_holds_no_pickle(exported):
    with zipfile.ZipFile(exported[1]["torch"].path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    configs = [json.loads(text)["config"] for name, text in contents.items() if name.endswith("_config.json")]
    assert len(configs) == 2
    assert not any(payload["use_pickle"] for config in configs for payload in config.values())
    samples = [text for name, text in contents.items() if "sample_inputs" in name]
    assert samples == [b""]
    assert not [name for name, text in contents.items() if name.endswith(".pkl") or text[:4] == b"PK\x03\x04"]


def test_an_export_in_the_folder_leaves_the_classifier_readable(exported):
    assert read_model(exported[0].folder).manifest == exported[0].manifest


def test_drawn_images_are_the_same_each_time_and_use_the_whole_range(exported):
    first, second = drawn_images(exported[0].manifest).batches(), drawn_images(exported[0].manifest).batches()
    assert [len(batch) for batch in first] == [1, 3, 12]
    assert all((one == other).all() for one, other in zip(first, second, strict=True))
    assert first[2].min() < 20
    assert first[2].max() > 235


@pytest.fixture
def with_target(tmp_path, monkeypatch):
    """A classifier whose target is on this machine, with the digest of its data in the manifest."""
    spots_target(tmp_path, count=300)
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path / "entries"))
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))
    data = data_digest(catalogue.target("spots").dataset)
    return kept_model(tmp_path / "m", facts={"data": data})


def test_the_check_uses_test_images_of_the_target_where_they_are_on_this_machine(with_target, tmp_path):
    made = check_images(with_target.manifest)
    dataset = catalogue.target("spots").dataset
    decoded = load_images(dataset, 32)
    rows = split(dataset, decoded)["test"]
    assert made.words == f"{len(rows)} test images of spots"
    np.testing.assert_array_equal(made.pixels, decoded.images[rows])
    assert made.names == decoded.ids[rows].tolist()
    few = real_images(with_target.manifest, 40)
    assert (len(few.pixels), few.names[0], few.names[-1]) == (40, made.names[0], made.names[-1])
    assert [len(batch) for batch in few.batches()] == [1, 3, 12, 24]
    np.testing.assert_array_equal(np.concatenate(made.batches()), made.pixels)
    assert export(with_target, "torch").images == made.words


def test_the_reason_why_no_test_images_are_used_is_said(with_target, tmp_path):
    manifest = with_target.manifest
    drawn = "16 drawn images, because "
    other = manifest.model_copy(update={"facts": {"data": "0" * 64}})
    assert check_images(other).words == f"{drawn}the data of spots on this machine are not those of the record"
    gone = manifest.model_copy(update={"names": {"target": "no_such"}})
    assert check_images(gone).words == f"{drawn}this machine has no entry of the target"
    shutil.rmtree(tmp_path / "data")
    assert check_images(manifest).words == f"{drawn}the images of spots cannot be read on this machine"


def test_an_export_that_differs_is_refused_and_not_written(tmp_path, monkeypatch):
    model = kept_model(tmp_path / "m")
    other = kept_model(tmp_path / "other", temperature=1.4)
    monkeypatch.setattr(graphs, "portable", lambda _: portable(other))
    with pytest.raises(CatsError, match=r"differ from those of spots-scratch-test_resnet-0 by up to 0\.0\d+; at most 1e-05"):
        export(model, "torch")
    assert not (tmp_path / "m" / "model.pt2").exists()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ("onx", "there is no export format 'onx'; did you mean 'onnx'?"),
        ("keras", "there is no export format 'keras'; allowed are mlflow, onnx, torch"),
    ],
)
def test_an_unknown_format_is_named_before_the_model_is_read(form, sentence, cats):
    assert cats("export", "nowhere", form) == (2, "", f"cats: {sentence}\n")


def test_missing_packages_name_the_extra(cats, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(exports, "find_spec", lambda name: None if name.startswith("onnx") else found(name))
    code, _, err = cats("export", "nowhere", "onnx")
    assert (code, err) == (
        2,
        "cats: exports to onnx need onnx, onnxscript, onnxruntime, not installed here: pip install 'cats-bench[onnx]'\n",
    )


def test_a_file_that_exists_is_kept(cats, tmp_path):
    kept_model(tmp_path / "m")
    (tmp_path / "mine.pt2").write_text("precious")
    code, _, err = cats("export", "m", "torch", "--to", "mine.pt2")
    assert (code, err) == (2, "cats: mine.pt2 exists; name another place with --output, or remove this one\n")
    assert (tmp_path / "mine.pt2").read_text() == "precious"


def test_a_name_that_other_programs_do_not_know_is_refused(cats, tmp_path):
    kept_model(tmp_path / "m")
    sentence = "mine.pt does not end in .pt2, by which other programs know an export to torch; name it so"
    assert cats("export", "m", "torch", "--to", "mine.pt") == (2, "", f"cats: {sentence}\n")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"x"), r"m/weights\.safetensors is damaged: its sha256"),
        (
            lambda folder: (folder / "model.json").unlink(),
            r"m holds no model\.json, so it is not",
        ),
    ],
)
def test_a_damaged_model_is_not_exported(damage, sentence, cats, tmp_path):
    damage(kept_model(tmp_path / "m").folder)
    code, _, err = cats("export", "m", "torch")
    assert code == 2
    assert re.search(sentence, err)
    assert not (tmp_path / "m" / "model.pt2").exists()


def test_the_command_states_the_largest_difference(cats, tmp_path):
    kept_model(tmp_path / "m")
    code, out, err = cats("export", "m", "torch")
    assert (code, err) == (0, "")
    assert re.fullmatch(
        r"wrote m/model\.pt2; on 16 drawn images, because this machine has no entry of the target, its probabilities differ "
        r"from the classifier's by at most "
        r"\d\.\de-\d\d \(1e-05 is allowed\)\n",
        out,
    )


class Fickle(nn.Module):
    """A backbone that decides by its data which layer is used, which no graph can hold."""

    num_features = 2

    def __init__(self, num_classes=0):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, images):
        pooled = self.layer(images.mean(dim=(2, 3)))
        return pooled if pooled.sum().item() > 0 else -pooled


def test_a_network_that_cannot_be_exported_is_named(tmp_path):
    def test_fickle(pretrained=False, **options):  # timm gives it
        return Fickle()

    test_fickle.__module__ = timm.models.resnet.__name__
    timm.models.register_model(test_fickle)
    model = kept_model(tmp_path / "m", backbone="test_fickle")
    with pytest.raises(CatsError, match=r"^the network test_fickle cannot be exported to torch: \w+: [^\n]+onnx$"):
        export(model, "torch")
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
        "model.json", "reference.safetensors", "weights.safetensors",
    ]  # fmt: skip
