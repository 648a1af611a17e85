"""Tiny data sets in the true layout of the published ones, made where a test wants them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from PIL import Image

RNG = np.random.default_rng(0)


def pictures(names: Iterable[Path], side: int = 12) -> None:
    for path in names:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)


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
            file["x"] = RNG.integers(0, 256, (20, 96, 96, 3), dtype=np.uint8)
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
    """Patients are written in many ways: C33P1thinF, C37BP2_thinF, C5NThinF, and C1_thinF, who has no P."""
    root, ways = data / "malaria" / "cell_images", ("C{0}P{1}thinF", "C{0}BP{1}_thinF", "C{0}NThinF", "C{0}_thinF")
    for c in ("Parasitized", "Uninfected"):
        stems = [ways[i // 2 % 4].format(33 + i // 2, 1 + i // 2) for i in range(60)]
        pictures(root / c / f"{stem}_IMG_20150619_114756a_cell_{i}.png" for i, stem in enumerate(stems))


def breakhis(data: Path) -> None:
    root = data / "breakhis" / "BreaKHis_v1" / "histology_slides" / "breast"
    for kind, word in (("B_A", "benign"), ("M_DC", "malignant")):
        for patient in range(20):
            for zoom in (40, 100, 200, 400):
                slide = f"SOB_{kind}_14-{22000 + patient}AB"
                name = f"SOB_{kind}-14-{22000 + patient}{kind[0]}-{zoom}-001.png"
                pictures([root / word / "SOB" / "x" / slide / f"{zoom}X" / name])


def dtd(data: Path) -> None:
    from benchmark.specs import catalogue

    for name in catalogue.source("dtd").dataset.classes:
        by_class(data / "dtd" / "dtd" / "images", (name,), lambda i, name=name: f"{name}_{i:04d}.jpg", 20)


def idc(data: Path, patients: Sequence[str] = ()) -> None:
    """24 patients, 20 of them in the official lists; the first patch of each patient lies at the edge of its slide."""
    from targets.idc import OFFICIAL

    official = [
        patient for part, count in (("train", 12), ("val", 4), ("test", 4)) for patient in OFFICIAL[part].split()[:count]
    ]
    for patient in patients or [*official, "1", "2", "3", "4"]:
        for i in range(6):
            name = f"{patient}/{i % 2}/{patient}_idx5_x{51 + 50 * i}_y1251_class{i % 2}.png"
            pictures([data / "idc" / name], 50 if i else 32)


def lesions(names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Image, lesion and class: twenty lesions of each class, five of them photographed twice."""
    shots = [(c, lesion) for c in names for lesion in (*range(20), *range(5))]
    return [(f"ISIC_{24306 + i:07d}", f"HAM_{c}{lesion:04d}", c) for i, (c, lesion) in enumerate(shots)]


def ham10000(data: Path) -> None:
    rows = lesions(("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"))
    pictures(data / "ham10000" / "images" / f"{image}.jpg" for image, _, _ in rows)
    frame = pd.DataFrame([(lesion, image, c, "histo", 60.0, "male", "back") for image, lesion, c in rows])
    frame.columns = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"]
    frame.to_csv(data / "ham10000" / "HAM10000_metadata.csv", index=False)


def isic2018(data: Path) -> None:
    root, classes = data / "isic2018", ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
    rows, stem = lesions(classes), "ISIC2018_Task3_Training"
    pictures(root / f"{stem}_Input" / f"{image}.jpg" for image, _, _ in rows)
    truth = pd.DataFrame(
        [[image, *(float(c == name) for name in classes)] for image, _, c in rows], columns=["image", *classes]
    )
    (root / f"{stem}_GroundTruth").mkdir()
    truth.to_csv(root / f"{stem}_GroundTruth" / f"{stem}_GroundTruth.csv", index=False)
    groups = pd.DataFrame([row[:2] for row in reversed(rows)], columns=["image", "lesion_id"])  # in another order
    groups.assign(diagnosis_confirm_type="histopathology").to_csv(root / f"{stem}_LesionGroupings.csv", index=False)


