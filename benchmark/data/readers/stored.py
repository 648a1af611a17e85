"""Pictures with all of their bits: what Pillow reads with 8 bits only, or wrongly, is read another way."""

import io
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmark.data.readers.opening import PIXELS, header_of, opened
from benchmark.data.readers.scale import Stored
from results.error import CatsError, damage_of

DEEP = {"I;16", "I;16L", "I;16B", "I"}
GREY = {"1", "L", "LA", "La"}
TRANSPARENT = {"RGBA", "PA", "LA", "La", "RGBa"}
DEEP_COLOUR = re.compile(r"(RGB|RGBA|RGBa|RGBX|LA);16([BLN])")  # Pillow's names for samples of 16 bits in a file
OTHER_BYTE = {"B": "L", "L": "B", "N": "L" if sys.byteorder == "big" else "B"}
STRIP = 2**24  # pixels of a picture that are converted at a time
PHOTOMETRIC, BITS, PLANAR, FORMAT = 262, 258, 284, 339  # tags of TIFF
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def stored(content: bytes, where: str) -> Stored:
    """The numbers of an encoded picture. Raises CatsError, or an error of Pillow, if it cannot be decoded."""
    if is_unknown_tiff(content):
        return _by_tifffile(content, where)
    with opened(content, where) as picture:
        if _in_planes(picture) or (is_misread(picture) and not picture.mode.startswith("I;16")):
            return _by_tifffile(content, where)
        _require_readable_bits(picture, content, where)
        deep = DEEP_COLOUR.fullmatch(_layout(picture)[1])
        if deep:
            return _deep_colour(content, deep[1], where)
        image = upright(picture)
        if image.mode in DEEP or image.mode == "F":
            return Stored(np.asarray(image), None if image.mode == "F" else 65535, inverted=_is_inverted(picture))
        return Stored(shallow(image))


def upright(picture: Image.Image) -> Image.Image:
    """The picture itself, turned as its EXIF data say."""
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def shallow(image: Image.Image) -> np.ndarray:
    """A picture of 8 bits as (H, W) or (H, W, 3) uint8, RGB; what is transparent lies on black.

    A large picture is converted in strips: a copy of it for each step would not fit into memory.
    """
    rows = max(1, STRIP // image.width)
    if rows >= image.height:
        return _shallow(image)
    strips = [(0, top, image.width, min(top + rows, image.height)) for top in range(0, image.height, rows)]
    shown = np.empty((image.height, image.width) if image.mode in GREY else (image.height, image.width, 3), dtype=np.uint8)
    for box in strips:
        shown[box[1] : box[3]] = _shallow(image.crop(box))
    return shown


def _shallow(image: Image.Image) -> np.ndarray:
    kind = "L" if image.mode in GREY else "RGB"
    if image.mode in TRANSPARENT or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))
    return np.asarray(image.convert(kind))


def is_misread(picture: Image.Image) -> bool:
    """True for a TIFF whose numbers Pillow reads wrongly without a word.

    These are numbers of more than 8 bits whose smallest is white, colours of 16 bits in planes without compression, signed
    numbers of 8 bits, and signed and floating-point numbers that are compressed with their highest byte first.
    """
    if picture.format != "TIFF":
        return False
    codec, raw = _layout(picture)
    signed = max(_tag(picture, BITS)) == 8 and 2 in _tag(picture, FORMAT)
    swapped = codec == "libtiff" and raw in {"I;16BS", "I;32BS", "F;32BF"}
    return signed or swapped or _is_inverted(picture) or (_in_planes(picture) and codec != "libtiff")


def _is_inverted(picture: Image.Image) -> bool:
    """True for a TIFF of more than 8 bits whose smallest number is white; of up to 8 bits Pillow inverts it."""
    return picture.format == "TIFF" and _tag(picture, PHOTOMETRIC) == (0,) and max(_tag(picture, BITS)) > 8


def _in_planes(picture: Image.Image) -> bool:
    """True for a TIFF of more than 8 bits with each colour in a plane of its own."""
    planes = picture.format == "TIFF" and _tag(picture, PLANAR) == (2,) and max(_tag(picture, BITS)) > 8
    return planes and picture.mode not in {*DEEP, "F"}


def _tag(picture: Any, number: int) -> tuple[int, ...]:
    value = picture.tag_v2.get(number, (1,))
    return value if isinstance(value, tuple) else (value,)


def is_unknown_tiff(content: bytes) -> bool:
    """True for a TIFF that Pillow does not open; another library may."""
    try:
        if content.startswith(TIFF):
            reopened(io.BytesIO(content)).close()
    except (OSError, SyntaxError):
        return True
    except Image.DecompressionBombError:
        return False
    return False


def reopened(source: Any) -> Image.Image:
    """A PNG or TIFF, from its bytes or path."""
    return header_of(source, ("PNG", "TIFF"))


