"""Entries by name: one file in `sources/`, `targets/` or `similarity/`, nothing to register, imported only when asked for.

They are found in three places: in this checkout, in folders of the same names below `CATS_ENTRIES` (the user's own), and
behind the entry points `cats.sources`, `cats.targets` and `cats.similarity` of other packages. A YAML entry holds values and
names of readers, no code; a Python entry is code that runs when the entry is used, even if another person wrote it.

An entry is `NAME.yaml`, or `NAME.py` with `source` or `target`: an object, or a function of options. Options are written in
brackets: `breastmnist[size=224]`, `fractal[classes=100]`. Any target can be a source; any source that is pretrained can
start from another one: `breastmnist[from=imagenet]`. Weights that `cats publish` has put into MLflow's model registry are
a source by their name there: `models:/NAME/VERSION`.
"""

import importlib
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast

import yaml

from benchmark.core.parse import parse, read_yaml
from benchmark.core.paths import entries_folder
from benchmark.specs.old_imports import advice
from benchmark.specs.source import MODEL, Source, Weights
from benchmark.specs.target import Target
from results.error import CatsError, first_line, nearest

if TYPE_CHECKING:
    from benchmark.specs.measure import Measure

Kind = Literal["sources", "targets", "similarity"]
WORD = {"sources": "source", "targets": "target", "similarity": "measure"}
REFERENCE = re.compile(r"^([a-z0-9_]+)(?:\[(.*)\])?$")


def names(kind: Kind) -> list[str]:
    """Names of all entries of one kind: ours, the user's own and those of other packages."""
    return sorted(spots(kind))


def spots(kind: Kind) -> dict[str, list[Path | EntryPoint]]:
    """The places of each entry of one kind. A name with two places is an error only for the command that uses it."""
    found: dict[str, list[Path | EntryPoint]] = {}
    for folder in dict.fromkeys((_ours(kind), (entries_folder() / kind).resolve())):
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file.suffix in {".py", ".yaml"} and not file.name.startswith(("_", ".")):
                found.setdefault(file.stem, []).append(file)
    for point in _points(kind):
        found.setdefault(point.name, []).append(point)
    return found


def _ours(kind: Kind) -> Path:
    return Path(str(importlib.resources.files(kind))).resolve()


@cache
def _points(kind: Kind) -> list[EntryPoint]:
    return list(importlib.metadata.entry_points(group=f"cats.{kind}"))


@cache
def source(reference: str, where: str = "") -> Source:
    """The source a plan names. Raises CatsError for an unknown name or option; `where` is the end of its sentence."""
    if reference.startswith("models:/"):
        if MODEL.fullmatch(reference) is None:
            raise CatsError(f"'{reference}' names no version of a registered model; write models:/NAME/VERSION")
        return Source(name=reference, title="published weights", weights=Weights(mlflow=reference))
    name, options = split_reference(reference)
    start = (options.pop("from") or "") if "from" in options else None
    if name in names("sources"):
        found = cast("Source", _entry("sources", name, options))
    elif name in names("targets"):
        target = cast("Target", _entry("targets", name, options))
        dataset = target.dataset
        found = Source(name=name, title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation)
    else:
        raise CatsError(f"no source called '{name}'{where}{nearest(name, {*names('sources'), *names('targets')})}")
    if start is not None:
        if not isinstance(start, str) or not start:
            raise CatsError(f"'{reference}': from names the source to start from, not '{start}'")
        if found.dataset is None:
            raise CatsError(f"{reference}: only a source that is pretrained can start from another; {name} is {found.kind}")
        found = found.model_copy(update={"start": start})
    return found.model_copy(update={"name": reference})


@cache
def target(reference: str, where: str = "") -> Target:
    """The target a plan names. Raises CatsError for an unknown name or option; `where` is the end of its sentence."""
    name, options = split_reference(reference)
    if name not in names("targets"):
        raise CatsError(f"no target called '{name}'{where}{nearest(name, names('targets'))}")
    return cast("Target", _entry("targets", name, options)).model_copy(update={"name": reference})


@cache
def measure(reference: str, where: str = "") -> "Measure":
    """The measure a plan names. Raises CatsError for an unknown name or option; `where` is the end of its sentence."""
    from benchmark.specs.measure import Measure

    name, options = split_reference(reference)
    if name not in names("similarity"):
        raise CatsError(f"no measure called '{name}'{where}{nearest(name, names('similarity'))}")
    spot = _only_spot("similarity", name)
    loaded = _loaded(spot, "similarity", name, _said(spot, "similarity"))
    found = getattr(loaded, name, None) if isinstance(loaded, ModuleType) else loaded
    if not isinstance(found, Measure):
        raise CatsError(f"{_said(spot, 'similarity')} must define `{name}`, a function under @measure(...)")
    return found.with_options(options) if options else found


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
        if key.strip() in options:
            raise CatsError(f"'{reference}' gives {key.strip()} twice")
        try:
            options[key.strip()] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, TypeError):
            raise CatsError(f"'{reference}': '{value}' is no value; write it like size=64") from None
    return match[1], options


