"""Publication of pretrained weights in MLflow's model registry."""

import json
import re

from benchmark.core.digest import file_digest
from benchmark.specs import catalogue
from benchmark.specs.lineage import lineage
from benchmark.specs.model_registry import families
from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.resolve import start_of
from benchmark.specs.start import Start
from benchmark.specs.weight_place import pick
from results.error import CatsError
from results.files.kept import damage
from results.tracking.change_counter import absolute


def publish(
    source: str, backbone: str, tracking_uri: str, plan: str | None = None, name: str | None = None, seed: int | None = None
) -> str:
    """Register the pretrained weights of a source at an MLflow server; returns `models:/NAME/VERSION`.

    `plan`: name or path of the plan that pretrained the source.

    Raises CatsError if the source is not pretrained by a plan, or if that pretraining has not been run.
    """
    from benchmark.networks.weight_file import read_weights
    from benchmark.specs.backbones import check_backbone
    from benchmark.specs.start import AGAIN, pretrained_path
    from results.tracking.registry import Registry

    check_backbone(backbone)
    entry = catalogue.source(source)
    if entry.dataset is None:
        raise CatsError(f"{source} is {entry.kind_in_words}; only sources pretrained by a plan can be published")
    start = _start(source, backbone, absolute(tracking_uri), load_plan(plan) if plan else None, seed)
    path = pretrained_path(start)
    if not path.exists():
        raise CatsError(f"{source} has not been pretrained for {backbone} in this way yet; {_how(source, backbone, plan)}")
    wrong = damage(path)
    if wrong is not None:
        raise CatsError(f"the pretrained weights {path} are damaged, the file {wrong}; {AGAIN}")
    registry = Registry(tracking_uri)
    run_id = registry.run_of(start.key)
    if run_id is None:
        raise CatsError(
            f"MLflow at {registry.shown} has no finished run of the pretraining {start.key[:12]} of {source}; name the server "
            f"that has it with --tracking-uri, or send waiting records with `cats sync {plan or 'PLAN'}`"
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


def _start(source: str, backbone: str, registry: str, plan: Plan | None, seed: int | None) -> Start:
    links = lineage(source)
    if plan is None:
        return start_of(links, backbone, seed or 0, {}, registry)
    if plan.pretraining_seed is None and seed is None:
        seeds = ", ".join(map(str, plan.seeds))
        raise CatsError(f"plan '{plan.experiment}' pretrains once for every seed; name one of {seeds} with --seed")
    shared = plan.pretraining_seed  # a pretraining that all seeds share has its own seed
    return start_of(links, backbone, (seed or 0) if shared is None else shared, plan.pretraining, registry)


def _how(source: str, backbone: str, plan: str | None) -> str:
    if plan is not None:
        return f"run `cats run {plan}` first, with {source} among its sources and {backbone} among its backbones"
    return "name with --plan the plan that pretrains it, and run `cats run PLAN` first if that has not been done"


def _families(start: Start) -> list[str]:
    """The families of data sets behind a pretraining and everything that it starts from."""
    names: set[str] = set()
    link: Start | None = start
    while link is not None:
        entry = catalogue.source(link.source)
        names |= {entry.relatives, *entry.seen} if entry.kind != "random" else set()
        if entry.weights is not None and link.kind == "mlflow":
            names |= set(families(str(pick(entry.weights.mlflow, link.backbone)), str(link.registry)))
        link = link.start
    return sorted(names)
