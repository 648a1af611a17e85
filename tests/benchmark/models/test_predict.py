"""`cats predict`: what its file holds beside the network's own outputs, and its sentences about input that cannot be used."""

import csv
import io
import json
import re
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from benchmark.core.identifier_key import identifier_key
from benchmark.data.decoded import load_images
from benchmark.data.split import split
from benchmark.models import decoding, prediction
from benchmark.models.distance import Distance
from benchmark.models.energy import energy_sentence
from benchmark.models.incoming_path import incoming_of
from benchmark.models.incoming_target import incoming_of_target
from benchmark.models.model import read_model
from benchmark.models.prediction import predict, predicted_names
from benchmark.models.prediction_run import Place, predict_to_file, sentences_about
from benchmark.models.prediction_scores import labelled, score_of
from benchmark.specs import catalogue
from results.error import CatsError
from results.evaluation.calibration import temperature_of
from results.metrics import auc
from results.record import Cost, Energy
from results.statistics.influence import auc as influence_of_auc
from results.statistics.influence import patient_shares
from results.statistics.intervals import TargetResults, intervals
from results.text.identifiers import identifier
from results.text.plain import NO_UTF8
from tests.support.dicom_files import written
from tests.support.explained import spots_target
from tests.support.hostile import HOSTILE
from tests.support.kept_models import CLASSES, images, kept_model, manifest, network

FIGURES = [f"{kind}_{name}" for kind in ("probability", "raw") for name in CLASSES]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return kept_model(tmp_path_factory.mktemp("models") / "kept")


@pytest.fixture(scope="module")
def grey_model(tmp_path_factory):
    return kept_model(tmp_path_factory.mktemp("models") / "grey", channels=1)


def put(folder, pixels, names=None):
    """Write images as PNG files; returns their names."""
    names = names or [f"{number:03}.png" for number in range(len(pixels))]
    for name, image in zip(names, pixels, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(folder / name, "PNG")
    return names


def run(model, path, to, column="", overwrite=False):
    """Predict what a path means; (table, summary, incoming)."""
    incoming = incoming_of(path, model.manifest.classes, column)
    summary = predict_to_file(model, incoming, Place(to, overwrite), 2, lambda count: None)
    read = pd.read_parquet if to.suffix == ".parquet" else pd.read_csv
    return read(to), summary, incoming


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_file_holds_what_the_network_gives(model, tmp_path, monkeypatch, ending):
    monkeypatch.setattr(prediction, "MOST", 7)  # several batches, the last one not full
    pixels, _ = images(25, 3)
    names = put(tmp_path / "in", pixels)
    table, summary, _ = run(model, tmp_path / "in", tmp_path / f"out.{ending}")
    outputs = model.outputs(pixels)
    expected = [model.probabilities(outputs.logits, calibrated=each) for each in (True, False)]
    distance = Distance.of(model.reference)
    assert list(table["file"]) == names
    np.testing.assert_allclose(table[FIGURES], np.hstack(expected), atol=1e-6)
    np.testing.assert_allclose(table["out_of_distribution_score"], distance.score(outputs.features), atol=1e-3)
    assert list(table["out_of_distribution"]) == list(table["out_of_distribution_score"] > distance.threshold)
    assert list(table["predicted"]) == [CLASSES[number] for number in expected[0].argmax(axis=1)]
    assert not table["reason"].any() or table["reason"].isna().all()
    assert (summary.broken, sum(summary.predicted.values())) == (0, 25)


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
def test_an_archive_gives_what_its_folder_gives(model, tmp_path, ending):
    put(tmp_path / "in", images(6, 4)[0], [f"deep/{number}.png" for number in range(6)])
    packed = tmp_path / f"in{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for file in (tmp_path / "in").rglob("*.png"):
                archive.write(file, file.relative_to(tmp_path / "in"))
    else:
        with tarfile.open(packed, "w:gz" if ending.endswith("gz") else "w") as archive:
            archive.add(tmp_path / "in", ".")
    one, _, _ = run(model, tmp_path / "in", tmp_path / "one.csv")
    other, _, _ = run(model, packed, tmp_path / "other.csv")
    pd.testing.assert_frame_equal(one, other)


def test_strangers_are_left_out_and_a_content_counts_more_than_an_ending(model, tmp_path):
    put(tmp_path, images(3, 4)[0], ["a.png", "no_ending", "sub/c.png"])
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    found = incoming_of(tmp_path, CLASSES)
    assert list(found.names) == ["a.png", "no_ending", "sub/c.png"]
    assert "1 file that is no picture is left out" in found.notes[-1]


def test_broken_files_get_a_reason_and_the_rest_goes_on(model, tmp_path):
    names = put(tmp_path / "in", images(5, 4)[0])
    (tmp_path / "in" / names[1]).write_bytes(b"no picture")
    whole = (tmp_path / "in" / names[3]).read_bytes()
    (tmp_path / "in" / names[3]).write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "empty.png").touch()
    table, summary, _ = run(model, tmp_path / "in", tmp_path / "out.csv")
    broken = table["reason"].notna()
    assert list(table["file"][broken]) == [names[1], names[3], "empty.png"]
    assert all("is not a picture that can be read" in reason for reason in table["reason"][broken])
    assert table.loc[broken, [*FIGURES, "predicted", "out_of_distribution_score", "out_of_distribution"]].isna().all(axis=None)
    assert summary.broken == len(summary.reasons) == 3
    assert table.loc[~broken, FIGURES].notna().all(axis=None)


