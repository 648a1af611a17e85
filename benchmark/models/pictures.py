"""Reads picture files the way the training images of a classifier were read."""

from pathlib import Path

import numpy as np

from benchmark.data.readers.dicom import MARK
from benchmark.data.readers.dicom_pixels import pixels
from benchmark.data.readers.dicom_view import View
from benchmark.data.readers.image_file import decode_picture
from benchmark.data.readers.nifti_view import VolumeView
from benchmark.data.readers.samples import Image
from benchmark.data.readers.scale import Scale
from benchmark.data.squares import resized_square
from benchmark.data.volumes import in_words
from benchmark.models.manifest import Reading
from results.error import CatsError
from results.files.limits import whole_file


def read_picture(content: bytes, where: str, reading: Reading) -> Image:
    """A picture or DICOM file as (H, W) or (H, W, 3) uint8, or the slices of a NIfTI file, before they are resized.

    Raises CatsError that names `where`.
    """
    if reading.volume is not None:
        return VolumeView(slices=reading.slices, **dict(reading.volume)).shown(content, where)
    if reading.of_volumes:
        raise CatsError(
            f"{where}: the classifier was trained with volumes of an array file, so that no other file can be read; "
            "name a target"
        )
    scale = Scale(reading.white, reading.range)
    if content[MARK] == b"DICM":
        return pixels(content, where, View(window=reading.window, frame=reading.frame), scale)
    return decode_picture(content, where, scale)


def as_input(image: Image, where: str, reading: Reading) -> np.ndarray:
    """An image as (size, size, 1 or 3) uint8, with as many channels as the training images; a volume as a strip of its slices.

    A grey picture becomes one of three equal channels where the network has seen pictures in colour. Raises CatsError if a
    picture has colours and the network has seen grey ones only, and for a volume of another number of slices.
    """
    slices = image if isinstance(image, tuple) else (image,)
    if len(slices) != reading.slices:
        found, expected = (in_words(count) or "a picture" for count in (len(slices), reading.slices))
        raise CatsError(f"{where} is {found}; each image that the classifier was trained with is {expected}")
    return np.concatenate([_square(each, where, reading) for each in slices])


def _square(image: np.ndarray, where: str, reading: Reading) -> np.ndarray:
    square = resized_square(image, reading.size)
    if reading.colour:
        return np.broadcast_to(square, (reading.size, reading.size, 3))
    if square.shape[2] == 3:
        if (square[..., :1] != square).any():
            raise CatsError(f"{where} has colours; the classifier was trained with grey images only")
        square = square[..., :1]
    return square


def sides_of(image: Image) -> tuple[int, int]:
    """Height and width of a picture, or of the first slice of a volume."""
    first = image[0] if isinstance(image, tuple) else image
    return first.shape[0], first.shape[1]


def read_input(path: Path, reading: Reading) -> tuple[np.ndarray, tuple[int, int]]:
    """The input that a file gives, (size, size, 1 or 3) uint8, and the height and width of its picture.

    Raises CatsError that names the file if it cannot be read.
    """
    try:
        content = whole_file(path)
    except OSError as error:
        raise CatsError(f"{path} cannot be read: {error.strerror}") from error
    image = read_picture(content, str(path), reading)
    return as_input(image, str(path), reading), sides_of(image)
