"""Readers: the same pictures from every kind of place are the same arrays; what is wrong is one sentence."""

import csv
import io
import sys
import tarfile
import zipfile
from hashlib import sha256

import h5py
import numpy as np
import pandas as pd
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from benchmark.core.paths import digests_folder
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.readers.dicom import dicom, pixels
from benchmark.data.readers.dicom_view import View
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.folders import folders
from benchmark.data.readers.hdf5 import hdf5
from benchmark.data.readers.hub import hub
from benchmark.data.readers.image_file import decode_picture
from benchmark.data.readers.npz import npz
from benchmark.data.readers.table import table
from benchmark.data.split import split
from benchmark.specs import catalogue
from results.error import CatsError
from results.files.digest import digest

RNG = np.random.default_rng(0)
ARRAYS = {
    f"data/{part}/{name}/p{i:02d}_{k}.png": RNG.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    for part in ("training", "held")
    for name in ("cyst", "mass")
    for i, k in ((0, 0), (0, 1), (1, 0))
}


def encoded(array, kind="PNG", **options):
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz"])
def tree(request, tmp_path):
    """The pictures as a folder, or in an archive; always with a table beside them."""
    files = {name: encoded(array) for name, array in ARRAYS.items()}
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["file", "what", "who"])
    writer.writerows([name.removesuffix(".png"), name.split("/")[2], name.split("/")[3][:3]] for name in ARRAYS)
    files["data/list.csv"] = rows.getvalue().encode()
    if request.param == "folder":
        for name, content in files.items():
            (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "t" / name).write_bytes(content)
        return tmp_path / "t"
    path = tmp_path / f"t.{request.param}"
    if request.param == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz" if request.param.endswith("gz") else "w") as tar:
        for name, content in reversed(files.items()):
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_folders_in_any_place_give_the_same(tree):
    read = folders(["cyst", "mass"], root="data", parts={"training": "train", "held": "test"}, group=r"(p\d\d)_\d")
    samples = read(tree)
    assert samples.ids == sorted(ARRAYS)
    for name, image in zip(samples.ids, samples.images, strict=True):
        np.testing.assert_array_equal(image, ARRAYS[name])
    assert samples.labels.tolist() == [int("mass" in name) for name in samples.ids]
    assert samples.groups == [name.split("/")[3][:3] for name in samples.ids]
    assert samples.parts == ["train" if "training" in name else "test" for name in samples.ids]


def test_a_table_gives_the_same(tree):
    read = table(file="data/list.csv", path="file", label="what", classes=["cyst", "mass"], group="who", ending=".png")
    samples = read(tree)
    for name, image in zip(samples.ids, samples.images, strict=True):
        np.testing.assert_array_equal(image, ARRAYS[name])
    assert samples.labels.tolist() == [int("mass" in name) for name in samples.ids]
    assert set(samples.groups) == {"p00", "p01"}


def test_several_folders_may_make_one_class_and_others_may_be_left_out(tree):
    samples = folders({"cyst": "lesion", "mass": "lesion"}, include="training")(tree)
    assert samples.labels.tolist() == [0] * 6


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"classes": ["cyst"]}, "holds the class 'mass'; declared classes are cyst"),
        ({"classes": ["cyst", "mass"], "root": "nowhere"}, "holds no picture"),
        ({"classes": ["cyst", "mass"], "parts": {"training": "train"}}, "is in none of the folders training"),
        ({"classes": ["cyst", "mass"], "group": "(x)"}, "has no group, because it does not match (x)"),
    ],
)
def test_folders_that_are_not_as_declared(tree, options, sentence):
    with pytest.raises(CatsError) as caught:
        folders(**options)(tree)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"file": "list.csv"}, "list.csv does not exist"),
        ({"label": "wat"}, "has no column 'wat'; did you mean 'what'?"),
        ({"classes": ["cyst"]}, "has the label 'mass'; allowed are cyst"),
        ({"ending": ".tif"}, "line 2 names data/training/cyst/p00_0.tif, which does not exist"),
    ],
)
def test_tables_that_are_not_as_declared(tree, options, sentence):
    usual = {"file": "data/list.csv", "path": "file", "label": "what", "classes": ["cyst", "mass"], "ending": ".png"}
    with pytest.raises(CatsError) as caught:
        table(**(usual | options))(tree)
    assert sentence in str(caught.value)


