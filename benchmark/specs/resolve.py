"""Finds the start that a source gives to a backbone, with the checksum, tag or commit of its weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from benchmark.core.digest import file_digest
from benchmark.core.paths import weight_folders
from benchmark.data.identity import data_digest
from benchmark.specs.model_registry import checksum_of
from benchmark.specs.protocols import PRETRAINING
from benchmark.specs.recipe import recipe_points
from benchmark.specs.source import NoWeightsError, Source, Weights
from benchmark.specs.start import Start
from benchmark.specs.weight_place import pick
from results.error import CatsError

ENDINGS = (".safetensors", ".pt", ".pth", ".pth.tar", ".ckpt", ".bin")


def start_of(links: Sequence[Source], backbone: str, seed: int, changes: Mapping[str, Any], registry: str) -> Start:
    """Return the start that a source gives to a backbone.

    Args:
        links: the source, then the sources that its pretraining starts from, see benchmark.specs.lineage.
        backbone: a name of timm.
        seed: the seed of a random initialisation or of a pretraining.
        changes: fields of the pretraining recipe that the plan sets.
        registry: address of the MLflow server that has the published weights.

    Raises:
        NoWeightsError: the source, or one that its pretraining starts from, has no weights for this backbone.
        CatsError: there is no such backbone, or the weights differ from those that the source declares.
    """
    entry = links[0]
    if entry.weights is not None:
        return _ready(entry, entry.weights, backbone, registry)
    if entry.dataset is None:
        return Start(kind="random", source=entry.name, backbone=backbone, seed=seed)
    where = f"pretraining of {entry.name}"
    points = recipe_points({"base": "pretraining", **entry.pretraining, **changes}, where)
    if len(points) > 1 or points[0].protocol != PRETRAINING:
        raise CatsError(f"{where}: a pretraining has one point, no grid, and its protocol is {PRETRAINING}")
    before = start_of(links[1:], backbone, seed, changes, registry)
    return Start(
        kind="pretraining", source=entry.name, backbone=backbone, seed=seed, recipe=points[0], data=data_digest(entry.dataset),
        start=before,
    )  # fmt: skip


def _ready(entry: Source, weights: Weights, backbone: str, registry: str) -> Start:
    kind, identity = _identity(entry.name, _with_backbone(weights, entry.backbone), backbone, registry)
    server = registry if kind == "mlflow" else None
    return Start(kind=kind, source=entry.name, backbone=backbone, weights=identity, input=weights, registry=server)


def _with_backbone(weights: Weights, own: str | None) -> Weights:
    """The weights, whose texts for all backbones are of the backbone alone that the entry brings, if it brings one."""
    if own is None:
        return weights
    texts = {name: getattr(weights, name) for name in ("hub", "revision", "hub_file", "mlflow", "sha256")}
    return weights.model_copy(update={name: {own: text} for name, text in texts.items() if isinstance(text, str)})


def _identity(
    source: str, weights: Weights, backbone: str, registry: str
) -> tuple[Literal["file", "timm", "hub", "mlflow"], str]:
    """Return where the weights of a backbone come from, and their checksum, tag or commit."""
    expected = pick(weights.sha256, backbone)
    path = weight_file(weights, backbone)
    if path is not None:
        actual = file_digest(path)
        if expected is not None and actual != expected:
            raise CatsError(f"source {source}: {path} has sha256 {actual}, expected {expected}")
        return "file", actual
    if weights.timm:
        return "timm", _tag(source, weights, backbone)
    repository, model = pick(weights.hub, backbone), pick(weights.mlflow, backbone)
    if repository is not None:
        named = pick(weights.hub_file, backbone)
        return "hub", expected or f"{repository}@{pick(weights.revision, backbone)}" + (f"/{named}" if named else "")
    if model is not None:
        actual = checksum_of(model, backbone, registry)
        if expected is not None and actual != expected:
            raise CatsError(f"source {source}: {model} has sha256 {actual}, expected {expected}")
        return "mlflow", actual
    raise NoWeightsError(f"source {source} has no weights for {backbone}: {_missing(weights, backbone)}")


def _tag(source: str, weights: Weights, backbone: str) -> str:
    """Return timm's name of the weights. Raises NoWeightsError, with the file that may serve instead, if there is none."""
    from benchmark.specs.backbones import check_backbone, timm_tag

    check_backbone(backbone)
    try:
        return timm_tag(backbone, () if isinstance(weights.timm, bool) else weights.timm)
    except CatsError as error:
        file = f"{file_missing(weights, backbone)}; " if weights.file is not None else ""
        raise NoWeightsError(f"source {source} has no weights for {backbone}: {file}{error}") from error


