"""Entries by name: one file in `sources/`, `targets/` or `similarity/`, nothing to register, imported only when asked for.

An entry is `NAME.yaml`, or `NAME.py` with `source` or `target`: an object, or a function of options. Options stand in
brackets: `breastmnist[size=224]`, `fractal[classes=100]`. Any target can be a source; any source that is pretrained can
start from another one: `breastmnist[from=imagenet]`.
"""

import importlib
import importlib.metadata
import importlib.resources
import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from benchmark.parse import parse, read_yaml
from benchmark.source import Source
from benchmark.target import Target
from results.error import CatsError, nearest

Kind = Literal["sources", "targets", "similarity"]
WORD = {"sources": "source", "targets": "target", "similarity": "measure"}
REFERENCE = re.compile(r"^([a-z0-9_]+)(?:\[(.*)\])?$")


def names(kind: Kind) -> list[str]:
    """Names of all entries of one kind, ours and those of other packages (entry points `cats.sources` ...)."""
    folder = importlib.resources.files(kind)
    own = [Path(file.name) for file in folder.iterdir() if not file.name.startswith("_")]
    ours = {file.stem for file in own if file.suffix in {".py", ".yaml"}}
    theirs = {point.name for point in importlib.metadata.entry_points(group=f"cats.{kind}")}
    return sorted(ours | theirs)


@cache
def source(reference: str, where: str = "") -> Source:
    """The source a plan names. Raises CatsError for an unknown name or option; `where` is the end of its sentence."""
    name, options = split_reference(reference)
    start = options.pop("from", None)
    if name in names("sources"):
        found = cast("Source", _entry("sources", name, options))
    elif name in names("targets"):
        target = cast("Target", _entry("targets", name, options))
        dataset = target.dataset
        found = Source(name=name, title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation)
    else:
        raise CatsError(f"no source called '{name}'{where}{nearest(name, {*names('sources'), *names('targets')})}")
    if start is not None:
        if found.dataset is None:
            raise CatsError(f"{reference}: only a source that is pretrained can start from another; {name} is {found.kind}")
        found = found.model_copy(update={"start": str(start)})
    return found.model_copy(update={"name": reference})


@cache
def target(reference: str, where: str = "") -> Target:
    """The target a plan names. Raises CatsError for an unknown name or option; `where` is the end of its sentence."""
    name, options = split_reference(reference)
    if name not in names("targets"):
        raise CatsError(f"no target called '{name}'{where}{nearest(name, names('targets'))}")
    return cast("Target", _entry("targets", name, options)).model_copy(update={"name": reference})


def split_reference(reference: str) -> tuple[str, dict[str, Any]]:
    """`name[option=value,...]` as name and options; values are read as YAML scalars."""
    match = REFERENCE.match(reference)
    if match is None:
        raise CatsError(f"'{reference}' is no name; write it like breastmnist or breastmnist[size=64]")
    options = {}
    for item in (match[2] or "").split(",") if match[2] else []:
        key, equals, value = item.partition("=")
        if not equals:
            raise CatsError(f"'{reference}': '{item}' is no option; write it like size=64")
        options[key.strip()] = yaml.safe_load(value)
    return match[1], options


def _entry(kind: Kind, name: str, options: dict[str, Any]) -> object:
    model: type[Source | Target] = Source if kind == "sources" else Target
    path = Path(str(importlib.resources.files(kind).joinpath(f"{name}.yaml")))
    if path.is_file():
        if options:
            raise CatsError(f"{name} takes no option '{next(iter(options))}'")
        return parse(model, _described(name, read_yaml(path)), f"{kind}/{name}.yaml")
    points = {point.name: point for point in importlib.metadata.entry_points(group=f"cats.{kind}")}
    module = points[name].load() if name in points else importlib.import_module(f"{kind}.{name}")
    made = getattr(module, WORD[kind], None)
    if isinstance(made, model) and not options:
        return made
    if not callable(made):
        raise CatsError(f"{kind}/{name}.py must define `{WORD[kind]}`" if made is None else f"{name} takes no options")
    return _call(made, name, options)


def _call(make: Callable[..., object], name: str, options: dict[str, Any]) -> object:
    allowed = inspect.signature(make).parameters
    for option in options:
        if option not in allowed:
            raise CatsError(f"{name} takes no option '{option}'{nearest(option, [*allowed, 'from'])}")
    return make(**options)


def _described(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """A YAML entry without what its file name says already."""
    content = {"name": name, **content}
    if isinstance(content.get("dataset"), dict):
        content["dataset"] = {"name": name, "title": content.get("title", name), **content["dataset"]}
    return content
