"""DICOM files whose tags are missing, odd, or promise too much."""

import io
import warnings
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from fuzzing.blobs import damage_file
from fuzzing.values import odd_text, shown

TAGS: dict[str, tuple[Any, ...]] = {
    "Rows": (0, 1, 65535, None, 15),
    "Columns": (0, 65535, None, 17),
    "BitsAllocated": (0, 1, 8, 12, 16, 32, 64, None),
    "BitsStored": (0, 1, 7, 16, 200, None),
    "HighBit": (0, 15, 99, None),
    "PixelRepresentation": (0, 1, 7, None),
    "SamplesPerPixel": (0, 2, 3, 999, None),
    "PhotometricInterpretation": ("MONOCHROME1", "RGB", "YBR_FULL", "PALETTE COLOR", "", "X", None),
    "NumberOfFrames": ("0", "2", "99999999", "-1"),
    "RescaleSlope": ("0", "-1", "1e30", "0.0000001"),
    "RescaleIntercept": ("-1024", "1e300"),
    "WindowCenter": ("0", ["40", "50"], "1e30"),
    "WindowWidth": ("0", "-1", "1", ["400", "1"], "1e-30"),
    "PatientID": ("", "p1 ", "P1", "a\\b", "\x1b[31m", "é", None),
    "PlanarConfiguration": (0, 1, 2),
    "PixelPaddingValue": (0, 65535),
    "PixelData": (b"", bytes(7), bytes(10**6), None),
    "Modality": ("", "SR", "RTSTRUCT"),
    "VOILUTFunction": ("SIGMOID", "X"),
    "PresentationLUTShape": ("INVERSE", "X"),
    "SpecificCharacterSet": ("ISO 2022 IR 87", "X", "latin-1"),
    "SOPClassUID": ("1.2.3", ""),
    "Laterality": ("",),
}
SYNTAXES = (
    "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5", "1.2.3", "",
)  # fmt: skip


def written(pixels: np.ndarray, **tags: Any) -> bytes:
    """A DICOM file of one grey image, (H, W) unsigned integers."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    file = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    bits = pixels.dtype.itemsize * 8
    usual = {
        "SOPClassUID": SecondaryCaptureImageStorage,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Rows": pixels.shape[0],
    }
    usual |= {
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": bits,
    }
    usual |= {"BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": 0, "PixelData": pixels.tobytes()}
    for name, value in (usual | tags).items():
        setattr(file, name, value)
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def damage_dicom(rng: Random, path: Path) -> str:
    """Replace a DICOM file by a damaged or odd one. Returns what was done."""
    if rng.random() < 0.35:
        return damage_file(rng, path)
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file, out = pydicom.dcmread(path), io.BytesIO()
        try:
            said = [rng.choice(CHANGES)(rng, file) for _ in range(rng.choice([1, 1, 2, 3]))]
            pydicom.dcmwrite(out, file)
        except Exception as error:  # noqa: BLE001 - pydicom refuses some of it in many ways; such a file is damaged as bytes
            return f"{damage_file(rng, path)} (pydicom refused other damage: {type(error).__name__})"
    content = out.getvalue()
    if rng.random() < 0.1:
        content, said = content[132:], [*said, "no preamble"]
    path.write_bytes(content)
    return f"{path.name}: {'; '.join(said)}"


def _tag(rng: Random, file: Any) -> str:
    name = rng.choice(sorted(TAGS))
    value = rng.choice(TAGS[name])
    if value is None:
        if name in file:
            delattr(file, name)
        return f"{name} is missing"
    setattr(file, name, value)
    return f"{name} is {shown(value)}"


def _text(rng: Random, file: Any) -> str:
    name, value = (
        rng.choice(["PatientID", "WindowCenter", "RescaleSlope", "NumberOfFrames", "PhotometricInterpretation", "StudyDate"]),
        odd_text(rng),
    )
    if name not in file:
        file.add_new(name, "LO", value)
    file[name]._value = value  # noqa: SLF001 - past the checks of pydicom
    return f"{name} is {shown(value)}"


def _syntax(rng: Random, file: Any) -> str:
    file.file_meta.TransferSyntaxUID = rng.choice(SYNTAXES)
    return f"transfer syntax {shown(str(file.file_meta.TransferSyntaxUID))}"


def _sequence(rng: Random, file: Any) -> str:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    name = rng.choice(
        ["VOILUTSequence", "ModalityLUTSequence", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"]
    )
    inner, depth = Dataset(), rng.choice([0, 1, 8])  # pydicom takes twice as long for each step
    if rng.random() < 0.5:
        inner.LUTDescriptor, inner.LUTData = [rng.choice([0, 4, 65535]), 0, rng.choice([8, 16, 99])], [0, 1, 2]
    for _ in range(depth):
        outer = Dataset()
        setattr(outer, name, Sequence([inner]))
        inner = outer
    setattr(file, name, Sequence(rng.choice([[], [inner]])))
    return f"{name}, {depth} deep"


CHANGES = (_tag, _tag, _tag, _tag, _text, _syntax, _sequence)
