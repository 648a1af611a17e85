"""Opens picture files: by their content, in the formats that are allowed, and up to a size that fits into memory.

Nothing else in cats asks Pillow to open a picture. Pillow knows some forty formats; among them are some that start another
program, such as EPS, and many that have not been maintained for years.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from benchmark.data.readers.picture_format import FORMATS
from results.error import CatsError, damage_of

PIXELS = 178_956_970  # of one picture; a small file can fill the memory of a machine
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)  # fmt: skip - what Pillow raises for damaged content


def opened(content: bytes, where: str) -> Image.Image:
    """A picture whose header is read. Raises CatsError naming `where` for another format, damage or too many pixels."""
    try:
        image = header_of(io.BytesIO(content))
    except Image.DecompressionBombError:
        raise CatsError(
            f"{where} is larger than {PIXELS:,} pixels, the most that is read of one picture; put a smaller copy or tiles of "
            "it in its place"
        ) from None
    except UnidentifiedImageError:
        what = f"its content has none of the formats {', '.join(FORMATS)}" if content else "it is empty"
        raise CatsError(f"{where} is not a picture that can be read: {what}") from None
    except DAMAGED as error:
        raise unreadable(where, error) from error
    return image


def header_of(source: BinaryIO | Path, formats: Sequence[str] = FORMATS) -> Image.Image:
    """A picture of one of the formats, of which only the header is read.

    Raises PIL.Image.DecompressionBombError for more than PIXELS pixels, another error of DAMAGED for a picture that is damaged
    or of another format.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd headers, and of many pixels, which are judged here
        image: Image.Image = Image.open(source, formats=[name for name in formats if name in FORMATS])
    if image.width * image.height > PIXELS:
        image.close()
        raise Image.DecompressionBombError(f"it has {image.width} × {image.height} pixels")
    return image


def unreadable(where: str, error: BaseException) -> CatsError:
    """The sentence about a picture that cannot be read."""
    reason = "it needs more memory than there is" if isinstance(error, MemoryError) else damage_of(error)
    return CatsError(f"{where} is not a picture that can be read: {reason}")
