"""Images decoded once: a uint8 array on disk per data set and size, read back memory-mapped."""

import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmark.dataset import PARTS, Dataset, Samples
from benchmark.digest import digest
from benchmark.home import home
from results.error import CatsError

log = logging.getLogger(__name__)
LAYOUT = 1  # of the stored arrays; raised when old ones must not be read any more


@dataclass(frozen=True)
class Decoded:
    """All images of a data set at one size.

    Attributes:
        images: (N, size, size, 1 or 3) uint8, RGB, memory-mapped.
        labels: (N,) int64; multi-label (N, C).
        ids: (N,) str. groups, parts: (N,) str, empty strings where there are none.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    groups: np.ndarray
    parts: np.ndarray


def decoded(dataset: Dataset, size: int) -> Decoded:
    """The images of a data set as squares of `size` pixels; decoded on the first call, then read from CATS_HOME.

    Raises CatsError if a file is missing or damaged, or if the images do not keep what the entry declares.
    """
    folder = home() / "images" / f"{dataset.name}-{size}-{digest([LAYOUT, dataset.digest()])[:16]}"
    if not folder.exists():
        _decode(dataset, size, folder)
    table = np.load(folder / "table.npz", allow_pickle=False)
    images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
    return Decoded(images, table["labels"], table["ids"], table["groups"], table["parts"])


def _decode(dataset: Dataset, size: int, folder: Path) -> None:
    files = dataset.folder()
    dataset.verify(files)
    log.info("decoding %s at %d pixels", dataset.name, size)
    samples = dataset.read(files)
    check(dataset, samples)
    count = len(samples.ids)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    except OSError as error:
        raise CatsError(f"cannot write to {folder.parent}: {error.strerror}; set CATS_HOME to a folder with space") from error
    try:
        grey = _write(dataset, samples, size, draft / "colour.npy")
        colour = np.load(draft / "colour.npy", mmap_mode="r")
        np.save(draft / "images.npy", colour[..., :1] if grey else colour)
        (draft / "colour.npy").unlink()
        blank = np.full(count, "")
        np.savez(
            draft / "table.npz",
            labels=samples.labels,
            ids=np.array(samples.ids, dtype=str),
            groups=blank if samples.groups is None else np.array(samples.groups, dtype=str),
            parts=blank if samples.parts is None else np.array(samples.parts, dtype=str),
        )
        try:
            draft.rename(folder)
        except OSError:
            if not folder.exists():  # else another process decoded the same in the meantime
                raise
    except OSError as error:
        raise CatsError(
            f"cannot keep the decoded images of {dataset.name} in {folder.parent}: {error.strerror or error}; "
            f"set CATS_HOME to a folder with space"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(dataset: Dataset, samples: Samples, size: int, path: Path) -> bool:
    """Write all images to one array; returns whether every one of them is grey."""
    grey, count = True, 0
    # Written, not mapped: on a full disk a write fails with an error, a mapped page kills the process.
    with path.open("wb") as file:
        shape = (len(samples.ids), size, size, 3)
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for image in samples.images:
            _check_image(dataset, samples, count, image)
            grey = grey and (image.ndim == 2 or image.shape[2] == 1)
            file.write(np.broadcast_to(squared(image, size), (size, size, 3)).tobytes())
            count += 1
    if count < len(samples.ids):
        raise CatsError(f"{dataset.name}: there are only {count} images for {len(samples.ids)} labels")
    return grey


def _check_image(dataset: Dataset, samples: Samples, count: int, image: np.ndarray) -> None:
    if count == len(samples.ids):
        raise CatsError(f"{dataset.name}: there are more images than the {count} labels")
    where = f"{dataset.name}: image {samples.ids[count]}"
    if image.dtype != np.uint8 or image.ndim not in {2, 3} or (image.ndim == 3 and image.shape[2] not in {1, 3}):
        raise CatsError(f"{where} is {image.dtype} of shape {image.shape}; allowed is uint8, (H, W) or (H, W, 3)")
    if dataset.shape is not None and image.shape[:2] != dataset.shape:
        given, declared = ("×".join(map(str, s)) for s in (image.shape[:2], dataset.shape))
        raise CatsError(f"{where} has {given} pixels; all images are declared to have {declared}")


def squared(image: np.ndarray, size: int) -> np.ndarray:
    """One image as (size, size, 1 or 3): bilinear with anti-aliasing; the sides are scaled, nothing is cut off."""
    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if flat.shape[:2] != (size, size):
        flat = np.asarray(Image.fromarray(flat).resize((size, size), Image.Resampling.BILINEAR))
    return flat[..., None] if flat.ndim == 2 else flat


def check(dataset: Dataset, samples: Samples) -> None:
    """Compare the table of samples with what the entry declares. Raises CatsError with the first broken promise."""
    count, classes = len(samples.ids), len(dataset.classes)
    labels = samples.labels
    if dataset.images is not None and count != dataset.images:
        raise CatsError(f"{dataset.name} has {count} images; {dataset.images} are declared")
    if len(labels) != count:
        raise CatsError(f"{dataset.name} has {len(labels)} labels for {count} images")
    if len(set(samples.ids)) != count:
        raise CatsError(f"{dataset.name}: an image id is given twice")
    if dataset.task == "multilabel":
        if labels.shape != (count, classes) or not np.isin(labels, (0, 1)).all():
            raise CatsError(f"{dataset.name} is multi-label: labels must be {count} × {classes} of 0 and 1")
        return
    outside = np.flatnonzero((labels < 0) | (labels >= classes)) if labels.ndim == 1 else np.arange(1)
    if outside.size:
        raise CatsError(
            f"{dataset.name}: image {samples.ids[outside[0]]} has label {labels[outside[0]]}; "
            f"allowed are 0 to {classes - 1} ({', '.join(dataset.classes)})"
        )
    parts = np.array(samples.parts if samples.parts is not None else [""] * count)
    for part in PARTS if samples.parts is not None else ("",):
        absent = set(range(classes)) - set(labels[parts == part].tolist())
        if absent:
            raise CatsError(f"{dataset.name}: the class '{dataset.classes[min(absent)]}' has no image in {part or 'the data'}")