def test_several_labels_in_one_cell_and_in_several_columns(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(np.zeros((4, 4), np.uint8)))
    frame = pd.DataFrame({"f": ["a.png"] * 3, "l": ["x|z", "none", "y"], "x": [1, 0, 0], "y": [0, 0, 1], "z": [1, 0, 0]})
    frame.to_csv(tmp_path / "l.csv", index=False)
    frame.to_parquet(tmp_path / "l.parquet", index=False)
    cells = table(file="l.csv", path="f", label="l", classes=["x", "y", "z"], labels_separator="|", nothing="none")
    columns = table(file="l.parquet", path="f", label=["x", "y", "z"], classes=["x", "y", "z"])
    expected = [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert cells(tmp_path).labels.tolist() == columns(tmp_path).labels.tolist() == expected


def test_a_broken_picture_stops_the_decoding_unless_the_entry_allows_a_share(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    for i in range(20):
        (tmp_path / "toy" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        content = encoded(RNG.integers(0, 255, (8, 8), dtype=np.uint8))
        (tmp_path / "toy" / "ab"[i % 2] / f"{i}.png").write_bytes(content[:20] if i == 7 else content)
    fields = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l"}
    fields |= {"citation": "c", "tree": "toy", "read": folders(["a", "b"])}
    with pytest.raises(
        CatsError, match=r"toy/b/7.png is not a picture.*1 of 20 images of toy is broken, none may be: replace what"
    ):
        load_images(Dataset(**fields), 8)
    found = load_images(Dataset(**fields, broken=0.05), 8)
    assert len(found.images) == len(found.labels) == len(found.ids) == 19
    assert "b/7.png" not in found.ids
    assert "1 broken images and" in caplog.text


@pytest.mark.parametrize(("odd", "left"), [("drop", 19), ("resize", 20)])
def test_odd_shapes_are_dropped_or_resized_as_declared(tmp_path, monkeypatch, odd, left):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    for i in range(20):
        (tmp_path / "toy" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 5 if i == 3 else 8), i, np.uint8)).save(tmp_path / "toy" / "ab"[i % 2] / f"{i}.png")
    fields = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l"}
    made = Dataset(**fields, citation="c", tree="toy", shape=(8, 8), odd=odd, read=folders(["a", "b"]))
    found = load_images(made, 8)
    assert len(found.images) == left
    assert found.images[..., 0].mean(axis=(1, 2)).astype(int).tolist() == [int(n.split("/")[1][:-4]) for n in found.ids]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_kinds_keep_every_pixel(kind):
    array = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode_picture(encoded(array, kind), "x"), array)
    np.testing.assert_array_equal(decode_picture(encoded(array[..., 0], kind), "x"), array[..., 0])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_scaled_linearly(kind):
    deep = np.array([[0, 257], [32896, 65535]], dtype=np.uint16)
    np.testing.assert_array_equal(decode_picture(encoded(deep, kind), "x"), [[0, 1], [128, 255]])


