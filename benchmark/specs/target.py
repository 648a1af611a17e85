"""A target: the data set whose test score counts."""

from benchmark.data.dataset import Dataset
from benchmark.data.split import Subsample
from results.record import Frozen


class Target(Frozen):
    """A data set with its split and main metric.

    The split is the official one where the data set has one, else 70/15/15, stratified, whole groups, seeded by name.
    """

    name: str
    dataset: Dataset
    metric: str = "auc"
    subsample: Subsample = Subsample()