def _require_readable_bits(picture: Image.Image, content: bytes, where: str) -> None:
    """Raises CatsError for colours of more than 8 bits in a format of which no library here reads more than 8."""
    bits = 8
    if picture.format == "JPEG2000" and (start := content.find(b"\xff\x51")) >= 0:
        bits = (content[start + 40 : start + 41] or b"\7")[0] % 128 + 1
    elif picture.format == "PPM" and picture.mode == "RGB":
        arguments = picture.tile[0].args if picture.tile else ()  # type: ignore[attr-defined]
        bits = int(arguments[1]).bit_length() if isinstance(arguments, tuple) and len(arguments) == 2 else 8
    if bits > 8 and picture.mode not in DEEP:
        raise CatsError(
            f"{where} holds colours of {bits} bits in the format {picture.format}, of which 8 can be read, so that white and "
            "range cannot be applied; convert it to PNG or TIFF"
        )


def _layout(picture: Image.Image) -> tuple[str, str]:
    """Pillow's names for the decoder and for the samples in the file; empty where it has none."""
    tiles = getattr(picture, "tile", None)
    if not tiles:
        return "", ""
    arguments = tiles[0].args
    name = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return tiles[0].codec_name, name if isinstance(name, str) else ""


def _deep_colour(content: bytes, kind: str, where: str) -> Stored:
    """Colours or grey with alpha, of 16 bits: Pillow keeps the high byte of each number, so the file is read twice.

    The second time Pillow is given the other order of bytes, and keeps the low bytes. Grey with alpha is read once, as four
    channels of 8 bits, which are its four bytes.
    """
    if kind == "LA":
        four = _reread(content, lambda _: "RGBA").astype(np.uint16)
        return Stored(four[..., 0] * 256 + four[..., 1], 65535, (four[..., 2] * 256.0 + four[..., 3]) / 65535)
    plain = "RGBA" if kind == "RGBa" else kind  # Pillow would divide the colours by alpha, each byte by itself
    high = _reread(content, lambda raw: plain + raw[len(kind) :]).astype(np.uint16)
    low = _reread(content, lambda raw: f"{plain};16{OTHER_BYTE[raw[-1]]}")
    values = high * 256 + low
    if high.ndim != 3 or high.shape[2] not in {3, 4}:
        raise CatsError(f"{where} holds samples of 16 bits in an order that cannot be read")
    alpha = values[..., 3] / 65535 if kind == "RGBA" else None  # colours of RGBa are multiplied by alpha already
    return Stored(values[..., :3], 65535, alpha)


def _reread(content: bytes, name: Callable[[str], str]) -> np.ndarray:
    """The bytes of a picture, its samples read as `name(Pillow's name for them)`."""
    with reopened(io.BytesIO(content)) as again:
        image: Any = again
        image.tile = [tile._replace(args=_renamed(tile.args, name)) for tile in image.tile]
        return np.asarray(upright(image))


def _renamed(arguments: Any, name: Callable[[str], str]) -> Any:
    return name(arguments) if isinstance(arguments, str) else (name(arguments[0]), *arguments[1:])


def _by_tifffile(content: bytes, where: str) -> Stored:
    """A TIFF that Pillow does not know or misreads. Raises CatsError for a layout or compression that cannot be read."""
    import tifffile  # a tenth of a second, for rare pictures

    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            page: Any = file.pages[0]
            _require_small(page, where)
            values, axes = page.asarray(), page.axes
            kind, extra = page.photometric.name, [int(sample) for sample in page.extrasamples]
            turned = page.tags.get(274)
    except CatsError:
        raise
    except Exception as error:  # for damaged bytes tifffile raises nearly any error
        remedy = "; pip install imagecodecs" if "imagecodecs" in str(error) else ""
        raise CatsError(f"{where} is not a picture that can be read: {damage_of(error)}{remedy}") from error
    colours = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3}.get(kind, 0)
    if axes == "SYX":
        values, axes = np.moveaxis(values, 0, -1), "YXS"
    alone = len(extra) <= 1 and (colours == 3 or 0 not in extra)  # a second grey channel without a meaning is no alpha
    if not colours or not alone or axes not in {"YX", "YXS"} or (values.ndim == 3) != (colours + len(extra) > 1):
        raise CatsError(
            f"{where} is a TIFF of {kind} with the shape {values.shape} ({axes}); allowed are grey and RGB, "
            "with or without alpha"
        )
    if turned is not None and turned.value != 1:
        raise CatsError(f"{where} is stored turned (Orientation {turned.value}), with {values.dtype} numbers; store it upright")
    top = int(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else None
    alpha = None
    if values.ndim == 3:
        opaque = 2 not in extra or top is None
        alpha = None if opaque else values[..., colours + extra.index(2)] / top
        values = values[..., 0] if colours == 1 else values[..., :3]
    return Stored(values, top, alpha, inverted=kind == "MINISWHITE")


def _require_small(page: Any, where: str) -> None:
    """Raises CatsError for a page that would fill the memory, whatever its file holds."""
    if page.imagewidth * page.imagelength > PIXELS or page.nbytes > 8 * PIXELS:
        raise CatsError(
            f"{where} is larger than {PIXELS:,} pixels of 64 bits, the most that is read of one picture; put a smaller copy or "
            "tiles of it in its place"
        )
