"""IDC: invasive ductal carcinoma in breast histology, patches of 50 px from whole slides of 279 patients.

Kaggle's layout PATIENT/LABEL/PATIENT_idx5_xX_yY_classC.png, as a folder or archive `idc`. The official parts are those of 84,
29 and 49 of the first 162 patients; two of train are not among Kaggle's, the patients that came later are `extra`, in no part.
"""

from dataclasses import replace
from pathlib import Path

from benchmark import Dataset, Samples, Target, folders

NAME = r"(?:^|/)(\d+)_idx5_x\d+_y\d+_class[01]\.png$"  # the patient is the first bracket

# The authors' patients, by the numbers that Kaggle's file names begin with.
OFFICIAL = {
    "train": """
        8865 8913 8951 8955 8957 8974 8975 8980 9029 9037 9041 9043 9044 9081 9083 9123 9124 9126 9173 9174 9175
        9177 9178 9228 9255 9256 9257 9259 9265 9266 9267 9320 9321 9323 9325 9346 9383 10254 10256 10257 10258
        10262 10264 10268 10275 10285 10288 10291 10293 10302 10304 10308 12749 12750 12752 12811 12818 12819 12820
        12822 12869 12871 12872 12882 12884 12890 12891 12900 12901 12911 12930 12931 12932 13024 13689 13692 14079
        14212 14213 14304 15633 15902
    """,
    "val": """
        8867 8914 8917 8956 8959 9022 9023 9036 9076 9078 9324 9345 9381 10260 10261 10269 10277 10299 12626 12867
        12875 12880 12896 13461 13591 13688 15473 16554 16896
    """,
    "test": """
        8864 8916 8918 9073 9075 9125 9176 9181 9225 9250 9254 9261 9290 9322 9347 9382 10255 10259 10273 10274
        10276 10286 10292 10295 10301 10303 10306 10307 12821 12826 12881 12895 12905 12906 12907 12909 13023 13106
        13401 13402 13403 13458 13460 13687 14081 14189 14191 15515 16550
    """,
}
FOLDERS = folders({"0": "negative", "1": "positive"}, group=NAME)
PART = {patient: part for part, patients in OFFICIAL.items() for patient in patients.split()}


def read(path: Path) -> Samples:
    """The label is the folder; the patient is the beginning of the file name."""
    samples = FOLDERS(path)
    groups = samples.groups or []
    parts = [PART.get(patient, "extra") for patient in groups]
    # Without any of the official patients (a copy of the later ones) parts are drawn.
    return Samples(samples.images, samples.labels, samples.ids, groups, parts if set(parts) != {"extra"} else None)


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
        read=replace(FOLDERS, read=read),
    ),
)
