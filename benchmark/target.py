"""A target: the data set whose test score counts."""

from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from benchmark.dataset import Dataset
from results.record import Frozen


class Subsample(Frozen):
    """How many images of a part are used; None: all. Test images are never left out.

    Attributes:
        train, val: images in all, or, with `per_class`, of each class.
        stratified: keep the shares of the classes. Without it images are drawn blindly, as CATS 2024 did.
        seed: draws the same images in every cell; None draws anew for every seed of the plan, so that the interval over
            seeds holds the luck of the draw too.
    """

    train: int | None = Field(None, ge=1)
    val: int | None = Field(None, ge=1)
    per_class: bool = False
    stratified: bool = True
    seed: int | None = None

    def drawn_by(self, seed: int) -> int | None:
        """What decides, beside the target, which images a cell with this seed uses; None: every seed uses the same."""
        return None if self.seed is not None or (self.train is None and self.val is None) else seed

    @field_validator("train", "val", "seed", mode="before")
    @classmethod
    def _no_truth_values(cls, given: Any) -> Any:
        if isinstance(given, bool):
            raise PydanticCustomError("truth", "input should be a number, not a truth value")
        return given


class Target(Frozen):
    """A data set with its split and main metric.

    The split is the official one where the data set has one, else 70/15/15, stratified, whole groups, seeded by name.
    """

    name: str
    dataset: Dataset
    metric: str = "auc"
    subsample: Subsample = Subsample()
