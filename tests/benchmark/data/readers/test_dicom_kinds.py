"""Kinds of DICOM files as people have them; the expected grey levels are computed here, by the definitions of DICOM PS3.3."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    MPEG4HP41,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from benchmark.data.readers.dicom_pixels import pixels
from benchmark.data.readers.dicom_view import View
from benchmark.data.readers.scale import Scale
from results.error import CatsError
from tests.support.dicom_files import item, table, written

RNG = np.random.default_rng(0)
TISSUE = RNG.integers(1000, 2000, (8, 9)).astype(np.uint16)
TISSUE[3, 3], TISSUE[4, 4] = 1000, 2000
WIDE = np.arange(-2048, 2048, dtype=np.int16).reshape(64, 64)


def spread(values, low, high):
    return np.rint(np.clip((values - low) / (high - low), 0, 1) * 255)


def near(content, expected, view=View(), scale=Scale()):  # noqa: B008 - frozen
    np.testing.assert_allclose(pixels(content, "x", view, scale).astype(int), expected, atol=1)


# Look-up tables

CURVE = np.rint(np.linspace(0, 1, 4096) ** 2 * 4095)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_voi_look_up_table_is_used(bits, packed):
    entries = np.rint(np.linspace(0, 1, 4096) ** 2 * (2**bits - 1))
    raw = RNG.integers(0, 4096, (16, 16)).astype(np.uint16)
    content = written(raw, BitsStored=12, HighBit=11, VOILUTSequence=table(entries, 0, bits, packed))
    near(content, (raw / 4095.0) ** 2 * 255)


def test_a_voi_look_up_table_comes_before_a_window_and_the_window_of_the_entry_before_both():
    raw = RNG.integers(0, 4096, (16, 16)).astype(np.uint16)
    content = written(raw, VOILUTSequence=table(CURVE, 0, 12), WindowCenter=10, WindowWidth=5)
    near(content, (raw / 4095.0) ** 2 * 255)
    near(content, spread(raw, 999.5, 2998.5), View(window=(2000, 2000)))


@pytest.mark.parametrize("start", [-1024, 65536 - 1024])
def test_a_voi_look_up_table_counts_from_its_first_value_after_rescaling(start):
    raw = RNG.integers(0, 4096, (16, 16)).astype(np.uint16)
    content = written(raw, RescaleSlope=1, RescaleIntercept=-1024)
    file = pydicom.dcmread(io.BytesIO(content))
    file.VOILUTSequence = table(CURVE, 0, 12)
    file.VOILUTSequence[0]["LUTDescriptor"].VR = "SS" if start < 0 else "US"
    file.VOILUTSequence[0].LUTDescriptor = [4096, start, 12]
    out = io.BytesIO()
    file.save_as(out)
    near(out.getvalue(), (raw / 4095.0) ** 2 * 255)


def test_values_outside_of_a_look_up_table_have_its_first_and_last_entry():
    raw = np.array([[0, 10, 11, 12, 13, 500]], np.uint16)
    near(written(raw, VOILUTSequence=table(np.array([0, 85, 170, 255]), 10, 8)), [[0, 0, 85, 170, 255, 255]])


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_modality_look_up_table_comes_before_the_window(bits):
    entries = np.arange(256)[::-1]  # the values inverted
    raw = np.arange(256).reshape(16, 16).astype(np.uint16)
    content = written(raw, ModalityLUTSequence=table(entries, 0, bits), WindowCenter=128, WindowWidth=256)
    near(content, spread(255 - raw, -0.5, 254.5))


# Windows and units


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"WindowCenter": 40, "WindowWidth": 400}, spread(WIDE, 39.5 - 199.5, 39.5 + 199.5)),
        ({"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "LINEAR_EXACT"}, spread(WIDE, -160, 240)),
        ({"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "SIGMOID"}, 255 / (1 + np.exp(-4 * (WIDE - 40.0) / 400))),
        ({"WindowCenter": [40, -600], "WindowWidth": [400, 1500]}, spread(WIDE, -160, 239)),
        ({"WindowCenter": 0, "WindowWidth": 0}, spread(WIDE, -2048, 2047)),
        ({"WindowCenter": "", "WindowWidth": ""}, spread(WIDE, -2048, 2047)),
        ({"RescaleSlope": "2.5", "RescaleIntercept": "-0.5", "WindowCenter": 0, "WindowWidth": 500},
         spread(WIDE * 2.5 - 0.5, -250, 249)),
        ({"RescaleIntercept": "-100", "WindowCenter": 0, "WindowWidth": 500}, spread(WIDE - 100.0, -250, 249)),
    ],
    ids=["linear", "exact", "sigmoid", "several", "of width 0", "empty", "fractions", "intercept alone"],
)  # fmt: skip
def test_windows(tags, expected):
    near(written(WIDE, **tags), expected)
    near(written(WIDE, **tags, PhotometricInterpretation="MONOCHROME1"), 255 - expected)


def test_white_of_the_entry_is_for_files_that_say_nothing():
    near(written(TISSUE), spread(TISSUE, 0, 4095), scale=Scale(4095))
    near(written(WIDE), spread(WIDE, -100, 300), scale=Scale(range=(-100, 300)))
    near(written(WIDE, WindowCenter=40, WindowWidth=400), spread(WIDE, -160, 239), scale=Scale(4095))
    with pytest.raises(CatsError, match="x holds values from 1000 to 2000; allowed are 0 to 1023"):
        pixels(written(TISSUE), "x", scale=Scale(1023))


# Padding


def padded(values, *places):
    raw = values.copy()
    for row, value in enumerate(places):
        raw[row] = value
    return raw


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("dtype", "places", "tags"),
    [
        (np.uint16, (63536, 63536), {"PixelPaddingValue": 63536}),
        (np.int16, (-2000, -2000), {"PixelPaddingValue": -2000}),
        (np.int16, (-2000, -2000), {"PixelPaddingValue": 63536}),
        (np.uint16, (0, 0), {"PixelPaddingValue": 0}),
        (np.uint16, (5, 9), {"PixelPaddingValue": 5, "PixelPaddingRangeLimit": 9}),
        (np.uint16, (5, 9), {"PixelPaddingValue": 9, "PixelPaddingRangeLimit": 5}),
        (np.int16, (-1500, -2000), {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1500}),
    ],
)
def test_padding_is_black_and_does_not_count(kind, dtype, places, tags):
    raw = padded(TISSUE.astype(dtype), *places)
    content = written(raw, PhotometricInterpretation=kind)
    file = pydicom.dcmread(io.BytesIO(content))
    for name, value in tags.items():
        file.add_new(name, "SS" if value < 0 else "US", value)
    out = io.BytesIO()
    file.save_as(out)
    shown = spread(TISSUE, 1000, 2000)
    expected = 255 - shown if kind == "MONOCHROME1" else shown
    expected[: len(places)] = 0
    near(out.getvalue(), expected)
    file.WindowCenter, file.WindowWidth = 1500, 400
    out = io.BytesIO()
    file.save_as(out)
    shown = spread(TISSUE, 1299.5, 1698.5)
    expected = 255 - shown if kind == "MONOCHROME1" else shown
    expected[: len(places)] = 0
    near(out.getvalue(), expected)


def test_a_picture_of_padding_alone_is_black():
    assert pixels(written(np.full((3, 3), 7, np.uint16), PixelPaddingValue=7), "x").max() == 0


# Colours


def palette(bits, entries):
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for number, name in enumerate(("Red", "Green", "Blue")):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [len(entries), 0, bits]
        tags[f"{name}PaletteColorLookupTableData"] = entries[:, number].astype("u1" if bits == 8 else "<u2").tobytes()
    return tags


@pytest.mark.parametrize(("bits", "top"), [(8, 255), (16, 65535)])
def test_a_palette_becomes_colours(bits, top):
    entries = RNG.integers(0, top + 1, (256, 3))
    raw = RNG.integers(0, 256, (6, 7)).astype(np.uint8)
    near(written(raw, **palette(bits, entries)), np.rint(entries[raw] * (255 / top)))


def test_a_palette_in_segments_becomes_colours():
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"Segmented{name}PaletteColorLookupTableData"] = np.array([0, 1, 0, 1, 255, 65535], "<u2").tobytes()
    raw = np.arange(256).reshape(16, 16).astype(np.uint8)
    near(written(raw, **tags), np.repeat(raw[..., None], 3, axis=2))


def test_colours_in_planes_and_of_other_spaces():
    rgb = RNG.integers(0, 256, (4, 6, 3)).astype(np.uint8)
    near(written(rgb, PlanarConfiguration=1, PixelData=np.moveaxis(rgb, -1, 0).tobytes()), rgb)
    red = np.tile(np.array([76, 85, 255], np.uint8), (4, 6, 1))
    near(written(red, PhotometricInterpretation="YBR_FULL"), np.broadcast_to([255, 0, 0], (4, 6, 3)))
    pairs = np.tile(np.array([76, 76, 85, 255], np.uint8), (4, 3))  # two grey values share their colour
    near(
        written(red, PhotometricInterpretation="YBR_FULL_422", PixelData=pairs.tobytes()),
        np.broadcast_to([255, 0, 0], (4, 6, 3)),
    )
    with pytest.raises(CatsError, match="^x"):
        pixels(written(red, PhotometricInterpretation="HSV"), "x")


# Bits


def test_unused_bits_do_not_count():
    raw = RNG.integers(0, 4096, (8, 8)).astype(np.uint16)
    overlaid = raw | (RNG.integers(0, 2, (8, 8)) << 14).astype(np.uint16)
    near(written(overlaid, BitsStored=12, HighBit=11, WindowCenter=2048, WindowWidth=4096), spread(raw, -0.5, 4094.5))
    signed = RNG.integers(-2048, 2048, (8, 8)).astype(np.int16)
    content = written(signed & 0x0FFF, BitsStored=12, HighBit=11, PixelRepresentation=1, WindowCenter=0, WindowWidth=4096)
    near(content, spread(signed, -2048.5, 2046.5))


def test_one_bit():
    bits = RNG.integers(0, 2, (4, 8)).astype(np.uint8)
    content = written(bits, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=np.packbits(bits, bitorder="little").tobytes())
    near(content, bits * 255)


def test_numbers_with_a_point():
    raw = RNG.random((6, 6)).astype(np.float32)
    raw[0, 0], raw[1, 1] = 0, 1
    content = written(
        raw, PixelData=None, FloatPixelData=raw.tobytes(), BitsStored=None, HighBit=None, PixelRepresentation=None
    )
    near(content, spread(raw, 0, 1))


# Frames

FRAMES = np.stack([np.full((4, 4), value, np.uint8) for value in (10, 20, 30, 40)])


def cine(frames=FRAMES, **tags):
    return written(frames[0], NumberOfFrames=len(frames), PixelData=frames.tobytes(), WindowCenter=128, WindowWidth=256, **tags)


@pytest.mark.parametrize(("frame", "shown"), [("first", 10), ("middle", 20), (1, 10), (4, 40)])
def test_one_of_several_frames_is_read_where_the_entry_says_which(frame, shown):
    near(cine(), np.full((4, 4), shown), View(frame=frame))


def test_several_frames_are_refused_without_that():
    with pytest.raises(CatsError, match="x holds 4 frames; only single images can be read, unless the option frame says which"):
        pixels(cine(), "x")
    with pytest.raises(CatsError, match="x holds 4 frames; there is no frame 5"):
        pixels(cine(), "x", View(frame=5))


def test_the_middle_of_three_colour_frames():
    frames = RNG.integers(0, 256, (3, 4, 5, 3)).astype(np.uint8)
    content = written(frames[0], NumberOfFrames=3, PixelData=frames.tobytes())
    near(content, frames[1], View(frame="middle"))


def test_enhanced_files_keep_units_and_windows_by_frame_or_for_all():
    raw = np.stack([TISSUE, TISSUE]).astype(np.int16)
    shared = item(PixelValueTransformationSequence=[item(RescaleSlope=2, RescaleIntercept=-3000)])
    frames = [item(FrameVOILUTSequence=[item(WindowCenter=centre, WindowWidth=500)]) for centre in (0, 400)]
    tags = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}
    content = written(raw[0], NumberOfFrames=2, PixelData=raw.tobytes(), **tags)
    values = TISSUE * 2.0 - 3000
    near(content, spread(values, -250, 249), View(frame=1))
    near(content, spread(values, 150, 649), View(frame=2))


# Encodings


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_orders_of_bytes(syntax):
    data = TISSUE.astype(">u2") if syntax == ExplicitVRBigEndian else TISSUE
    near(written(TISSUE, syntax, PixelData=data.tobytes()), spread(TISSUE, 1000, 2000))


def test_runs_are_decoded():
    file = pydicom.dcmread(io.BytesIO(written(TISSUE)))
    file.compress(RLELossless)
    out = io.BytesIO()
    file.save_as(out)
    near(out.getvalue(), spread(TISSUE, 1000, 2000))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, None])
def test_a_file_without_its_first_132_bytes_is_read(syntax):
    file = pydicom.dcmread(io.BytesIO(written(TISSUE)))
    out = io.BytesIO()
    del file.file_meta, file.preamble
    file.save_as(out, implicit_vr=syntax is not None, little_endian=True)
    near(out.getvalue(), spread(TISSUE, 1000, 2000))


@pytest.mark.parametrize("syntax", ["", None])
def test_a_file_that_does_not_say_how_it_is_written_is_read(syntax):
    file = pydicom.dcmread(io.BytesIO(written(TISSUE)))
    if syntax is None:
        del file.file_meta.TransferSyntaxUID
    else:
        file.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    file.save_as(out, implicit_vr=False, little_endian=True)
    near(out.getvalue(), spread(TISSUE, 1000, 2000))


@pytest.mark.parametrize(
    ("syntax", "remedy"),
    [
        (JPEGLSLossless, "pip install pyjpegls"),
        (JPEGLosslessSV1, "pip install python-gdcm"),
        (HTJ2KLossless, "pip install pylibjpeg pylibjpeg-openjpeg"),
        (MPEG4HP41, "only pictures can be read"),
    ],
)
def test_what_cannot_be_decoded_here_says_what_to_install(syntax, remedy):
    content = written(TISSUE, syntax, PixelData=pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"]))
    with pytest.raises(CatsError) as caught:
        pixels(content, "x")
    assert syntax.name in str(caught.value)
    assert remedy in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
