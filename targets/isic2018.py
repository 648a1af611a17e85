"""ISIC 2018, task 3: the training images, seven kinds of skin lesions; images of one lesion are a group.

They are HAM10000 under the challenge's names and in its order of classes. It is not published which of the challenge's
validation and test images show the same lesion, so they are left out and whole lesions are drawn 70/15/15.
"""

import csv
import io
from pathlib import Path, PurePosixPath

import numpy as np

from benchmark import CatsError, Dataset, Samples, Target, Tree, TreeReader, pictures

CLASSES = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
TRUTH, LESIONS = "ISIC2018_Task3_Training_GroundTruth.csv", "ISIC2018_Task3_Training_LesionGroupings.csv"


def read(path: Path) -> Samples:
    """The class is the column that holds 1; the lesion is in a second table."""
    tree = Tree(path)
    where = {PurePosixPath(name).name: name for name in tree.names}
    truth, lesions = rows(tree, where, TRUTH, CLASSES), rows(tree, where, LESIONS, ("lesion_id",))
    for name, row in truth.items():
        if sorted(row[c] for c in CLASSES) != ["0.0"] * 6 + ["1.0"]:
            raise CatsError(f"{path}: {TRUTH} must give {name} one class, 1.0 once and 0.0 elsewhere")
        if f"{name}.jpg" not in where or name not in lesions:
            raise CatsError(f"{path}: {TRUTH} names {name}, whose picture or lesion is missing")
    labels = np.array([[row[c] for c in CLASSES].index("1.0") for row in truth.values()])
    names = [where[f"{name}.jpg"] for name in truth]
    return Samples(pictures(tree, names), labels, list(truth), [lesions[name]["lesion_id"] for name in truth])


def files(tree: Tree) -> list[str]:
    """The two tables, and the pictures that the first one names."""
    where = {PurePosixPath(name).name: name for name in tree.names}
    named = [f"{name}.jpg" for name in rows(tree, where, TRUTH, CLASSES)]
    return [where[name] for name in (TRUTH, LESIONS, *named) if name in where]


def rows(tree: Tree, where: dict[str, str], name: str, columns: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """A table, image → row. Raises CatsError if the table or one of its columns is missing."""
    if name not in where:
        raise CatsError(f"{tree.path} has no {name}")
    table = csv.DictReader(io.StringIO(next(iter(tree.read([where[name]]))).decode("utf-8-sig", errors="replace")))
    absent = {"image", *columns} - set(table.fieldnames or ())
    if absent:
        raise CatsError(f"{tree.path}/{where[name]} has no column '{min(absent)}'")
    return {row["image"]: row for row in table}


target = Target(
    name="isic2018",
    dataset=Dataset(
        name="isic2018",
        title="ISIC 2018, task 3, training images",
        modality="dermatoscopy",
        task="multiclass",
        classes=CLASSES,
        licence="CC BY-NC 4.0",
        citation="Codella et al., Skin Lesion Analysis Toward Melanoma Detection 2018, arXiv:1902.03368; Tschandl et al., 2018",
        tree="isic2018",
        obtain="fetch ISIC2018_Task3_Training_Input.zip, _GroundTruth.zip and _LesionGroupings.csv from the ISIC archive and "
        "put them, unpacked, into CATS_DATA/isic2018",
        family="ham10000",
        groups="lesion",
        images=10015,
        read=TreeReader(read, files),
    ),
)