def test_a_damaged_member_of_a_zip_does_not_stop_the_members_behind_it(model, tmp_path):
    put(tmp_path / "in", images(4, 4)[0])
    packed = tmp_path / "in.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(4):
            archive.write(tmp_path / "in" / f"{number:03}.png", f"{number:03}.png")
        place = archive.infolist()[1].header_offset + 200
    content = bytearray(packed.read_bytes())
    content[place] ^= 255  # its checksum is wrong now
    packed.write_bytes(content)
    table, _, _ = run(model, packed, tmp_path / "out.csv")
    assert list(table["reason"].notna()) == [False, True, False, False]


def test_a_dicom_file_is_read_as_the_reading_says_and_its_header_stays_out(grey_model, tmp_path):
    for number in range(3):
        raw = np.random.default_rng(number).integers(0, 4000, (32, 32)).astype(np.uint16)
        (tmp_path / f"{number}").write_bytes(written(raw, PatientID="JANE^DOE"))
    frames = written(np.zeros((4, 32, 32), np.uint16), Rows=32, Columns=32, NumberOfFrames=4, SamplesPerPixel=1,
                     PhotometricInterpretation="MONOCHROME2", PlanarConfiguration=None)  # fmt: skip
    (tmp_path / "frames.dcm").write_bytes(frames)
    table, _, _ = run(grey_model, tmp_path, tmp_path / "out.csv")
    assert list(table["reason"].notna()) == [False, False, False, True]
    assert "holds 4 frames; only single images can be read" in table["reason"][3]
    assert "JANE" not in (tmp_path / "out.csv").read_text()


