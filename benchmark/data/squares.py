"""Images of a reader become squares of one size. Other processes do this too, which import this module and few others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.data.readers.samples import Image
from results.error import CatsError


@dataclass(frozen=True)
class Form:
    """What the images of a data set become.

    Attributes:
        name, shape, odd: as the data set declares them (benchmark.data.dataset).
        size: of the sides, in pixels. slices: of each volume; 1 for pictures.
    """

    name: str
    shape: tuple[int, int] | None
    odd: str
    size: int
    slices: int

    @property
    def bytes(self) -> int:
        """The largest number of bytes of an image."""
        return self.slices * self.size**2 * 3


@dataclass(frozen=True)
class Squares:
    """What became of some images in a row.

    Attributes:
        count: how many images there were; those after a wrong one were not looked at.
        kept: (n,) int64, the numbers of those that are kept, counted from the first of these images.
        sides: (n, 2) int64, height and width of each in its file; of a volume those of its first slice.
        pixels: (n, slices·size, size, 1 or 3) uint8; 1 if all of them are grey.
        broken: how many could not be read. first: the error of the first of them.
        wrong: the error that ends the decoding of the data set.
    """

    count: int
    kept: np.ndarray
    sides: np.ndarray
    pixels: np.ndarray
    broken: int = 0
    first: CatsError | None = None
    wrong: CatsError | None = None


def squares(form: Form, ids: Sequence[str], images: Iterable[Image | CatsError]) -> Squares:
    """The squares of images, at most one for each id; the CatsError in place of an image says that it is broken."""
    kept, pixels, broken, count, wrong = list[int](), list[np.ndarray](), list[CatsError](), 0, None
    sides = list[tuple[int, ...]]()
    try:
        for number, (name, image) in enumerate(zip(ids, images, strict=False)):
            count = number + 1
            if isinstance(image, CatsError):
                broken.append(image)
                continue
            slices = _slices(form, image, name)
            if all(wanted(form, each, name) for each in slices):
                kept.append(number)
                sides.append(slices[0].shape[:2])
                pixels.append(_strip(form, slices))
    except CatsError as error:
        wrong = error
    channels = max((each.shape[2] for each in pixels), default=1)
    every = np.empty((len(kept), form.slices * form.size, form.size, channels), dtype=np.uint8)
    for row, each in enumerate(pixels):
        every[row] = each
    shapes = np.array(sides, dtype=np.int64).reshape(-1, 2)
    return Squares(count, np.array(kept, dtype=np.int64), shapes, every, len(broken), broken[0] if broken else None, wrong)


def _slices(form: Form, image: Image, name: str) -> tuple[np.ndarray, ...]:
    """The slices of a volume, or a picture as the only one. Raises CatsError for another number than the reader says."""
    slices = image if isinstance(image, tuple) else (image,)
    if len(slices) != form.slices:
        raise CatsError(f"{form.name}: image {name} has {len(slices)} slices; the reader says {form.slices}")
    return slices


def wanted(form: Form, image: np.ndarray, name: str) -> bool:
    """True to keep an image or a slice, False if the entry drops images of its shape. Raises CatsError for other faults."""
    where = f"{form.name}: image {name}"
    if (
        image.dtype != np.uint8
        or image.ndim not in {2, 3}
        or (image.ndim == 3 and image.shape[2] not in {1, 3})
        or not image.size
    ):
        hint = "; the option views of the reader reads volumes" if image.ndim == 3 else ""
        raise CatsError(f"{where} is {image.dtype} of shape {image.shape}; allowed is uint8, (H, W) or (H, W, 3){hint}")
    if form.shape is None or image.shape[:2] == form.shape or form.odd == "resize":
        return True
    if form.odd == "refuse":
        actual, declared = ("×".join(map(str, s)) for s in (image.shape[:2], form.shape))
        raise CatsError(f"{where} has {actual} pixels; the declared shape is {declared}")
    return False


def _strip(form: Form, slices: Sequence[np.ndarray]) -> np.ndarray:
    """The squares of all slices below each other, (slices·size, size, 1 or 3); colour if one of them is coloured."""
    made = [resized_square(each, form.size) for each in slices]
    channels = max(each.shape[2] for each in made)
    return np.concatenate([np.broadcast_to(each, (form.size, form.size, channels)) for each in made])


def resized_square(image: np.ndarray, size: int) -> np.ndarray:
    """An image as (size, size, 1 or 3): bilinear with anti-aliasing; the sides are scaled, nothing is cut off."""
    from PIL import Image  # here, because plans are read without it

    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if flat.shape[:2] != (size, size):
        flat = np.asarray(Image.fromarray(flat).resize((size, size), Image.Resampling.BILINEAR))
    return flat[..., None] if flat.ndim == 2 else flat
