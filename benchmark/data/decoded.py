"""Decoded images: one uint8 array on disk per data set and size, read memory-mapped."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from benchmark.core.paths import decoded_folder
from benchmark.data.as_declared import check_samples, wanted
from benchmark.data.copies import NONE, Copies, stored_copies
from benchmark.data.dataset import Dataset
from benchmark.data.decoded_files import IMAGES, TABLE, Files, read_files
from benchmark.data.fingerprint import SIDE
from benchmark.data.private_names import note
from benchmark.data.readers.samples import Image, Samples
from benchmark.data.volumes import slices_of
from results.error import CatsError
from results.files.atomic import atomic_write, discard
from results.files.digest import digest
from results.files.kept import seal_draft
from results.record import ATTRIBUTE
from results.text.counts import how_many, share_of

log = logging.getLogger(__name__)
LAYOUT = 2  # version of the stored arrays; raised when old arrays must not be read


@dataclass(frozen=True)
class Decoded:
    """All images of a data set at one size.

    Attributes:
        images: (N, size, size, 1 or 3) uint8, RGB, memory-mapped; volumes are strips (N, K·size, size, 1 or 3) of K slices,
            see benchmark.data.volumes.
        labels: (N,) int64; multi-label (N, C).
        ids: (N,) str. groups, parts: (N,) str, empty strings where there are none.
        digest: the digest of the data set (Dataset.digest).
        attributes: name → (N,) str, empty strings where it is unknown.
        copies: searches for images of one picture, or reads what an earlier search has found. Few splits need them.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    groups: np.ndarray
    parts: np.ndarray
    digest: str
    copies: Callable[[], Copies] = lambda: NONE
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)


def load_images(dataset: Dataset, size: int) -> Decoded:
    """All images of a data set as squares of `size` pixels; decoded in the first call, then read from CATS_HOME.

    Raises CatsError if a file is missing or damaged, or if the images are not as the entry declares.
    """
    note(dataset)
    content = dataset.digest()
    folder = decoded_folder() / f"{dataset.name}-{size}-{digest([LAYOUT, content, dataset.images])[:16]}"
    images, table = read_files(folder) or _decoded(dataset, size, folder)
    return Decoded(
        images, table["labels"], table["ids"], table["groups"], table["parts"], content,
        lambda: stored_copies(images if size == SIDE else load_images(dataset, SIDE).images),
        {name.removeprefix(ATTRIBUTE): texts for name, texts in table.items() if name.startswith(ATTRIBUTE)},
    )  # fmt: skip


def _decoded(dataset: Dataset, size: int, folder: Path) -> Files:
    """Decode the images; their folder replaces a damaged one. Raises CatsError as load_images does."""
    damaged = folder.exists()
    try:
        _decode(dataset, size, folder, damaged=damaged)
    except CatsError as error:
        if damaged:
            raise CatsError(f"the decoded images in {folder} are damaged and cannot be made again: {error}") from error
        raise
    found = read_files(folder)
    if found is None:
        raise CatsError(f"the decoded images of {dataset.name} were just written to {folder} and cannot be read from there")
    return found


def _decode(dataset: Dataset, size: int, folder: Path, *, damaged: bool) -> None:
    files = dataset.folder()
    dataset.verify(fresh=True)
    log.info("decoding %s at %d pixels", dataset.name, size)
    samples = dataset.read(files)
    check_samples(dataset, samples)
    blank = np.full(len(samples.ids), "")
    try:
        with atomic_write(folder, f"the decoded images of {dataset.name}", durable=True) as draft:
            draft.mkdir()
            grey, rows = _write(dataset, samples, size, draft / "colour.npy")
            colour = np.load(draft / "colour.npy", mmap_mode="r", allow_pickle=False)
            np.save(draft / IMAGES, colour[..., :1] if grey else colour)
            (draft / "colour.npy").unlink()
            np.savez(
                draft / TABLE,
                labels=samples.labels[rows],
                ids=np.array(samples.ids, dtype=str)[rows],
                groups=(blank if samples.groups is None else np.array(samples.groups, dtype=str))[rows],
                parts=(blank if samples.parts is None else np.array(samples.parts, dtype=str))[rows],
                **{f"{ATTRIBUTE}{name}": np.array(texts, dtype=str)[rows] for name, texts in samples.attributes.items()},
            )
            seal_draft(draft)
            if damaged:
                discard(folder)
    except CatsError:
        if not folder.exists():  # else another process decoded the same images in the meantime
            raise


