"""Reads data sets in MedMNIST's layout: one npz file with images and labels of each part."""

import itertools
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from benchmark.data.readers.numbered_labels import numbered_labels, require_numbers
from benchmark.data.readers.samples import PARTS, Image, Reader, Samples, StoredNumbers, chosen, of_volumes
from benchmark.data.readers.scale import Scale, scaled
from benchmark.data.readers.views import Views
from results.error import CatsError, damage_of
from results.files.limits import require_ratio
from results.text.brief import briefly

DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    SyntaxError,
    tokenize.TokenError,
    RuntimeError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip - what numpy and zipfile raise where bytes are not what they should be


def npz(
    file: str, *, missing: list[Any] | None = None, one_hot: bool = False,
    views: Literal["slices", "orthogonal"] | None = None, slices: int | None = None, **values: Any,
) -> Reader:  # fmt: skip
    """Reader of MedMNIST's layout, arrays `{train,val,test}_{images,labels}`. Pickles are refused.

    Optional, in every part: `{part}_groups`, and `{part}_files`, the names of the images in the original data.
    missing: labels of images that have none ("" is NaN); these images are left out and counted. one_hot: the labels are
    columns of 0 and 1, of which exactly one is 1. views: the images are volumes (N, D, H, W), of which a network sees slices
    along the first axis, or along all three; slices: their number, by default that of Views. values: white or range, see
    Scale; needed for numbers of more than 8 bits. Raises CatsError for slices without views.
    """
    scale = Scale(**values)
    if views is None and slices is not None:
        raise CatsError(
            f"slices of the reader npz is {briefly(slices)}, and views is left out; write views: slices or views: orthogonal "
            "if the images are volumes, else leave out slices"
        )
    seen = None if views is None else Views(views, Views.slices if slices is None else slices)

    def read(folder: Path) -> Samples:
        path = folder / file
        with opened_npz(path) as content:
            labels = label_arrays(content, path)
            group_names = _optional(content, "groups")
            file_names = _optional(content, "files")
        counts = [len(part) for part in labels]
        for what, names in (("groups", group_names), ("files", file_names)):
            if names and [len(part) for part in names] != counts:
                raise CatsError(f"{path} has {[len(part) for part in names]} {what} for {counts} labels")
        numbered = [f"{part}/{i}" for part, n in zip(PARTS, counts, strict=True) for i in range(n)]
        stacked = np.concatenate([part for part in labels if len(part)] or labels[:1])
        found = numbered_labels(stacked, numbered, str(path), missing, one_hot=one_hot)
        groups = found.of(np.concatenate(group_names).tolist()) if group_names else None
        images = scaled(_npz_images(path, counts), numbered, str(path), scale)
        return Samples(
            images=itertools.compress(images if seen is None else _volumes(images, numbered, path, seen), found.kept),
            labels=found.labels,
            ids=found.of(np.concatenate(file_names).tolist() if file_names else numbered),
            groups=groups,
            parts=found.of([part for part, n in zip(PARTS, counts, strict=True) for _ in range(n)]),
            left_out=found.left_out,
            stored=StoredNumbers(lambda rows: chosen(itertools.compress(_npz_images(path, counts), found.kept), rows), scale),
            slices=1 if seen is None else seen.slices,
        )

    return read if seen is None else of_volumes(read)


def _volumes(
    images: Iterable[np.ndarray | CatsError], names: Sequence[str], path: Path, seen: Views
) -> Iterator[Image | CatsError]:  # fmt: skip
    """The slices of each volume. Raises CatsError for an image that is none."""
    for name, volume in zip(names, images, strict=False):  # their numbers were compared
        if isinstance(volume, np.ndarray) and volume.ndim != 3:
            raise CatsError(f"{path}: image {name} has the shape {volume.shape}; with `views` each is a volume (D, H, W)")
        yield seen.of(volume) if isinstance(volume, np.ndarray) else volume


def label_arrays(content: "Arrays", path: Path) -> list[np.ndarray]:
    """The labels of every part as (N, columns). Raises CatsError if an array is missing or is not made of numbers."""
    needed = [f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")]
    absent = sorted(set(needed) - set(content.files))
    if absent:
        raise CatsError(f"{path} has no {', '.join(absent)}; it has {', '.join(content.files) or 'nothing'}")
    arrays = {f"{part}_labels": content[f"{part}_labels"] for part in PARTS}
    labels = [_columns(require_numbers(array, f"{path}: {name}")) for name, array in arrays.items()]
    widths = {name: part.shape[1] for name, part in zip(arrays, labels, strict=True) if len(part)}
    if len(set(widths.values())) > 1:
        listed = ", ".join(f"{name} has {width}" for name, width in widths.items())
        raise CatsError(f"{path}: labels must be whole numbers, as many for each image of every part; {listed}")
    return labels


def _optional(content: "Arrays", kind: str) -> list[np.ndarray]:
    """`{part}_{kind}` of every part as text; empty if a part has none."""
    names = [f"{part}_{kind}" for part in PARTS]
    return [content[name].astype(str) for name in names] if all(name in content.files for name in names) else []


def _columns(labels: np.ndarray) -> np.ndarray:
    """Labels as (N, columns), also where N is 0."""
    return labels.reshape(len(labels), int(np.prod(labels.shape[1:])))


@contextmanager
def opened_npz(path: Path) -> Iterator["Arrays"]:
    """The arrays of an npz file. Raises CatsError if the file is damaged or holds pickles."""
    try:
        if path.is_file() and not zipfile.is_zipfile(path):
            raise ValueError("it is no zip of arrays")
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as content:
            yield Arrays(content, path)
    except DAMAGED as error:
        raise CatsError(f"{path} is not a whole npz file without pickles: {damage_of(error)}") from error


class Arrays:
    """The arrays of an open npz file, each read when it is asked for, after what its header promises has been looked at."""

    def __init__(self, content: Any, path: Path) -> None:
        self._content, self._path = content, path
        self.files: list[str] = list(content.files)

    def __getitem__(self, name: str) -> np.ndarray:
        """The array of that name. Raises CatsError if its header promises other bytes than the file holds."""
        archive: zipfile.ZipFile = self._content.zip
        member = name if name in archive.namelist() else f"{name}.npy"
        item, where = archive.getinfo(member), f"{self._path}: {name}"
        with archive.open(item) as file:
            promised = _promised(file, name)
            header = file.tell()
        if promised != item.file_size - header:
            raise CatsError(
                f"{where} is damaged: its header promises {promised:,} bytes, and {item.file_size - header:,} are there"
            )
        require_ratio(item.file_size, item.compress_size, where)
        array: np.ndarray = self._content[name]
        return array


def _promised(file: IO[bytes], name: str) -> int:
    """The bytes that the header of an array promises. Raises ValueError for one that cannot be read."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{name} has the version {version} of numpy's format; allowed are 1.0 and 2.0")
    shape, _, kind = readers[version](file)
    if kind.hasobject:
        raise ValueError(f"{name} holds Python objects")
    return math.prod(shape) * kind.itemsize


def _npz_images(path: Path, counts: list[int]) -> Iterator[np.ndarray]:
    """All images in turn, one part in memory at a time: PathMNIST at 224 px has 13.5 GB of training images."""
    for part, count in zip(PARTS, counts, strict=True):
        with opened_npz(path) as content:
            images = content[f"{part}_images"]
        if images.ndim == 0:
            raise CatsError(f"{path}: {part}_images is a single value, not an array with a row for each image")
        if len(images) != count:
            raise CatsError(f"{path} has {len(images)} images and {count} labels in {part}")
        yield from images
