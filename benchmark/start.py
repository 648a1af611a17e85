"""What a network starts from: nothing, ready weights, or a pretraining; with an identity that no path enters."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from benchmark import catalogue
from benchmark.digest import digest, file_digest
from benchmark.home import weight_folders
from benchmark.recipe import TRAINER, Recipe, recipe_points
from benchmark.source import Source, Weights
from results.error import CatsError
from results.record import Frozen


class Start(Frozen):
    """The start of a network.

    Attributes:
        kind: random (from the seed), file, timm, or pretraining.
        source: the name by which the entry is found again; no part of the identity.
        weights: sha256 of the file, or timm's tag.
        recipe, data, start: of a pretraining: how, on which images (digest), and from where.
    """

    kind: Literal["random", "file", "timm", "pretraining"]
    source: str
    backbone: str
    seed: int | None = None
    weights: str | None = None
    input: Weights | None = None
    recipe: Recipe | None = None
    data: str | None = None
    start: "Start | None" = None

    @cached_property
    def key(self) -> str:
        """Identity: sha256 of what decides the weights."""
        content = self.model_dump(mode="json", exclude={"source", "start"})
        if self.start is None:
            return digest({**content, "start": None})
        return digest({**content, "start": self.start.key, "trainer": TRAINER})  # a pretraining


def start_of(source: str, backbone: str, seed: int, changes: Mapping[str, Any]) -> Start:
    """The start that a source gives to a backbone; `changes` are the plan's changes of the pretraining recipe.

    Raises CatsError if the source has no weights for this backbone.
    """
    entry = catalogue.source(source)
    if entry.weights is not None:
        return _ready(entry, entry.weights, backbone)
    if entry.dataset is None:
        return Start(kind="random", source=source, backbone=backbone, seed=seed)
    where = f"pretraining of {source}"
    points = recipe_points({"base": "pretraining", **entry.pretraining, **changes}, where)
    if len(points) > 1 or points[0].protocol != "finetune":
        raise CatsError(f"{where}: a pretraining has one point, no grid, and its protocol is finetune")
    before = start_of(entry.start, backbone, seed, changes)
    return Start(
        kind="pretraining", source=source, backbone=backbone, seed=seed, recipe=points[0], data=entry.dataset.digest(),
        start=before,
    )  # fmt: skip


def _ready(entry: Source, weights: Weights, backbone: str) -> Start:
    path = weight_file(weights, backbone)
    if path is not None:
        value = file_digest(path)
        return Start(kind="file", source=entry.name, backbone=backbone, weights=value, input=weights)
    if not weights.timm:
        places = " or ".join(str(folder) for folder in weight_folders())
        raise CatsError(
            f"source {entry.name} has no weights for {backbone}: {backbone}.{weights.file}.safetensors not found in {places}; "
            f"set CATS_WEIGHTS to the folder that holds it"
        )
    from benchmark.network import timm_tag

    return Start(kind="timm", source=entry.name, backbone=backbone, weights=timm_tag(backbone, weights.tag), input=weights)


def weight_file(weights: Weights, backbone: str) -> Path | None:
    """The file with these weights for a backbone, in the first folder that has it."""
    name = f"{backbone}.{weights.file}.safetensors"
    return next((folder / name for folder in weight_folders() if (folder / name).is_file()), None)
