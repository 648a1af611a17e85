"""A source: what a network knows before it meets the target."""

from typing import Any, Literal

from pydantic import model_validator

from benchmark.dataset import Dataset
from results.record import Frozen


class Weights(Frozen):
    """Ready weights: a file `{backbone}.{file}.safetensors` in the weights folder, else timm's own for the backbone.

    mean, std (of images in [0, 1], in the order red, green, blue), channel order and padding travel with the weights:
    those of a file stand in its metadata or here, those of timm in its configuration.
    """

    file: str
    timm: bool = False
    tag: str | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    channels: Literal["rgb", "bgr"] = "rgb"


class Source(Frozen):
    """A data set to pretrain on, or ready weights, or nothing at all (scratch).

    Attributes:
        pretraining: fields of the recipe that differ from the recipe `pretraining`.
        start: the source that pretraining starts from.
        seen: families of data sets whose images are behind it, where they are several (medmnist_all).
    """

    name: str
    title: str
    dataset: Dataset | None = None
    weights: Weights | None = None
    pretraining: dict[str, Any] = {}
    start: str = "scratch"
    licence: str = ""
    citation: str = ""
    images: int | None = None
    seen: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if self.dataset is not None and self.weights is not None:
            raise ValueError(f"{self.name} gives both a data set and weights; a source has one of them, or none (scratch)")
        return self

    @property
    def relatives(self) -> str:
        """The family of the images behind this source."""
        return self.dataset.relatives if self.dataset else self.name

    def knows(self, family: str) -> bool:
        """Whether images of a family of data sets are behind this source, so that it must not meet a target of it."""
        return family == self.relatives or family in self.seen

    @property
    def kind(self) -> str:
        """What the source is: weights, pretraining or random."""
        return "weights" if self.weights else "pretraining" if self.dataset else "random"
