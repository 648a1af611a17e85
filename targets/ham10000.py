"""HAM10000: dermatoscopic pictures of seven kinds of pigmented lesions; lesions photographed again are groups.

`ham10000` is one file at 28 px with a split by lesion, 70/10/20. `ham10000[size=original]` are the published pictures beside
HAM10000_metadata.csv; whole lesions are then drawn 70/15/15.
"""

from typing import Any

from benchmark import CatsError, Dataset, File, Target, npz, table

CLASSES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
PATH = "archives/ham10000_28.npz"
SIZES: dict[str, dict[str, Any]] = {
    "28": {
        "title": "HAM10000, pigmented skin lesions, 28 px, split 70/10/20 by lesion",
        "files": (File(path=PATH, sha256="4634fb51536826771867a21677dce6b8a7152be026c096190a1d50915f41a5ac"),),
        "obtain": "put the pictures at 28 px in MedMNIST's keys, with {part}_groups holding the lesion ids, as that file",
        "shape": (28, 28),
        "official": ("train", "val", "test"),
        "read": npz(PATH),
    },
    "original": {
        "title": "HAM10000, pigmented skin lesions, original pictures",
        "tree": "ham10000",
        "obtain": "fetch skin-cancer-mnist-ham10000 from Kaggle and put HAM10000_metadata.csv and the pictures of both "
        "parts as images/*.jpg into CATS_DATA/ham10000",
        "read": table(
            file="HAM10000_metadata.csv", path="image_id", label="dx", classes=list(CLASSES), group="lesion_id",
            images="images", ending=".jpg",
        ),
    },
}  # fmt: skip


def target(size: int | str = 28) -> Target:
    """At 28 px, or the original pictures."""
    if str(size) not in SIZES:
        raise CatsError(f"ham10000 has no size {size}; allowed are {', '.join(SIZES)}")
    dataset = Dataset(
        name="ham10000",
        modality="dermatoscopy",
        task="multiclass",
        classes=CLASSES,
        licence="CC BY-NC 4.0",
        citation="Tschandl et al., The HAM10000 dataset, Scientific Data 5:180161, 2018",
        family="ham10000",
        groups="lesion",
        images=10015,
        **SIZES[str(size)],
    )
    return Target(name="ham10000", dataset=dataset)
