"""What a network starts from: nothing, ready weights, or a pretraining; with an identity that no path enters."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from benchmark import catalogue
from benchmark.digest import digest, file_digest
from benchmark.home import home, weight_folders
from benchmark.recipe import TRAINER, Recipe, recipe_points
from benchmark.source import Source, Weights, pick
from results.error import CatsError
from results.record import Frozen

ENDINGS = (".safetensors", ".pt", ".pth")


class Start(Frozen):
    """The start of a network.

    Attributes:
        kind: random (from the seed), pretraining, or where ready weights come from: file, timm, hub, mlflow.
        source: the name by which the entry is found again; no part of the identity.
        weights: sha256 of the file wherever it lies, timm's tag, or repository@commit of the hub.
        input: the weights as their entry declares them; what it says about their use is part of the identity.
        recipe, data, start: of a pretraining: how, on which images (digest), and from where.
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
    """A start and everything it stands on."""
    return [start, *chain(start.start)] if start.start is not None else [start]


def pretrained_path(start: Start) -> Path:
    """Where the weights of a pretraining lie."""
    return home() / "pretrained" / f"{start.key}.safetensors"


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
    kind, value = _found(entry.name, weights, backbone)
    return Start(kind=kind, source=entry.name, backbone=backbone, weights=value, input=weights)


def _found(source: str, weights: Weights, backbone: str) -> tuple[Literal["file", "timm", "hub", "mlflow"], str]:
    """Where the weights of a backbone come from and what they are: checksum, tag or commit."""
    expected = pick(weights.sha256, backbone)
    path = weight_file(weights, backbone)
    if path is not None:
        actual = file_digest(path)
        if expected is not None and actual != expected:
            raise CatsError(f"source {source}: {path} has sha256 {actual}, expected {expected}")
        return "file", actual
    if weights.timm:
        from benchmark.published_timm import timm_tag

        return "timm", timm_tag(backbone, () if isinstance(weights.timm, bool) else weights.timm)
    repository, model = pick(weights.hub, backbone), pick(weights.mlflow, backbone)
    if repository is not None:
        return "hub", expected or f"{repository}@{pick(weights.revision, backbone)}"
    if model is not None:
        from benchmark.published import checksum_of

        actual = checksum_of(model, backbone)
        if expected is not None and actual != expected:
            raise CatsError(f"source {source}: {model} has sha256 {actual}, expected {expected}")
        return "mlflow", actual
    raise CatsError(f"source {source} has no weights for {backbone}: {_missing(weights, backbone)}")


def _missing(weights: Weights, backbone: str) -> str:
    given = weights.hub if isinstance(weights.hub, dict) else weights.mlflow
    others = f"there are some for {', '.join(given)}" if isinstance(given, dict) else ""
    if weights.file is None:
        return others
    places = " or ".join(str(folder) for folder in weight_folders())
    names = f"{backbone}.{weights.file}.safetensors not found in {places}; set CATS_WEIGHTS to the folder that holds it"
    return f"{names}; {others}" if others else names


def weight_file(weights: Weights, backbone: str) -> Path | None:
    """The file with these weights for a backbone, in the first folder that has it."""
    names = [f"{backbone}.{weights.file}{ending}" for ending in ENDINGS] if weights.file else []
    return next((folder / name for folder in weight_folders() for name in names if (folder / name).is_file()), None)


def backbones_with_file(weights: Weights) -> list[str]:
    """The backbones for which a file with these weights lies in a folder of weights."""
    tails = [f".{weights.file}{ending}" for ending in ENDINGS] if weights.file else []
    return sorted({p.name.removesuffix(tail) for folder in weight_folders() for tail in tails for p in folder.glob(f"*{tail}")})