def _entry(kind: Kind, name: str, options: dict[str, Any]) -> Source | Target:
    spot = _only_spot(kind, name)
    where = _said(spot, kind)
    entry: Source | Target
    if isinstance(spot, Path) and spot.suffix == ".yaml":
        if options:
            raise CatsError(f"{name} takes no option '{next(iter(options))}'")
        entry = parse(_model(kind), described(kind, name, read_yaml(spot)), where)
    else:
        entry = _made(_loaded(spot, kind, name, where), kind, name, options, where)
    if entry.dataset is not None and entry.dataset.place and isinstance(spot, Path) and spot.parent == _ours(kind):
        raise CatsError(f"{where}: a place is a path of one machine; only an entry of your own, in CATS_ENTRIES, may name one")
    return entry


def _model(kind: Kind) -> type[Source | Target]:
    return Source if kind == "sources" else Target


def _made(loaded: Any, kind: Kind, name: str, options: dict[str, Any], where: str) -> Source | Target:
    """The entry that a module holds, or that an entry point names."""
    model = _model(kind)
    found = getattr(loaded, WORD[kind], None) if isinstance(loaded, ModuleType) else loaded
    if isinstance(found, model):
        if options:
            raise CatsError(f"{name} takes no options")
        return found
    if not callable(found):
        raise CatsError(f"{where} must define `{WORD[kind]}`, a {model.__name__} or a function that makes one")
    entry = _call(found, name, options)
    if not isinstance(entry, model):
        raise CatsError(f"{where} makes a {type(entry).__name__}; it must make a {model.__name__}")
    return entry


def _only_spot(kind: Kind, name: str) -> Path | EntryPoint:
    found = spots(kind)[name]
    if len(found) > 1:
        both = " and ".join(_said(spot, kind) for spot in found)
        raise CatsError(f"there are {len(found)} {kind} called '{name}': {both}; rename one of them")
    return found[0]


def _said(spot: Path | EntryPoint, kind: Kind) -> str:
    """The place of an entry, for a sentence."""
    # If it is not a path it is an entry point. isinstance cannot ask that: importlib_metadata, if imported, has its own class.
    if not isinstance(spot, Path):
        return f"{spot.value} of the package {spot.dist.name if spot.dist else '?'}"
    return f"{kind}/{spot.name}" if spot.parent == _ours(kind) else str(spot)


def _loaded(spot: Path | EntryPoint, kind: Kind, name: str, where: str) -> Any:
    if isinstance(spot, Path) and spot.parent == _ours(kind):
        return importlib.import_module(f"{kind}.{name}")
    try:
        if not isinstance(spot, Path):
            return spot.load()
        spec = importlib.util.spec_from_file_location(f"cats_entries.{kind}.{name}", spot)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except CatsError:
        raise
    except Exception as error:  # the code of other people may raise anything
        instead = advice(error.name) if isinstance(error, ModuleNotFoundError) else ""
        raise CatsError(
            f"{where} cannot be loaded: {type(error).__name__}: {error}" + (f"; {instead}" if instead else "")
        ) from error
    return module


def _call(make: Callable[..., object], name: str, options: dict[str, Any]) -> object:
    allowed = inspect.signature(make).parameters
    for option in options:
        if option not in allowed:
            raise CatsError(f"{name} takes no option '{option}'{nearest(option, [*allowed, 'from'])}")
    try:
        return make(**options)
    except (TypeError, ValueError) as error:
        given = ", ".join(f"{key}={value}" for key, value in options.items())
        raise CatsError(f"{name} cannot be made with {given or 'no option'}: {first_line(error)}") from error


def described(kind: Kind, name: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content of a YAML entry, completed: its name, and the facts that a source shares with its data set."""
    content = {"name": name, **content}
    dataset = content.get("dataset")
    if isinstance(dataset, dict):
        content["dataset"] = {"name": name, "title": content.get("title", name), **dataset}
        if kind == "sources":
            shared = ("title", "licence", "citation")
            content = {key: content["dataset"][key] for key in shared if key in content["dataset"]} | content
    return content
