"""Opens picture files: by their content, in the formats that are allowed, and up to a size that fits into memory."""

import io
import warnings

from PIL import Image, UnidentifiedImageError

from benchmark.data.readers.picture_format import FORMATS
from results.error import CatsError

PIXELS = 178_956_970  # of one picture; Pillow refuses larger ones, because a small file can fill the memory of a machine
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError)  # what Pillow raises for damaged content


def opened(content: bytes, where: str) -> Image.Image:
    """A picture whose header is read. Raises CatsError naming `where` for another format, damage or too many pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is that of Pillow's error
            image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise CatsError(
            f"{where} is larger than {PIXELS:,} pixels, the most that is read of one picture; put a smaller copy or tiles of "
            "it in its place"
        ) from None
    except UnidentifiedImageError:
        what = f"its content has none of the formats {', '.join(FORMATS)}" if content else "it is empty"
        raise CatsError(f"{where} is not a picture that can be read: {what}") from None
    except DAMAGED as error:
        raise CatsError(f"{where} is not a picture that can be read: {error}") from error
    return image
