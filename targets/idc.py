"""IDC: invasive ductal carcinoma in breast histology, patches of 50 px from whole slides of 279 patients.

Kaggle's layout PATIENT/LABEL/PATIENT_idx5_xX_yY_classC.png, as a folder or archive `idc`. Where a `splits.csv` with the
columns file and official_split lies beside the patients, it gives the official parts (84/29/49 patients of the first 162;
the others are `extra` and in no part); else patients are drawn 70/15/15.
"""

import csv
import io
from pathlib import Path

import numpy as np

from benchmark.dataset import Dataset, Samples
from benchmark.readers import folders
from benchmark.target import Target
from benchmark.tree import Tree

SPLITS = "splits.csv"
NAME = r"(?:^|/)(\d+)_idx5_x\d+_y\d+_class[01]\.png$"  # the patient is the first bracket


def read(path: Path) -> Samples:
    """The label is the folder, the patient the beginning of the file name."""
    samples = folders({"0": "negative", "1": "positive"}, group=NAME)(path)
    tree = Tree(path)
    if SPLITS not in tree.names:
        return samples
    rows = csv.DictReader(io.StringIO(next(iter(tree.read([SPLITS]))).decode()))
    official = {row["file"]: row["official_split"] for row in rows}
    parts = [official.get(name, "extra") for name in samples.ids]
    return Samples(samples.images, np.asarray(samples.labels), samples.ids, samples.groups, parts)


target = Target(
    name="idc",
    dataset=Dataset(
        name="idc",
        title="Invasive ductal carcinoma, patches of breast histology",
        modality="breast histology, H&E",
        task="binary",
        classes=("negative", "positive"),
        licence="CC0",
        citation="Cruz-Roa et al., SPIE Medical Imaging 9041, 2014; Janowczyk & Madabhushi, J. Pathol. Inform. 7:29, 2016",
        tree="idc",
        obtain="fetch breast-histopathology-images from Kaggle, put it as idc/PATIENT/LABEL/*.png, or zipped, into CATS_DATA",
        family="idc",
        groups="patient",
        shape=(50, 50),
        odd="drop",  # patches at the edge of a slide are smaller; scaled, their cells would look larger
        read=read,
    ),
)