def kermany_oct(data: Path) -> None:
    """Of the five patients tested in each class, the first two are also in train."""
    root = data / "kermany_oct"
    for number, c in enumerate(("CNV", "DME", "DRUSEN", "NORMAL")):
        patients = [1000000 + 100 * number + i for i in range(35)]
        pictures(root / "train" / c / f"{c}-{patient}-{shot}.jpeg" for patient in patients[:32] for shot in (1, 2))
        pictures(root / "test" / c / f"{c}-{patient}-3.jpeg" for patient in patients[30:])


def chest_xray_pneumonia(data: Path) -> None:
    """Bacteria and virus each number their patients: person101 of the test images is not person101 of train."""
    root, one, other = data / "chest_xray_pneumonia", "bacteria", "virus"
    for part, start, count in (("train", 115, 30), ("val", 900, 4), ("test", 28, 8)):
        names = [f"{'NORMAL2-' * (i % 2)}IM-{start + i:04d}-0001.jpeg" for i in range(count)]
        pictures(root / part / "NORMAL" / name for name in names)
    people = [f"person{i}_{other}_{shot}.jpeg" for i in range(90, 120) for shot in (187, 188)]
    pictures(root / "train" / "PNEUMONIA" / name for name in people)
    pictures(root / "val" / "PNEUMONIA" / f"person{1946 + i}_{one}_4874.jpeg" for i in range(4))
    pictures(root / "test" / "PNEUMONIA" / f"person{100 + i}_{one}_{475 + shot}.jpeg" for i in range(4) for shot in (0, 4))


def chestxray14(data: Path) -> None:
    """Sixty patients, two images each; fifteen are tested; every tenth image shows nothing, others one finding or two."""
    root, names = data / "chestxray14", [f"{1 + i // 2:08d}_{i % 2:03d}.png" for i in range(120)]
    classes = ["Cardiomegaly", "Emphysema", "Effusion", "Hernia", "Infiltration", "Mass", "Nodule", "Atelectasis"]
    classes += ["Pneumothorax", "Pleural_Thickening", "Pneumonia", "Fibrosis", "Edema", "Consolidation"]
    pictures(root / "images" / name for name in names)
    found = [f"{classes[i % 14]}|{classes[i // 14]}" if i % 3 else classes[i % 14] for i in range(120)]
    found = ["No Finding" if i % 10 == 9 else cell for i, cell in enumerate(found)]
    frame = pd.DataFrame({"Image Index": names, "Finding Labels": found, "Follow-up #": 0})
    frame["Patient ID"] = [1 + i // 2 for i in range(120)]
    frame.to_csv(root / "Data_Entry_2017.csv", index=False)
    (root / "train_val_list.txt").write_text("\n".join(names[:90]))
    (root / "test_list.txt").write_text("\n".join(names[90:]))


def kimia960(data: Path) -> None:
    pictures(data / "kimia960" / f"{letter}{i}.tif" for letter in "ABCDEFGHIJKLMNOPQRST" for i in range(1, 21))


def wisconsin_fna(data: Path) -> None:
    by_class(data / "wisconsin_fna", ("benign", "malignant"), lambda i: f"92_{5000 + i}.gif")


def medmnist_all(data: Path) -> None:
    """All twelve files at 28 px, 30, 10 and 10 images each."""
    from benchmark.entries.medmnist import medmnist_info

    (data / "medmnist").mkdir()
    for name, facts in medmnist_info().items():
        if "3d" in name:
            continue
        content, side, colours, classes = {}, 28, facts["n_channels"], len(facts["label"])
        for part, count in (("train", 30), ("val", 10), ("test", 10)):
            shape = (count, side, side) if colours == 1 else (count, side, side, colours)
            content[f"{part}_images"] = RNG.integers(0, 256, shape, dtype=np.uint8)
            one = (np.arange(count) % classes)[:, None]
            several = (np.arange(count)[:, None] % np.arange(2, classes + 2) == 0).astype(np.uint8)
            content[f"{part}_labels"] = several if "multi-label" in facts["task"] else one
        np.savez(data / "medmnist" / f"{name}.npz", **content)


# What a plan calls the entry → what makes its data; medmnist_all stands apart, since its files have checksums.
FAKES = {
    f.__name__: f
    for f in (
        histopathologic_cancer, pcam, bach, busi, aptos2019, kather5000, nct_crc, malaria, breakhis, dtd, idc, isic2018,
        kermany_oct, chest_xray_pneumonia, chestxray14, kimia960, wisconsin_fna,
    )
} | {"ham10000[size=original]": ham10000}  # fmt: skip
