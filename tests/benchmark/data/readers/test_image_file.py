"""Pictures: colour spaces, bit depths, and what damage does."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmark.data.readers.image_file import decode_picture
from results.error import CatsError


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_becomes_rgb(kind):
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    np.testing.assert_allclose(decode_picture(encoded(red, kind), "x")[8, 8], [255, 0, 0], atol=3)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_stays_grey(mode):
    assert decode_picture(encoded(Image.new("L", (3, 5), 255).convert(mode), "PNG"), "x").tolist() == [[255] * 3] * 5


def test_white_is_what_the_entry_says():
    deep = encoded(Image.fromarray(np.array([[0, 2048, 4095]], np.uint16)), "PNG")
    assert decode_picture(deep, "x").tolist() == [[0, 8, 16]]
    assert decode_picture(deep, "x", white=4095).tolist() == [[0, 128, 255]]
    with pytest.raises(CatsError, match="x holds values from 0 to 4095; allowed are 0 to 1023"):
        decode_picture(deep, "x", white=1023)


def test_floating_point_is_refused():
    with pytest.raises(CatsError, match="x holds floating-point numbers; allowed are pictures of 8 or 16 bits"):
        decode_picture(encoded(Image.fromarray(np.zeros((2, 2), np.float32)), "TIFF"), "x")


@pytest.mark.filterwarnings("ignore")  # Pillow warns about what the bytes now say
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
def test_changed_bytes_are_read_or_named(kind):
    rng = np.random.default_rng(0)
    whole = encoded(Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)), kind)
    for _ in range(300):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 6)):
            content[place] = rng.integers(256)
        try:
            assert decode_picture(bytes(content[: rng.integers(len(content))]), "scan").dtype == np.uint8
        except CatsError as error:
            assert str(error).startswith("scan")  # noqa: PT017 - either outcome is right
