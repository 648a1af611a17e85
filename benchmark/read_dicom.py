"""DICOM: pixels as a viewer shows them, patients as groups."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.dataset import Reader, Samples
from benchmark.read_table import Columns, decoded_by, labels_of, named_rows, parts_of
from benchmark.tree import Tree
from results.error import CatsError


def dicom(*, window: tuple[float, float] | None = None, group_tag: str = "PatientID", **options: Any) -> Reader:
    """DICOM files named by a table (options as those of `table`).

    window: (centre, width) in the units after rescaling; without it the file's own, without that the range of its values.
    group_tag: the DICOM attribute that says to whom an image belongs; a column `group` of the table comes before it.
    """
    columns = Columns(**options)

    def read(folder: Path) -> Samples:
        tree = Tree(folder)
        rows, names = named_rows(tree, columns)
        groups = [str(value) for value in rows[columns.group]] if columns.group else _groups(tree, names, group_tag)
        images = decoded_by(lambda content, where: pixels(content, where, window), tree, names)
        return Samples(images, labels_of(rows, columns, tree.path), names, groups, parts_of(rows, columns))

    return read


def opened(content: bytes, where: str, *, header_only: bool = False) -> Any:
    """A DICOM data set. Raises CatsError if it is none or pydicom is not installed."""
    try:
        import pydicom
    except ImportError:
        raise CatsError("DICOM files need pydicom: pip install 'cats-bench[dicom]'") from None
    try:
        return pydicom.dcmread(io.BytesIO(content), stop_before_pixels=header_only)
    except (pydicom.errors.InvalidDicomError, EOFError, OSError, ValueError) as error:
        raise CatsError(f"{where} is no DICOM file that can be read: {error}") from error


def pixels(content: bytes, where: str, window: tuple[float, float] | None = None) -> np.ndarray:
    """(H, W) uint8, or (H, W, 3): rescaled (slope, intercept), windowed, MONOCHROME1 inverted.

    Raises CatsError for a file without pixels, with several frames, or whose pixels cannot be decoded.
    """
    file = opened(content, where)
    if "PixelData" not in file:
        raise CatsError(f"{where} is a DICOM file without pixels")
    if int(file.get("NumberOfFrames", 1) or 1) > 1:
        raise CatsError(f"{where} holds {file.NumberOfFrames} frames; only single images can be read")
    try:
        raw = np.asarray(file.pixel_array)
    except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
        raise CatsError(f"{where}: its pixels cannot be decoded: {error}") from error
    if raw.ndim == 3:
        return raw.astype(np.uint8)
    values = raw * float(file.get("RescaleSlope", 1) or 1) + float(file.get("RescaleIntercept", 0) or 0)
    low, high = _range(file, values, window)
    shown = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    if file.get("PhotometricInterpretation") == "MONOCHROME1":
        shown = 1 - shown
    return np.rint(shown * 255).astype(np.uint8)


def _range(file: Any, values: np.ndarray, window: tuple[float, float] | None) -> tuple[float, float]:
    centre, width = window or (file.get("WindowCenter"), file.get("WindowWidth"))
    if centre is None or width is None:
        return float(values.min()), float(values.max())
    first = [float(np.atleast_1d(np.asarray(value, dtype=float))[0]) for value in (centre, width)]
    return first[0] - first[1] / 2, first[0] + first[1] / 2


def _groups(tree: Tree, names: list[str], tag: str) -> list[str]:
    contents = zip(names, tree.read(names), strict=True)
    return [str(opened(content, f"{tree.path}/{name}", header_only=True).get(tag, "")) for name, content in contents]
