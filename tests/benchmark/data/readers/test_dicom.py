"""DICOM: windows as the standard has them, no patient lost, nothing shown that would be wrong."""

import io

import numpy as np
import pandas as pd
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.pixels import apply_windowing

from benchmark.data.readers.dicom import dicom, pixels
from results.error import CatsError
from tests.support.dicom_files import written

RAW = np.array([[0, 100], [200, 400]], dtype=np.uint16)
USUAL = {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"]}


@pytest.fixture
def folder(tmp_path):
    """`folder(bytes, bytes ...)` writes them as 0.dcm, 1.dcm ... and the table."""

    def made(*contents):
        for i, content in enumerate(contents):
            (tmp_path / f"{i}.dcm").write_bytes(content)
        names = [f"{i}.dcm" for i in range(len(contents))]
        pd.DataFrame({"f": names, "l": ["x", "y"] * (len(names) // 2), "who": "w"}).to_csv(tmp_path / "l.csv", index=False)
        return tmp_path

    return made


@settings(max_examples=40, deadline=None)
@given(st.integers(-100, 500), st.integers(1, 600), st.sampled_from(["LINEAR", "LINEAR_EXACT"]))
def test_a_window_is_that_of_pydicom(centre, width, function):
    raw = np.arange(-128, 384, dtype=np.int16).reshape(16, 32)
    content = written(raw, WindowCenter=centre, WindowWidth=width, VOILUTFunction=function)
    oracle = apply_windowing(raw, pydicom.dcmread(io.BytesIO(content)))  # to the range of int16
    np.testing.assert_allclose(pixels(content, "x"), (oracle + 32768.0) / 65535 * 255, atol=0.51)


def test_a_window_of_fractions_is_taken_as_it_is():
    content = written(RAW, RescaleSlope="0.001", RescaleIntercept="0", WindowCenter="0.2", WindowWidth="0.4")
    np.testing.assert_allclose(pixels(content, "x"), [[0, 64], [128, 255]], atol=1)


@pytest.mark.parametrize(("bits", "white"), [(16, 65535), (12, 4095)])
def test_deep_colours_are_scaled_and_not_cut(bits, white):
    raw = np.array([[[0, white // 2, white]]], dtype=np.uint16)
    shown = pixels(written(raw, BitsStored=bits, HighBit=bits - 1), "x")
    assert (shown.dtype, shown.tolist()) == (np.uint8, [[[0, 127, 255]]])


def test_colours_become_rgb():
    raw = np.tile(np.array([76, 85, 255], np.uint8), (2, 2, 1))  # red
    np.testing.assert_allclose(pixels(written(raw, PhotometricInterpretation="YBR_FULL"), "x")[0, 0], [255, 0, 0], atol=1)
    np.testing.assert_array_equal(pixels(written(raw), "x"), raw)


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "x: its pixels cannot be decoded"),
        ({"ModalityLUTSequence": pydicom.Sequence([pydicom.Dataset()])}, "x: its pixels cannot be decoded"),
        (
            {"VOILUTFunction": "LOG", "WindowCenter": 1, "WindowWidth": 2},
            "x has the VOI LUT function 'LOG'; allowed are LINEAR",
        ),
        ({"PixelData": b"1234"}, "x: its pixels cannot be decoded"),
    ],
)
def test_what_would_be_shown_wrongly_is_refused(tags, sentence):
    with pytest.raises(CatsError) as caught:
        pixels(written(RAW, **tags), "x")
    assert sentence in str(caught.value)


@pytest.mark.filterwarnings("ignore")  # pydicom warns about what the bytes now say
def test_changed_bytes_are_read_or_named():
    rng, whole = np.random.default_rng(0), written(RAW, WindowCenter=100, WindowWidth=200)
    for _ in range(400):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 6)):
            content[place] = rng.integers(256)
        try:
            assert pixels(bytes(content[: rng.integers(len(content) // 2, len(content))]), "scan.dcm").dtype == np.uint8
        except CatsError as error:
            assert str(error).startswith("scan.dcm")  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("tags", [{"PatientID": None}, {"PatientID": ""}])
def test_a_patient_that_is_not_told_stops_the_reading(folder, tags):
    path = folder(written(RAW), written(RAW, **tags))
    with pytest.raises(CatsError, match=r"1\.dcm has no PatientID; choose another group_tag, or ''"):
        dicom(**USUAL)(path)
    assert dicom(**USUAL, group_tag="")(path).groups is None
    assert dicom(**USUAL | {"group": "who"})(path).groups == ["w", "w"]


def test_a_tag_that_does_not_exist_stops_the_reading(folder):
    with pytest.raises(CatsError, match=r"0\.dcm has no PatientId"):
        dicom(**USUAL, group_tag="PatientId")(folder(written(RAW), written(RAW)))


def test_a_broken_file_stands_among_the_images_as_its_error(folder):
    samples = dicom(**USUAL)(folder(written(RAW), b"no DICOM"))
    good, broken = samples.images
    assert good.shape == (2, 2)
    assert isinstance(broken, CatsError)
    assert "1.dcm is not a DICOM file that can be read" in str(broken)
    assert samples.groups == ["p1", ""]