def _write(dataset: Dataset, samples: Samples, size: int, path: Path) -> tuple[bool, np.ndarray]:
    """Write the images to one array; return whether all are grey, and the row numbers (int64) that were written.

    The array is written, not mapped: on a full disk a write raises an error, a mapped page kills the process.
    """
    grey, number, rows, broken = True, 0, [], []
    with path.open("wb") as file:
        _write_header(file, len(samples.ids), size, samples.slices)
        for number, image in enumerate(samples.images, 1):
            if number > len(samples.ids):
                raise CatsError(f"{dataset.name}: there are more images than the {len(samples.ids)} labels")
            if isinstance(image, CatsError):
                broken.append(image)
                continue
            slices = _slices(dataset, image, samples, number - 1)
            if all(wanted(dataset, each, samples.ids[number - 1]) for each in slices):
                grey = grey and all(each.ndim == 2 or each.shape[2] == 1 for each in slices)
                for each in slices:
                    file.write(np.broadcast_to(resized_square(each, size), (size, size, 3)).tobytes())
                rows.append(number - 1)
        file.seek(0)
        _write_header(
            file, len(rows), size, samples.slices
        )  # numpy leaves room for the number of rows: the header keeps its length
    if number < len(samples.ids):
        there = "there is" if number == 1 else "there are"
        raise CatsError(f"{dataset.name}: {there} only {how_many(number, 'image')} for {how_many(len(samples.ids), 'label')}")
    if broken and len(broken) / number > dataset.broken:  # 29 of 100 are 0.29, while 0.29 × 100 is less than 29
        allowed = f"{dataset.broken:.2%} may be" if dataset.broken else "none may be"
        count = f"{share_of(len(broken), number, f'images of {dataset.name}', 'is', 'are')} broken, {allowed}"
        raise CatsError(f"{broken[0]}; {count}: replace what is broken, or write a larger share as `broken` into the entry")
    if number and not rows:
        raise CatsError(f"{dataset.name}: every image is broken or has another shape than declared")
    if len(rows) < number:
        odd = number - len(rows) - len(broken)
        log.warning("%s: %d broken images and %d of another shape are left out", dataset.name, len(broken), odd)
    return grey, np.array(rows, dtype=np.int64)


def _slices(dataset: Dataset, image: Image, samples: Samples, row: int) -> tuple[np.ndarray, ...]:
    """The slices of a volume, or a picture as the only one. Raises CatsError for another number than the reader says."""
    slices = image if isinstance(image, tuple) else (image,)
    if len(slices) != samples.slices:
        raise CatsError(f"{dataset.name}: image {samples.ids[row]} has {len(slices)} slices; the reader says {samples.slices}")
    return slices


def _write_header(file: BinaryIO, rows: int, size: int, slices: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (rows, slices * size, size, 3)}
    np.lib.format.write_array_header_1_0(file, header)


def resized_square(image: np.ndarray, size: int) -> np.ndarray:
    """An image as (size, size, 1 or 3): bilinear with anti-aliasing; the sides are scaled, nothing is cut off."""
    from PIL import Image  # here, because plans are read without it

    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if flat.shape[:2] != (size, size):
        flat = np.asarray(Image.fromarray(flat).resize((size, size), Image.Resampling.BILINEAR))
    return flat[..., None] if flat.ndim == 2 else flat


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Decoded images, also strips of volumes, at another size."""
    squares = [resized_square(each, size) for each in slices_of(images)]
    return np.reshape(squares, (len(images), -1, size, images.shape[3]))


@lru_cache(maxsize=2)
def load_images_cached(dataset: Dataset, size: int) -> Decoded:
    """The same as `load_images`, kept open between cells."""
    return load_images(dataset, size)
