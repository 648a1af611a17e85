"""Rows of tables about ready weights: what each entry of this project holds, and which layouts of files are read."""

from collections.abc import Iterator

from benchmark.networks.layout import layout, layout_names
from benchmark.specs import catalogue
from benchmark.specs.source import Source, Weights

COLUMNS = ["source", "what it is", "backbone", "licence", "images", "has seen", "where from"]


def source_rows() -> Iterator[list[str]]:
    """One row for each shipped source of ready weights."""
    for name in catalogue.shipped("sources"):
        source = catalogue.source(name)
        if source.weights is not None:
            own = f"`{source.backbone}`" if source.backbone else "those of the plan"
            yield [f"`{name}`", source.title, own, source.licence, *_facts(source), _place(source.weights)]


def _facts(source: Source) -> list[str]:
    images = f"{source.images:,}" if source.images else "not known"
    return [images, ", ".join(f"`{name}`" for name in source.seen) or "none named"]


def _place(weights: Weights) -> str:
    """Where the weights come from when no file lies in the folder of weights."""
    gate = f" ([accept the licence first]({weights.gate}))" if weights.gate else ""
    if isinstance(weights.timm, tuple):
        return f"timm, tag {', '.join(f'`{tag}`' for tag in weights.timm)}{gate}"
    if weights.timm:
        return f"timm's own choice{gate}"
    if weights.hub:
        places = [weights.hub] if isinstance(weights.hub, str) else list(weights.hub.values())
        return f"hub, {', '.join(f'`{place}`' for place in places)}{gate}"
    return f"`BACKBONE.{weights.file}` in `CATS_WEIGHTS`{gate}"


def layout_rows() -> Iterator[list[str]]:
    """One row for each layout."""
    for name in layout_names():
        yield [f"`{name}`", layout(name).title]
