"""The header of a NIfTI file: what must be true of its fields before the voxels behind it are read.

nibabel repairs or passes over much of what is refused here: with `vox_offset` 0 it reads the header itself as voxels, and a
slope that is no number becomes no slope at all.
"""

import math
from typing import Any

import numpy as np

from results.error import CatsError

HEADERS = {348: 1, 540: 2}  # size that a header states → version of NIfTI
AXES = 7  # the most that a header states
EXTENDER = 4  # bytes behind a header that say whether extensions follow


def version_of(nibabel: Any, plain: bytes, where: str) -> int:
    """The version of NIfTI of an unpacked single file. Raises CatsError that names `where` for a header that is damaged."""
    order = next((order for order in ("<", ">") if _size(plain, order) in HEADERS), None)
    if order is None:
        raise CatsError(f"{where} is not a NIfTI file: its header has neither 348 nor 540 bytes")
    size = _size(plain, order)
    if len(plain) < size:
        raise CatsError(f"{where} is not a NIfTI file that can be read: {len(plain)} of its header's {size} bytes are there")
    kind = nibabel.Nifti1Header if HEADERS[size] == 1 else nibabel.Nifti2Header
    fields = np.frombuffer(plain, kind.template_dtype.newbyteorder(order), count=1)[0]
    _require_magic(bytes(fields["magic"]), HEADERS[size], where)
    _require_shape(fields["dim"].tolist(), where)
    if int(fields["datatype"]) not in nibabel.nifti1.data_type_codes.code or not int(fields["datatype"]):
        raise CatsError(
            f"{where} is damaged: its header states the data type {int(fields['datatype'])}, which NIfTI does not know"
        )
    _require_place(float(fields["vox_offset"]), size + EXTENDER, len(plain), where)
    _require_scale(float(fields["scl_slope"]), float(fields["scl_inter"]), where)
    return HEADERS[size]


def _size(plain: bytes, order: str) -> int:
    return int.from_bytes(plain[:4], "little" if order == "<" else "big")


def _require_magic(magic: bytes, version: int, where: str) -> None:
    if magic.startswith(b"ni"):
        raise CatsError(
            f"{where} is the header of a pair, whose voxels are in a second file (.img); write both into a single file (.nii)"
        )
    if not magic.startswith(b"n+%d" % version):
        raise CatsError(f"{where} is not a NIfTI file: its header does not state n+{version} as its kind (magic)")


def _require_shape(dim: list[int], where: str) -> None:
    axes, *lengths = dim
    if not 1 <= axes <= AXES:
        raise CatsError(f"{where} is damaged: its header states {axes} axes; allowed are 1 to {AXES}")
    if min(lengths[:axes]) < 1:
        sides = "×".join(map(str, lengths[:axes]))
        raise CatsError(f"{where} is damaged: its header states {sides} voxels, and each axis has at least one")


def _require_place(offset: float, least: int, size: int, where: str) -> None:
    """Raises CatsError unless voxels begin behind the header; an offset of 0 says where they begin in no single file."""
    if not math.isfinite(offset) or offset % 1:
        raise CatsError(
            f"{where} is damaged: vox_offset, the byte at which its voxels begin, is {offset:g}; allowed is a whole number"
        )
    if offset < least:
        raise CatsError(
            f"{where} says that its voxels begin at byte {offset:.0f} (vox_offset), which is inside its header; in a single "
            f"file they begin at byte {least} or later; write the file again with a tool that states where they begin"
        )
    if offset > size:
        raise CatsError(
            f"{where} is damaged: its header says that voxels begin at byte {offset:,.0f}, and the file has {size:,}"
        )


def _require_scale(slope: float, intercept: float, where: str) -> None:
    """Raises CatsError unless values can be scaled; a slope of 0 means values as they are, whatever the intercept is."""
    for name, value in {"scl_slope": slope, "scl_inter": intercept if slope else 0.0}.items():
        if not math.isfinite(value):
            raise CatsError(f"{where} is damaged: {name} is {value:g}, so that the unit of its values is not known")
