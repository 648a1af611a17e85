"""What a network starts from: random weights, ready weights, or a pretraining. No path enters its identity."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from benchmark.core.paths import pretrained_folder
from benchmark.core.trainer_version import TRAINER
from benchmark.specs.recipe import Recipe
from benchmark.specs.source import Weights
from results.digest import digest
from results.record import Frozen


class Start(Frozen):
    """The start of a network.

    Attributes:
        kind: random (from the seed), pretraining, or where ready weights come from: file, timm, hub, mlflow.
        source: the name by which the entry is found again; no part of the identity.
        weights: sha256 of the file wherever it lies, timm's tag, or repository@commit of the hub.
        input: the weights as their entry declares them; what it says about their use is part of the identity.
        recipe, data, start: of a pretraining: how, on which images (digest), and from where.
        registry: of published weights: address of the MLflow server that has them. It may hold a password, so it is in no
            text and in no file; it is no part of the identity.
    """

    kind: Literal["random", "file", "timm", "hub", "mlflow", "pretraining"]
    source: str
    backbone: str
    seed: int | None = None
    weights: str | None = None
    input: Weights | None = None
    recipe: Recipe | None = None
    data: str | None = None
    start: "Start | None" = None
    registry: str | None = Field(None, repr=False, exclude=True)

    @cached_property
    def key(self) -> str:
        """Identity: sha256 of what decides the weights."""
        content = self.model_dump(mode="json", exclude={"source", "start", "input"})
        content["input"] = self.input.reading() if self.input else None
        if self.kind in {"hub", "mlflow"}:
            content["kind"] = "file"  # the same content counts as the same wherever it came from
        if self.start is None:
            return digest({**content, "start": None})
        return digest({**content, "start": self.start.key, "trainer": TRAINER})  # a pretraining


def chain(start: Start) -> list[Start]:
    """A start, then the starts that its pretraining is based on."""
    return [start, *chain(start.start)] if start.start is not None else [start]


def pretrained_path(start: Start) -> Path:
    """The file with the weights of a pretraining, whether it exists or not."""
    return pretrained_folder() / f"{start.key}.safetensors"
