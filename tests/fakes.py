"""Tiny data sets in the true layout of the published ones, made where a test wants them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from PIL import Image

LUCK = np.random.default_rng(0)


def pictures(names: Iterable[Path], side: int = 12) -> None:
    for path in names:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(LUCK.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)


def by_class(folder: Path, classes: Iterable[str], name: Callable[[int], str], count: int = 40) -> None:
    pictures(folder / c / name(i) for c in classes for i in range(count))


def histopathologic_cancer(data: Path) -> None:
    ids = [f"{i:040x}" for i in range(60)]
    pictures((data / "histopathologic_cancer" / "train" / f"{name}.tif" for name in ids), 96)
    frame = pd.DataFrame({"id": ids, "label": [i % 2 for i in range(60)]})
    frame.to_csv(data / "histopathologic_cancer" / "train_labels.csv", index=False)


def pcam(data: Path) -> None:
    folder = data / "pcam"
    folder.mkdir(parents=True)
    for part in ("train", "valid", "test"):
        stem = folder / f"camelyonpatch_level_2_split_{part}"
        with h5py.File(f"{stem}_x.h5", "w") as file:
            file["x"] = LUCK.integers(0, 256, (20, 96, 96, 3), dtype=np.uint8)
        with h5py.File(f"{stem}_y.h5", "w") as file:
            file["y"] = (np.arange(20) % 2).reshape(20, 1, 1, 1)
        pd.DataFrame({"wsi": [f"camelyon16_{part}_{i // 4}" for i in range(20)]}).to_csv(f"{stem}_meta.csv", index=False)


def bach(data: Path) -> None:
    by_class(data / "bach", ("Normal", "Benign", "InSitu", "Invasive"), lambda i: f"b{i:03d}.tif")


def busi(data: Path) -> None:
    for name in ("normal", "benign", "malignant"):
        by_class(data / "busi", (name,), lambda i, name=name: f"{name} ({i + 1}).png")
        by_class(data / "busi", (name,), lambda i, name=name: f"{name} ({i + 1})_mask.png", 3)


def aptos2019(data: Path) -> None:
    ids = [f"{i:012x}" for i in range(150)]
    pictures(data / "aptos2019" / "train_images" / f"{name}.png" for name in ids)
    pd.DataFrame({"id_code": ids, "diagnosis": [i % 5 for i in range(150)]}).to_csv(
        data / "aptos2019" / "train.csv", index=False
    )


def kather5000(data: Path) -> None:
    names = ["01_TUMOR", "02_STROMA", "03_COMPLEX", "04_LYMPHO", "05_DEBRIS", "06_MUCOSA", "07_ADIPOSE", "08_EMPTY"]
    root = data / "kather5000" / "Kather_texture_2016_image_tiles_5000"
    pictures((root / c / f"{i:X}_CRC.tif" for c in names for i in range(25)), 150)


def nct_crc(data: Path) -> None:
    names = ["ADI", "BACK", "DEB", "LYM", "MUC", "MUS", "NORM", "STR", "TUM"]
    for part, count in (("NCT-CRC-HE-100K", 25), ("CRC-VAL-HE-7K", 4)):
        pictures((data / "nct_crc" / part / c / f"{c}-{i:04d}.tif" for c in names for i in range(count)), 224)


def malaria(data: Path) -> None:
    by_class(
        data / "malaria" / "cell_images", ("Parasitized", "Uninfected"), lambda i: f"C{i}P{i // 2}ThinF_IMG_{i}_cell_1.png", 60
    )


def breakhis(data: Path) -> None:
    root = data / "breakhis" / "BreaKHis_v1" / "histology_slides" / "breast"
    for kind, word in (("B_A", "benign"), ("M_DC", "malignant")):
        for patient in range(20):
            for zoom in (40, 100, 200, 400):
                slide = f"SOB_{kind}_14-{22000 + patient}AB"
                name = f"SOB_{kind}-14-{22000 + patient}{kind[0]}-{zoom}-001.png"
                pictures([root / word / "SOB" / "x" / slide / f"{zoom}X" / name])


def dtd(data: Path) -> None:
    from benchmark import catalogue

    for name in catalogue.source("dtd").dataset.classes:
        by_class(data / "dtd" / "dtd" / "images", (name,), lambda i, name=name: f"{name}_{i:04d}.jpg", 20)


FAKES = {
    f.__name__: f for f in (histopathologic_cancer, pcam, bach, busi, aptos2019, kather5000, nct_crc, malaria, breakhis, dtd)
}
