"""Kermany's OCT: four kinds of retina in 109,309 slices, version 3 of the set that OCTMNIST was made from.

The official test images are kept. Some of their patients are also in the folder train; their images there are `extra`, in
no part. Validation is drawn from the rest of train, by patient.
"""

from pathlib import Path

from benchmark import Dataset, Samples, Target, folders

CLASSES = ("CNV", "DME", "DRUSEN", "NORMAL")
NAME = r"/(?:CNV|DME|DRUSEN|NORMAL)-(\d+)-\d+\.jpe?g$"  # the patient is the first number


def read(path: Path) -> Samples:
    """The label is the folder; patients of test images are kept out of train."""
    found = folders(list(CLASSES), parts={"train": "train", "test": "test"}, group=NAME)(path)
    assert found.groups is not None
    assert found.parts is not None
    known = list(zip(found.groups, found.parts, strict=True))
    tested = {patient for patient, part in known if part == "test"}
    parts = ["extra" if part == "train" and patient in tested else part for patient, part in known]
    return Samples(found.images, found.labels, found.ids, found.groups, parts)


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
        read=read,
    ),
)
