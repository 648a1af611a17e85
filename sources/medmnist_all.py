"""The twelve 2-D sets of MedMNIST as one, pretrained with one head over all their classes, as CATS 2024 did.

The label space is joint: one column per class of each set, `pathmnist/adipose` ..., multi-label because ChestMNIST is. Test
images stay test images. `medmnist_all[without=breastmnist]` leaves out the family of that set, that is also its relatives
(pneumoniamnist with chestmnist; the three organ sets together): CATS 2024 left out the target alone. A plan
names one such source per target and refuses it for targets whose family it has seen.
"""

from pathlib import Path

import numpy as np

from benchmark import CatsError, Dataset, Samples, Source, medmnist_target, nearest

FAMILIES = {  # as declared in targets/NAME.py; a test compares them
    "pathmnist": "nct_crc", "chestmnist": "chest_xray", "dermamnist": "ham10000", "octmnist": "kermany_oct",
    "pneumoniamnist": "chest_xray", "retinamnist": "retinamnist", "breastmnist": "busi", "bloodmnist": "bloodmnist",
    "tissuemnist": "tissuemnist", "organamnist": "organ_ct", "organcmnist": "organ_ct", "organsmnist": "organ_ct",
}  # fmt: skip


def joined(folder: Path, sets: list[Dataset]) -> Samples:
    """All images of all sets in turn; labels (N, C) uint8, 1 in the columns of the image's own set."""
    parts = [dataset.read(folder) for dataset in sets]
    labels = np.zeros((sum(len(part.ids) for part in parts), sum(len(dataset.classes) for dataset in sets)), dtype=np.uint8)
    row = column = 0
    for dataset, part in zip(sets, parts, strict=True):
        count, classes = len(part.ids), len(dataset.classes)
        own = part.labels if part.labels.ndim == 2 else np.eye(classes, dtype=np.uint8)[part.labels]
        labels[row : row + count, column : column + classes] = own
        row, column = row + count, column + classes
    return Samples(
        images=(image for part in parts for image in part.images),
        labels=labels,
        ids=[f"{dataset.name}/{name}" for dataset, part in zip(sets, parts, strict=True) for name in part.ids],
        parts=[name for part in parts for name in part.parts or []],
    )


def source(without: str = "", size: int = 28) -> Source:
    """All sets, or all except the family of one set, at 28, 64, 128 or 224 pixels."""
    if without and without not in FAMILIES:
        raise CatsError(f"medmnist_all has no set '{without}' to leave out{nearest(without, FAMILIES)}")
    names = [name for name, family in FAMILIES.items() if family != FAMILIES.get(without)]
    sets = [medmnist_target(name, size, modality="").dataset for name in names]
    title = f"MedMNIST, {len(sets)} sets as one, {size} px"
    licences = dict.fromkeys(dataset.licence for dataset in sets)
    dataset = Dataset(
        name="medmnist_all",
        title=title,
        modality="histology, X-ray, dermatoscopy, OCT, fundus, ultrasound, microscopy, CT",
        task="multilabel",
        classes=tuple(f"{dataset.name}/{name}" for dataset in sets for name in dataset.classes),
        licence=" and ".join(licences),
        citation=sets[0].citation,
        files=tuple(file for dataset in sets for file in dataset.files),
        revision=f"v2-{size}",
        shape=(size, size),
        images=sum(dataset.images or 0 for dataset in sets),
        official=("train", "val", "test"),
        read=lambda folder: joined(folder, sets),
    )
    families = tuple(dict.fromkeys(FAMILIES[name] for name in names))
    return Source(
        name="medmnist_all", title=title, dataset=dataset, licence=dataset.licence, citation=dataset.citation, seen=families
    )
