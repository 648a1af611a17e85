"""Reads picture files the way the training images of a classifier were read."""

from pathlib import Path

import numpy as np

from benchmark.data.decoded import resized_square
from benchmark.data.readers.dicom import MARK
from benchmark.data.readers.dicom_pixels import pixels
from benchmark.data.readers.dicom_view import View
from benchmark.data.readers.image_file import decode_picture
from benchmark.data.readers.scale import Scale
from benchmark.models.manifest import Reading
from results.error import CatsError


def read_picture(content: bytes, where: str, reading: Reading) -> np.ndarray:
    """A picture or DICOM file as (H, W) or (H, W, 3) uint8, before it is resized. Raises CatsError that names `where`."""
    scale = Scale(reading.white, reading.range)
    if content[MARK] == b"DICM":
        return pixels(content, where, View(window=reading.window, frame=reading.frame), scale)
    return decode_picture(content, where, scale)


def as_input(image: np.ndarray, where: str, reading: Reading) -> np.ndarray:
    """An image as (size, size, 1 or 3) uint8, with as many channels as the training images.

    A grey picture becomes one of three equal channels where the network has seen pictures in colour. Raises CatsError if a
    picture has colours and the network has seen grey ones only.
    """
    square = resized_square(image, reading.size)
    if reading.colour:
        return np.broadcast_to(square, (reading.size, reading.size, 3))
    if square.shape[2] == 3:
        if (square[..., :1] != square).any():
            raise CatsError(f"{where} has colours; the classifier was trained with grey images only")
        square = square[..., :1]
    return square


def read_input(path: Path, reading: Reading) -> tuple[np.ndarray, tuple[int, int]]:
    """The input that a file gives, (size, size, 1 or 3) uint8, and the height and width of its picture.

    Raises CatsError that names the file if it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatsError(f"{path} cannot be read: {error.strerror}") from error
    image = read_picture(content, str(path), reading)
    return as_input(image, str(path), reading), (image.shape[0], image.shape[1])
