"""Pictures that are not what their names say, or say too much about themselves."""

import io
import struct
import zlib
from pathlib import Path
from random import Random

import numpy as np
from fuzzing.blobs import damage_file
from fuzzing.values import CANARY
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EPS = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n({CANARY}) (w) file closefile\nshowpage\n".encode()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><image href="file:///etc/passwd"/></svg>'
FORMATS = (
    "PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "ICO", "TGA", "PCX", "SGI", "DDS", "ICNS", "EPS", "PDF",
    "XBM", "IM",
)  # fmt: skip
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "I;16", "F", "LAB")


def damage_picture(rng: Random, path: Path) -> str:
    """Replace a picture by a damaged or odd one under the same name. Returns what was done."""
    if rng.random() < 0.35:
        return damage_file(rng, path)
    content, said = rng.choice(CHANGES)(rng, path.read_bytes())
    path.write_bytes(content)
    return f"{path.name}: {said}"


def chunk(name: bytes, content: bytes) -> bytes:
    """A piece of a PNG, with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _header(rng: Random, _: bytes) -> tuple[bytes, str]:
    sides = [0, 1, 16, 17, 30_000, 65_535, 2**31 - 1, 2**32 - 1]
    width, height, bits, colour = (
        rng.choice(sides),
        rng.choice(sides),
        rng.choice([0, 1, 2, 8, 16, 99]),
        rng.choice([0, 2, 3, 4, 6, 9]),
    )
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, rng.choice([0, 0, 1, 9]))
    body = zlib.compress(bytes(rng.choice([0, 16 * 17, 10**6])))
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(
        b"IEND", b""
    ), f"{width} × {height}, {bits} bits, colour {colour}"


def _chunks(rng: Random, content: bytes) -> tuple[bytes, str]:
    zeros = zlib.compress(bytes(50_000_000))
    odd = rng.choice(
        [
            (b"zTXt", b"a\0\0" + zeros),
            (b"iCCP", b"a\0\0" + zeros),
            (b"iTXt", b"a\0\1\0\0\0" + zeros),
            (b"tEXt", b"a\0" + b"x" * 10**6),
            (b"eXIf", b"MM\0*\0\0\0\x08\xff\xff"),
            (b"acTL", struct.pack(">II", 2**31 - 1, 0)),
            (b"PLTE", b""),
            (b"tRNS", b"\0" * 999),
            (b"gAMA", b"\0\0\0\0"),
            (b"pHYs", b"x"),
            (b"IHDR", b"\0" * 13),
            (b"IEND", b""),
            (b"\0\0\0\0", b"x"),
            (b"cHRM", b"\xff" * 32),
        ]
    )
    return content[:33] + chunk(*odd) + content[33:], f"a piece {odd[0]!r} of {len(odd[1])} bytes"


def _format(rng: Random, content: bytes) -> tuple[bytes, str]:
    form, file = rng.choice(FORMATS), io.BytesIO()
    picture = Image.open(io.BytesIO(content)).convert("RGB" if rng.random() < 0.5 or form == "EPS" else "L")
    try:
        picture.save(file, form)
    except (OSError, ValueError, KeyError):
        picture.convert("1").save(file, "XBM")
    return file.getvalue(), f"a {form} by its content"


def _mode(rng: Random, content: bytes) -> tuple[bytes, str]:
    mode, file = rng.choice(MODES), io.BytesIO()
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    picture = Image.fromarray(np.asarray(picture)[..., 0].astype(np.float32)) if mode == "F" else picture
    picture = picture.convert("L").convert("I;16") if mode == "I;16" else picture.convert(mode)
    form = "TIFF" if mode in {"F", "CMYK", "YCbCr", "LAB", "I;16", "I"} else "PNG"
    try:
        picture.save(file, form)
    except (OSError, ValueError):
        picture.convert("RGB").save(file, "PNG")
    return file.getvalue(), f"a {form} of mode {mode}"


def _size(rng: Random, content: bytes) -> tuple[bytes, str]:
    size, file = rng.choice([(1, 1), (1, 3000), (3000, 1), (2, 2), (17, 16), (1500, 1500)]), io.BytesIO()
    Image.open(io.BytesIO(content)).resize(size).save(file, "PNG")
    return file.getvalue(), f"{size[0]} × {size[1]}"


def _numbers(rng: Random, _: bytes) -> tuple[bytes, str]:
    import tifffile

    values = np.zeros((16, 16), rng.choice(["f4", "f8", "u2", "i2", "u4", "i1", "f2", "u8", "c8"]))
    values[:8] = rng.choice([1, 100])
    if values.dtype.kind == "f":
        values[0, 0] = rng.choice([np.nan, np.inf, -1, 0.5])
    file = io.BytesIO()
    tifffile.imwrite(file, values)
    return file.getvalue(), f"a TIFF of {values.dtype}"


def _tags(rng: Random, content: bytes) -> tuple[bytes, str]:
    """A TIFF whose directory lies: about sides, strips, their number or type."""
    file = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("L").save(file, "TIFF")
    made = bytearray(file.getvalue())
    start = struct.unpack("<I", made[4:8])[0] + 2
    entry = start + 12 * rng.randrange(struct.unpack("<H", made[start - 2 : start])[0])
    at, size = rng.choice([(0, 2), (2, 2), (4, 4), (8, 4), (8, 4), (8, 4)])
    made[entry + at : entry + at + size] = (rng.choice([0, 1, 255, 2**31 - 1, 2**32 - 1]) % 2 ** (8 * size)).to_bytes(
        size, "little"
    )
    return bytes(made), f"a TIFF whose entry at {entry} is odd at {at}"


def _text(rng: Random, _: bytes) -> tuple[bytes, str]:
    return rng.choice(
        [
            (EPS, "an EPS that writes a file"),
            (b"%PDF-1.4\n1 0 obj", "the beginning of a PDF"),
            (SVG, "an SVG"),
            (b"P6 99999 99999 255\n", "a PPM of 10 GB"),
            (b"P5\n16 16\n65535\n" + bytes(511), "a PPM that is short"),
            (b"P6 " + b"9" * 5000 + b" 1 255\n", "a PPM with a side of 5,000 digits"),
            (b"GIF89a" + b"\xff" * 40, "a GIF of 65,535 × 65,535"),
            (b"BM" + b"\xff" * 60, "a BMP of all bits"),
            (b"", "empty"),
            (b"<html>login</html>", "a page"),
            (b"P7\nWIDTH 16\nHEIGHT 16\nDEPTH 1\nMAXVAL 255\nENDHDR\n" + bytes(256), "a PAM"),
            (b"Pf\n16 16\n-1.0\n" + b"\xff" * 1024, "a PFM of NaN"),
        ]
    )


CHANGES = (_header, _header, _chunks, _chunks, _format, _format, _mode, _size, _numbers, _tags, _tags, _text, _text)
