"""The small data sets, entries, plans and tables of the stage: one of each kind that people bring."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from fuzzing.archives import members_of, write_tar
from fuzzing.dicoms import written
from PIL import Image

CLASSES = ("dots", "rings", "stripes")
EACH, SIDE = 14, 16  # images of a class, pixels
PLAN: dict[str, Any] = {
    "experiment": "first",
    "sources": ["scratch", "spots"],
    "targets": ["sheet", "cubes"],
    "backbones": ["test_resnet"],
    "recipe": {"base": "finetune", "size": 16, "epochs": 1, "batch_size": 16},
    "seeds": 2,
    "pretraining": {"size": 16, "epochs": 1},
    "measures": ["class_count", "lp"],
}
SHORT = {"targets": ["sheet"], "seeds": 1}  # of the plan whose cells are trained again from what CATS_HOME keeps
FACTS = {"modality": "drawings", "licence": "CC0", "citation": "the fuzzer, 2026"}


def write_inputs(work: Path) -> None:
    """Write everything that a user would have before the first command."""
    data, entries = work / "data", work / "entries"
    for folder in (data, entries / "targets", entries / "sources", work / "home", work / "tmp"):
        folder.mkdir(parents=True)
    for number, write in enumerate((_spots, _sheet, _cubes, _boxes, _crates, _scans, _volumes)):
        name = write.__name__.removeprefix("_")
        facts = {"title": name, **FACTS, "task": "multiclass", "classes": list(CLASSES), "images": EACH * len(CLASSES)}
        entry = {"dataset": facts | write(data, drawings(number))}
        (entries / "targets" / f"{name}.yaml").write_text(yaml.safe_dump(entry, sort_keys=False))
    plans = {
        "first": PLAN,
        "again": PLAN | SHORT | {"experiment": "again"},
        "mine": PLAN | {"experiment": "mine", "sources": ["scratch", "mine"]},
    }
    for name, plan in plans.items():
        (work / f"{name}.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    weights = {
        "title": "ours",
        "licence": "CC0",
        "citation": "ours",
        "weights": {"file": "mine", "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    (entries / "sources" / "mine.yaml").write_text(yaml.safe_dump(weights, sort_keys=False))
    _results_of_others(work)


def drawings(number: int) -> list[tuple[str, int, np.ndarray]]:
    """(class, number, image of SIDE × SIDE uint8) of EACH images of each class; other ones for another `number`."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:SIDE, :SIDE]
    made = []
    for label, name in enumerate(CLASSES):
        for each in range(EACH):
            shift, scale = rng.uniform(0, 6, 2), rng.uniform(0.6, 1.6)
            forms = (
                np.sin(x * scale + shift[0]) * np.sin(y * scale + shift[1]),
                np.sin(np.hypot(x - shift[0] - 5, y - 8) * scale),
                np.sin(x * scale + shift[0]),
            )
            noise = rng.normal(0, 25, (SIDE, SIDE))
            made.append((name, each, np.clip(128 + 90 * forms[label] + noise, 0, 255).astype(np.uint8)))
    return made


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def _spots(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    for name, number, image in images:
        path = data / "spots" / name / f"p{number // 2:02}_{number % 2}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_png(image))
    return {"tree": "spots", "groups": "patient", "read": {"folders": {"classes": list(CLASSES), "group": r"/(p\d+)_"}}}


def _sheet(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    (data / "sheet" / "pictures").mkdir(parents=True)
    rows = [["file", "finding", "patient", "part", "age"]]
    for row, (name, number, image) in enumerate(images):
        (data / "sheet" / "pictures" / f"s{row:03}.png").write_bytes(_png(image))
        part = "train" if number < 8 else "val" if number < 11 else "test"
        rows.append([f"s{row:03}", name, f"{name[0]}{number:02}", part, str(30 + row)])
    with (data / "sheet" / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    options = {
        "file": "labels.csv",
        "path": "file",
        "label": "finding",
        "classes": list(CLASSES),
        "group": "patient",
        "part": "part",
    }
    return {"tree": "sheet", "groups": "patient", "read": {"table": options | {"images": "pictures", "ending": ".png"}}}


def _parts(images: list[tuple[str, int, np.ndarray]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Part → images (N, SIDE, SIDE) and labels (N, 1)."""
    made = {}
    for part, low, high in (("train", 0, 8), ("val", 8, 11), ("test", 11, EACH)):
        chosen = [(image, CLASSES.index(name)) for name, number, image in images if low <= number < high]
        made[part] = np.stack([image for image, _ in chosen]), np.array([[label] for _, label in chosen], np.uint8)
    return made


def _cubes(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    arrays = {
        f"{part}_{kind}": array
        for part, pair in _parts(images).items()
        for kind, array in zip(("images", "labels"), pair, strict=True)
    }
    np.savez(data / "cubes.npz", **arrays)
    return {"files": [{"path": "cubes.npz"}], "read": {"npz": {"file": "cubes.npz"}}}


def _volumes(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    import h5py

    (data / "volumes").mkdir()
    names = {}
    for part, (pixels, labels) in _parts(images).items():
        names[part] = f"{part}.h5"
        with h5py.File(data / "volumes" / names[part], "w") as file:
            file["x"], file["y"] = pixels, labels[:, 0]
    options = {"images": names, "labels": names, "key_images": "x", "key_labels": "y"}
    return {"tree": "volumes", "read": {"hdf5": options}}


def _boxes(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    with zipfile.ZipFile(data / "boxes.zip", "w") as archive:
        for name, number, image in images:
            archive.writestr(zipfile.ZipInfo(f"{name}/b{number:02}.png"), _png(image))
    return {"tree": "boxes", "read": {"folders": {"classes": list(CLASSES)}}}


def _crates(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    files = [(f"{name}/c{number:02}.png", _png(image)) for name, number, image in images]
    write_tar(data / "crates.tar.gz", members_of(files))
    return {"tree": "crates", "read": {"folders": {"classes": list(CLASSES)}}}


def _scans(data: Path, images: list[tuple[str, int, np.ndarray]]) -> dict[str, Any]:
    for name, number, image in images:
        path = data / "scans" / name / f"i{number:02}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            written(image.astype(np.uint16) * 16, PatientID=f"{name[0]}{number // 2}", WindowCenter="2048", WindowWidth="4096")
        )
    return {"tree": "scans", "groups": "patient", "read": {"dicom_folders": {"classes": list(CLASSES), "level": 0}}}


def _results_of_others(work: Path) -> None:
    """A table of runs with its map, and a matrix of results with the scores of a measure."""
    rng, sources, targets = np.random.default_rng(7), ("alpha", "beta", "gamma"), ("one", "two", "three", "four")
    rows = [["run_id", "weights", "dataset", "seed", "state", "lr", "val_loss", "test_auc", "hours", "watts", "start_time"]]
    for number, (source, target, seed) in enumerate((s, t, n) for s in sources for t in targets for n in (0, 1)):
        auc = 0.6 + 0.08 * sources.index(source) + rng.normal(0, 0.02)
        figures = ["0.001", f"{1 - auc:.4f}", f"{auc:.4f}", "0.5", "200", f"2026-01-{number + 1:02} 10:00"]
        rows.append([f"r{number}", source, target, str(seed), "done", *figures])
    mapping: dict[str, Any] = {"title": "Our sweep", "run": "run_id", "source": "weights", "target": "dataset", "seed": "seed"}
    mapping |= {"backbone": {"value": "resnet50"}, "status": "state", "started": "start_time", "settings": {"lr": "lr"}}
    mapping |= {
        "validation": {"val_loss": "val_loss"},
        "scores": {"auc": "test_auc"},
        "rename": {"status": {"done": "FINISHED"}},
    }
    mapping |= {"duration": {"column": "hours", "unit": "hours"}, "sizes": {"alpha": 1000, "beta": {"one": 10, "two": 20}}}
    mapping |= {"power": {"column": "watts", "hardware": "gpu", "country": "NLD"}}
    (work / "map.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False))
    grid = [["source", *targets], *([source, *(f"{rng.uniform(0.6, 0.9):.3f}" for _ in targets)] for source in sources)]
    scores = [["source", *targets], *([source, *(f"{rng.uniform(-1, 1):.3f}" for _ in targets)] for source in sources)]
    for name, table in (("runs.csv", rows), ("auc.csv", grid), ("logme.csv", scores)):
        with (work / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(table)
