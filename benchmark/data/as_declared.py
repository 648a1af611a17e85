"""What a reader returns is compared with what the entry declares."""

from collections import Counter

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.readers.attributes import check_attributes
from benchmark.data.readers.cells import absent_groups
from benchmark.data.readers.part_words import part_of
from benchmark.data.readers.samples import PARTS, Samples
from results.error import CatsError
from results.text.counts import how_many


def check_samples(dataset: Dataset, samples: Samples) -> None:
    """Compare the samples with what the entry declares. Raises CatsError for the first difference."""
    _check_table(dataset, samples)
    count, classes, labels = len(samples.ids), len(dataset.classes), samples.labels
    if dataset.task == "multilabel":
        if labels.shape != (count, classes) or not np.isin(labels, (0, 1)).all():
            raise CatsError(f"{dataset.name} is multi-label: labels must be {count} × {classes} of 0 and 1")
        return
    if labels.ndim > 1 and count:
        raise CatsError(
            f"{dataset.name}: image {samples.ids[0]} has label {labels[0]}, and the task is {dataset.task}: set `one_hot: "
            "true` for the reader if exactly one of them is 1 for each image, or `task: multilabel`"
        )
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if outside.size:
        hint = "; images without a label are left out if `missing` of the reader lists -1" if (labels == -1).any() else ""
        raise CatsError(
            f"{dataset.name}: image {samples.ids[outside[0]]} has label {labels[outside[0]]}; "
            f"allowed are 0 to {classes - 1} ({', '.join(dataset.classes)}){hint}"
        )
    parts = np.array(samples.parts if samples.parts is not None else [""] * count)
    official = [part for part in PARTS if part in parts]  # val may be missing; it is then drawn from train
    if dataset.official is not None and set(official) != set(dataset.official):
        found, declared = (", ".join(names) or "none" for names in (official, dataset.official))
        raise CatsError(f"{dataset.name}: the official parts are {found}; declared are {declared}")
    for part in official or [""]:
        absent = set(range(classes)) - set(labels[parts == part].tolist())
        if absent:
            raise CatsError(f"{dataset.name}: the class '{dataset.classes[min(absent)]}' has no image in {part or 'the data'}")


def _check_table(dataset: Dataset, samples: Samples) -> None:
    """Compare the lengths of labels, ids, groups and parts with the declared number of images."""
    count, labels = len(samples.ids), samples.labels
    if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iub":
        raise CatsError(f"{dataset.name}: labels must be an array of whole numbers")
    for what, values in (("groups", samples.groups), ("parts", samples.parts)):
        if values is not None and len(values) != count:
            raise CatsError(f"{dataset.name} has {len(values):,} {what} for {how_many(count, 'image')}")
    check_attributes(dataset.name, samples.attributes, count)
    if dataset.images is not None and count != dataset.images:
        raise CatsError(f"{dataset.name} has {how_many(count, 'image')}; {how_many(dataset.images, 'is', 'are')} declared")
    if len(labels) != count:
        raise CatsError(f"{dataset.name} has {how_many(len(labels), 'label')} for {how_many(count, 'image')}")
    again = next((name for name, times in Counter(samples.ids).items() if times > 1), None)
    if again is not None:
        one, other = [number for number, name in enumerate(samples.ids, 1) if name == again][:2]
        raise CatsError(f"{dataset.name}: an image id is given twice: '{again}', for images {one} and {other} of {count}")
    word = next((word for word in dict.fromkeys(samples.parts or ()) if word not in PARTS and part_of(word)), None)
    if word is not None:
        raise CatsError(
            f"{dataset.name} names the part '{word}', whose images would be used nowhere; the reader must say {part_of(word)}"
        )
    unknown = next((name for name in absent_groups(samples.groups or ()) if name), None)  # a blank one is declared nowhere
    if unknown is not None:
        raise CatsError(f"{dataset.name} names the {dataset.groups or 'group'} '{unknown}', which means an unknown one")
