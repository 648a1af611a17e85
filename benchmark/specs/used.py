"""The data sets and the weights that runs used, as their entries describe them: for citations and licences."""

from collections.abc import Iterable
from typing import Literal

from benchmark.specs import catalogue
from benchmark.specs.lineage import lineage
from benchmark.specs.source import Source
from results.error import CatsError
from results.report.references import Reference


def used(sources: Iterable[str], targets: Iterable[str]) -> list[Reference]:
    """References to all targets, then to all sources and to those that their pretrainings start from, each once.

    Random weights are left out. What has no entry on this machine is named, and nothing is known of it.
    """
    found = dict[tuple[str, str], Reference]()
    for name in sorted(set(targets)):
        found["target", name] = _target(name)
    for name in sorted(set(sources)):
        for link in _links(name):
            found.setdefault((link.role, link.name), link)
    return list(found.values())


def _known(name: str, *kinds: catalogue.Kind) -> bool:
    """Whether there is an entry of this name. To say where an unknown name belongs, the catalogue may have to load torch."""
    return any(name.partition("[")[0].strip() in catalogue.names(kind) for kind in kinds)


def _target(name: str) -> Reference:
    if not _known(name, "targets"):
        return Reference("target", name, known=False)
    try:
        dataset = catalogue.target(name).dataset
    except CatsError:
        return Reference("target", name, known=False)
    return Reference("target", name, dataset.title, dataset.licence, dataset.citation)


def _links(name: str) -> list[Reference]:
    if not name.startswith("models:/") and not _known(name, "sources", "targets"):
        return [Reference("source", name, known=False)]
    try:
        links = lineage(name)
    except CatsError:
        return [Reference("source", name, known=False)]
    return [_source(link) for link in links if link.kind != "random"]


def _source(link: Source) -> Reference:
    role: Literal["source"] = "source"
    words = link.dataset if link.dataset is not None and not link.licence else link
    return Reference(role, link.name, link.title, words.licence, words.citation, _place(link))


def _place(link: Source) -> str:
    """Where ready weights come from; empty for a data set."""
    weights = link.weights
    if weights is None:
        return ""
    if isinstance(weights.hub, str):
        return f"{weights.hub}@{weights.revision}" if weights.revision else weights.hub
    if weights.timm:
        tags = f" ({', '.join(weights.timm)})" if isinstance(weights.timm, tuple) else ""
        return f"timm{tags}"
    if isinstance(weights.mlflow, str):
        return weights.mlflow
    return f"a file {weights.file}" if weights.file else "several, one for each backbone"
