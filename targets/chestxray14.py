"""ChestX-ray14: 112,120 frontal chest X-rays of 30,805 patients, fourteen findings read from reports by a program.

An image may have several findings, or none. Official lists, by patient, say what is test and what is train or val; val is
drawn from the latter by patient.
"""

from pathlib import Path

from benchmark import CatsError, Dataset, Samples, Target, Tree, table

CLASSES = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
LISTS = {"train": "train_val_list.txt", "test": "test_list.txt"}


def read(path: Path) -> Samples:
    """Findings and patients from the table, parts from the lists; an image that is in neither list is `extra`."""
    found = table(
        file="Data_Entry_2017.csv", path="Image Index", label="Finding Labels", classes=list(CLASSES), labels_separator="|",
        nothing="No Finding", group="Patient ID", images="images",
    )(path)  # fmt: skip
    tree = Tree(path)
    absent = [name for name in LISTS.values() if name not in tree.names]
    if absent:
        raise CatsError(f"{path} has no {' and no '.join(absent)}")
    lists = zip(LISTS, tree.read(list(LISTS.values())), strict=True)
    parts = {f"images/{name}": part for part, names in lists for name in names.decode(errors="replace").split()}
    return Samples(found.images, found.labels, found.ids, found.groups, [parts.get(name, "extra") for name in found.ids])


target = Target(
    name="chestxray14",
    dataset=Dataset(
        name="chestxray14",
        title="ChestX-ray14, fourteen findings in chest X-rays",
        modality="chest X-ray",
        task="multilabel",
        classes=CLASSES,
        licence="no restrictions; the NIH Clinical Center asks to be named, linked and cited",
        citation="Wang et al., ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks, CVPR 2017",
        tree="chestxray14",
        obtain="fetch ChestXray-NIHCC from the NIH Clinical Center and put Data_Entry_2017.csv, train_val_list.txt, "
        "test_list.txt and all pictures as images/*.png into CATS_DATA/chestxray14",
        family="chest_xray",
        groups="patient",
        images=112120,
        read=read,
    ),
)