@pytest.mark.parametrize(
    ("patient", "over"), [(lambda n: f"JANE-{n // 2}", "12 images of 6 patients"), (lambda n: "JANE", "12 images")]
)
def test_scores_of_dicom_files_count_their_patients_and_name_none(grey_model, tmp_path, patient, over):
    for number, pixels in enumerate(images(12, 4, channels=1)[0]):
        folder = tmp_path / "in" / CLASSES[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.dcm").write_bytes(written(pixels[..., 0], PatientID=patient(number)))
    _, summary, _ = run(grey_model, tmp_path / "in", tmp_path / "out.csv")
    assert [sentence.endswith(f", {over}") for sentence in summary.scores] == [True, True]
    assert "JANE" not in (tmp_path / "out.csv").read_text() + " ".join(summary.scores)


TABLES = {
    "one column": ("file", lambda name: [name]),
    "beside a label": ("label,file", lambda name: ["benign", name]),
    "without endings": ("image_id,age", lambda name: [name.removesuffix(".png"), "31"]),
    "tabs": ("file\tage", lambda name: [name, "31"]),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_names_pictures_and_a_missing_one_is_a_row_with_a_reason(model, tmp_path, kind):
    head, row = TABLES[kind]
    put(tmp_path / "deep", images(4, 4)[0], [f"p{number}.png" for number in range(4)])
    sign = "\t" if "\t" in head else ","
    lines = [head, *(sign.join(row(f"p{number}.png")) for number in (3, 0, 9, 2))]
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\n")
    table, _, _ = run(model, tmp_path / "list.csv", tmp_path / "out.csv")
    assert [name.removesuffix(".png") for name in table["file"]] == ["p3", "p0", "p9", "p2"]
    assert list(table["reason"].notna()) == [False, False, True, False]
    assert "line 4 names p9" in table["reason"][2]
    assert "which is no picture in" in table["reason"][2]


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("age,sex\n31,f\n45,m\n", "", r"no column of .*list.csv names pictures in .*; name the column with --path"),
        ("file\nx.png\ny.png\n", "", r"no row of .* names a picture; the first: .*line 2 names x.png, which is no picture in"),
        ("file,other\n000.png,001.png\n001.png,000.png\n", "", r"several columns that may name the pictures: .* --path"),
        ("file\n000.png\n", "fille", r"has no column 'fille'.*did you mean 'file'"),
        ("id,sex\na,f\nb,m\nc,f\n", "", r"has a row per patient, .* 'id' holds the folder, such as a; name the pictures"),
        ("file\n", "", r"holds no row; it needs a line of column names"),
        ("", "", r"cannot be read as a table"),
    ],
)  # fmt: skip
def test_sentences_about_tables(tmp_path, text, column, sentence):
    put(tmp_path, images(2, 4)[0])
    put(tmp_path, images(3, 4)[0], ["a/v.png", "b/v.png", "c/v.png"])
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(CatsError, match=sentence):
        incoming_of(tmp_path / "list.csv", CLASSES, column)


def test_sentences_about_folders_and_paths(tmp_path):
    for name in ("empty", "papers"):
        (tmp_path / name).mkdir()
    (tmp_path / "papers" / "a.txt").write_text("x")
    for path, sentence in (
        (tmp_path / "empty", "is empty; name a folder or an archive that holds pictures"),
        (tmp_path / "papers", "holds no picture that can be read: its only file is of other kinds"),
        (tmp_path / "nothing", "does not exist; name a folder, an archive, a table, a picture or a target"),
    ):
        with pytest.raises(CatsError, match=sentence):
            incoming_of(path, CLASSES)
    with pytest.raises(CatsError, match="--path can be used with a table only"):
        incoming_of(tmp_path / "papers", CLASSES, "file")


def test_class_folders_are_labels_and_an_unknown_one_is_named(model, tmp_path):
    pixels, labels = images(30, 6)
    put(tmp_path / "in", pixels, [f"{CLASSES[label]}/{number}.png" for number, label in enumerate(labels)])
    put(tmp_path / "in", pixels[:3], [f"normal/{number}.png" for number in range(3)])
    table, summary, incoming = run(model, tmp_path / "in", tmp_path / "out.csv")
    assert (
        "the folder 'normal' is no class of the classifier; allowed are benign, malignant; its 3 pictures"
        in incoming.unscored[0]
    )
    assert table["label"].isna().sum() == 3
    known = table[table["label"].notna()]
    right, area = (
        (known["label"] == known["predicted"]).mean(),
        auc((known["label"] == "malignant").to_numpy(int), known[FIGURES[:2]].to_numpy()),
    )
    assert summary.scores[0].startswith(f"accuracy: {right:.3f} (95 % interval ")
    assert summary.scores[1].startswith(f"auc: {area:.3f}")
    assert "30 images" in summary.scores[0]