def test_jpeg_is_near_and_its_exif_rotation_is_carried_out():
    array = np.zeros((8, 16, 3), np.uint8)
    array[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to be upright
    shown = decode_picture(encoded(array, "JPEG", exif=exif.tobytes(), quality=95), "x")
    assert shown.shape == (16, 8, 3)
    assert shown[:6].mean() > 250
    assert shown[10:].mean() < 5


def test_what_is_transparent_lies_on_black_and_palettes_become_rgb():
    see_through = np.dstack([np.full((2, 2, 3), 200, np.uint8), np.array([[0, 255], [255, 0]], np.uint8)])
    np.testing.assert_array_equal(decode_picture(encoded(see_through), "x")[..., 0], [[0, 200], [200, 0]])
    out = io.BytesIO()
    Image.fromarray(np.full((2, 2, 3), (10, 20, 30), np.uint8)).quantize(4).save(out, "PNG")
    np.testing.assert_array_equal(decode_picture(out.getvalue(), "x")[0, 0], (10, 20, 30))


@pytest.mark.parametrize("content", [b"", b"nothing", encoded(np.zeros((9, 9), np.uint8))[:30]])
def test_a_damaged_picture_is_named(content):
    with pytest.raises(CatsError, match="scan/3.png is not a picture that can be read"):
        decode_picture(content, "scan/3.png")


@pytest.mark.parametrize("name", ["../out.png", "/abs.png", "a/../../out.png", "..\\out.png"])
def test_names_that_lead_out_of_an_archive_are_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    for path in (tmp_path / "a.zip", tmp_path / "a.tar"):
        with pytest.raises(CatsError, match="which leads out of"):
            _ = Tree(path).names


def test_a_link_that_leads_out_of_a_folder_is_refused(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "a.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(CatsError, match=r"a\.png', which leads out of"):
        _ = Tree(tmp_path / "toy").names


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_a_damaged_archive_is_named(tmp_path, ending):
    (tmp_path / f"a.{ending}").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CatsError, match="is not a whole zip or tar archive"):
        _ = Tree(tmp_path / f"a.{ending}").names


def test_a_folder_has_the_digest_of_its_names_and_contents(tmp_path):
    for place in ("one", "two"):
        (tmp_path / place / "a").mkdir(parents=True)
        (tmp_path / place / "a" / "1.png").write_bytes(b"same")
    first = Tree(tmp_path / "one").digest()
    assert Tree(tmp_path / "two").digest() == first == Tree(tmp_path / "one").digest()
    (tmp_path / "two" / "a" / "1.png").write_bytes(b"other")
    assert Tree(tmp_path / "two").digest() != first
    (tmp_path / "one" / "a" / "1.png").rename(tmp_path / "one" / "a" / "2.png")
    assert Tree(tmp_path / "one").digest() != first


def test_arrays_and_archives_of_a_folder_have_any_size_and_pictures_have_a_limit(tmp_path, monkeypatch):
    """PatchCamelyon's largest file has 7 GB; a picture of more than a gigabyte would fill the memory."""
    (tmp_path / "set").mkdir()
    for name in ("x.h5", "all.zip", "1.png"):
        (tmp_path / "set" / name).write_bytes(b"0" * 200)
    with monkeypatch.context() as patch:
        patch.setattr("results.files.limits.FILE", 100)
        large = Tree(tmp_path / "set").digest(), Tree(tmp_path / "set").digest(["all.zip"])
        with pytest.raises(CatsError, match="1.png has 200 bytes; at most 100 bytes are read of one file"):
            Tree(tmp_path / "set").digest(["all.zip", "1.png"])
    for note in digests_folder().iterdir():
        note.unlink()
    assert large == (Tree(tmp_path / "set").digest(), Tree(tmp_path / "set").digest(["all.zip"]))
    value = sha256(b"0" * 200).hexdigest()
    assert large == (digest([[name, value] for name in ("1.png", "all.zip", "x.h5")]), digest([["all.zip", value]]))


@pytest.fixture
def camelyon(tmp_path):
    """PatchCamelyon's layout: x (N, 8, 8, 3), y (N, 1, 1, 1), slides in a CSV."""
    made = {}
    for part in ("train", "valid", "test"):
        made[part] = RNG.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
        with h5py.File(tmp_path / f"{part}_x.h5", "w") as file:
            file["x"] = made[part]
        with h5py.File(tmp_path / f"{part}_y.h5", "w") as file:
            file["y"] = (np.arange(30) % 2).reshape(30, 1, 1, 1)
        pd.DataFrame({"wsi": [f"{part}-{i // 3}" for i in range(30)]}).to_csv(tmp_path / f"{part}.csv")
    return tmp_path, made


PARTS = {"train": "train", "val": "valid", "test": "test"}


def camelyon_reader(**changes):
    files = {kind: {part: f"{name}_{kind}.h5" for part, name in PARTS.items()} for kind in "xy"}
    groups = {part: f"{name}.csv" for part, name in PARTS.items()}
    return hdf5(**({"images": files["x"], "labels": files["y"], "groups": groups, "group": "wsi"} | changes))


def test_hdf5_as_patchcamelyon_has_it(camelyon):
    folder, made = camelyon
    samples = camelyon_reader()(folder)
    np.testing.assert_array_equal(np.stack(list(samples.images)), np.concatenate(list(made.values())))
    assert samples.labels.tolist() == [0, 1] * 45
    assert samples.groups[:4] == ["train-0"] * 3 + ["train-1"]
    assert samples.parts == ["train"] * 30 + ["val"] * 30 + ["test"] * 30


def test_hdf5_that_is_cut_short_absent_or_without_its_key(camelyon):
    folder, _ = camelyon
    whole = (folder / "valid_x.h5").read_bytes()
    (folder / "valid_x.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CatsError, match=r"valid_x.h5 is (not a whole HDF5 file|cut short)"):
        list(camelyon_reader()(folder).images)
    with pytest.raises(CatsError, match="holds no 'z'; it holds y"):
        camelyon_reader(key_labels="z")(folder)
    with pytest.raises(CatsError, match="has no column 'slide'"):
        camelyon_reader(group="slide")(folder)


def test_optional_libraries_are_named_when_they_are_absent(camelyon, monkeypatch):
    for name in ("h5py", "pydicom", "datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CatsError, match=r"pip install 'cats-bench\[hdf5\]'"):
        camelyon_reader()(camelyon[0])
    with pytest.raises(CatsError, match=r"pip install 'cats-bench\[dicom\]'"):
        pixels(b"", "x")
    with pytest.raises(CatsError, match=r"pip install 'cats-bench\[hub\]'"):
        hub(repository="a/b", revision="c" * 40, image="image", label="label", splits={"train": "train"})(camelyon[0])


def dicom_file(raw, patient="p1", **tags):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    file = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    file.PatientID = patient
    if raw is not None:
        file.Rows, file.Columns = raw.shape
        file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
        file.BitsAllocated = file.BitsStored = raw.dtype.itemsize * 8
        file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(raw.dtype.kind == "i")
        file.PixelData = raw.tobytes()
    for name, value in tags.items():
        setattr(file, name, value)
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


RAW = np.array([[0, 100], [200, 400]], dtype=np.uint16)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, [[0, 64], [128, 255]]),
        ({"PhotometricInterpretation": "MONOCHROME1"}, [[255, 191], [128, 0]]),
        ({"WindowCenter": 100, "WindowWidth": 200}, [[0, 128], [255, 255]]),
        ({"WindowCenter": [100, 50], "WindowWidth": [200, 10]}, [[0, 128], [255, 255]]),
        ({"RescaleSlope": 2, "RescaleIntercept": -200, "WindowCenter": 0, "WindowWidth": 400}, [[0, 128], [255, 255]]),
    ],
)
def test_dicom_is_rescaled_windowed_and_inverted(tags, expected):
    np.testing.assert_allclose(pixels(dicom_file(RAW, **tags), "x"), expected, atol=1)


