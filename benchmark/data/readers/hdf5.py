"""Reader of HDF5 in the layout of PatchCamelyon: one file of images and one file of labels per part."""

import csv
import itertools
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.numbered_labels import numbered_labels, require_numbers
from benchmark.data.readers.samples import Reader, Samples, StoredNumbers, chosen
from benchmark.data.readers.scale import Scale, scaled
from benchmark.data.readers.table_parts import require_parts
from results.error import CatsError, damage_of, nearest
from results.files.limits import FILE, amount, require_ratio
from results.text.brief import short

CHUNK = 2**25  # bytes of images in memory at a time
DAMAGED = (
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    MemoryError,
    OverflowError,
)  # what h5py raises where bytes are not what they should be


def hdf5(  # noqa: PLR0913 - the options of an entry, each by its name
    images: dict[str, str],
    labels: dict[str, str],
    *,
    key_images: str = "x",
    key_labels: str = "y",
    groups: dict[str, str] | None = None,
    group: str = "",
    missing: list[Any] | None = None,
    one_hot: bool = False,
    **values: Any,
) -> Reader:
    """images, labels: part → file; groups: part → CSV whose column `group` names the slide or patient of each image.

    missing: labels of images that have none ("" is NaN); these images are left out and counted. one_hot: the labels are
    columns of 0 and 1, of which exactly one is 1. values: white or range, see Scale; needed for numbers of more than 8 bits.
    """
    scale = Scale(**values)
    require_parts(list(images), "images")
    for what, files in (("labels", labels), ("groups", groups)):
        if files is not None and set(files) != set(images):
            raise CatsError(f"{what} are given for {', '.join(sorted(files))} and images for {', '.join(sorted(images))}")

    def read(folder: Path) -> Samples:
        plain = missing is None and not one_hot
        label_arrays = [_labels(folder / labels[part], key_labels, plain=plain) for part in images]
        counts = [len(part) for part in label_arrays]
        ids = [f"{part}/{i}" for part, n in zip(images, counts, strict=True) for i in range(n)]
        found = numbered_labels(np.concatenate(label_arrays), ids, str(folder), missing, one_hot=one_hot)
        named = [_groups(folder / groups[part], group, n) for part, n in zip(images, counts, strict=True)] if groups else []
        _require_counts(folder, images.values(), counts, key_images)
        return Samples(
            images=itertools.compress(scaled(_images(folder, images, key_images), ids, str(folder), scale), found.kept),
            labels=found.labels,
            ids=found.of(ids),
            groups=found.of([name for part in named for name in part]) if groups else None,
            parts=found.of([part for part, n in zip(images, counts, strict=True) for _ in range(n)]),
            left_out=found.left_out,
            stored=StoredNumbers(
                lambda rows: chosen(itertools.compress(_images(folder, images, key_images), found.kept), rows), scale
            ),
        )

    return read


def _require_counts(folder: Path, files: Iterable[str], counts: list[int], key: str) -> None:
    """Raises CatsError if a file does not hold one image for each label of its part."""
    for name, labelled in zip(files, counts, strict=True):
        with opened(folder / name) as file:
            count = len(_entry(file, key, folder / name))
        if count != labelled:
            raise CatsError(f"{folder / name} holds {count} images; there are {labelled} labels for them")


def opened(path: Path) -> Any:
    """An HDF5 file. Raises CatsError if it is damaged, absent, or h5py is not installed."""
    try:
        import h5py
    except ImportError:
        raise CatsError("HDF5 files need h5py: pip install 'cats-bench[hdf5]'") from None
    try:
        return h5py.File(path, "r")
    except DAMAGED as error:
        if not path.exists():
            raise CatsError(f"there is no file {path}") from None
        raise CatsError(f"{path} is not a whole HDF5 file: {damage_of(error)}") from error


