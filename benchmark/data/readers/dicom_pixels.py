"""Pixels of a DICOM file as a viewer shows them, 8 bits, grey or RGB."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.readers.dicom_limits import BoundedFile, require_frame
from benchmark.data.readers.dicom_view import (
    View,
    between,
    functional_group,
    modality_values,
    padding,
    shown_by_file,
    windowed,
)
from benchmark.data.readers.scale import Scale, Stored, to_8_bit
from results.error import CatsError, damage_of

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
GREY = ("MONOCHROME1", "MONOCHROME2")
# What decodes the compressed pixels that pydicom, numpy and Pillow do not; the first word that a syntax's name holds counts.
DECODERS = {
    "JPEG-LS": "pip install pyjpegls",
    "JPEG 2000": "pip install pylibjpeg pylibjpeg-openjpeg",
    "High-Throughput": "pip install pylibjpeg pylibjpeg-openjpeg",
    "JPEG": "pip install python-gdcm",
}


def library() -> Any:
    """pydicom. Raises CatsError if it is not installed."""
    try:
        import pydicom
    except ImportError:
        raise CatsError("DICOM files need pydicom: pip install 'cats-bench[dicom]'") from None
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE  # else each odd value is a warning on the terminal
    return pydicom


def opened(content: bytes | Path, where: str, *, header_only: bool = False) -> Any:
    """A DICOM data set, from bytes or a file. Raises CatsError if it is not DICOM or pydicom is not installed."""
    pydicom = library()

    def read(*, force: bool) -> Any:
        with content.open("rb") if isinstance(content, Path) else io.BytesIO(content) as source:
            bounded = BoundedFile(source, where)
            try:
                return pydicom.dcmread(bounded, stop_before_pixels=header_only, force=force)
            except Exception:
                if bounded.refused is not None:
                    raise bounded.refused from None
                raise

    try:
        try:
            file = read(force=False)
        except pydicom.errors.InvalidDicomError:
            file = read(force=True)
            if "SOPClassUID" not in file and "Rows" not in file:
                raise CatsError(
                    f"{where} is not a DICOM file that can be read: it has neither the mark DICM nor an image"
                ) from None
        _name_syntax(file)
    except CatsError:
        raise
    except Exception as error:  # for damaged bytes pydicom raises nearly any error, here and whenever an element is read
        reason = "its sequences lie too deep in each other" if _is_of_depth(error) else damage_of(error)
        raise CatsError(f"{where} is not a DICOM file that can be read: {reason}") from error
    return file


def _name_syntax(file: Any) -> None:
    """Name the encoding in which pydicom has read a file that does not say it."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if not file.file_meta.get("TransferSyntaxUID"):
        implicit, little = file.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        file.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def _is_of_depth(error: BaseException | None) -> bool:
    """Whether Python's limit of nested calls is the error or its reason: pydicom replaces errors by its own."""
    while error is not None and not isinstance(error, RecursionError):
        error = error.__cause__ or error.__context__
    return error is not None


def pixels(content: bytes, where: str, view: View = View(), scale: Scale = Scale()) -> np.ndarray:  # noqa: B008 - frozen
    """(H, W) uint8, or (H, W, 3) RGB: modality and VOI look-up tables or windows applied, MONOCHROME1 inverted.

    A file without window and look-up table is shown from its smallest to its largest value, unless `scale` says what is
    white. Padding is black and does not count. Raises CatsError for a file without pixels, with several frames of which
    `view` chooses none, or whose pixels cannot be decoded.
    """
    file = opened(content, where)
    try:
        return _shown(file, where, view, scale)
    except CatsError:
        raise
    except Exception as error:
        raise CatsError(f"{where}: its pixels cannot be decoded: {damage_of(error)}") from error


def undeclared_values(content: bytes, where: str, view: View) -> np.ndarray | None:
    """The values of a file that nothing says how to show, without padding; None if the file or `view` says so."""
    file = opened(content, where)
    try:
        raw, kind, index = _decoded(file, where, view)
        if raw.ndim == 3 and kind == "RGB" and int(file.BitsStored) > 8:
            return raw
        if raw.ndim > 2 or kind not in GREY or view.window is not None:
            return None
        values = modality_values(raw, file, functional_group(file, index, "PixelValueTransformationSequence"))
        shown = shown_by_file(values, file, functional_group(file, index, "FrameVOILUTSequence"), where)
        return values[~padding(raw, file)] if shown is None else None
    except CatsError:
        raise
    except Exception as error:
        raise CatsError(f"{where}: its pixels cannot be decoded: {damage_of(error)}") from error


