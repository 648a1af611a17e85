"""Source + backbone -> Start (checksum, tag, commit)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from benchmark.core.digest import file_digest
from benchmark.core.paths import weight_folders
from benchmark.specs import catalogue
from benchmark.specs.protocols import PRETRAINING
from benchmark.specs.recipe import recipe_points
from benchmark.specs.source import Source, Weights, pick
from benchmark.specs.start import Start
from results.error import CatsError

ENDINGS = (".safetensors", ".pt", ".pth")


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
    if len(points) > 1 or points[0].protocol != PRETRAINING:
        raise CatsError(f"{where}: a pretraining has one point, no grid, and its protocol is {PRETRAINING}")
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
        from benchmark.specs.backbones import timm_tag

        return "timm", timm_tag(backbone, () if isinstance(weights.timm, bool) else weights.timm)
    repository, model = pick(weights.hub, backbone), pick(weights.mlflow, backbone)
    if repository is not None:
        return "hub", expected or f"{repository}@{pick(weights.revision, backbone)}"
    if model is not None:
        from benchmark.specs.model_registry import checksum_of

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
