"""Readers: from files on disk to Samples. Each maker takes a reader's options and returns the reader."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmark.dataset import PARTS, Reader, Samples
from results.error import CatsError

PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def npz(file: str) -> Reader:
    """MedMNIST's layout: `{train,val,test}_{images,labels}` and, where known, `{part}_groups`. Pickles are refused."""

    def read(folder: Path) -> Samples:
        path = folder / file
        with _npz(path) as content:
            absent = {f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")} - set(content.files)
            if absent:
                raise CatsError(f"{path} lacks {', '.join(sorted(absent))}")
            labels = [content[f"{part}_labels"] for part in PARTS]
            grouped = all(f"{part}_groups" in content.files for part in PARTS)
            groups = np.concatenate([content[f"{part}_groups"].astype(str) for part in PARTS]) if grouped else None
        stacked = np.concatenate([part.reshape(len(part), -1) for part in labels]).astype(np.int64)
        counts = [len(part) for part in labels]
        return Samples(
            images=_npz_images(path),
            labels=stacked[:, 0] if stacked.shape[1] == 1 else stacked,
            ids=[f"{part}/{i}" for part, n in zip(PARTS, counts, strict=True) for i in range(n)],
            groups=None if groups is None else groups.tolist(),
            parts=[part for part, n in zip(PARTS, counts, strict=True) for _ in range(n)],
        )

    return read


@contextmanager
def _npz(path: Path) -> Iterator[Any]:
    """The arrays in an npz file; whatever is wrong with it becomes a CatsError."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as content:
            yield content
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CatsError(f"{path} is not a whole npz file without pickles: {error}") from error


def _npz_images(path: Path) -> Iterator[np.ndarray]:
    """Image after image, with one part in memory at a time: PathMNIST at 224 px has 13.5 GB of training images."""
    for part in PARTS:
        with _npz(path) as content:
            images = content[f"{part}_images"]
        yield from images


def zipped_folders(file: str, classes: list[str]) -> Reader:
    """One folder per class inside a zip, read in place: the last folder of a path is the class of its pictures."""

    def read(folder: Path) -> Samples:
        path = folder / file
        index = {name: label for label, name in enumerate(classes)}
        try:
            with zipfile.ZipFile(path) as archive:
                names = sorted(n for n in archive.namelist() if PurePosixPath(n).suffix.lower() in PICTURES)
        except (OSError, zipfile.BadZipFile) as error:
            raise CatsError(f"{path} is not a whole zip file: {error}") from error
        strange = sorted({PurePosixPath(n).parent.name for n in names} - set(classes))
        if strange or not names:
            found = f"holds the class '{strange[0]}'" if strange else "holds no picture"
            raise CatsError(f"{path} {found}; declared classes are {', '.join(classes)}")
        labels = np.array([index[PurePosixPath(n).parent.name] for n in names], dtype=np.int64)
        return Samples(_zip_pictures(path, names), labels, names)

    return read


def _zip_pictures(path: Path, names: list[str]) -> Iterator[np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        for name in names:
            yield picture(archive.read(name), f"{path}:{name}")


def picture(content: bytes, where: str) -> np.ndarray:
    """An encoded picture as (H, W) or (H, W, 3) uint8. Raises CatsError naming `where` if it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("L" if image.mode in {"1", "L", "I;16"} else "RGB"))
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise CatsError(f"{where} is not a picture that can be read: {error}") from error


READERS: dict[str, Callable[..., Reader]] = {"npz": npz, "zipped_folders": zipped_folders}