@pytest.mark.parametrize(("classes", "said"), [(CLASSES, True), (("benign", "wild"), False), (("0", "1"), False)])
def test_a_column_of_labels_is_not_used_and_a_sentence_says_how_to_be_scored(tmp_path, classes, said):
    put(tmp_path, images(3, 4)[0])
    table = tmp_path / "list.csv"
    table.write_text("file,sex,Finding\n000.png,0,benign\n001.png,1,\n002.png,0,malignant\n")
    found = incoming_of(table, classes)
    assert found.labels is None
    sentence = (
        f"{table}: the column 'Finding' holds classes of the classifier and is not used: nothing is scored; for scores, "
        f"`cats new target NAME --from {table}`, then `cats predict MODEL NAME --target-part all`"
    )
    assert found.unscored == ((sentence,) if said else ())


@pytest.mark.parametrize(
    ("folder", "hint"),
    [
        ("Benign", "no folder is a class of the classifier; did you mean 'benign'?: there is 'Benign', and nothing is scored"),
        ("PX-200217", ": the folders name patients, not classes: nothing is scored"),
        ("december", ": the folders name no classes of the classifier: nothing is scored"),
    ],
)
def test_folders_of_which_none_is_a_class_give_no_labels_and_a_sentence(tmp_path, folder, hint):
    put(tmp_path, images(2, 4)[0], [f"{folder}/{number}.png" for number in range(2)])
    found = incoming_of(tmp_path, CLASSES)
    assert found.labels is None
    assert not found.notes
    assert found.unscored[0].endswith(hint)


def test_one_class_alone_has_an_accuracy_and_no_auc(model, tmp_path):
    put(tmp_path / "in", images(4, 4)[0], [f"benign/{number}.png" for number in range(4)])
    _, summary, _ = run(model, tmp_path / "in", tmp_path / "out.csv")
    assert summary.scores[1] == "auc: not defined, because all labelled images are of one class"


def test_that_probabilities_are_not_calibrated_is_said(model, tmp_path):
    put(tmp_path / "in", images(4, 4)[0])
    _, summary, _ = run(model, tmp_path / "in", tmp_path / "out.csv")
    note = temperature_of("binary", np.arange(4) % 2, np.full((4, 2), 0.5)).note
    for changes, said in (
        ({"temperature": 1.0, "notes": (note,)}, f"{note}; calibrated and raw probabilities are equal"),
        (
            {"temperature": None},
            "the classifier has no temperature: its probabilities are not calibrated, and both kinds are equal",
        ),
        ({}, None),
    ):
        lines = sentences_about(summary, replace(model, manifest=model.manifest.model_copy(update=changes)), 4)
        assert [line for line in lines if "calibrated" in line] == ([said] if said else [])


def test_colour_for_a_grey_network_is_refused_and_the_reverse_is_said(model, grey_model, tmp_path):
    pixels = images(3, 4)[0]
    put(tmp_path / "in", pixels)
    with pytest.raises(
        CatsError, match="none of the 3 pictures can be used; the first: 000.png has colours; the classifier was"
    ):
        run(grey_model, tmp_path / "in", tmp_path / "out.csv")
    assert not list(tmp_path.glob("*.csv"))
    put(tmp_path / "grey", pixels[..., :1])
    _, summary, incoming = run(model, tmp_path / "grey", tmp_path / "grey.csv")
    assert "3 pictures are grey; the classifier was trained with images in colour only" in sentences_about(
        summary, model, len(incoming)
    )
    one, _, _ = run(grey_model, tmp_path / "grey", tmp_path / "one.csv")
    put(tmp_path / "stored", np.repeat(pixels[..., :1], 3, axis=-1))  # grey pictures that a program has stored as RGB
    other, _, _ = run(grey_model, tmp_path / "stored", tmp_path / "other.csv")
    pd.testing.assert_frame_equal(one, other)


