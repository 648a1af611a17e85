"""Pictures of more than 8 bits keep all of their bits, in every mode; the entry says what is white."""

import io
import re
import struct

import numpy as np
import pytest
from PIL import Image

from benchmark.data.readers.image_file import decode_picture, stored_picture
from benchmark.data.readers.scale import Scale
from results.error import CatsError
from tests.support.deep_pictures import png, tiff

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 4096, (5, 7), dtype=np.uint16)
RGB = RNG.integers(0, 4096, (5, 7, 3), dtype=np.uint16)
OPAQUE = np.full((5, 7, 1), 65535, np.uint16)
PLANES, APART = {"photometric": "rgb", "planarconfig": "contig"}, {"photometric": "rgb", "planarconfig": "separate"}
ALPHA = {"extrasamples": ["unassalpha"], "planarconfig": "contig"}
GREY_ALPHA = np.dstack([GREY, OPAQUE])


def to_8(values, white=4095):
    return np.rint(values * (255 / white)).astype(np.uint8)


KINDS = {
    "png grey": (png(GREY), GREY),
    "png grey alpha": (png(GREY_ALPHA), GREY),
    "png rgb": (png(RGB), RGB),
    "png rgba": (png(np.dstack([RGB, OPAQUE])), RGB),
    "tiff grey": (tiff(GREY, photometric="minisblack"), GREY),
    "tiff grey, high byte first": (tiff(GREY, ">", photometric="minisblack", compression="zlib"), GREY),
    "tiff grey alpha": (tiff(GREY_ALPHA, photometric="minisblack", **ALPHA), GREY),
    "tiff rgb": (tiff(RGB, **PLANES), RGB),
    "tiff rgb, high byte first": (tiff(RGB, ">", **PLANES), RGB),
    "tiff rgb, compressed": (tiff(RGB, compression="zlib", **PLANES), RGB),
    "tiff rgb in planes": (tiff(RGB, **APART), RGB),
    "tiff rgb in planes, compressed": (tiff(RGB, compression="zlib", **APART), RGB),
    "tiff rgba": (tiff(np.dstack([RGB, OPAQUE]), photometric="rgb", **ALPHA), RGB),
    "tiff signed": (tiff(GREY.astype(np.int16), photometric="minisblack"), GREY),
    "tiff signed, high byte first": (tiff(GREY.astype(np.int16), ">", photometric="minisblack", compression="zlib"), GREY),
    "tiff 32 bits": (tiff(GREY.astype(np.uint32), ">", photometric="minisblack"), GREY),
    "tiff float": (tiff(GREY.astype(np.float32), photometric="minisblack"), GREY),
    "tiff float, high byte first": (tiff(GREY.astype(np.float32), ">", photometric="minisblack", compression="zlib"), GREY),
    "tiff double": (tiff(GREY.astype(np.float64), photometric="minisblack"), GREY),
    "tiff rgb float": (tiff(RGB.astype(np.float32), **PLANES), RGB),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_bit_is_kept_and_white_is_what_the_entry_says(kind):
    content, values = KINDS[kind]
    np.testing.assert_array_equal(stored_picture(content, "x").values, values)
    np.testing.assert_array_equal(decode_picture(content, "x", white=4095), to_8(values))
    np.testing.assert_array_equal(
        decode_picture(content, "x", Scale(range=(1000, 3000))), to_8(np.clip(values, 1000, 3000) - 1000.0, 2000)
    )
    with pytest.raises(CatsError, match=r"^x holds values from \d+ to \d+; allowed are 0 to 1023$"):
        decode_picture(content, "x", white=1023)


@pytest.mark.parametrize("kind", ["png rgb", "png rgba", "tiff rgb", "tiff rgb, compressed", "tiff rgba"])
def test_without_white_colours_are_as_in_earlier_versions(kind):
    content, values = KINDS[kind]
    np.testing.assert_array_equal(decode_picture(content, "x"), values >> 8)
    np.testing.assert_array_equal(decode_picture(content, "x", white=65535), values >> 8)


@pytest.mark.parametrize("write", [png, lambda values: tiff(values, photometric="rgb", **ALPHA)])
def test_what_is_transparent_lies_on_black(write):
    half = np.dstack([RGB, np.full((5, 7, 1), 32768, np.uint16)])
    np.testing.assert_allclose(decode_picture(write(half), "x", white=4095), RGB * (255 / 4095) / 2, atol=0.51)


def test_colours_that_are_multiplied_by_alpha_already_are_taken_as_they_are():
    content = tiff(np.dstack([RGB // 2, OPAQUE // 2]), photometric="rgb", extrasamples=["assocalpha"], planarconfig="contig")
    np.testing.assert_array_equal(decode_picture(content, "x", white=4095), to_8(RGB // 2))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("kind", [np.uint16, np.float32, np.uint32])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_the_smallest_number_is_white_where_the_file_says_so(byteorder, kind, compression):
    content = tiff(GREY.astype(kind), byteorder, photometric="miniswhite", compression=compression)
    np.testing.assert_array_equal(decode_picture(content, "x", white=4095), 255 - np.rint(GREY * (255 / 4095)))
    eight = tiff(np.array([[0, 200, 255]], np.uint8), byteorder, photometric="miniswhite", compression=compression)
    assert decode_picture(eight, "x").tolist() == [[255, 55, 0]]


def test_signed_numbers_of_8_bits_are_not_taken_for_unsigned_ones():
    content = tiff(np.array([[-100, 20, 100]], np.int8), photometric="minisblack")
    assert decode_picture(content, "x", Scale(range=(-100, 100))).tolist() == [[0, 153, 255]]
    with pytest.raises(CatsError, match="x holds values from -100 to 100; allowed are 0 to 127; the option range says which"):
        decode_picture(content, "x")


def test_signed_numbers_need_a_range():
    content = tiff(np.array([[-1024, 0, 3071]], np.int16), photometric="minisblack")
    assert decode_picture(content, "x", Scale(range=(-1024, 3071))).tolist() == [[0, 64, 255]]
    assert decode_picture(content, "x", Scale(range=(-160, 240))).tolist() == [[0, 102, 255]]


def test_white_of_fewer_bits_counts_for_files_of_8_bits_and_a_larger_one_leaves_them():
    out = io.BytesIO()
    Image.fromarray(np.array([[0, 7, 15]], np.uint8)).save(out, "PNG")
    assert decode_picture(out.getvalue(), "x", white=15).tolist() == [[0, 119, 255]]
    assert decode_picture(out.getvalue(), "x", white=4095).tolist() == [[0, 7, 15]]


@pytest.mark.parametrize("channels", [2, 5])
def test_channels_without_a_meaning_are_refused_and_not_left_out(channels):
    content = tiff(np.zeros((6, 7, channels), np.uint16), photometric="minisblack", planarconfig="contig")
    with pytest.raises(
        CatsError, match=rf"x is a TIFF of MINISBLACK with the shape \(6, 7, {channels}\) \(YXS\); allowed are grey"
    ):
        decode_picture(content, "x", white=4095)


@pytest.mark.parametrize(("kind", "bits"), [("PPM", 12), ("PPM", 16)])
def test_colours_of_a_format_that_gives_8_bits_only_are_named(kind, bits):
    top = 2**bits - 1
    content = b"P6 7 5 %d\n" % top + RGB.astype(">u2").tobytes()
    assert decode_picture(content, "x").shape == (5, 7, 3)
    with pytest.raises(CatsError, match=f"x holds colours of {bits} bits in the format PPM, of which 8 can be read"):
        decode_picture(content, "x", white=4095)


def test_what_is_no_number_is_named():
    content = tiff(np.array([[0, np.nan, 1]], np.float32), photometric="minisblack")
    with pytest.raises(CatsError, match=r"x holds values that are infinite or no number \(NaN\)"):
        decode_picture(content, "x", white=1)


def test_a_rotation_noted_in_the_file_is_carried_out_for_all_bits():
    content = tiff(RGB, extratags=[(274, "H", 1, 6, True)], **PLANES)  # turn by a quarter to be upright
    np.testing.assert_array_equal(decode_picture(content, "x", white=4095), np.rot90(to_8(RGB), -1))
    turned = tiff(GREY_ALPHA, photometric="minisblack", extratags=[(274, "H", 1, 6, True)], **ALPHA)
    with pytest.raises(CatsError, match=r"x is stored turned \(Orientation 6\), with uint16 numbers; store it upright"):
        decode_picture(turned, "x", white=4095)


@pytest.mark.filterwarnings("ignore")  # libraries warn about what the bytes now say
@pytest.mark.parametrize("kind", ["png rgb", "png grey alpha", "tiff rgb in planes", "tiff double"])
def test_changed_bytes_are_read_or_named(kind):
    rng, whole = np.random.default_rng(0), KINDS[kind][0]
    for _ in range(150):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 6)):
            content[place] = rng.integers(256)
        try:
            assert decode_picture(bytes(content[: rng.integers(len(content))]), "scan", 4095).dtype == np.uint8
        except CatsError as error:
            assert str(error).startswith("scan")  # noqa: PT017 - either outcome is right


def sentence(content):
    try:
        decode_picture(content, "a.tif")
    except CatsError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # of Pillow, about the damage that is made here
@pytest.mark.parametrize("values", [GREY, RGB])
def test_a_tiff_damaged_anywhere_in_its_list_of_properties_is_read_or_refused_in_words_about_the_picture(values):
    content = tiff(values.astype(np.uint8), photometric="minisblack" if values.ndim == 2 else "rgb")
    start = struct.unpack("<I", content[4:8])[0]
    for at in range(start, start + 2 + 12 * struct.unpack("<H", content[start : start + 2])[0]):
        for value in (0, 2, 255):
            damaged = bytearray(content)
            damaged[at] = value
            assert not re.search("object|attribute|int\\(\\)|unpack|str'|bytes'", sentence(bytes(damaged)))
