"""What is read otherwise than before has another digest; what is read as before keeps its own."""

import dataclasses
import shutil

import numpy as np
import pytest
import tifffile
from PIL import Image

from benchmark.data.dataset import Dataset
from benchmark.data.readers.dicom import dicom


def made(read, folder):
    facts = {"title": "t", "modality": "m", "task": "binary", "classes": ("x", "y"), "licence": "l", "citation": "c"}
    return Dataset(name="toy", tree=folder.name, place=str(folder.parent), read=read, **facts)


def as_before(dataset):
    """The digest without what readers say about their pixels."""
    plain = dataset.model_copy(update={"read": dataclasses.replace(dataset.read)})  # the copy has no note
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATS_HOME", str(dataset.folder().parent / "another home"))  # what is read of an archive is remembered
        return plain.digest()


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "set"
    for name in "xy":
        (folder / name).mkdir(parents=True)
        Image.fromarray(np.full((4, 4), 9, np.uint8)).save(folder / name / "1.png")
        tifffile.imwrite(folder / name / "2.tif", np.full((4, 4), 9, np.uint16))
    return folder


@pytest.mark.parametrize("options", [{}, {"white": 65535}, {"root": ""}])
def test_what_is_read_as_before_keeps_its_digest(pictures, options):
    dataset = made({"folders": {"classes": ["x", "y"], **options}}, pictures)
    assert dataset.digest() == as_before(dataset)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("white is zero", {"photometric": "miniswhite"}),
        ("in planes", {"photometric": "rgb", "planarconfig": "separate"}),
        ("signed, 8 bits", {}),
    ],
)
@pytest.mark.parametrize("archived", [False, True])
def test_a_tiff_that_was_misread_changes_the_digest(pictures, name, kind, archived):
    values = np.zeros((3, 4, 4) if "planes" in name else (4, 4), np.int8 if "signed" in name else np.uint16)
    tifffile.imwrite(pictures / "x" / "3.tif", values, **kind)
    path = pictures
    if archived:
        shutil.make_archive(str(pictures.parent / "packed"), "zip", pictures)
        path = pictures.parent / "packed"
    dataset = made({"folders": {"classes": ["x", "y"]}}, path)
    assert dataset.digest() != as_before(dataset)
    assert dataset.digest() == dataset.digest()


def test_white_that_now_counts_for_colours_changes_the_digest(pictures):
    dataset = made({"folders": {"classes": ["x", "y"], "white": 4095}}, pictures)
    assert dataset.digest() != as_before(dataset)


def test_dicom_has_another_digest_in_yaml_and_in_python(pictures):
    (pictures / "l.csv").write_text("f,l\nx/1.png,x\ny/1.png,y\n")
    options = {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"]}
    for read in ({"dicom": options}, dicom(**options)):
        dataset = made(read, pictures)
        assert dataset.digest() != as_before(dataset)


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("broken", [0.0, 0.3])
def test_a_tiff_that_once_counted_as_broken_changes_the_digest_where_broken_images_are_left_out(pictures, broken, archived):
    tifffile.imwrite(pictures / "x" / "3.tif", np.full((4, 4), 9, np.uint32), photometric="minisblack", byteorder=">")
    tifffile.imwrite(pictures / "x" / "4.tif", np.full((4, 4), 9, np.float64), photometric="minisblack")
    path = pictures
    if archived:
        shutil.make_archive(str(pictures.parent / "packed"), "zip", pictures)
        path = pictures.parent / "packed"
    dataset = made({"folders": {"classes": ["x", "y"], "range": [0, 9]}}, path).model_copy(update={"broken": broken})
    assert (dataset.digest() != as_before(dataset)) == (broken > 0)
