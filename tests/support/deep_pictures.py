"""Pictures of 16 bits in the formats that people have, written without the code that reads them."""

import io
import struct
import zlib

import numpy as np
import tifffile

COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by number of channels


def png(values):
    """A PNG of 16 bits from (H, W) or (H, W, channels) uint16; 2 and 4 channels have alpha."""
    array = values[..., None] if values.ndim == 2 else values
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, COLOUR_TYPE[array.shape[2]], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def tiff(values, byteorder="<", **options):
    """A TIFF; `planarconfig="separate"` puts the channels of (H, W, channels) into planes."""
    array = np.ascontiguousarray(np.moveaxis(values, -1, 0)) if options.get("planarconfig") == "separate" else values
    out = io.BytesIO()
    with tifffile.TiffWriter(out, byteorder=byteorder) as file:
        file.write(array, **options)
    return out.getvalue()
