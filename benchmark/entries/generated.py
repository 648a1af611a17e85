"""Sources whose images are generated from a seed, one class per law; nothing is downloaded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.readers.samples import Samples
from benchmark.specs.source import Source
from results.files.limits import CLASSES

IMAGES = 10_000_000  # of one source


@dataclass(frozen=True)
class Law:
    """A family of laws by which images are generated.

    Attributes:
        name, title, citation: of the source. word: the name of a class, before its number. side: side of the images in pixels.
        images: (classes, per_class) → (side, side, 3) uint8, class after class.
    """

    name: str
    title: str
    citation: str
    word: str
    side: int
    images: Callable[[int, int], Iterator[np.ndarray]]


@dataclass(frozen=True)
class _Images:
    """The reader of a generated data set.

    Readers of the same law and numbers are equal, and so are their data sets: caches of images tell data sets apart by their
    fields, and a function that is made in each call would be another one each time.
    """

    law: Law
    classes: int
    per_class: int

    def __call__(self, _: Path) -> Samples:
        labels = np.repeat(np.arange(self.classes), self.per_class)
        ids = [f"{c}-{i}" for c in range(self.classes) for i in range(self.per_class)]
        return Samples(self.law.images(self.classes, self.per_class), labels, ids)


def generated(law: Law, classes: int, per_class: int) -> Source:
    """A source with this number of classes and of images per class. Raises ValueError for numbers that no data set can have."""
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in (classes, per_class))
    if not whole or not 2 <= classes <= CLASSES or not 1 <= per_class <= IMAGES // classes:
        raise ValueError(
            "classes must be a whole number of at least 2, per_class of at least 1; at most "
            f"{CLASSES:,} classes and {IMAGES:,} images are generated"
        )

    dataset = Dataset(
        name=law.name,
        title=law.title,
        modality="synthetic",
        task="multiclass",
        classes=tuple(f"{law.word}-{c}" for c in range(classes)),
        licence="none needed (generated)",
        citation=law.citation,
        revision=f"1-{classes}x{per_class}",
        shape=(law.side, law.side),
        images=classes * per_class,
        read=_Images(law, classes, per_class),
    )
    return Source(name=law.name, title=law.title, dataset=dataset, licence=dataset.licence, citation=law.citation)
