"""Wisconsin fine-needle aspirates: the raw pictures behind the thirty features of the Wisconsin Diagnostic Breast Cancer set.

They were published as GIF, one or more per patient; it is not published which belong to one patient.
"""

from pathlib import Path, PurePosixPath

import numpy as np

from benchmark import PICTURE_ENDINGS, CatsError, Dataset, Samples, Target, Tree, TreeReader, pictures

CLASSES = ("benign", "malignant")


def read(path: Path) -> Samples:
    """The label is the folder; GIF and the usual formats are read."""
    tree = Tree(path)
    names = files(tree)
    if not names:
        raise CatsError(f"{path} holds no picture in a folder {' or '.join(CLASSES)}")
    return Samples(pictures(tree, names), np.array([CLASSES.index(PurePosixPath(name).parent.name) for name in names]), names)


def files(tree: Tree) -> list[str]:
    """The pictures in a folder of a class."""
    paths = [PurePosixPath(name) for name in tree.names]
    endings = {".gif", *PICTURE_ENDINGS}
    return [str(path) for path in paths if path.parent.name in CLASSES and path.suffix.lower() in endings]


target = Target(
    name="wisconsin_fna",
    dataset=Dataset(
        name="wisconsin_fna",
        title="Wisconsin breast cancer, pictures of fine-needle aspirates",
        modality="breast cytology, fine-needle aspirate",
        task="binary",
        classes=CLASSES,
        licence="not stated by its authors",
        citation="Wolberg, Street & Mangasarian, Machine learning techniques to diagnose breast cancer, Cancer Lett. 77, 1994",
        tree="wisconsin_fna",
        obtain="fetch ftp.cs.wisc.edu/math-prog/cpo-dataset/machine-learn/cancer/cancer_images and put the pictures, by "
        "diagnosis, into CATS_DATA/wisconsin_fna/benign and CATS_DATA/wisconsin_fna/malignant",
        read=TreeReader(read, files),
    ),
)
