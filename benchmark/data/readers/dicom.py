"""Reader of DICOM files: pixels as a viewer shows them, patients as groups."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.samples import Reader, Samples
from benchmark.data.readers.table import decode_with, ids_of, named_rows, parts_of, reader_of_table
from benchmark.data.readers.table_file import Columns, texts_of
from benchmark.data.readers.table_labels import labels_of, left_out_of
from results.error import CatsError


def dicom(*, window: tuple[float, float] | None = None, group_tag: str = "PatientID", **options: Any) -> Reader:
    """DICOM files named by a table (options as those of `table`, but `white`).

    window: (centre, width) in units after rescaling; by default the file's own window, else the range of its values.
    group_tag: the DICOM attribute that names the group of an image, unless the table has a column `group`. Empty if
    groups are unknown.
    """
    columns = Columns(**options)

    def read(folder: Path) -> Samples:
        _library()
        tree = Tree(folder)
        rows, names = named_rows(tree, columns)
        groups = texts_of(rows, columns.group) if columns.group else _groups(tree, names, group_tag)
        images = decode_with(lambda content, where: pixels(content, where, window), tree, names)
        labels, ids = labels_of(rows, columns, tree.path), ids_of(rows, columns, names)
        return Samples(images, labels, ids, groups, parts_of(rows, columns, tree.path), left_out_of(rows))

    return reader_of_table(read, columns)


def opened(content: bytes, where: str, *, header_only: bool = False) -> Any:
    """A DICOM data set. Raises CatsError if the content is not DICOM or pydicom is not installed."""
    pydicom = _library()
    try:
        return pydicom.dcmread(io.BytesIO(content), stop_before_pixels=header_only)
    except Exception as error:  # for damaged bytes pydicom raises nearly any error, here and whenever an element is read
        raise CatsError(f"{where} is not a DICOM file that can be read: {error}") from error


def _library() -> Any:
    try:
        import pydicom
    except ImportError:
        raise CatsError("DICOM files need pydicom: pip install 'cats-bench[dicom]'") from None
    return pydicom


def pixels(content: bytes, where: str, window: tuple[float, float] | None = None) -> np.ndarray:
    """(H, W) uint8, or (H, W, 3): rescaled (slope, intercept), windowed, MONOCHROME1 inverted.

    Raises CatsError for a file without pixels, with several frames, or whose pixels cannot be decoded.
    """
    file = opened(content, where)
    try:
        return _shown(file, where, window)
    except CatsError:
        raise
    except Exception as error:
        raise CatsError(f"{where}: its pixels cannot be decoded: {error}") from error


def _shown(file: Any, where: str, window: tuple[float, float] | None) -> np.ndarray:
    if "PixelData" not in file:
        raise CatsError(f"{where} is a DICOM file without pixels")
    if int(file.get("NumberOfFrames", 1) or 1) > 1:
        raise CatsError(f"{where} holds {file.NumberOfFrames} frames; only single images can be read")
    kind = file.get("PhotometricInterpretation")
    if kind == "PALETTE COLOR" or "ModalityLUTSequence" in file:
        how = "a palette" if kind == "PALETTE COLOR" else "a look-up table"
        raise CatsError(f"{where} gives its values by {how}; only grey with slope and intercept, and RGB, can be read")
    if file.get("VOILUTFunction") == "SIGMOID" and window is None:
        raise CatsError(f"{where} has a sigmoid window; give the option window")
    raw = np.asarray(file.pixel_array)
    if raw.ndim == 3:
        white = 2 ** int(file.BitsStored) - 1
        return raw if raw.dtype == np.uint8 and white == 255 else np.rint(np.clip(raw / white, 0, 1) * 255).astype(np.uint8)
    values = raw * float(file.get("RescaleSlope", 1) or 1) + float(file.get("RescaleIntercept", 0) or 0)
    low, high = _range(file, values, window)
    shown = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    if kind == "MONOCHROME1":
        shown = 1 - shown
    return np.rint(shown * 255).astype(np.uint8)


def _range(file: Any, values: np.ndarray, window: tuple[float, float] | None) -> tuple[float, float]:
    """The values that become black and white; a window as in DICOM PS3.3 C.11.2.1.2, where a width of n spans n values."""
    centre, width = window or (file.get("WindowCenter"), file.get("WindowWidth"))
    if centre is None or width is None:
        return float(values.min()), float(values.max())
    middle, size = (float(np.atleast_1d(np.asarray(value, dtype=float))[0]) for value in (centre, width))
    if file.get("VOILUTFunction") != "LINEAR_EXACT" and size >= 1:
        middle, size = middle - 0.5, size - 1
    return middle - size / 2, middle + size / 2


def _groups(tree: Tree, names: list[str], tag: str) -> list[str] | None:
    """The group of each image. Raises CatsError for a file without it: its patient could be in two parts."""
    if not tag:
        return None
    groups = []
    for name, content in zip(names, tree.read(names), strict=True):
        where = f"{tree.path}/{name}"
        try:
            header = opened(content, where, header_only=True)
        except CatsError:
            groups.append("")  # its image is broken too, and becomes an error in Samples
            continue
        try:
            groups.append(str(header.get(tag) or ""))
        except Exception as error:
            raise CatsError(f"{where}: its {tag} cannot be read: {error}") from error
        if not groups[-1]:
            raise CatsError(f"{where} has no {tag}; choose another group_tag, or '' if patients are unknown")
    return groups
