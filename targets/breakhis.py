"""BreaKHis: benign and malignant breast tumours of 82 patients at four magnifications."""

import re
from pathlib import Path

import numpy as np

from benchmark import CatsError, Dataset, Samples, Target, Tree, TreeReader, pictures

# SOB_B_A-14-22549AB-40-001.png: B or M, kind of tumour, year and slide of the patient, magnification, number
NAME = re.compile(r"SOB_([BM])_[A-Z]+-(\d+-\w+)-(40|100|200|400)-\d+\.png\Z")
IMAGES = {"40": 1995, "100": 2081, "200": 2013, "400": 1820, "all": 7909}


def target(magnification: str = "all") -> Target:
    """The pictures of one magnification, 40, 100, 200 or 400, or of all."""
    wanted = str(magnification)
    if wanted not in IMAGES:
        raise CatsError(f"breakhis has no magnification {wanted}; allowed are {', '.join(IMAGES)}")

    def read(path: Path) -> Samples:
        tree = Tree(path)
        found = [(name, match) for name in tree.names if (match := NAME.search(name)) and wanted in {match[3], "all"}]
        if not found:
            raise CatsError(f"{path} holds no picture with a name such as SOB_B_A-14-22549AB-40-001.png")
        names = [name for name, _ in found]
        labels = np.array(["BM".index(match[1]) for _, match in found])
        return Samples(pictures(tree, names), labels, names, [match[2] for _, match in found])

    def files(tree: Tree) -> list[str]:
        return [name for name in tree.names if (match := NAME.search(name)) and wanted in {match[3], "all"}]

    dataset = Dataset(
        name="breakhis",
        title=f"BreaKHis, breast tumours, magnification {wanted}",
        modality="breast histology, H&E",
        task="binary",
        classes=("benign", "malignant"),
        licence="CC BY 4.0",
        citation="Spanhol et al., A Dataset for Breast Cancer Histopathological Image Classification, IEEE TBME 63, 2016",
        tree="breakhis",
        obtain="fetch BreaKHis_v1.tar.gz and put it as breakhis.tar.gz, or unpacked as breakhis/, into CATS_DATA",
        revision=f"1-{wanted}",
        groups="patient",
        images=IMAGES[wanted],
        read=TreeReader(read, files, unmistakable=True),
    )
    return Target(name="breakhis", dataset=dataset)
