"""Kermany's OCT: four kinds of retina in 109,309 slices, version 3 of the set that OCTMNIST was made from.

The official test images are kept. Some of their patients are also in the folder train; their images there are `extra`, in
no part. Validation is drawn from the rest of train, by patient.
"""

from dataclasses import replace
from pathlib import Path

from benchmark import Dataset, Samples, Target, folders

CLASSES = ("CNV", "DME", "DRUSEN", "NORMAL")
NAME = r"/(?:CNV|DME|DRUSEN|NORMAL)-(\d+)-\d+\.jpe?g$"  # the patient is the first number
FOLDERS = folders(list(CLASSES), parts={"train": "train", "test": "test"}, group=NAME)


def read(path: Path) -> Samples:
    """The label is the folder; images of patients of test are left out of train."""
    samples = FOLDERS(path)
    assert samples.groups is not None
    assert samples.parts is not None
    pairs = list(zip(samples.groups, samples.parts, strict=True))
    tested = {patient for patient, part in pairs if part == "test"}
    parts = ["extra" if part == "train" and patient in tested else part for patient, part in pairs]
    return Samples(samples.images, samples.labels, samples.ids, samples.groups, parts)


target = Target(
    name="kermany_oct",
    dataset=Dataset(
        name="kermany_oct",
        title="Retinal OCT of Kermany et al., version 3",
        modality="retinal OCT",
        task="multiclass",
        classes=CLASSES,
        licence="CC BY 4.0",
        citation="Kermany et al., Identifying Medical Diagnoses and Treatable Diseases, Cell 172, 2018",
        tree="kermany_oct",
        obtain="fetch ZhangLabData.zip, version 3 of Mendeley Data rscbjbr9sj, and put CellData/OCT's folders train and test "
        "into CATS_DATA/kermany_oct",
        family="kermany_oct",
        groups="patient",
        images=109309,
        read=replace(FOLDERS, read=read),
    ),
)
