"""Reads data sets in MedMNIST's layout: one npz file with images and labels of each part."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.samples import PARTS, Reader, Samples
from results.error import CatsError


def npz(file: str) -> Reader:
    """Reader of MedMNIST's layout, arrays `{train,val,test}_{images,labels}`. Pickles are refused.

    Optional, in every part: `{part}_groups`, and `{part}_files`, the names of the images in the original data.
    """

    def read(folder: Path) -> Samples:
        path = folder / file
        with _npz(path) as content:
            absent = {f"{part}_{kind}" for part in PARTS for kind in ("images", "labels")} - set(content.files)
            if absent:
                raise CatsError(f"{path} has no {', '.join(sorted(absent))}")
            labels = [_columns(content[f"{part}_labels"]) for part in PARTS]
            group_names = _optional(content, "groups")
            file_names = _optional(content, "files")
        counts = [len(part) for part in labels]
        if any(part.dtype.kind not in "iubf" or not np.isfinite(part).all() for part in labels):
            raise CatsError(f"{path}: labels must be whole numbers, not {labels[0].dtype}")
        widths = {part.shape[1] for part in labels if len(part)}
        if len(widths) > 1 or not all(np.array_equal(part, part.astype(np.int64)) for part in labels):
            raise CatsError(f"{path}: labels must be whole numbers, as many for each image of every part")
        for what, values in (("groups", group_names), ("files", file_names)):
            if values and [len(part) for part in values] != counts:
                raise CatsError(f"{path} has {[len(part) for part in values]} {what} for {counts} labels")
        stacked = np.concatenate([part for part in labels if len(part)] or labels[:1]).astype(np.int64)
        groups = np.concatenate(group_names) if group_names else None
        numbered = [f"{part}/{i}" for part, n in zip(PARTS, counts, strict=True) for i in range(n)]
        return Samples(
            images=_npz_images(path, counts),
            labels=stacked[:, 0] if stacked.shape[1] == 1 else stacked,
            ids=np.concatenate(file_names).tolist() if file_names else numbered,
            groups=None if groups is None else groups.tolist(),
            parts=[part for part, n in zip(PARTS, counts, strict=True) for _ in range(n)],
        )

    return read


def _optional(content: Any, kind: str) -> list[np.ndarray]:
    """`{part}_{kind}` of every part as text; empty if a part has none."""
    names = [f"{part}_{kind}" for part in PARTS]
    return [content[name].astype(str) for name in names] if all(name in content.files for name in names) else []


def _columns(labels: np.ndarray) -> np.ndarray:
    """Labels as (N, columns), also where N is 0."""
    return labels.reshape(len(labels), int(np.prod(labels.shape[1:])))


@contextmanager
def _npz(path: Path) -> Iterator[Any]:
    """The arrays of an npz file. Raises CatsError if the file is damaged or holds pickles."""
    try:
        with path.open("rb") as handle:
            content = np.load(handle, allow_pickle=False)
            if not isinstance(content, np.lib.npyio.NpzFile):
                raise ValueError("it holds one array without a name")  # noqa: TRY004 - a fault of the file
            with content:
                yield content
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CatsError(f"{path} is not a whole npz file without pickles: {error}") from error


def _npz_images(path: Path, counts: list[int]) -> Iterator[np.ndarray]:
    """All images in turn, one part in memory at a time: PathMNIST at 224 px has 13.5 GB of training images."""
    for part, count in zip(PARTS, counts, strict=True):
        with _npz(path) as content:
            images = content[f"{part}_images"]
        if len(images) != count:
            raise CatsError(f"{path} has {len(images)} images and {count} labels in {part}")
        yield from images