def _missing(weights: Weights, backbone: str) -> str:
    mapping = weights.hub if isinstance(weights.hub, dict) else weights.mlflow
    others = [*mapping] if isinstance(mapping, dict) else []
    if weights.file is not None:
        others = sorted({*others, *backbones_with_file(weights)})
    there = f"it has weights for {', '.join(others)}" if others else ""
    return "; ".join(filter(None, [file_missing(weights, backbone) if weights.file else "", there]))


def file_missing(weights: Weights, backbone: str) -> str:
    """Return which file is missing, where it was looked for, how to get it, and which file that lies there may be meant."""
    places = " or ".join(str(folder) for folder in weight_folders())
    missing = f"{backbone}.{weights.file}.safetensors not found in {places}; set CATS_WEIGHTS to the folder that holds it"
    how = obtained(weights)
    return missing + (f"; {how}" if how else "") + meant_file(weights, backbone)


def obtained(weights: Weights) -> str:
    """Return how to get the file of an entry, as the end of a sentence; empty if the entry does not say it."""
    gate = f"accept the licence on the hub at {weights.gate}, then `huggingface-cli login`" if weights.gate else ""
    return "; ".join(filter(None, [gate, weights.obtain]))


def meant_file(weights: Weights, backbone: str | None) -> str:
    """Return the end of a sentence about a file whose name is almost that of the missing one; empty if none lies there."""
    files = sorted(path for folder in weight_folders() if folder.is_dir() for path in folder.iterdir() if path.is_file())
    words = [word.lower() for word in (backbone, weights.file) if word]
    held = {path: sum(word in path.name.lower() for word in words) for path in files}
    for path in sorted(filter(held.get, files), key=lambda each: -held[each]):
        ending = next((each for each in sorted(ENDINGS, key=len, reverse=True) if path.name.lower().endswith(each)), None)
        if ending is None and held[path] == len(words) > 1:
            return f"; {path} lies there, but only files that end in {', '.join(ENDINGS)} are read"
        of_another = held[path] < len(words) and path.name.count(".") > str(ending).count(".")
        if ending is not None and not of_another:
            return f"; {path} lies there: call it {backbone or 'BACKBONE'}.{weights.file}{ending} if it is meant"
    return ""


def weight_file(weights: Weights, backbone: str) -> Path | None:
    """Return the file with these weights for a backbone, from the first folder of weights that has it; None if none has it."""
    return next(iter(_weight_files(weights, backbone)), None)


def _weight_files(weights: Weights, backbone: str) -> list[Path]:
    names = [f"{backbone}.{weights.file}{ending}" for ending in ENDINGS] if weights.file else []
    return [folder / name for folder in weight_folders() for name in names if (folder / name).is_file()]


def passed_over(start: Start) -> list[str]:
    """Return a sentence if a file that lies in the folders of weights may be meant instead of the weights that are taken."""
    if start.input is None or start.input.file is None:
        return []
    files = _weight_files(start.input, start.backbone)
    if files:
        return [f"{files[0]} is taken; {other} lies there too" for other in files[1:]]
    hint = meant_file(start.input, start.backbone)
    return [f"source {start.source}: the weights {start.weights} of {start.kind} are taken{hint}"] if hint else []


def backbones_with_file(weights: Weights) -> list[str]:
    """Return the backbones for which a folder of weights has a file with these weights."""
    tails = [f".{weights.file}{ending}" for ending in ENDINGS] if weights.file else []
    return sorted({p.name.removesuffix(tail) for folder in weight_folders() for tail in tails for p in folder.glob(f"*{tail}")})
