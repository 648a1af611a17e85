"""KimiaPath960: 48 regions from each of 20 whole slides; the class is the slide, a letter from A to T.

Every class is one slide, so no split can keep slides apart: a score only says how well slides are distinguished. It is
useful as a source, as in CATS 2021.
"""

import re
from pathlib import Path

import numpy as np

from benchmark import CatsError, Dataset, Samples, Target, Tree, TreeReader, pictures

CLASSES = tuple("ABCDEFGHIJKLMNOPQRST")
NAME = re.compile(r"(?:^|/)([A-T])\d+\.tif\Z")  # A5.tif


def read(path: Path) -> Samples:
    """The label is the first letter of the file name."""
    tree = Tree(path)
    found = [(name, match[1]) for name in tree.names if (match := NAME.search(name))]
    if not found:
        raise CatsError(f"{path} holds no picture with a name such as A5.tif")
    names = [name for name, _ in found]
    return Samples(pictures(tree, names), np.array([CLASSES.index(letter) for _, letter in found]), names)


def files(tree: Tree) -> list[str]:
    """The pictures with such names."""
    return [name for name in tree.names if NAME.search(name)]


target = Target(
    name="kimia960",
    dataset=Dataset(
        name="kimia960",
        title="KimiaPath960, regions of 20 whole slides",
        modality="histology of several tissues",
        task="multiclass",
        classes=CLASSES,
        licence="not stated by its authors",
        citation="Kumar et al., CNN, BoVW and LBP for Classification of Histopathological Images, IEEE SSCI, 2017",
        tree="kimia960",
        obtain="fetch kimia-path-960 from Kaggle and put its *.tif into CATS_DATA/kimia960",
        shape=(168, 308),
        images=960,
        read=TreeReader(read, files),
    ),
)
