"""A classifier of volumes from its cell to its uses: a row of a record for each volume, NIfTI files read as in training."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from benchmark.cli.main import app
from benchmark.data.dataset import Dataset
from benchmark.execution.execute import make_cell
from benchmark.execution.watch import Watch
from benchmark.machine.meter import Meter, Stopwatch
from benchmark.measures.inputs import ScoreSettings
from benchmark.measures.scoring import score_plan
from benchmark.models import decoding
from benchmark.models.card import card_of
from benchmark.models.export import export
from benchmark.models.incoming_path import incoming_of
from benchmark.models.keep import Recorded, keep, reading_of
from benchmark.models.manifest import FORMAT, MANIFEST, Reading, VolumeReading
from benchmark.models.model import read_model
from benchmark.models.notes import data_notes
from benchmark.models.pictures import as_input, read_picture
from benchmark.models.prediction_run import Place, predict_to_file
from benchmark.models.statistics import image_statistics
from benchmark.specs.plan import Plan
from results.agreement.scores import read_scores
from results.error import CatsError
from results.metrics import auc
from results.statistics.influence import parse_predictions
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer
from tests.support.kept_models import images, kept_model
from tests.support.plans import cells_of, resolved
from tests.support.volumes import medmnist3d, nifti_bytes

pytest.importorskip("nibabel")

ENTRY = {
    "title": "Brains", "modality": "MRI", "task": "binary", "classes": ["ill", "well"], "licence": "CC0",
    "citation": "the tests", "tree": "brains", "groups": "patient", "identifiers": "plain",
    "read": {"nifti_folders": {"classes": ["ill", "well"], "group": r"p(\d+)", "slices": 3, "percentiles": [1, 99]}},
}  # fmt: skip
RECIPES = {"finetune": {"epochs": 2, "batch_size": 16, "augment": {"flip": 0.5, "rotate": 10}}, "probe": {}, "knn": {"k": [3]}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Eighty volumes of forty patients, and their entry."""
    folder, rng = tmp_path_factory.mktemp("volumes"), np.random.default_rng(0)
    for number in range(80):
        name = ("ill", "well")[number // 2 % 2]
        values = rng.integers(0, 500, (12, 10, 6)).astype(np.int16)
        values[4:8, 4:8, 2:4] += 900 * (name == "ill")
        path = folder / "data" / "brains" / name / f"p{number // 2}_{number}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(nifti_bytes(values, packed=True, affine=np.diag([1, 1, 4, 1])))
    (folder / "entries" / "targets").mkdir(parents=True)
    (folder / "entries" / "targets" / "brains.yaml").write_text(yaml.safe_dump({"dataset": ENTRY}))
    return folder


@pytest.fixture(autouse=True)
def surroundings(place, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(place / "data"))
    monkeypatch.setenv("CATS_ENTRIES", str(place / "entries"))
    monkeypatch.chdir(place)


def cell_of(protocol):
    recipe = {"protocol": protocol, "size": 16, "precision": "fp32", **RECIPES[protocol]}
    plan = Plan(experiment="e", sources=["scratch"], targets=["brains"], backbones=["test_resnet"], seeds=1, recipe=recipe)
    return next(cells_of(plan))


@pytest.mark.slow
@pytest.mark.parametrize("protocol", RECIPES)
def test_a_record_has_one_row_for_each_volume_and_says_what_an_image_is(protocol):
    outcome = make_cell(cell_of(protocol), "e", Stopwatch("NLD", "cpu"))
    assert outcome.record.status == "finished", outcome.record.reason
    assert outcome.record.facts["slices"] == "3"
    table = outcome.predictions
    assert table["sample"].is_unique
    assert len(table) == outcome.record.validation["images_test"]
    known = parse_predictions(table)
    assert len(set(known.groups)) < len(table)  # patients have two volumes each
    assert outcome.record.scores["auc"] == pytest.approx(auc(table["label"].to_numpy(), known.probabilities))


@pytest.fixture(scope="module")
def kept(place, tmp_path_factory):
    """The folder of a kept classifier, and the predictions in the record of its cell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATS_DATA", str(place / "data"))
        patch.setenv("CATS_ENTRIES", str(place / "entries"))
        patch.setenv("CATS_HOME", str(tmp_path_factory.mktemp("own_home")))
        cell = cell_of("finetune")
        outcome = make_cell(cell, "e", Stopwatch("NLD", "cpu"))
        tags = outcome.record.facts | outcome.record.environment
        recorded = Recorded(tags, outcome.record.scores, outcome.predictions, outcome.record.costs)
        keep(cell, recorded, place / "kept", Meter("NLD", "cpu"))
    return place / "kept", outcome.predictions


@pytest.mark.slow
def test_a_kept_classifier_says_how_it_reads_a_volume(kept):
    manifest = json.loads((kept[0] / MANIFEST).read_text())
    assert manifest["format"] == FORMAT
    assert manifest["reading"]["slices"] == 3
    assert manifest["reading"]["volume"]["percentiles"] == [1.0, 99.0]
    assert any("each image is a volume, of which the network sees 3 slices" in note for note in manifest["notes"])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["folder", "archive", "target"])
def test_files_are_predicted_as_in_the_record(kept, place, tmp_path, way):
    inputs = {"folder": place / "data" / "brains", "archive": tmp_path / "packed.zip", "target": "brains"}[way]
    if way == "archive":
        shutil.make_archive(str(tmp_path / "packed"), "zip", place / "data" / "brains")
    result = CliRunner().invoke(app, ["predict", str(kept[0]), str(inputs), "--to", str(tmp_path / "out.csv")])
    assert result.exception is None, result.output
    found = pd.read_csv(tmp_path / "out.csv").set_index("file")
    expected = kept[1].set_index("sample")
    assert len(found) == (len(expected) if way == "target" else 80)
    columns = ["ill", "well"]
    one, other = (table.loc[expected.index] for table in (found, expected))
    np.testing.assert_allclose(one[[f"raw_{name}" for name in columns]], other[[f"probability_{name}" for name in columns]],
                               atol=1e-5)  # fmt: skip
    assert f"{len(found)} volumes are predicted" in result.stdout
    assert "accuracy" in result.stdout.lower()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.png", None, "a.png is not a NIfTI file: its header has neither 348 nor 540 bytes"),
        ("a.nii.gz", nifti_bytes(np.zeros((4, 4, 4, 5), np.int16), packed=True), "a.nii.gz holds 5 volumes"),
        ("list.csv", b"file\na.nii\n", "is a table; a classifier of volumes is used on NIfTI files, folders or archives"),
        ("folder", None, "holds no NIfTI file .*its only file is of other kinds"),
    ],
    ids=["a picture", "several volumes", "a table", "a folder of others"],
)
def test_what_is_no_volume_is_a_sentence(kept, tmp_path, name, content, sentence):
    path = tmp_path / name
    picture = path / "a.png" if name == "folder" else path
    picture.parent.mkdir(exist_ok=True)
    Image.fromarray(images(1)[0][0]).save(picture) if content is None else path.write_bytes(content)
    with pytest.raises(CatsError, match=sentence):
        CliRunner().invoke(app, ["predict", str(kept[0]), str(path), "--to", str(tmp_path / "o.csv")], catch_exceptions=False)
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["PICTURE"], ["--errors", "3"]])
def test_maps_of_volumes_are_refused_in_a_sentence(kept, place, tmp_path, arguments):
    given = [str(next((place / "data" / "brains" / "ill").iterdir())) if each == "PICTURE" else each for each in arguments]
    with pytest.raises(CatsError, match="is a classifier of volumes, and cats explain draws maps of single pictures only"):
        CliRunner().invoke(app, ["explain", str(kept[0]), *given, "--to", str(tmp_path / "x")], catch_exceptions=False)


@pytest.mark.slow
def test_a_graph_takes_the_strip_and_mlflow_is_refused(kept, tmp_path):
    made = export(read_model(kept[0]), "torch", tmp_path / "m.pt2")
    assert made.largest <= made.tolerance
    assert "test images of brains" in made.images
    with pytest.raises(CatsError, match="is a classifier of volumes, and MLflow serves pictures; export it to onnx or torch"):
        export(read_model(kept[0]), "mlflow", tmp_path / "m")


@pytest.mark.slow
def test_the_card_says_that_an_image_is_a_volume(kept):
    assert CliRunner().invoke(app, ["card", str(kept[0])]).exception is None
    assert "grey volumes of 3 slices, resized to 16 × 16 pixels" in (kept[0] / "README.md").read_text()


def test_classifiers_of_pictures_are_written_as_before(tmp_path):
    kept_model(tmp_path / "m")
    manifest = json.loads((tmp_path / "m" / MANIFEST).read_text())
    assert manifest["format"] == FORMAT
    assert not {"slices", "volume", "volumes"} & {*manifest["reading"]}


@pytest.mark.parametrize(
    ("options", "kind", "written"),
    [
        ({"views": "slices", "slices": 1}, "volumes of 1 slice,", {"slices", "volume", "volumes"}),
        ({"views": "slices", "slices": 3}, "volumes of 3 slices,", {"slices", "volume"}),
        ({}, "pictures,", set()),
    ],
)
def test_one_slice_of_an_array_of_volumes_is_a_volume(tmp_path, options, kind, written):
    fields = {**ENTRY, "name": "cubes", "tree": "", "files": [{"path": "x.npz"}], "groups": None}
    dataset = Dataset(**fields | {"read": {"npz": {"file": "x.npz", **options}}})
    reading = reading_of(dataset, 16, (4, 16 * options.get("slices", 1), 16, 3))
    assert reading.of_volumes == bool(options)
    kept_model(tmp_path / "m", reading=reading)
    content = json.loads((tmp_path / "m" / MANIFEST).read_text())["reading"]
    assert {"slices", "volume", "volumes"} & {*content} == written
    assert read_model(tmp_path / "m").manifest.reading == reading
    assert kind in card_of(read_model(tmp_path / "m").manifest)
    if options:
        with pytest.raises(CatsError, match="the classifier was trained with volumes of an array file"):
            read_picture(b"", "x", reading)


@pytest.mark.slow
@pytest.mark.parametrize("slices", [1, 3])
def test_the_record_says_how_many_slices_a_network_has_seen(place, slices):
    medmnist3d(place / "data", "cubes", 2)
    npz = {"file": "medmnist/cubes.npz", "views": "slices", "slices": slices}
    entry = ENTRY | {"tree": "", "files": [{"path": npz["file"]}], "groups": None, "read": {"npz": npz}}
    (place / "entries" / "targets" / f"cubes{slices}.yaml").write_text(yaml.safe_dump({"dataset": entry}))
    plan = Plan(
        experiment="e", sources=["scratch"], targets=[f"cubes{slices}"], backbones=["test_resnet"], seeds=1,
        recipe={"protocol": "knn", "size": 16, "k": [1]},
    )  # fmt: skip
    record = make_cell(next(cells_of(plan)), "e", Stopwatch("NLD", "cpu")).record
    assert record.reason is None
    assert record.facts["slices"] == str(slices)


def test_sentences_about_files_that_are_left_out_speak_of_volumes(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.nii", "b.nii"):
        (tmp_path / "in" / name).write_bytes(b"no volume")
    (tmp_path / "in" / "notes.txt").write_text("of a person")
    found = incoming_of(tmp_path / "in", ("benign", "malignant"), volumes=True)
    assert f"{tmp_path / 'in'}: 1 file that is no NIfTI file is left out" in found.notes
    reading = Reading(size=32, slices=3, volume=VolumeReading(percentiles=(1, 99)))
    model = kept_model(tmp_path / "m", reading=reading)
    with pytest.raises(CatsError, match="none of the 2 volumes can be used; the first: "):
        predict_to_file(model, found, Place(tmp_path / "out.csv"), 1, lambda count: None)


@pytest.mark.parametrize(
    ("volume", "given", "used"), [(None, 16, 8), (None, 1, 1), (VolumeReading(), 16, 2), (VolumeReading(), 1, 1)]
)
def test_few_whole_volumes_are_in_memory_at_a_time(monkeypatch, volume, given, used):
    made = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers, **others):
            made.append(workers)
            super().__init__(workers, **others)

    monkeypatch.setattr(decoding, "ThreadPoolExecutor", Pool)
    assert list(decoding.decoded([], Reading(size=16, volume=volume), given, 4)) == []
    assert made == [used]


def test_a_volume_of_another_number_of_slices_is_a_sentence():
    squares = tuple(images(3, channels=1)[0][..., 0])
    assert as_input(squares, "x", Reading(size=16, colour=False, slices=3)).shape == (48, 16, 1)
    with pytest.raises(
        CatsError, match="x is a volume of 3 slices; each image that the classifier was trained with is a picture"
    ):
        as_input(squares, "x", Reading(size=16))
    with pytest.raises(
        CatsError, match="x is a picture; each image that the classifier was trained with is a volume of 9 slices"
    ):
        as_input(squares[0], "x", Reading(size=16, slices=9))


def test_files_are_refused_where_training_had_an_array_file():
    with pytest.raises(CatsError, match="x: the classifier was trained with volumes of an array file, .*; name a target"):
        read_picture(nifti_bytes(np.zeros((4, 4, 4), np.int16)), "x", Reading(size=16, slices=9))


def test_the_edge_between_two_slices_is_no_sharpness():
    flat = np.repeat(np.array([0, 255, 0], np.uint8), 8)[:, None, None] * np.ones((1, 8, 1), np.uint8)
    brightness, contrast, sharpness, *_ = image_statistics(flat[None])[0]
    assert (brightness, sharpness) == (pytest.approx(1 / 3), 0)
    assert contrast == pytest.approx(np.std([0, 1, 0]))


def test_a_note_tells_the_users_of_a_classifier():
    class Cell:
        leak = None

    class Dataset:
        groups = "patient"

    assert data_notes(Cell, Dataset, {"slices": "9"}) == [
        "each image is a volume, of which the network sees 9 slices; numbers of images count volumes"
    ]
    one = data_notes(Cell, Dataset, {"slices": "1"})
    assert one == ["each image is a volume, of which the network sees 1 slice; numbers of images count volumes"]
    assert data_notes(Cell, Dataset, {}) == []


@pytest.mark.slow
def test_new_volumes_are_watched(kept, place):
    arguments = ["watch", str(kept[0]), str(place / "data" / "brains"), "--no-history", "--no-log"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code in {0, 1}, result.output
    assert "80" in result.output


@pytest.mark.slow
def test_volumes_pretrain_a_network_and_are_scored_by_measures(place, tmp_path):
    """Features, gradients and a neutral network; the source is an npz of volumes seen from three sides."""
    medmnist3d(place / "data", "cubes", 2)
    npz = {"file": "medmnist/cubes.npz", "views": "orthogonal", "slices": 3}
    entry = ENTRY | {"tree": "", "files": [{"path": npz["file"]}], "groups": None, "read": {"npz": npz}}
    (place / "entries" / "targets" / "cubes.yaml").write_text(yaml.safe_dump({"dataset": entry}))
    measures = ["logme", "fid", "task2vec", "pge", "otdd"]
    plan = Plan(
        experiment="e", sources=["scratch", "cubes"], targets=["brains"], backbones=["test_resnet"], seeds=[0],
        measures=measures, recipe={"size": 16, "epochs": 1}, pretraining={"size": 16, "epochs": 1},
    )  # fmt: skip
    tracking = Experiment(f"sqlite:///{tmp_path}/mlflow.db", "e")
    watch = Watch(lambda what: None, lambda record, state: None)
    settings = ScoreSettings(resolved(plan), "cpu", 40, 2, neutral="scratch")
    state = score_plan(settings, Writer(tracking, Outbox(tmp_path / "outbox")), watch)
    assert state.failed == []
    by = {(row.source, row.measure): row for row in read_scores(tracking.frame(), "e")}
    for measure in measures:
        row = by["cubes", measure]
        assert row.value is not None, (measure, row.reason)
        assert np.isfinite(row.value)


@pytest.mark.slow
def test_a_submission_of_volumes_has_their_names_without_both_endings(kept, place):
    (place / "data" / "brains" / "test").mkdir()
    for name in ("s2", "s1"):
        content = nifti_bytes(np.random.default_rng(1).integers(0, 500, (8, 8, 8)).astype(np.int16), packed=True)
        (place / "data" / "brains" / "test" / f"{name}.nii.gz").write_bytes(content)
    form = {"files": "test/*.nii.gz", "columns": ["id", "well"]}
    read = {"nifti_folders": ENTRY["read"]["nifti_folders"] | {"parts": {"test": "-"}}}
    (place / "entries" / "targets" / "contest.yaml").write_text(
        yaml.safe_dump({"dataset": ENTRY | {"unlabelled": form, "read": read}})
    )
    result = CliRunner().invoke(app, ["submit", str(kept[0]), "--target", "contest", "--to", "mine.csv"])
    assert result.exception is None, result.output
    table = pd.read_csv("mine.csv")
    assert table["id"].tolist() == ["s1", "s2"]
    assert table["well"].between(0, 1).all()
