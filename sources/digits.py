"""Digits: 1,797 handwritten digits of 8 × 8 pixels that are part of scikit-learn."""

from pathlib import Path

import numpy as np

from benchmark import Dataset, Samples, Source


def read(_: Path) -> Samples:
    """Grey values 0 to 16, scaled to 0 to 255."""
    from sklearn.datasets import load_digits

    content = load_digits()
    images = np.rint(content.images * (255 / 16)).astype(np.uint8)
    return Samples(list(images), content.target.astype(np.int64), [str(i) for i in range(len(images))])


dataset = Dataset(
    name="digits",
    title="Optical recognition of handwritten digits",
    modality="handwriting",
    task="multiclass",
    classes=tuple("0123456789"),
    licence="CC BY 4.0",
    citation="Alpaydin & Kaynak, UCI Machine Learning Repository, 1998",
    groups="image",  # no patients; the 43 people who wrote the digits are not named
    official=(),
    shape=(8, 8),
    images=1797,
    read=read,
)
source = Source(
    name="digits", title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation,
    pretraining={"augment": {"flip": 0.0, "rotate": 10, "shift": 0.1, "zoom": 0.1}},
)  # fmt: skip
