"""Weights that were pretrained here, published in MLflow's model registry and found again, bit for bit."""

import json
import re
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import catalogue
from benchmark.digest import file_digest
from benchmark.home import home, tracking_uri
from benchmark.plan import Plan, load_plan
from benchmark.source import Source, Weights, pick
from benchmark.start import Start, start_of
from results.error import CatsError

if TYPE_CHECKING:
    from results.registry import Version


def publish(source: str, backbone: str, plan: str | None = None, name: str | None = None, seed: int | None = None) -> str:
    """Register the pretrained weights of a source; returns `models:/NAME/VERSION`. `plan` says how it was pretrained.

    Raises CatsError if there is nothing to publish: no pretraining, or none that has been made.
    """
    from benchmark.network import check_backbone, read_weights
    from benchmark.start import pretrained_path
    from results.registry import Registry

    check_backbone(backbone)
    entry = catalogue.source(source)
    if entry.dataset is None:
        raise CatsError(f"{source} is {entry.kind}; only what is pretrained here can be published")
    start = _start(source, backbone, load_plan(plan) if plan else None, seed)
    path = pretrained_path(start)
    if not path.exists():
        raise CatsError(f"{source} has not been pretrained for {backbone} in this way yet; {_how(source, backbone, plan)}")
    registry = Registry(tracking_uri())
    run_id = registry.run_of(start.key)
    if run_id is None:
        raise CatsError(
            f"MLflow at {registry.shown} has no finished run of the pretraining {start.key[:12]} of {source}; name the server "
            f"that has it with --tracking-uri, or send what waits with `cats sync {plan or 'PLAN'}`"
        )
    trained = read_weights(path)
    tags = {
        "cats.key": start.key, "cats.sha256": file_digest(path), "cats.backbone": backbone, "cats.source": source,
        "cats.data": str(start.data), "cats.families": json.dumps(_families(start)),
        "cats.licence": entry.licence or entry.dataset.licence, "cats.citation": entry.citation or entry.dataset.citation,
    }  # fmt: skip
    facts = {key.removeprefix("cats."): value for key, value in tags.items()} | {
        "families": _families(start), "mean": trained.mean, "std": trained.std, "channels": trained.channels,
        "arguments": trained.arguments, "recipe": start.recipe.model_dump(mode="json") if start.recipe else None,
    }  # fmt: skip
    chosen = name or re.sub(r"[^A-Za-z0-9_.]+", "-", f"{source}-{backbone}").strip("-")
    return str(registry.publish(chosen, run_id, path, json.dumps(facts, indent=2), tags))


def _start(source: str, backbone: str, plan: Plan | None, seed: int | None) -> Start:
    if plan is None:
        return start_of(source, backbone, seed or 0, {})
    if plan.pretraining_seed is None and seed is None:
        seeds = ", ".join(map(str, plan.seeds))
        raise CatsError(f"plan '{plan.experiment}' pretrains anew for every seed; name one of {seeds} with --seed")
    return plan.start(source, backbone, seed or 0)  # a pretraining that all seeds share has its own seed


def _how(source: str, backbone: str, plan: str | None) -> str:
    if plan is not None:
        return f"run `cats run {plan}` first, with {source} among its sources and {backbone} among its backbones"
    return "name with --plan the plan that pretrains it, and run `cats run PLAN` first if that has not been done"


def _families(start: Start) -> list[str]:
    """The families of data sets behind a pretraining and everything it stands on."""
    found: set[str] = set()
    link: Start | None = start
    while link is not None:
        entry = catalogue.source(link.source)
        found |= {entry.relatives, *entry.seen} if entry.kind != "random" else set()
        if entry.weights is not None and link.kind == "mlflow":
            found |= set(families(str(pick(entry.weights.mlflow, link.backbone))))
        link = link.start
    return sorted(found)


def version_of(reference: str) -> "Version":
    """The published version of that name. Raises CatsError if it is not there or not from `cats publish`."""
    from results.witness import absolute

    return _asked(reference, absolute(tracking_uri()))


@lru_cache(maxsize=64)
def _asked(reference: str, uri: str) -> "Version":
    from results.registry import Registry

    found = Registry(uri).version(reference)
    absent = [name for name in ("cats.key", "cats.sha256", "cats.backbone", "cats.families") if name not in found.tags]
    if absent:
        raise CatsError(f"{reference} was not made by `cats publish`: it lacks the tag {absent[0]}")
    if not re.fullmatch("[0-9a-f]{64}", found.tags["cats.sha256"]):  # it becomes the name of a file
        raise CatsError(f"{reference} was not made by `cats publish`: its tag cats.sha256 is no sha256")
    return found


def families(reference: str) -> list[str]:
    """The families of data sets whose images are behind published weights."""
    told = json.loads(version_of(reference).tags["cats.families"])
    return [str(name) for name in told]


def source_of(reference: str) -> Source:
    """Published weights as a source, by their name in the registry."""
    tags = version_of(reference).tags
    return Source(
        name=reference, title=f"{tags.get('cats.source', '?')}, pretrained for {tags['cats.backbone']} and published",
        weights=Weights(mlflow=reference), licence=tags.get("cats.licence", ""), citation=tags.get("cats.citation", ""),
    )  # fmt: skip


def checksum_of(reference: str, backbone: str) -> str:
    """The sha256 of published weights. Raises CatsError if they are of another backbone."""
    tags = version_of(reference).tags
    if tags["cats.backbone"] != backbone:
        raise CatsError(f"{reference} holds weights of {tags['cats.backbone']}, not of {backbone}")
    return tags["cats.sha256"]


def fetched(reference: str, sha256: str) -> Path:
    """The weights file, kept by its checksum in CATS_HOME. Raises CatsError if what comes has another one."""
    kept = home() / "published" / f"{sha256}.safetensors"
    if kept.exists() and file_digest(kept) == sha256:
        return kept
    from results.registry import Registry

    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=kept.parent) as folder:
            came = Registry(tracking_uri()).download(version_of(reference), Path(folder))
            actual = file_digest(came)
            if actual != sha256:
                raise CatsError(f"the weights of {reference} have sha256 {actual}, expected {sha256}; they are not used")
            came.replace(kept)
    except OSError as error:
        raise CatsError(f"cannot keep the weights of {reference} in {kept.parent}: {error.strerror or error}") from error
    return kept