def test_dicom_of_8_bits_and_a_window_of_the_entry():
    np.testing.assert_allclose(pixels(dicom_file(RAW.astype(np.uint8)), "x"), [[0, 128], [255, 184]], atol=1)
    np.testing.assert_allclose(pixels(dicom_file(RAW), "x", View(window=(200, 100))), [[0, 0], [128, 255]], atol=1)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"nothing", "x is not a DICOM file that can be read"),
        (dicom_file(None), "x is a DICOM file without pixels"),
        (dicom_file(RAW, NumberOfFrames=3), "x holds 3 frames; only single images can be read"),
        (dicom_file(RAW, Rows=9), "x: its pixels cannot be decoded"),
    ],
)
def test_dicom_that_cannot_be_shown(content, sentence):
    with pytest.raises(CatsError) as caught:
        pixels(content, "x")
    assert sentence in str(caught.value)


def test_dicom_files_of_a_table_have_their_patients_as_groups(tmp_path):
    for i in range(4):
        (tmp_path / f"{i}.dcm").write_bytes(dicom_file(RAW + i, patient=f"p{i // 2}"))
    pd.DataFrame({"file": range(4), "label": ["no", "yes"] * 2}).to_csv(tmp_path / "l.csv", index=False)
    samples = dicom(file="l.csv", path="file", label="label", classes=["no", "yes"], ending=".dcm")(tmp_path)
    assert samples.groups == ["p0", "p0", "p1", "p1"]
    assert [image.shape for image in samples.images] == [(2, 2)] * 4


def test_the_hub_by_a_local_folder_of_parquet(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    arrays = [RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8) for _ in range(6)]
    (tmp_path / "set").mkdir()
    images = [{"bytes": encoded(array), "path": None} for array in arrays]
    pd.DataFrame({"image": images, "label": [0, 1] * 3, "who": list("aabbcc")}).to_parquet(tmp_path / "set" / "train.parquet")
    options = {"repository": str(tmp_path / "set"), "revision": "local", "image": "image", "label": "label"}
    samples = hub(**options, splits={"train": "train"}, group="who")(tmp_path)
    np.testing.assert_array_equal(np.stack(list(samples.images)), np.stack(arrays))
    assert (samples.labels.tolist(), samples.groups) == ([0, 1] * 3, list("aabbcc"))
    dark = hub(**options, splits={"train": "train"}, range=[0, 510])(tmp_path)
    np.testing.assert_array_equal(next(iter(dark.images)), np.rint(arrays[0] * 0.5))
    np.testing.assert_array_equal(next(dark.stored.of([3]))[1], arrays[3])
    with pytest.raises(CatsError, match="has no column 'lable'; it has image, label, who"):
        hub(**(options | {"label": "lable"}), splits={"train": "train"})(tmp_path)


