"""Tiny volumes in the layouts of MedMNIST's 3-D sets and of NIfTI."""

import gzip
from pathlib import Path

import numpy as np

from benchmark.data.dataset import File
from benchmark.specs.target import Target

PARTS = {"train": 24, "val": 12, "test": 18}


def cubes(count, classes=2, side=28, seed=0):
    """(volumes (N, side, side, side) uint8, labels (N, 1)): noise, with a bright plate at a depth that is the class's own."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    made = rng.integers(0, 90, (count, side, side, side), dtype=np.uint8)
    for number, label in enumerate(labels):
        depth = (2 * label + 1) * side // (2 * classes)
        made[number, max(depth - 3, 0) : depth + 3, 8:20, 8:20] += 120
    return made, labels[:, None].astype(np.uint8)


def medmnist3d(folder: Path, name: str, classes: int, *, size: int = 28, parts=None) -> None:
    """A file in the layout of MedMNIST's 3-D sets, with fewer volumes."""
    place = folder / "medmnist" / f"{name}{'' if size == 28 else f'_{size}'}.npz"
    place.parent.mkdir(exist_ok=True)
    arrays = {}
    for seed, (part, count) in enumerate((parts or PARTS).items()):
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = cubes(count, classes, size, seed)
    np.savez_compressed(place, **arrays)


def shrunk(target: Target) -> Target:
    """A target whose number of volumes and checksum are those of a fake."""
    dataset = target.dataset
    files = tuple(File(path=file.path) for file in dataset.files)
    return target.model_copy(update={"dataset": dataset.model_copy(update={"images": None, "files": files})})


def nifti_bytes(values, *, affine=None, slope=None, version=1, packed=False, code=2) -> bytes:
    """A NIfTI file of an array (X, Y, Z); `affine` leads to millimetres, RAS by default; code 0 states no orientation."""
    import nibabel

    kind = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    image = kind(values, np.eye(4) if affine is None else affine)
    image.set_sform(image.affine if code else None, code)
    image.set_qform(image.affine if code else None, code)
    if slope is not None:
        image.header.set_slope_inter(*slope)
    content = image.to_bytes()
    return gzip.compress(content, mtime=0) if packed else content
