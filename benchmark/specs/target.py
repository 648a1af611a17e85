"""A target: a data set on whose test images sources are compared."""

from typing import Any

from pydantic import model_validator

from benchmark.data.dataset import Dataset
from benchmark.data.split import Subsample
from benchmark.specs.data_sizes import PlanSubsample
from results.record import Frozen


class Target(Frozen):
    """A data set with its split.

    The split is the official one if the data set has one. Otherwise it is 70/15/15 for train, val and test, class by class,
    with every group and all copies of a picture in one part, and seeded by the name of the data set.

    Attributes:
        subsample: how many images are used by a plan that has no `subsample`.
    """

    name: str
    dataset: Dataset
    subsample: Subsample = Subsample()

    @model_validator(mode="before")
    @classmethod
    def _no_metric(cls, content: Any) -> Any:
        if isinstance(content, dict) and "metric" in content:
            raise ValueError("a target has no metric, because a board has one metric for all targets; write it in the plan")
        return content

    def used(self, stated: PlanSubsample | None) -> tuple[Subsample, ...]:
        """Return how many images of each part are used: what a plan states, else what the entry says.

        There is one subsample for each number of training images, the largest number last.
        """
        return (self.subsample,) if stated is None else stated.each