def _labels(path: Path, key: str, *, plain: bool) -> np.ndarray:
    """The labels in a file, (N,) if `plain`, else as they are stored. Raises CatsError if they are no numbers."""
    with opened(path) as file:
        entry = _entry(file, key, path)
        if entry.dtype.hasobject:
            raise CatsError(f"{path}: '{key}' holds texts of any length; it must hold one whole number for each image")
        require_ratio(entry.nbytes, entry.id.get_storage_size(), f"{path}: '{key}'")
        try:
            raw = np.asarray(entry)
        except DAMAGED as error:
            raise CatsError(f"{path} is cut short or damaged: {error}") from error
    if not plain:
        return require_numbers(raw, f"{path}: '{key}'")
    if raw.dtype.kind not in "iubf" or raw.size != len(raw) or (raw != np.round(raw)).any():
        raise CatsError(f"{path}: '{key}' holds {raw.dtype} of shape {raw.shape}; it must hold one whole number for each image")
    return raw.reshape(-1)


def _entry(file: Any, key: str, path: Path) -> Any:
    """The array `key` of a file. Raises CatsError if there is none, or if its numbers lie in another file."""
    import h5py

    if key not in file.keys():  # noqa: SIM118 - `in file` follows links
        raise CatsError(f"{path} holds no '{key}'; it holds {short(', '.join(islice(file.keys(), 50)), 500)}")
    inside = isinstance(file.get(key, getlink=True), h5py.HardLink)
    try:
        entry = file[key] if inside else None
    except DAMAGED as error:
        raise CatsError(f"{path} is cut short or damaged: {error}") from error
    if not inside or (isinstance(entry, h5py.Dataset) and (entry.external or entry.is_virtual)):
        raise CatsError(f"{path}: '{key}' leads out of the file; it is not read")
    if not isinstance(entry, h5py.Dataset) or not entry.shape:
        raise CatsError(f"{path}: '{key}' is not an array with a row for each image")
    _require_readable(entry, f"{path}: '{key}'")
    return entry


def _require_readable(entry: Any, where: str) -> None:
    """Raises CatsError for an array whose chunks or rows would fill the memory, or whose packing cannot be read here."""
    from h5py import h5z

    row = entry.nbytes // max(1, len(entry))
    chunk = math.prod(entry.chunks or ()) * entry.dtype.itemsize
    for what, size in (("a row", row), ("a chunk", chunk)):
        if size > FILE:
            raise CatsError(f"{where} has {what} of {amount(size)}; at most {amount(FILE)} are read at once")
    properties = entry.id.get_create_plist()
    packings = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    unknown = next((number for number in packings if not h5z.filter_avail(number)), None)
    if unknown is not None:
        raise CatsError(f"{where} is packed by the filter {unknown} of HDF5, which is not installed; pack it with gzip")


def _images(folder: Path, images: dict[str, str], key: str) -> Iterator[np.ndarray]:
    for name in images.values():
        with opened(folder / name) as file:
            entry = _entry(file, key, folder / name)
            require_ratio(entry.nbytes, entry.id.get_storage_size(), f"{folder / name}: '{key}'")
            step = max(1, CHUNK * len(entry) // max(1, entry.nbytes))
            for start in range(0, len(entry), step):
                try:
                    chunk = entry[start : start + step]
                except DAMAGED as error:
                    raise CatsError(f"{folder / name} is cut short or damaged at image {start}: {error}") from error
                yield from chunk


def _groups(path: Path, column: str, count: int) -> list[str]:
    """The cells of a column of a CSV; blank where a row ends before it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restval="")
            columns = list(rows.fieldnames or ())
            names = [row[column] for row in rows] if column in columns else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatsError(f"{path} cannot be read: {error}") from error
    if column not in columns:
        raise CatsError(f"{path} has no column '{column}'{nearest(column, columns)}")
    if len(names) != count:
        raise CatsError(f"{path} names {len(names)} groups for {count} images")
    return names
