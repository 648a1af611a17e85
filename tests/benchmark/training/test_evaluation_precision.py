"""A cell that trains in bf16 predicts in fp32, and its record says so; older records are made again as they were."""

import numpy as np
import pytest
import torch

from benchmark.core.trainer_version import TRAINER
from benchmark.data.decoded import load_images_cached
from benchmark.data.split import split_and_subsample
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.models.notes import format_notes
from benchmark.models.remake import network_of_cell
from benchmark.networks.load import initial_network
from benchmark.networks.precision import evaluation_precision
from benchmark.specs import catalogue
from benchmark.specs.plan import Plan
from benchmark.specs.recipe import Recipe
from benchmark.training.features import features_of, features_path, save_features
from benchmark.training.protocols import protocol_of
from benchmark.training.protocols.protocol import Task
from results.error import CatsError
from results.files.digest import digest
from results.metrics import auc
from tests.support.plans import cells_of

BF16, FP32 = "bfloat16", "float32"


@pytest.fixture(autouse=True)
def able(monkeypatch):
    """A CPU on which `precision: auto` trains in bf16, whatever the CPU of the test is."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)


def cell_of(protocol="finetune", precision="auto", size=64, **recipe):
    recipe = {"protocol": protocol, "size": size, "epochs": 1, "batch_size": 16, "precision": precision, **recipe}
    plan = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 1}
    return next(cells_of(Plan(**plan, recipe=recipe, subsample={"train": 32, "val": 20})))


def made(cell):
    """The last result of a cell, its trained network, and the images of its parts as floats with their labels."""
    dataset = catalogue.target(cell.target).dataset
    images = load_images_cached(dataset, cell.recipe.size)
    rows = split_and_subsample(dataset, images, cell.subsample, cell.seed)
    caught = []
    task = Task(cell, dataset, images, rows, keep=caught.append)
    result = list(protocol_of(cell.recipe.protocol).run(task, Stopwatch("NLD", "cpu")))[-1]
    pixels = {part: images.images[some].transpose(0, 3, 1, 2) for part, some in rows.items()}
    inputs = {part: torch.from_numpy(each).float().div(255).expand(-1, 3, -1, -1) for part, each in pixels.items()}
    return result, caught[0], inputs, {part: images.labels[some] for part, some in rows.items()}


def predicted(network, inputs, precise=torch.float32):
    """By torch alone."""
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precise is torch.bfloat16):
        return network.eval()(inputs).float().double().softmax(dim=1).numpy()


@pytest.mark.parametrize(("written", "expected"), [("auto", "float32"), ("fp32", "float32"), ("bf16", "bfloat16")])
def test_predictions_are_in_fp32_unless_the_recipe_says_bf16(written, expected):
    assert evaluation_precision(Recipe(precision=written)) is getattr(torch, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "trained", "evaluated"), [("auto", BF16, FP32), ("bf16", BF16, BF16), ("fp32", FP32, FP32)]
)
def test_a_fine_tuned_network_predicts_in_the_format_that_its_record_says(written, trained, evaluated):
    result, network, inputs, labels = made(cell_of(precision=written))
    assert (result.facts["precision"], result.facts["evaluation_precision"]) == (trained, evaluated)
    exact, rough = (predicted(network, inputs["test"], getattr(torch, name)) for name in (FP32, BF16))
    own, other = (exact, rough) if evaluated == FP32 else (rough, exact)
    np.testing.assert_allclose(result.probabilities, own, atol=1e-6)
    assert np.abs(own - other).max() > 1e-4  # the formats can be told apart
    truth, val = labels["val"], result.validation_probabilities
    assert result.validation["val_auc"] == pytest.approx(auc(truth, val))
    assert result.validation["val_loss"] == pytest.approx(-np.log(val[np.arange(len(truth)), truth]).mean(), rel=1e-5)
    if trained == evaluated:
        assert result.validation["val_loss"] == result.curves["val_loss"][0]


def test_a_training_without_epochs_has_no_figures_of_validation():
    result, *_ = made(cell_of(epochs=0))
    assert not {"val_loss", "val_auc"} & result.validation.keys()
    assert result.facts["evaluation_precision"] == FP32


def test_the_training_itself_is_the_same_in_both_recipes_that_train_in_bf16():
    (one, first, *_), (other, second, *_) = (made(cell_of(precision=written)) for written in ("auto", "bf16"))
    assert one.curves == other.curves
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


def test_only_auto_changes_so_that_no_key_has_to():
    """`auto` enters the key as a word, the format that a machine takes does not; cells of the other two are what they were."""
    assert {written: cell_of(precision=written, size=16).key for written in KEYS} == KEYS


KEYS = {  # as they were when every cell was evaluated in the format of its training
    "auto": "2a54e1538a53751c88d8d3513fc9cd29196c18d980c2ec7d27a5f6697d3f7657",
    "fp32": "0d22469f1eff10bc8a63a38303c18c5582ad77baa4874cdb15067c5f6d7d365d",
    "bf16": "850031155b3ee9e576b0dffe696fec97308a904f4407152b95824e7deadf7aaf",
}


def test_features_are_in_fp32_and_those_that_an_older_version_made_by_auto_are_not_read():
    cell = cell_of("probe")
    images = load_images_cached(catalogue.target("ihc").dataset, 64)
    rows = np.arange(8)
    older = digest([TRAINER, cell.start.key, cell.start.backbone, images.digest, 64, "auto", digest(rows.tolist())])
    path = features_path(cell.start, images.digest, cell.recipe, rows)
    save_features(path.with_name(f"{older}.npy"), np.zeros((8, 3)))
    found = features_of(cell.start, images, rows, cell.recipe, "cpu")
    network = initial_network(cell.start, 2, 0).eval()
    inputs = torch.from_numpy(images.images[rows].transpose(0, 3, 1, 2)).float().div(255).expand(-1, 3, -1, -1)
    with torch.inference_mode():
        np.testing.assert_allclose(found, network.features(inputs).numpy(), atol=1e-5)


@pytest.mark.parametrize("written", ["fp32", "bf16"])
def test_features_whose_recipe_names_their_format_stay_where_they_are(written):
    """The name of the file as older versions made it."""
    cell = cell_of("probe", written)
    older = digest([TRAINER, cell.start.key, cell.start.backbone, "data", 64, written])
    assert features_path(cell.start, "data", cell.recipe).stem == older
    assert (features_path(cell.start, "data", cell_of("probe").recipe).stem == older) is (written == "fp32")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["finetune", "probe"])
@pytest.mark.parametrize(("tags", "written"), [({}, "bf16"), ({"evaluation_precision": FP32}, "auto")], ids=["older", "new"])
def test_a_record_is_made_again_in_the_format_of_its_predictions(protocol, tags, written):
    """An older version evaluated in the format of the training, as `precision: bf16` still does."""
    tags = tags | ({"precision": BF16} if protocol == "finetune" else {})
    expected, *_ = made(cell_of(protocol, written))
    again = network_of_cell(cell_of(protocol), tags, Meter("NLD", "cpu"))
    assert again.precision == (FP32 if "evaluation_precision" in tags else BF16)
    np.testing.assert_allclose(again.test, expected.probabilities, atol=1e-6)


def test_an_older_record_of_a_format_that_is_not_known_is_refused():
    with pytest.raises(CatsError, match="has the number format 'float8'; allowed are float32, bfloat16"):
        network_of_cell(cell_of(), {"precision": "float8"}, Meter("NLD", "cpu"))


def test_no_note_is_needed_where_record_and_classifier_compute_alike():
    assert format_notes(FP32, {"auc": 0.8}, {"auc": 0.8}) == []
