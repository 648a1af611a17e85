"""`cats publish`."""

import json
import re

from benchmark.core.digest import file_digest
from benchmark.core.paths import tracking_uri
from benchmark.specs import catalogue
from benchmark.specs.model_registry import families
from benchmark.specs.plan import Plan, load_plan
from benchmark.specs.resolve import start_of
from benchmark.specs.source import pick
from benchmark.specs.start import Start
from results.error import CatsError


def publish(source: str, backbone: str, plan: str | None = None, name: str | None = None, seed: int | None = None) -> str:
    """Register the pretrained weights of a source; returns `models:/NAME/VERSION`. `plan` says how it was pretrained.

    Raises CatsError if there is nothing to publish: no pretraining, or none that has been made.
    """
    from benchmark.networks.weight_file import read_weights
    from benchmark.specs.backbones import check_backbone
    from benchmark.specs.start import pretrained_path
    from results.tracking.registry import Registry

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