def test_a_network_without_finite_numbers_is_refused(tmp_path):
    broken = kept_model(tmp_path / "model")
    with torch.no_grad():
        broken.network.head.weight.fill_(float("nan"))
    put(tmp_path / "in", images(2, 4)[0])
    with pytest.raises(CatsError, match="none of the 2 pictures can be used; the first: 000.png: the network gives no finite"):
        run(broken, tmp_path / "in", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_hostile_names_and_formulas_are_harmless_in_the_csv_and_whole_in_parquet(model, tmp_path):
    hostile = [text.replace("/", "") for text in HOSTILE.values() if "\0" not in text and not NO_UTF8.search(text)]
    names = ["=cmd|calc.png", "@x.png", "-1+2.png", *(f"{n}{text}.png" for n, text in enumerate(hostile) if len(text) < 60)]
    pixels = np.repeat(images(1, 4)[0], len(names), axis=0)
    put(tmp_path / "in", pixels, names)
    run(model, tmp_path / "in", tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(lines, newline="")))
    assert len(rows) == len(names) + 1
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row)
    assert {"'=cmd|calc.png", "'@x.png", "'-1+2.png"} <= {row[0] for row in rows}
    assert "\x1b" not in lines
    table, _, _ = run(model, tmp_path / "in", tmp_path / "out.parquet")
    assert set(table["file"]) == set(names)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_error_on_the_way_leaves_no_file_and_an_existing_one_as_it_was(model, tmp_path, monkeypatch, ending):
    put(tmp_path / "in", images(9, 4)[0])
    monkeypatch.setattr(prediction, "MOST", 4)
    to, incoming = tmp_path / f"out.{ending}", incoming_of(tmp_path / "in", CLASSES)
    to.write_text("before")

    def stop(count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_to_file(model, incoming, Place(to, True), 2, stop)
    assert to.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"in", to.name}


def test_only_a_bounded_number_of_pictures_is_decoded_ahead(model):
    asked = 0

    def contents():
        nonlocal asked
        for number in range(500):
            asked += 1
            yield str(number), np.zeros((32, 32, 3), np.uint8)

    found = decoding.decoded(contents(), model.manifest.reading, 2, ahead=10)
    for taken in range(1, 100):
        next(found)
        assert asked <= taken + 11
    found.close()


def test_several_labels_are_joined_and_none_is_an_empty_cell():
    several = manifest(network(classes=3), task="multilabel", classes=("a", "b", "c"))
    assert predicted_names(np.array([[0.5, 0.2, 0.9], [0.1, 0.2, 0.3]]), several) == ["a|c", ""]


def test_the_interval_of_the_auc_is_delongs_and_that_of_a_board_with_one_seed():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    scores = np.clip(0.5 + 0.1 * labels + 0.2 * rng.normal(size=60), 0.01, 0.99)
    known = labelled("binary", labels, np.stack([1 - scores, scores], axis=1), None, list(map(str, range(60))))
    found = score_of("auc", known)
    board = TargetResults([np.array([found.value])], patient_shares(influence_of_auc(known)[:, None], None))
    assert np.ravel(intervals(board, (0.0, 1.0))) == pytest.approx([found.low, found.high])
    one, zero = scores[labels == 1], scores[labels == 0]
    wins = (one[:, None] > zero) + 0.5 * (one[:, None] == zero)
    spread = np.sqrt(wins.mean(axis=1).var(ddof=1) / 30 + wins.mean(axis=0).var(ddof=1) / 30)
    place, reach = np.log(wins.mean() / (1 - wins.mean())), 2.000995 * spread / (wins.mean() * (1 - wins.mean()))
    assert found.value == pytest.approx(wins.mean())
    assert [found.low, found.high] == pytest.approx(
        [1 / (1 + np.exp(-place + reach)), 1 / (1 + np.exp(-place - reach))], abs=1e-5
    )


