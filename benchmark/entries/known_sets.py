"""Data sets that people have on their disks and for which an entry is shipped: recognised by reading them with its reader."""

import json
from functools import cache
from pathlib import Path

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.picture_format import picture_names
from benchmark.data.readers.samples import TreeReader
from benchmark.specs import catalogue
from results.error import CatsError

CLOSE = 0.05  # by which share the number of pictures may differ from the declared one


def known_set(path: Path) -> str:
    """A sentence that names the shipped entry whose reader reads this folder or archive; empty if there is none."""
    tree = Tree(path)
    for name, dataset in _shipped():
        if _fits(dataset, tree):
            return f"the layout is that of {dataset.title}, which is shipped as {name}: `cats show {name}` says where to put it"
    return ""


def known_file(path: Path) -> str:
    """A sentence that names the shipped entry that has a file of this name, as `breastmnist.npz`; empty if there is none."""
    for name, dataset in _targets():
        if path.name == f"{name}.npz" or f'"{path.name}"' in (dataset.options or ""):
            return (
                f"a file of this name belongs to {dataset.title}, which is shipped as {name}: `cats show {name}` says where to "
                "put it"
            )
    return ""


@cache
def _shipped() -> tuple[tuple[str, Dataset], ...]:
    """The shipped data sets that are read from a folder or archive."""
    sources = [(name, catalogue.source(name).dataset) for name in catalogue.shipped("sources")]
    return tuple((name, dataset) for name, dataset in (*_targets(), *sources) if dataset is not None and dataset.tree)


@cache
def _targets() -> tuple[tuple[str, Dataset], ...]:
    """The data sets of the shipped targets."""
    return tuple((name, catalogue.target(name).dataset) for name in catalogue.shipped("targets"))


def _fits(dataset: Dataset, tree: Tree) -> bool:
    """True if the reader finds images of every class, and about as many as the entry declares; no image is opened.

    The names of classes alone say little: many data sets have the classes benign and malignant.
    """
    if isinstance(dataset.read, TreeReader) and dataset.read.unmistakable:
        return len(dataset.read.files(tree)) > len(picture_names(tree)) / 2
    if dataset.images is None:
        return False
    named = json.loads(dataset.options or "{}").get("folders", {}).get("classes", ())
    try:
        if not set(map(str, named)) <= {folder for name in tree.names for folder in name.split("/")[:-1]}:
            return False
        if isinstance(dataset.read, TreeReader) and not dataset.read.files(tree):
            return False
        labels = dataset.read(tree.path).labels
    except (CatsError, OSError, ValueError, KeyError):
        return False
    present = labels.any(axis=0).sum() if labels.ndim > 1 else len(np.unique(labels))
    near = abs(len(labels) - dataset.images) <= CLOSE * dataset.images
    return bool(near and present == len(dataset.classes))