def test_val_is_drawn_from_train_where_the_official_split_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    for part, count in (("train", 80), ("test", 20)):
        for i in range(count):
            folder = tmp_path / "toy" / part / "ab"[i % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4), i, np.uint8)).save(folder / f"p{i // 2 % 40}_{i}.png")
    fields = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l"}
    read = folders(["a", "b"], parts={"train": "train", "test": "test"})
    made = Dataset(**fields, citation="c", tree="toy", read=read)
    images = load_images(made, 4)
    parts = split(made, images)
    assert (images.parts[parts["test"]] == "test").all()
    assert (images.parts[np.concatenate([parts["train"], parts["val"]])] == "train").all()
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 68, "val": 12, "test": 20}


def arrays(**changes):
    """MedMNIST's keys: 4, 3 and 2 grey images of 6 × 6; the first value of each is different."""
    made, number = {}, 0
    for part, count in (("train", 4), ("val", 3), ("test", 2)):
        made[f"{part}_images"] = np.stack([np.full((6, 6), number + i, np.uint8) for i in range(count)])
        made[f"{part}_labels"] = np.arange(number, number + count).reshape(-1, 1) % 2
        number += count
    return made | changes


@pytest.fixture
def archive(tmp_path):
    """`archive(train_labels=...)` writes toy.npz with these arrays changed, None leaving one out, and reads it."""

    def made(**changes):
        np.savez(tmp_path / "toy.npz", **{key: value for key, value in arrays(**changes).items() if value is not None})
        return npz("toy.npz")(tmp_path)

    return made


def test_npz_gives_its_parts_one_after_the_other(archive):
    samples = archive()
    assert [int(image[0, 0]) for image in samples.images] == list(range(9))
    assert samples.labels.tolist() == [i % 2 for i in range(9)]
    assert samples.ids == ["train/0", "train/1", "train/2", "train/3", "val/0", "val/1", "val/2", "test/0", "test/1"]
    assert samples.parts == ["train"] * 4 + ["val"] * 3 + ["test"] * 2
    assert samples.groups is None


def test_npz_may_know_its_groups(archive):
    groups = {"train_groups": np.array(list("aabb")), "val_groups": np.arange(3), "test_groups": np.array([b"x", b"y"])}
    assert archive(**groups).groups == ["a", "a", "b", "b", "0", "1", "2", "x", "y"]
    assert archive(train_groups=np.array(list("aabb"))).groups is None  # known in one part only


def test_npz_with_several_labels_keeps_all_of_them(archive):
    several = {f"{part}_labels": np.eye(3, dtype=int)[:n] for part, n in (("train", 3), ("val", 2), ("test", 1))}
    images = {f"{part}_images": np.zeros((n, 6, 6), np.uint8) for part, n in (("train", 3), ("val", 2), ("test", 1))}
    assert archive(**several, **images).labels.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_npz_without_val_images_leaves_val_to_be_drawn(archive):
    samples = archive(val_images=np.zeros((0, 6, 6), np.uint8), val_labels=np.zeros((0, 1), int))
    assert samples.parts == ["train"] * 4 + ["test"] * 2
    assert len(list(samples.images)) == 6


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"val_labels": None, "test_images": None}, "toy.npz has no test_images, val_labels"),
        ({"train_labels": np.array([{}] * 4)}, "toy.npz is not a whole npz file without pickles"),
        ({"train_images": np.array([None] * 4)}, "toy.npz is not a whole npz file without pickles"),
        ({"test_groups": np.array([{}] * 2), "train_groups": np.arange(4), "val_groups": np.arange(3)}, "without pickles"),
    ],
)
def test_npz_that_is_not_as_medmnist_has_it(archive, changes, sentence):
    with pytest.raises(CatsError) as caught:
        list(archive(**changes).images)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"train_images": np.zeros((5, 6, 6), np.uint8), "val_images": np.zeros((2, 6, 6), np.uint8)},
        {"val_labels": np.zeros((3, 2), int)},
        {"train_labels": np.array([[0], [1], [0.5], [1]])},
        {"train_labels": np.array([[0], [1], [np.nan], [1]])},
        {"train_labels": np.array([["0"], ["1"], ["a"], ["1"]])},
        {"train_groups": np.arange(3), "val_groups": np.arange(4), "test_groups": np.arange(2)},
    ],
    ids=[
        "images of one part with labels of another",
        "two labels in one part",
        "half a class",
        "no number",
        "a letter",
        "groups of another part",
    ],
)
def test_npz_whose_arrays_do_not_fit_together(archive, changes):
    with pytest.raises(CatsError, match="toy.npz"):
        list(archive(**changes).images)