def test_the_sentence_about_energy_keeps_what_is_missing():
    energy = {"cpu": Energy(kwh=0.002, provenance="counter"), "ram": Energy(kwh=0.001, provenance="modelled"),
              "gpu": Energy(kwh=None, provenance="missing")}  # fmt: skip
    said = energy_sentence([Cost(phase="prediction", seconds=12.34, energy=energy)])
    assert said == "energy: 2 Wh counted (cpu); 1 Wh modelled (ram); missing: gpu; 12.3 s"


def test_energy_of_equal_hardware_adds_up_and_no_energy_is_unknown():
    costs = [
        Cost(phase="prediction", seconds=1.0, energy={"cpu": Energy(kwh=kwh, provenance="counter")}) for kwh in (0.002, 0.003)
    ]
    assert energy_sentence(costs) == "energy: 5 Wh counted (cpu); 2.0 s"
    assert energy_sentence([Cost(phase="prediction", seconds=1.2, energy={})]) == "energy: unknown; 1.2 s"


# The command itself.


@pytest.fixture
def pictures(tmp_path):
    put(tmp_path / "pictures", images(4, 4)[0])
    return tmp_path / "pictures"


def test_the_command_writes_says_and_ends_with_1_for_broken_files(cats, model, pictures, tmp_path):
    out = tmp_path / "p.csv"
    code, said, _ = cats("predict", model.folder, pictures, "--to", out)
    assert code == 0
    assert "4 pictures are predicted" in said
    assert "energy: " in said
    (pictures / "000.png").write_bytes(b"x")
    code, said, errors = cats("predict", model.folder, pictures, "--to", out, "--overwrite")
    assert code == 1
    assert "1 of 4 pictures cannot be used" in errors
    assert "000.png is not a picture" in errors


def test_one_picture_and_several_of_one_folder(cats, model, pictures, tmp_path):
    for number, chosen in enumerate((["000.png"], ["003.png", "001.png"])):
        out = tmp_path / f"{number}.csv"
        code, _, _ = cats("predict", model.folder, *(pictures / name for name in chosen), "--to", out)
        assert code == 0
        assert list(pd.read_csv(out)["file"]) == chosen


@pytest.fixture
def spots(home):
    """The target `spots`, whose images are private, with the images of the fixture `images`."""
    spots_target(home)
    dataset = catalogue.target("spots").dataset
    return dataset, load_images(dataset, 32)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["train", "val", "test", "all"])
def test_a_target_by_its_name_is_predicted_part_by_part_and_scored(cats, model, spots, part, tmp_path):
    dataset, decoded = spots
    rows = np.arange(len(decoded.ids)) if part == "all" else split(dataset, decoded)[part]
    code, said, _ = cats(
        "predict", model.folder, "spots", "--to", tmp_path / "p.csv", *(["--part", part] if part != "test" else [])
    )
    assert code == 0
    table = pd.read_csv(tmp_path / "p.csv")
    assert table["file"].tolist() == [identifier("sample", name, identifier_key()) for name in decoded.ids[rows]]
    assert table["label"].tolist() == [CLASSES[label] for label in decoded.labels[rows]]
    expected = model.probabilities(model.outputs(decoded.images[rows]).logits)
    np.testing.assert_allclose(table[[f"probability_{name}" for name in CLASSES]], expected, atol=1e-6)
    hits = (expected.argmax(axis=1) == decoded.labels[rows]).mean()
    assert re.search(rf"accuracy: {hits:.3f} \(95 % interval [\d.]+ to [\d.]+\), {len(rows)} images\n", said)


