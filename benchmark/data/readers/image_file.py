"""Decodes picture files to arrays of 8 bits, grey or RGB."""

import numpy as np
from PIL import Image, ImageOps

from benchmark.data.readers.opening import DAMAGED, opened
from results.error import CatsError

GREY = {"1", "L", "LA", "La"}
DEEP = {"I;16", "I;16L", "I;16B", "I"}


def decode_picture(content: bytes, where: str, white: int = 65535) -> np.ndarray:
    """An encoded picture as (H, W) or (H, W, 3) uint8, RGB. Raises CatsError naming `where` if it cannot be decoded.

    16-bit grey is scaled linearly, `white` becoming 255 (4095 for 12 bits in files of 16). A rotation noted in EXIF is
    carried out. What is transparent lies on black. Palettes and CMYK become RGB. Of several pages the first is read.
    """
    try:
        with opened(content, where) as picture:
            image = ImageOps.exif_transpose(picture)
            if image.mode in DEEP:
                return to_8_bit(np.asarray(image), where, white)
            if image.mode == "F":
                raise CatsError(f"{where} holds floating-point numbers; allowed are pictures of 8 or 16 bits")
            if image.mode in {"RGBA", "PA", "LA", "La", "RGBa"} or "transparency" in image.info:
                seen = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))
                return np.asarray(seen.convert("L" if image.mode in GREY else "RGB"))
            return np.asarray(image.convert("L" if image.mode in GREY else "RGB"))
    except DAMAGED as error:
        raise CatsError(f"{where} is not a picture that can be read: {error}") from error


def to_8_bit(deep: np.ndarray, where: str, white: int = 65535) -> np.ndarray:
    """(H, W) of up to 16 bits → uint8, `white` becoming 255. Raises CatsError for values below 0 or above `white`."""
    if deep.min() < 0 or deep.max() > white:
        raise CatsError(f"{where} holds values from {deep.min()} to {deep.max()}; allowed are 0 to {white}")
    return np.rint(deep * (255 / white)).astype(np.uint8)
