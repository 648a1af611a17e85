"""What looks wrong in the classes and labels of a data set, though it breaks no promise."""

from benchmark.data.dataset import Dataset
from benchmark.data.readers.cells import label_doubts, number_of
from benchmark.data.readers.samples import Samples


def doubtful_labels(dataset: Dataset, samples: Samples) -> list[str]:
    """Sentences about names of classes that look like missing or repeated labels, and about tasks that labels contradict."""
    doubts = label_doubts(dataset.classes)
    if dataset.task == "multilabel" and (samples.labels.sum(axis=1) == 1).all():
        doubts.append("every image has exactly one label: the task may be multiclass, read with `one_hot: true`")
    alphabetical = len(dataset.classes) > 2 and list(dataset.classes) == sorted(dataset.classes)
    if dataset.task == "ordinal" and alphabetical and any(number_of(name) is None for name in dataset.classes):
        doubts.append(f"the ordered classes are in the order of the alphabet: {', '.join(dataset.classes)}")
    return doubts
