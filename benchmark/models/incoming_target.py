"""The images of a target, by its name: decoded once, with labels and patients."""

from collections.abc import Sequence

import numpy as np

from benchmark.data.decoded import load_images
from benchmark.data.private_names import written_names
from benchmark.data.readers.samples import PARTS
from benchmark.data.split import split
from benchmark.models.incoming import Incoming
from benchmark.models.manifest import Manifest
from benchmark.specs import catalogue
from results.error import CatsError, meaning

EVERY = "all"


def way_to_more(inputs: Sequence[str], part: str, incoming: Incoming) -> str:
    """The end of a sentence about too few images, where a part of a target was taken: how all of its images are taken."""
    if incoming.pixels is None or part == EVERY:
        return ""
    return f"; these are the part {part} of {inputs[0]}, --target-part {EVERY} takes all of its images"


def incoming_of_target(name: str, part: str, manifest: Manifest) -> Incoming:
    """The images of a part of a target, `train`, `val` or `test`, or of `all`; labels only if the classes are the classifier's.

    Names of private images are digests, as in the record.

    Raises CatsError for an unknown part, and if the images cannot be read.
    """
    if part not in {*PARTS, EVERY}:
        raise CatsError(f"--target-part is {part}; allowed are {', '.join(PARTS)} and {EVERY}{meaning(part, [*PARTS, EVERY])}")
    dataset = catalogue.target(name).dataset
    images = load_images(dataset, manifest.reading.size)
    rows = np.arange(len(images.ids)) if part == EVERY else split(dataset, images)[part]
    if not len(rows):
        raise CatsError(f"the part {part} of {name} holds no image")
    same = tuple(dataset.classes) == manifest.classes and dataset.task == manifest.task
    note = f"{name} has other classes ({', '.join(dataset.classes)}) than the classifier ({', '.join(manifest.classes)})"
    names, groups = written_names(images.ids[rows], dataset), images.groups[rows]
    return Incoming(  # the images stay on the disk, from which each is read when its turn comes
        names, pixels=images.images, rows=rows, sides=images.sides, labels=images.labels[rows] if same else None,
        groups=groups if groups.all() else None, unscored=() if same else (f"{note}: nothing is scored",),
    )  # fmt: skip