def npy(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def zipped_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no arrays")


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda path: path.write_bytes(b""), "toy.npz is not a whole npz file"),
        (lambda path: path.write_bytes(b"no zip at all"), "toy.npz is not a whole npz file"),
        (lambda path: path.write_bytes(b"PK\x03\x04"), "toy.npz is not a whole npz file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "toy.npz is not a whole npz file"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"\x02" * 36, b"\xff" * 36)), "Bad CRC-32"),
        (zipped_text, "toy.npz has no test_images"),
        (npy, "toy.npz is not a whole npz file"),
        (lambda path: path.unlink(), "toy.npz is not a whole npz file"),
    ],
    ids=["empty", "text", "beginning", "cut short", "changed pixels", "zip of text", "npy", "gone"],
)
def test_a_damaged_npz_is_named(archive, tmp_path, write, sentence):
    archive()
    write(tmp_path / "toy.npz")
    with pytest.raises(CatsError) as caught:
        list(npz("toy.npz")(tmp_path).images)
    assert sentence in str(caught.value)
    assert "toy.npz" in str(caught.value)


THIRD = encoded(np.full((4, 4), 2, np.uint8))


def zip_of_pictures(path):
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(4):
            archive.writestr(f"{'ab'[i % 2]}/{i}.png", encoded(np.full((4, 4), i, np.uint8)))


def with_field(content, local, central, value):
    """A zip whose entries have one byte of their headers changed, in the local and in the central one."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = changed.find(signature)
        while at >= 0:
            changed[at + offset] = value
            at = changed.find(signature, at + 4)
    return bytes(changed)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda content: content.replace(THIRD, bytes(len(THIRD))), "a/2.png cannot be read"),
        (lambda content: with_field(content, 6, 8, 1), "a/0.png cannot be read"),
        (lambda content: with_field(content, 8, 10, 9), "a/0.png cannot be read"),
    ],
    ids=["damaged picture", "with a password", "packed in an unknown way"],
)
def test_a_zip_that_opens_and_cannot_be_read_names_the_picture(tmp_path, spoil, sentence):
    zip_of_pictures(tmp_path / "toy.zip")
    (tmp_path / "toy.zip").write_bytes(spoil((tmp_path / "toy.zip").read_bytes()))
    with pytest.raises(CatsError) as caught:
        list(folders(["a", "b"])(tmp_path / "toy.zip").images)
    assert f"toy.zip: {sentence}" in str(caught.value)


@pytest.mark.parametrize("options", [{"group": r"\d"}, {"group": "("}, {"include": "["}])
def test_a_pattern_that_is_none_is_a_sentence(tmp_path, options):
    zip_of_pictures(tmp_path / "toy.zip")
    with pytest.raises(CatsError) as caught:
        folders(["a", "b"], **options)(tmp_path / "toy.zip")
    assert next(iter(options.values())) in str(caught.value)


READING = "dataset: {modality: m, task: binary, classes: [a, b], licence: l, citation: c, tree: toy, read: %s}"


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        ("foldrs", "there is no reader 'foldrs'; did you mean 'folders'?"),
        ("{nzp: {file: x}}", "there is no reader 'nzp'; did you mean 'npz'?"),
        ("npz", "file"),
        ("{folders: {clases: [a, b]}}", "clases"),
        ("{folders: }", "classes"),
        ("{folders: [a, b]}", "folders"),
        ("{}", "read"),
        ("{folders: {classes: [a, b]}, npz: {file: x}}", "npz"),
        ("3", "read is 3"),
    ],
)
def test_a_reader_that_an_entry_names_wrongly(home, read, sentence):
    path = home / "entries" / "sources" / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"title: t\n{READING % read}\n")
    with pytest.raises(CatsError) as caught:
        catalogue.source("mine")
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value).removeprefix(str(path))
