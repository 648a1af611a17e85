"""One NIfTI file: its bytes, unpacked within limits, become a volume of numbers in a known orientation."""

import gzip
import io
import math
import zlib
from contextlib import suppress
from typing import Any, Literal

import numpy as np

from benchmark.data.readers.nifti_header import version_of
from results.error import CatsError, damage_of
from results.files.limits import FILE, amount, require_ratio

ENDINGS = (".nii", ".nii.gz")
PACKED = b"\x1f\x8b"  # what a gzip file begins with
CHUNK = 2**20  # bytes that are unpacked at a time
AXES = 3
SILENT = 100  # above all levels of logging


def library() -> Any:
    """nibabel. Raises CatsError if it is not installed."""
    try:
        import nibabel
    except ImportError:
        raise CatsError("NIfTI files need nibabel: pip install 'cats-bench[nifti]'") from None
    nibabel.imageglobals.logger.setLevel(SILENT)  # else each odd header is a line on the terminal; a wrong one is an error
    return nibabel


def volume_of(content: bytes, where: str, orientation: Literal["canonical", "stored"]) -> np.ndarray:
    """The volume of a file, (X, Y, Z) float32 in its unit, that is after scl_slope and scl_inter.

    canonical: the axes lead to the right, to the front and upwards (RAS), whatever their order in the file. stored: as in it.

    Raises CatsError that names `where` for a file that is damaged, too large, of another kind, or holds no single volume.
    """
    nibabel = library()
    plain = unpacked(content, where)
    try:
        version = version_of(nibabel, plain, where)
        header = _header(nibabel, version, plain)
        voxels = nibabel.arrayproxy.ArrayProxy(io.BytesIO(plain), header)
        _require_volume(voxels, len(plain), where)
        values = np.asanyarray(voxels)
        if orientation == "canonical":
            values = nibabel.apply_orientation(values, _orientation(nibabel, header, where))
        with np.errstate(over="ignore"):
            shown: np.ndarray = values.reshape(values.shape[:AXES]).astype(np.float32)
        if np.isinf(shown).sum() > np.isinf(values).sum():
            raise CatsError(
                f"{where} holds values beyond {np.finfo(np.float32).max:.2g}, the largest of 32 bits; scale them down"
            )
    except CatsError:
        raise
    except Exception as error:  # for damaged bytes nibabel raises nearly any error
        raise CatsError(f"{where} is not a NIfTI file that can be read: {damage_of(error)}") from error
    return shown


def unpacked(content: bytes, where: str) -> bytes:
    """The bytes of a file, unpacked piece by piece if they are packed.

    Raises CatsError for a packed file that is damaged, or would become far more than volumes can be packed into.
    """
    if not content.startswith(PACKED):
        return content
    pieces, size = [], 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while piece := file.read(CHUNK):
                pieces.append(piece)
                size += len(piece)
                require_ratio(size, len(content), where)
                if size > FILE:
                    raise CatsError(f"{where} would become more than {amount(FILE)}, the most that is read of one file")
    except (OSError, EOFError, zlib.error) as error:
        behind = str(error).startswith("Not a gzipped file")  # the words of Python quote bytes
        why = "bytes that are not packed follow behind its end" if behind else damage_of(error)
        raise CatsError(f"{where} is not a whole gzip file: {why}") from error
    return b"".join(pieces)


def _header(nibabel: Any, version: int, plain: bytes) -> Any:
    """The header without the extensions behind it, which say nothing of voxels and may be damaged."""
    kind = nibabel.Nifti1Header if version == 1 else nibabel.Nifti2Header
    return kind.from_fileobj(io.BytesIO(plain[: kind.template_dtype.itemsize]))


def _require_volume(voxels: Any, size: int, where: str) -> None:
    """Raises CatsError unless the header states one volume of numbers, of which all bytes are there."""
    shape, kind = tuple(int(length) for length in voxels.shape), voxels.dtype
    sides = "×".join(map(str, shape)) or "nothing"
    if len(shape) < AXES or min(shape[:AXES], default=0) < 2:
        raise CatsError(f"{where} holds {sides} voxels; a volume has at least 2 along each of its three axes")
    if math.prod(shape[AXES:]) != 1:
        raise CatsError(
            f"{where} holds {math.prod(shape[AXES:]):,} volumes ({sides}); only files of a single volume are read: write the "
            "one that counts into a file of its own"
        )
    if kind.kind not in "iuf":
        raise CatsError(f"{where} holds values of the type {kind}; allowed are whole and floating-point numbers")
    promised, there = math.prod(shape) * kind.itemsize, size - int(voxels.offset)
    if promised != there:  # more bytes than promised: the shape or the data type is damaged, and other voxels would be read
        raise CatsError(
            f"{where} is damaged: its header promises {promised:,} bytes of voxels, and {max(there, 0):,} are there"
        )


def _orientation(nibabel: Any, header: Any, where: str) -> np.ndarray:
    """How stored axes become axes to the right, to the front and upwards. Raises CatsError if a file does not say so."""
    hint = "; orientation: stored takes the axes as they are stored"
    if not (header["qform_code"] or header["sform_code"]):
        raise CatsError(f"{where} states no orientation (qform_code and sform_code are 0){hint}")
    found = None
    with (
        suppress(ValueError, np.linalg.LinAlgError),
        np.errstate(all="ignore"),
    ):  # of numbers that are damaged, or near the largest
        affine = header.get_best_affine()
        found = nibabel.io_orientation(affine) if np.isfinite(affine).all() else None
    if found is None or not np.isfinite(found).all():
        raise CatsError(f"{where} states an orientation that leaves out an axis or is no number{hint}")
    turned: np.ndarray = found
    return turned