def test_images_of_a_target_stay_on_the_disk(model, spots):
    dataset, decoded = spots
    incoming = incoming_of_target("spots", "test", model.manifest)
    rows = split(dataset, decoded)["test"]
    assert (np.diff(rows) > 1).any()
    assert isinstance(incoming.pixels, np.memmap)
    np.testing.assert_array_equal(np.stack(list(incoming.contents())), decoded.images[rows])


def test_a_target_with_plain_names_and_other_classes_is_predicted_and_not_scored(cats, model, home, tmp_path):
    spots_target(home, classes=("calm", "wild"))
    entry = home / "entries" / "targets" / "spots.yaml"
    entry.write_text(f"{entry.read_text()}  identifiers: plain\n")
    code, _, errors = cats("predict", model.folder, "spots", "--to", tmp_path / "p.csv")
    assert code == 0
    assert "spots has other classes (calm, wild) than the classifier (benign, malignant): nothing is scored" in errors
    table = pd.read_csv(tmp_path / "p.csv")
    assert table["file"].str.fullmatch(r"(calm|wild)/x \(\d+\)\.png").all()
    assert "label" not in table


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["spots", "--part", "tets"], "--target-part is tets; allowed are train, val, test and all; did you mean 'test'?"),
        (["spot"], "spot does not exist; name a folder, an archive, a table, a picture or a target"),
        (["spots", "spots"], "spots does not exist"),
    ],
)
def test_a_target_that_cannot_be_used_is_one_sentence(cats, model, spots, tmp_path, arguments, sentence):
    code, _, errors = cats("predict", model.folder, *arguments, "--to", tmp_path / "p.csv")
    assert (code, errors.count("\n")) == (2, 1)
    assert sentence in errors
    assert not (tmp_path / "p.csv").exists()


REFUSED = {
    "exists": (["--to", "there.csv"], "there.csv exists; name another file with --output, or say --overwrite"),
    "unknown ending": (["--to", "p.xlsx"], "--output is p.xlsx; predictions are written as .csv or .parquet"),
    "a folder": (["--to", "pictures.csv"], "cannot write the predictions to pictures.csv: it is a folder; name a file in it"),
    "cannot be written": (["--to", "there.csv/p.csv"], "cannot write the predictions to there.csv/p.csv"),
    "part": (["--part", "val"], "--target-part can be used with a target only"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_the_command_refuses_in_one_sentence(cats, model, pictures, tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").write_text("before")
    (tmp_path / "pictures.csv").mkdir()
    options, sentence = REFUSED[kind]
    code, _, errors = cats("predict", model.folder, pictures, *options)
    assert code == 2
    assert sentence in errors
    assert errors.count("\n") == 1
    assert (tmp_path / "there.csv").read_text() == "before"


def damaged(folder, kind):
    path = folder / "weights.safetensors"
    if kind == "newer":
        content = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps(content | {"format": 5}))
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif kind == "other weights":
        save_file({name: tensor + 1 for name, tensor in load_file(path).items()}, path)
    else:
        (folder / kind).unlink()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("newer", "has format 5; this version of cats reads formats up to 4: install a newer one"),
        ("cut", "weights.safetensors is damaged: its sha256 is"),
        ("other weights", "weights.safetensors is damaged: its sha256 is"),
        ("reference.safetensors", "reference.safetensors is missing; `cats keep` makes the folder again"),
        ("model.json", "holds no model.json, so it is not the folder of a kept classifier"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused_and_nothing_is_written(cats, pictures, tmp_path, kind, sentence):
    kept_model(tmp_path / "model")
    damaged(tmp_path / "model", kind)
    code, _, errors = cats("predict", tmp_path / "model", pictures, "--to", tmp_path / "p.csv")
    assert code == 2
    assert sentence in errors
    assert not (tmp_path / "p.csv").exists()


def test_the_same_model_read_twice_predicts_the_same(model, pictures):
    incoming = incoming_of(pictures, CLASSES)
    one, other = (next(predict(read_model(model.folder), incoming, 2)) for _ in range(2))
    assert (one.calibrated == other.calibrated).all()
