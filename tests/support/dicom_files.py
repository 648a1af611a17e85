"""DICOM files as pydicom writes them."""

import io

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage


def written(raw, syntax=ExplicitVRLittleEndian, **tags):
    """A DICOM file of one image, (H, W) or (H, W, 3); a tag that is None is left out, PixelData may be other bytes."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    file = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    file.set_original_encoding(syntax.is_implicit_VR, syntax.is_little_endian)
    bits = raw.dtype.itemsize * 8
    usual = {"SOPClassUID": SecondaryCaptureImageStorage, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID}
    usual |= {"Rows": raw.shape[0], "Columns": raw.shape[1], "SamplesPerPixel": raw.shape[2] if raw.ndim == 3 else 1}
    usual |= {"PhotometricInterpretation": "RGB" if raw.ndim == 3 else "MONOCHROME2", "BitsAllocated": bits, "BitsStored": bits}
    usual |= {"HighBit": bits - 1, "PixelRepresentation": int(raw.dtype.kind == "i"), "PixelData": raw.tobytes()}
    usual |= {"PatientID": "p1"} | ({"PlanarConfiguration": 0} if raw.ndim == 3 else {})
    for name, value in (usual | tags).items():
        if value is not None:
            setattr(file, name, value)
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def item(**tags):
    """One item of a sequence."""
    found = Dataset()
    for name, value in tags.items():
        setattr(found, name, value)
    return found


def table(entries, start=0, bits=16, packed=False):
    """A look-up table sequence; `packed` writes the entries as bytes (OW) of the bits' size."""
    found = item(LUTDescriptor=[len(entries) % 65536, start, bits])
    if packed:
        found.add_new("LUTData", "OW", entries.astype("<u2" if bits > 8 else "u1").tobytes())
    else:
        found.add_new("LUTData", "US", [int(entry) for entry in entries])
    return pydicom.Sequence([found])
