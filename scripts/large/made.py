"""Data sets of many generated pictures, in class folders and in the true layouts of PatchCamelyon and IDC."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

BLOCK = 256  # pictures that are drawn at a time
PCAM = {"train": 262_144, "valid": 32_768, "test": 32_768}  # the published numbers of patches of each part
IDC, PATIENTS = 277_524, 279
SIDES = {"folders": 96, "pcam": 96, "idc": 50}
EDGE = 100  # one patch of so many lies at the edge of its slide and is smaller


def textures(count: int, side: int, seed: int) -> Iterator[np.ndarray]:
    """`count` pictures (side, side, 3) uint8: noise whose amplitude falls with frequency, each in a tint of its own."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    weight = (1 / np.maximum(radius, 1 / side) ** 1.2).astype(np.float32)
    for start in range(0, count, BLOCK):
        some = min(BLOCK, count - start)
        noise = rng.standard_normal((some, side, side // 2 + 1, 2), dtype=np.float32)
        field = np.fft.irfft2((noise[..., 0] + 1j * noise[..., 1]) * weight, s=(side, side)).astype(np.float32)
        field *= 45 / field.std((1, 2), keepdims=True)
        tint = rng.uniform(0.6, 1.2, (some, 1, 1, 3)).astype(np.float32)
        yield from np.clip((128 + field[..., None]) * tint, 0, 255).astype(np.uint8)


def folders(folder: Path, count: int) -> Path:
    """JPEG pictures in two class folders; ten in a row are of one patient, whose number begins their names."""
    for label in "ab":
        (folder / label).mkdir(parents=True)
    for number, picture in enumerate(textures(count, SIDES["folders"], 1)):
        patient = number // 10
        Image.fromarray(picture).save(folder / "ab"[patient % 2] / f"p{patient:06d}_{number:07d}.jpg", quality=90)
    return folder


def pcam(data: Path, share: float = 1.0) -> Path:
    """PatchCamelyon's files: images, labels and the slides of each part, in chunks as published, not packed."""
    import h5py

    folder = data / "pcam"
    folder.mkdir(parents=True)
    for seed, (part, every) in enumerate(PCAM.items()):
        stem, count, side = folder / f"camelyonpatch_level_2_split_{part}", int(every * share), SIDES["pcam"]
        with h5py.File(f"{stem}_x.h5", "w") as file:
            images, start, block = file.create_dataset("x", (count, side, side, 3), "u1"), 0, list[np.ndarray]()
            for picture in textures(count, side, seed):
                block.append(picture)
                if len(block) == BLOCK or start + len(block) == count:
                    images[start : start + len(block)] = np.stack(block)
                    start, block = start + len(block), []
        with h5py.File(f"{stem}_y.h5", "w") as file:
            file["y"] = (np.arange(count) % 2).astype(np.uint8).reshape(count, 1, 1, 1)
        with Path(f"{stem}_meta.csv").open("w", encoding="utf-8", newline="") as table:
            writer = csv.writer(table)
            writer.writerow(["", "coord_y", "coord_x", "tumor_patch", "center_tumor_patch", "wsi"])
            for number in range(count):
                tumour = bool(number % 2)
                writer.writerow([number, 0, 0, tumour, tumour, f"camelyon16_{part}_{number * 72 // count:03d}"])
    return folder


def idc(data: Path, share: float = 1.0) -> Path:
    """Kaggle's layout of IDC: PATIENT/LABEL/PATIENT_idx5_xX_yY_classLABEL.png, with the official patients first."""
    from targets.idc import OFFICIAL

    known = [patient for names in OFFICIAL.values() for patient in names.split()]
    patients = [*known, *(str(20_000 + number) for number in range(PATIENTS - len(known)))]
    count, rng = int(IDC * share), np.random.default_rng(5)
    for number, picture in enumerate(textures(count, SIDES["idc"], 7)):
        patient, label = patients[number * len(patients) // count], number % 4 // 3
        folder = data / "idc" / patient / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        if number % EDGE == 0:
            picture = picture[:, : rng.integers(10, 50)]  # noqa: PLW2901
        x, y = 1 + 50 * (number % 100), 1 + 50 * (number // 100)
        Image.fromarray(picture).save(folder / f"{patient}_idx5_x{x}_y{y}_class{label}.png", compress_level=1)
    return data / "idc"
