"""A target: the data set whose test score counts."""

from typing import Any

from pydantic import model_validator

from benchmark.data.dataset import Dataset
from benchmark.data.split import Subsample
from results.record import Frozen


class Target(Frozen):
    """A data set with its split.

    The split is the official one where the data set has one, else 70/15/15, stratified, whole groups, seeded by name.

    Attributes:
        subsample: how many images are used by plans that do not say so themselves.
    """

    name: str
    dataset: Dataset
    subsample: Subsample = Subsample()

    @model_validator(mode="before")
    @classmethod
    def _no_metric(cls, content: Any) -> Any:
        if isinstance(content, dict) and "metric" in content:
            raise ValueError("a target has no metric, since one board compares all targets by one; write it in the plan")
        return content
