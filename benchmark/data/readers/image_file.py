"""Decodes picture files to arrays of 8 bits, grey or RGB."""

import numpy as np

from benchmark.data.readers.opening import DAMAGED, opened, unreadable
from benchmark.data.readers.scale import Scale, Stored, to_8_bit
from benchmark.data.readers.stored import DEEP, is_misread, is_unknown_tiff, shallow, stored, upright


def decode_picture(content: bytes, where: str, white: float | Scale | None = None) -> np.ndarray:
    """An encoded picture as (H, W) or (H, W, 3) uint8, RGB. Raises CatsError naming `where` if it cannot be decoded.

    Numbers of more than 8 bits are scaled linearly, `white` becoming 255 (4095 for 12 bits in files of 16; a Scale may also
    name black). A rotation noted in EXIF is carried out. What is transparent lies on black. Palettes and CMYK become RGB. Of
    several pages the first is read.
    """
    scale = white if isinstance(white, Scale) else Scale(white)
    try:
        if scale.range is None and scale.white in {None, 65535} and not is_unknown_tiff(content):
            with opened(content, where) as picture:
                if picture.mode not in {*DEEP, "F"} and not is_misread(picture):
                    return shallow(upright(picture))
    except DAMAGED as error:
        raise unreadable(where, error) from error
    return to_8_bit(stored_picture(content, where), where, scale)


def stored_picture(content: bytes, where: str) -> Stored:
    """An encoded picture with the numbers in its file. Raises CatsError naming `where` if it cannot be decoded."""
    try:
        return stored(content, where)
    except DAMAGED as error:
        raise unreadable(where, error) from error