def _shown(file: Any, where: str, view: View, scale: Scale) -> np.ndarray:
    raw, kind, index = _decoded(file, where, view)
    if kind == "PALETTE COLOR":
        return _by_palette(raw, file, where)
    if raw.ndim == 3 and raw.shape[2] == 3 and kind == "RGB":
        return to_8_bit(Stored(raw, 2 ** int(file.BitsStored) - 1), where, scale)
    if raw.ndim != 2 or kind not in GREY:
        raise CatsError(f"{where} holds its pixels as {kind}; allowed are {', '.join(GREY)}, PALETTE COLOR, RGB and YBR_FULL")
    values = modality_values(raw, file, functional_group(file, index, "PixelValueTransformationSequence"))
    background = padding(raw, file)
    if view.window is not None:
        shown: np.ndarray | None = windowed(values, *view.window)
    else:
        shown = shown_by_file(values, file, functional_group(file, index, "FrameVOILUTSequence"), where)
    if shown is None:
        shown = _by_range(values, background, where, scale)
    if kind == "MONOCHROME1":
        shown = 1 - shown
    eight: np.ndarray = np.rint(np.where(background, 0, shown) * 255).astype(np.uint8)
    return eight


def _by_range(values: np.ndarray, background: np.ndarray, where: str, scale: Scale) -> np.ndarray:
    """Values from 0 to 1 between the limits that the entry declares, else between the smallest and the largest value."""
    seen = values[~background]
    low, high = scale.limits(None, where) if scale.declared else (seen.min(), seen.max()) if seen.size else (0, 1)
    if seen.size and scale.range is None and scale.white is not None and not low <= seen.min() <= seen.max() <= high:
        raise CatsError(f"{where} holds values from {seen.min():.10g} to {seen.max():.10g}; allowed are {low:g} to {high:.10g}")
    return between(values, float(low), float(high))


def _decoded(file: Any, where: str, view: View) -> tuple[np.ndarray, str, int]:
    """One frame, (H, W) or (H, W, samples), its photometric interpretation after decoding, and its index."""
    from pydicom.pixels.decoders.base import get_decoder

    if not any(name in file for name in PIXELS):
        raise CatsError(f"{where} is a DICOM file without pixels")
    index = view.index(require_frame(file, where), where)
    syntax = file.file_meta.TransferSyntaxUID
    if "MPEG" in syntax.name or "HEVC" in syntax.name:
        raise CatsError(f"{where} is a video ({syntax.name}); only pictures can be read")
    remedy = next((text for word, text in DECODERS.items() if word in syntax.name), "")
    decoder = get_decoder(syntax)
    if not decoder.is_available:
        raise CatsError(f"{where} is compressed as {syntax.name}, which cannot be decoded here; {remedy}")
    try:
        raw, facts = decoder.as_array(file, index=index)
    except Exception as error:
        text = f"{where}: its pixels cannot be decoded: {damage_of(error).rstrip(':')}"
        raise CatsError(f"{text}; it is compressed as {syntax.name}, {remedy}" if remedy else text) from error
    return np.asarray(raw), str(facts["photometric_interpretation"]), index


def _by_palette(raw: np.ndarray, file: Any, where: str) -> np.ndarray:
    """Colours by the palette of the file; what is transparent lies on black."""
    from pydicom.pixels.processing import apply_color_lut

    entries, _, bits = file.RedPaletteColorLookupTableDescriptor
    colours = apply_color_lut(raw, file)
    if colours.dtype == np.uint8 and (entries or 2**16) > 2**8:
        raise CatsError(f"{where} has a palette of {entries or 2**16} colours of 8 bits, which pydicom cannot apply")
    top = 255 if colours.dtype == np.uint8 or (bits == 8 and colours.max() < 256) else 65535
    alpha = colours[..., 3] / top if colours.shape[2] == 4 else None
    return to_8_bit(Stored(colours[..., :3], top, alpha), where, Scale())
