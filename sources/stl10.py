"""STL-10: the labelled images, 10 classes at 96 px, in the published binary files `stl10_binary`.

train_X.bin and test_X.bin hold the images one after the other, each as red, green and blue plane of 96 columns;
train_y.bin and test_y.bin hold one byte per image, 1 to 10. The 100,000 images without label are not used.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark import CatsError, Dataset, Samples, Source, Tree, TreeReader

SIDE = 96
CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def read(path: Path) -> Samples:
    """The official train and test images."""
    tree = Tree(path)
    labels = {part: np.frombuffer(_content(tree, f"{part}_y.bin"), dtype=np.uint8) for part in ("train", "test")}
    return Samples(
        images=_images(tree, {part: len(found) for part, found in labels.items()}),
        labels=np.concatenate(list(labels.values())).astype(np.int64) - 1,
        ids=[f"{part}/{i}" for part, found in labels.items() for i in range(len(found))],
        parts=[part for part, found in labels.items() for _ in found],
    )


def _images(tree: Tree, counts: dict[str, int]) -> Iterator[np.ndarray]:
    for part, count in counts.items():
        content = _content(tree, f"{part}_X.bin")
        if len(content) != count * 3 * SIDE * SIDE:
            raise CatsError(
                f"{tree.path}: {part}_X.bin has {len(content)} bytes; {count} labels need {count * 3 * SIDE * SIDE}"
            )
        yield from np.frombuffer(content, dtype=np.uint8).reshape(count, 3, SIDE, SIDE).transpose(0, 3, 2, 1)


def _content(tree: Tree, file: str) -> bytes:
    name = next((name for name in tree.names if f"/{name}".endswith(f"/{file}")), None)
    if name is None:
        raise CatsError(f"{tree.path} has no {file}; it must be the published folder stl10_binary")
    return next(iter(tree.read([name])))


def files(tree: Tree) -> list[str]:
    """The four files of labelled images."""
    ends = tuple(f"/{part}_{kind}.bin" for part in ("train", "test") for kind in "Xy")
    return [name for name in tree.names if f"/{name}".endswith(ends)]


dataset = Dataset(
    name="stl10",
    title="STL-10, labelled images",
    modality="photograph",
    task="multiclass",
    classes=CLASSES,
    licence="not stated by its authors; images from ImageNet",
    citation="Coates, Lee & Ng, An Analysis of Single-Layer Networks in Unsupervised Feature Learning, AISTATS 2011",
    family="imagenet",
    shape=(SIDE, SIDE),
    images=13_000,
    tree="stl10_binary",
    obtain="fetch stl10_binary.tar.gz from ai.stanford.edu/~acoates/stl10 and put it into CATS_DATA, as it is or unpacked",
    read=TreeReader(read, files),
)
source = Source(name="stl10", title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation)
