"""`cats new` on DICOM files in class folders and beside tables, as scanners and archives write them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmark.specs import catalogue
from tests.support.dicom_files import item, written
from tests.support.dicom_files import table as look_up_table

FACTS = ("--modality", "CT", "--licence", "CC0", "--citation", "Us, 2026")
COUNT = 48
ROOT = Path(__file__).parents[3]
WINDOW = {"WindowCenter": 1500, "WindowWidth": 1000}


def scan(number, **tags):
    """A picture of 12 bits; patients have two pictures each, of one class."""
    rng = np.random.default_rng(number)
    raw = rng.integers(1000 + 200 * (number // 2 % 2), 2000, (10, 10)).astype(np.uint16)
    return written(raw, **{"PatientID": f"p{number // 2}", "BitsStored": 12, "HighBit": 11, **WINDOW, **tags})


def name_of_class(number):
    return ("normal", "lesion")[number // 2 % 2]


def flat(number):
    return f"{name_of_class(number)}/{number}.dcm"


def class_folders(own, write=scan, name=flat, count=COUNT):
    for number in range(count):
        path = own / "set" / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write(number))
    return own / "set"


def entry(own):
    return yaml.safe_load((own / "entries" / "targets" / "scans.yaml").read_text())["dataset"]


def new(call, path, *options):
    return call("new", "target", "scans", "--from", path, *FACTS, *options)


def checked(call):
    code, out, err = call("check", "scans", "--size", 10)
    assert code == 0, out + err
    return out


LAYOUTS = {
    "flat": (flat, {}),
    "without ending": (lambda i: f"{name_of_class(i)}/IM{i:06d}", {}),
    "named by numbers": (lambda i: f"{name_of_class(i)}/1.2.840.113619.2.55.{i}", {}),
    "capital ending": (lambda i: f"{name_of_class(i)}/{i}.DCM", {}),
    "of Siemens": (lambda i: f"{name_of_class(i)}/{i}.IMA", {}),
    "patient, study, series": (lambda i: f"{name_of_class(i)}/p{i // 2}/study1/series{i % 2}/IM{i}", {"level": 1}),
    "below an outer folder": (lambda i: f"export/2024/{name_of_class(i)}/{i}.dcm", {"root": "export/2024"}),
    "patients outside": (lambda i: f"p{i // 2}/{name_of_class(i)}/{i}.dcm", {}),
    "of different depths": (lambda i: f"{name_of_class(i)}/{'a/b/' * (i % 2)}{i}.dcm", {"level": 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_of_dicom_files_becomes_an_entry_that_passes_the_check(call, own, layout):
    name, options = LAYOUTS[layout]
    code, _, err = new(call, class_folders(own, name=name))
    assert code == 0, err
    assert "48 pictures in 2 classes (lesion 24, normal 24); all 10 × 10, grey; no official parts" in err
    assert "24 patients" in err
    read = entry(own)["read"]["dicom_folders"]
    assert read == {"classes": ["lesion", "normal"], **options}
    assert entry(own)["groups"] == "patient"
    out = checked(call)
    assert "24 × patient, each in one part" in out


def test_folders_of_which_two_may_be_classes_are_asked_for(call, own):
    folder = class_folders(own, name=lambda i: f"{name_of_class(i)}/{('left', 'right')[i // 4 % 2]}/{i}.dcm")
    code, _, err = new(call, folder)
    assert code == 2
    assert "folders lie in two levels, lesion, normal and below left, right; say what the folders are" in err
    code, _, err = new(call, folder, "--layout", "class/-")
    assert code == 0, err
    assert entry(own)["classes"] == ["lesion", "normal"]


@pytest.mark.parametrize(("folder", "first"), [("p{0}", "p0"), ("bed{0}", "bed0"), ("p{0}/study/series{1}", "p0")])
def test_folders_of_one_patient_each_are_refused_with_the_table_of_patients(call, own, folder, first):
    path = class_folders(own, name=lambda i: f"{folder.format(i // 2, i % 2)}/{i}.dcm", count=16)
    rows = [f"p{number};{40 + number};{('normal', 'lesion')[number % 2]}" for number in range(8)]
    (path / "labels.csv").write_text("\n".join(["PatientID;Age;Finding", *rows]) + "\n")
    seen = (
        f"the 8 folders {first}, {first[:-1]}1, ... look like patients, not classes, as each holds the files of one PatientID"
    )
    asked = "--layout patient/- names no class: if no folder of set is one, the labels come from a table"
    for options, sentence in (((), seen), (("--layout", "patient/-"), asked)):
        code, _, err = new(call, "set", *options)
        assert (code, sentence in err) == (2, True), err
        assert "join set/labels.csv, which has a row per patient, to the pictures as docs/tables.md shows" in err
    for options in ((), ("--path", "PatientID")):
        code, _, err = new(call, "set/labels.csv", *options)
        held = "the PatientID of the DICOM files" if first == "bed0" else "the folder, such as p0"
        assert (code, f"a row per patient, not per picture: the column 'PatientID' holds {held}; join" in err) == (2, True), err
    assert not (own / "entries" / "targets" / "scans.yaml").exists()


@pytest.mark.parametrize("known_by", ["PatientID", r"^([^/]+)/", r"/(\d+)_"])
def test_the_script_of_the_docs_joins_a_table_of_patients(call, own, known_by):
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    script = page[page.index("```python\nimport re\n") :].split("```")[1].removeprefix("python\n")
    values = {
        'Path("export_november")': repr(own / "set").removeprefix("Posix"),
        'known_by = "PatientID"': f"known_by = {known_by!r}",
    }
    for old, value in values.items():
        assert script.count(old) == 1
        script = script.replace(old, value)
    ending = "" if known_by == "PatientID" else ".dcm"
    path = class_folders(own, lambda i: scan(i, PatientID=f"{i // 2:03}"), lambda i: f"{i // 2:03}/{i // 2:03}_{i}{ending}")
    (path / ".DS_Store").write_bytes(b"no picture")
    (path / "readme.txt").write_text("no picture")
    rows = [f"{number:03};{40 + number};{name_of_class(2 * number)}" for number in range(COUNT // 2 - 1)]
    (path / "labels.csv").write_text("\ufeff" + "\n".join(["PatientID;Age;Finding", *rows]) + "\n", encoding="utf-8")
    exec(script, {})
    code, _, err = new(call, path / "pictures.csv", "--missing", "drop", "--path", "file")
    assert code == 0, err
    assert (entry(own)["images"], entry(own)["groups"], entry(own)["read"]["dicom"]["group"]) == (46, "patient", "PatientID")
    assert "23 patients" in err or "groups by patient" in err


@pytest.mark.slow
def test_official_parts(call, own):
    parts = ("train", "train", "valid", "test")
    folder = class_folders(own, name=lambda i: f"{parts[i // 4 % 4]}/{flat(i)}")
    code, _, err = new(call, folder)
    assert code == 0, err
    assert "official parts: train 24, val 12, test 12" in err
    checked(call)


def test_an_archive(call, own):
    folder = class_folders(own)
    with zipfile.ZipFile(own / "packed.zip", "w") as archive:
        for path in folder.rglob("*.dcm"):
            archive.write(path, path.relative_to(folder))
    code, _, err = new(call, own / "packed.zip")
    assert code == 0, err
    checked(call)


@pytest.mark.slow
def test_a_dicomdir_reports_and_files_of_other_kinds_are_left_out_and_counted(call, own):
    folder = class_folders(own)
    report = written(np.zeros((2, 2), np.uint16), PixelData=None, Rows=None, Columns=None)
    (folder / "DICOMDIR").write_bytes(report)
    (folder / "normal" / "report.dcm").write_bytes(report)
    (folder / "lesion" / "note.txt").write_text("seen")
    code, _, err = new(call, folder)
    assert code == 0, err
    assert "1 DICOM file holds no image (reports, contours) and is left out" in err
    assert entry(own)["images"] == 48
    assert "1 DICOM file holds no image" in checked(call)


def test_a_folder_of_other_files_beside_classes_is_asked_for(call, own):
    folder = class_folders(own)
    (folder / "other").mkdir()
    (folder / "other" / "x.mat").write_bytes(b"MATLAB 5.0")
    code, _, err = new(call, folder)
    assert code == 2
    assert "the folder other lies beside folders of pictures and holds none (1 file, for example other/x.mat)" in err


def test_pictures_of_other_formats_beside_dicom_files_are_asked_for(call, own):
    from PIL import Image

    folder = class_folders(own)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "normal" / "preview.png")
    code, _, err = new(call, folder)
    assert code == 2
    assert (
        "holds 48 DICOM files and 1 pictures of other formats (normal/preview.png); say which are meant with --include" in err
    )
    code, _, err = new(call, folder, "--include", r"\.dcm$")
    assert code == 0, err
    assert entry(own)["images"] == 48


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        (lambda i: {"PatientID": "ANON"}, "all 48 DICOM files have the PatientID 'ANON', which does not tell patients apart"),
        (lambda i: {"PatientID": "" if i == 7 else f"p{i // 2}"}, "1 of 48 DICOM files has no PatientID, as "),
    ],
)
def test_patients_that_the_files_do_not_tell_are_asked_for(call, own, tags, sentence):
    folder = class_folders(own, lambda i: scan(i, StudyInstanceUID=f"1.2.{i // 2}", **tags(i)))
    code, _, err = new(call, folder)
    assert code == 2
    assert sentence in err
    assert "name another attribute with --group, or say --group '' if patients are unknown" in err
    code, _, err = new(call, folder, "--group", "StudyInstanceUID")
    assert code == 0, err
    assert (entry(own)["groups"], entry(own)["read"]["dicom_folders"]["group_tag"]) == ("block", "StudyInstanceUID")
    checked(call)
    (own / "entries" / "targets" / "scans.yaml").unlink()
    catalogue.target.cache_clear()
    code, _, err = new(call, folder, "--group", "")
    assert code == 0, err
    assert "groups" not in entry(own)
    checked(call)


def test_a_group_that_is_no_attribute_is_refused(call, own):
    code, _, err = new(call, class_folders(own), "--group", "patient")
    assert code == 2
    assert "--group is 'patient', which is neither an attribute of DICOM, such as PatientID, nor a regular expression" in err


def frames(number):
    raw = np.stack([np.full((10, 10), value, np.uint16) for value in (1100, 1500 + number, 1900)])
    return scan(number, NumberOfFrames=3, PixelData=raw.tobytes())


def test_files_of_several_frames_are_asked_for(call, own):
    folder = class_folders(own, frames)
    code, _, err = new(call, folder)
    assert code == 2
    assert "48 of 48 DICOM files hold several frames" in err
    assert "say which one is read with --frame first, --frame middle or --frame NUMBER" in err
    code, _, err = new(call, folder, "--frame", "last")
    assert "--frame is 'last'; allowed are first, middle, and a number from 1" in err
    code, _, err = new(call, folder, "--frame", "middle")
    assert code == 0, err
    assert "of 48 files with several frames the middle one is read" in err
    assert entry(own)["read"]["dicom_folders"]["frame"] == "middle"


def values(own):
    from benchmark.data.decoded import load_images

    images = load_images(catalogue.target("scans").dataset, 10)
    return dict(zip(images.ids.tolist(), images.images[..., 0], strict=True))


@pytest.mark.slow
def test_files_without_a_window_get_one_white_for_the_data_set_and_padding_does_not_count(call, own):
    raw = {i: np.random.default_rng(i).integers(0, 900 + 60 * (i % 2), (10, 10)).astype(np.uint16) for i in range(COUNT)}
    for picture in raw.values():
        picture[0] = 63536

    def write(i):
        tags = {"BitsStored": 16, "HighBit": 15, "PixelData": raw[i].tobytes(), "PixelPaddingValue": 63536}
        return scan(i, WindowCenter=None, WindowWidth=None, **tags)

    code, _, err = new(call, class_folders(own, write))
    assert code == 0, err
    assert entry(own)["read"]["dicom_folders"]["white"] == 1023
    shown = values(own)
    for number in (0, 1, 30):
        expected = np.where(raw[number] == 63536, 0, np.rint(np.minimum(raw[number], 1023) * (255 / 1023)))
        np.testing.assert_allclose(shown[flat(number)].astype(int), expected, atol=1)
    checked(call)


@pytest.mark.slow
def test_an_entry_that_leaves_each_file_to_itself_is_noted(call, own):
    code, _, err = new(call, class_folders(own, lambda i: scan(i, WindowCenter=None, WindowWidth=None)))
    assert code == 0, err
    path = own / "entries" / "targets" / "scans.yaml"
    assert "white: 2047" in path.read_text()
    path.write_text(path.read_text().replace(", white: 2047", ""))
    assert "48 of 48 files that were looked at do not say which values are black and white, and each is shown" in checked(call)


@pytest.mark.slow
def test_signed_values_and_values_that_the_user_states(call, own):
    def write(i):
        raw = np.random.default_rng(i).integers(-1000, 2500, (10, 10)).astype(np.int16)
        return scan(
            i, PixelRepresentation=1, BitsStored=16, HighBit=15, PixelData=raw.tobytes(), WindowCenter=None, WindowWidth=None
        )

    folder = class_folders(own, write)
    code, _, err = new(call, folder)
    assert code == 0, err
    assert entry(own)["read"]["dicom_folders"]["range"] == [-1024, 4095]
    (own / "entries" / "targets" / "scans.yaml").unlink()
    catalogue.target.cache_clear()
    code, _, err = new(call, folder, "--values", "-160:240")
    assert code == 0, err
    assert entry(own)["read"]["dicom_folders"]["range"] == [-160, 240]
    checked(call)


@pytest.mark.slow
def test_a_look_up_table_is_used_and_needs_no_option(call, own):
    curve = np.rint(np.linspace(0, 1, 4096) ** 2 * 4095)
    code, _, err = new(call, class_folders(own, lambda i: scan(i, VOILUTSequence=look_up_table(curve, 0, 12))))
    assert code == 0, err
    assert entry(own)["read"] == {"dicom_folders": {"classes": ["lesion", "normal"]}}
    raw = np.random.default_rng(4).integers(1000, 2000, (10, 10))
    np.testing.assert_allclose(values(own)[flat(4)].astype(int), (raw / 4095) ** 2 * 255, atol=1)


@pytest.mark.slow
def test_colours_of_12_bits_in_16_have_their_white(call, own):
    def write(i):
        raw = np.random.default_rng(i).integers(0, 4096, (10, 10, 3)).astype(np.uint16)
        return written(raw, PatientID=f"p{i // 2}")

    code, _, err = new(call, class_folders(own, write))
    assert code == 0, err
    assert entry(own)["read"]["dicom_folders"]["white"] == 4095
    assert max(picture.max() for picture in values(own).values()) == 255
    checked(call)


def test_pixels_that_cannot_be_decoded_are_named_before_anything_is_written(call, own):
    code, _, err = new(call, class_folders(own, lambda i: scan(i, PixelData=b"1234")))
    assert code == 2
    assert "its pixels cannot be decoded" in err
    assert "40 of 40 files that were looked at are like that" in err
    assert not (own / "entries" / "targets" / "scans.yaml").exists()


@pytest.mark.parametrize(
    ("tags", "damage", "sentence"),
    [
        ({"NumberOfFrames": "1234"}, (b"1234", b"true"), "its DICOM element NumberOfFrames is 'true', not a whole number"),
        ({"NumberOfFrames": "1234"}, (b"1234", b"-1.5"), "its DICOM element NumberOfFrames is '-1.5', not a whole number"),
        ({"ModalityLUTSequence": [item(ModalityLUTType="US")]}, None, "a look-up table has no LUTDescriptor and no LUTData"),
    ],
)
def test_an_element_that_is_damaged_is_named(call, own, tags, damage, sentence):
    def write(number):
        content = scan(number, **tags) if number == 3 or damage is None else scan(number)
        return content.replace(*damage) if damage else content

    code, _, err = new(call, class_folders(own, write))
    assert code == 2
    assert f"{flat(3) if damage else '.dcm'}: {sentence if damage else 'its pixels cannot be decoded: ' + sentence}" in err
    assert not (own / "entries" / "targets" / "scans.yaml").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["folders", "table"])
def test_a_broken_file_is_named_and_may_be_allowed(call, own, kind):
    path = class_folders(own)
    (path / flat(3)).write_bytes(b"no DICOM")
    if kind == "table":
        path = path / "labels.csv"
        path.write_text("file,label\n" + "".join(f"{flat(i)},{name_of_class(i)}\n" for i in range(COUNT)))
    code, _, err = new(call, path)
    assert code == 2
    assert f"{flat(3)} is not a DICOM file that can be read" in err
    assert "1 of 48 DICOM files cannot be read: repair or remove them, or allow them with --broken 0.03" in err
    assert "PatientID" not in err
    code, _, err = new(call, path, "--broken", 0.03)
    assert code == 0, err
    assert "24 patients" in err
    assert "24 × patient, each in one part" in checked(call)


# Beside a table


def with_table(own, header, row, name=lambda i: f"images/{i}.dcm", **tags):
    class_folders(own, lambda i: scan(i, **tags), name)
    path = own / "set" / "labels.csv"
    path.write_text("\n".join([header, *(row(i) for i in range(COUNT))]) + "\n")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "name"),
    [
        (lambda i: f"images/{i}.dcm,{name_of_class(i)}", lambda i: f"images/{i}.dcm"),
        (lambda i: f"scan{i},{name_of_class(i)}", lambda i: f"images/scan{i}.dcm"),
        (lambda i: f"IM{i},{name_of_class(i)}", lambda i: f"images/IM{i}"),
        (lambda i: f"1.2.840.5.{i},{name_of_class(i)}", lambda i: f"images/1.2.840.5.{i}.dcm"),
        (lambda i: f"1.2.840.5.{i},{name_of_class(i)}", lambda i: f"images/1.2.840.5.{i}"),
    ],
    ids=["paths", "stems", "without ending", "numbers", "numbers without ending"],
)
def test_a_table_beside_dicom_files(call, own, row, name):
    code, _, err = new(call, with_table(own, "image,label", row, name))
    assert code == 0, err
    assert "24 patients" in err
    assert entry(own)["groups"] == "patient"
    assert entry(own)["read"]["dicom"]["path"] == "image"
    assert "24 × patient, each in one part" in checked(call)


@pytest.mark.slow
def test_the_patients_of_a_table_come_before_those_of_the_files(call, own):
    path = with_table(
        own, "image,label,patient_id", lambda i: f"{i}.dcm,{name_of_class(i)},w{i // 4 * 2 + i // 2 % 2 % 2}", PatientID="ANON"
    )
    code, _, err = new(call, path)
    assert code == 0, err
    assert entry(own)["read"]["dicom"]["group"] == "patient_id"
    checked(call)


def test_a_table_of_files_with_several_frames_or_without_patients_asks(call, own):
    raw = np.zeros((2, 10, 10), np.uint16)
    path = with_table(
        own, "image,label", lambda i: f"{i}.dcm,{name_of_class(i)}", NumberOfFrames=2, PixelData=raw.tobytes(), PatientID="x"
    )
    code, _, err = new(call, path)
    assert (code, "hold several frames" in err) == (2, True), err
    code, _, err = new(call, path, "--frame", "2")
    assert (code, "all 48 DICOM files have the PatientID 'x'" in err) == (2, True), err


def test_a_frame_is_no_option_for_pictures(call, own):
    from PIL import Image

    for number in range(COUNT):
        path = own / "pictures" / name_of_class(number) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (9, 9), dtype=np.uint8)).save(path)
    code, _, err = new(call, own / "pictures", "--frame", "first")
    assert (code, "--frame cannot be used with pictures, only with DICOM files" in err) == (2, True), err
