"""Finds entries by name. An entry is one file in `sources/`, `targets/` or `similarity/`; it is imported at its first use.

The catalogue looks in three places: in this checkout, in folders of the same names below `CATS_ENTRIES` (the user's own), and
at the entry points `cats.sources`, `cats.targets` and `cats.similarity` of other packages. A YAML entry holds values and
names of readers, no code; a Python entry is code that runs when the entry is used, even if another person wrote it.

An entry is `NAME.yaml`, or `NAME.py` that defines `source` or `target`: an object, or a function of options. Options are
written in brackets: `breastmnist[size=224]`, `fractal[classes=100]`. Every target is a source too. A source that is pretrained
can start from another source: `breastmnist[from=imagenet]`. Weights that `cats publish` has put into MLflow's model registry
are a source with the name `models:/NAME/VERSION`.
"""

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from benchmark.core.parse import parse, read_yaml
from benchmark.core.paths import entries_missing
from benchmark.specs import entry_places
from benchmark.specs.elsewhere import belongs
from benchmark.specs.entry_places import Place
from benchmark.specs.old_imports import advice
from benchmark.specs.reference import split_reference
from benchmark.specs.source import Source, Weights
from benchmark.specs.target import Target
from benchmark.specs.weight_place import MODEL
from results.error import MOST_NAMED, CatsError, first_line, near_name, nearest

if TYPE_CHECKING:
    from benchmark.specs.measure import Measure

Kind = entry_places.Kind
names, places, shipped = entry_places.names, entry_places.places, entry_places.shipped
WORD = {"sources": "source", "targets": "target", "similarity": "measure"}


def not_found(name: object, wanted: str, allowed: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: where it belongs, else the nearest name that is allowed.

    Where some of many names are given, it says which command lists all of them.
    """
    own, every = entries_missing() if wanted in WORD else "", sorted(allowed)
    some = len(every) > MOST_NAMED and near_name(name, every) is None
    lists = f"; `cats list {'measures' if wanted == 'similarity' else wanted}` lists all" if some else ""
    return (belongs_elsewhere(name, wanted) or nearest(name, every) + lists) + own


def belongs_elsewhere(name: object, wanted: str) -> str:
    """Return the end of a sentence that says where a name belongs, see benchmark.specs.elsewhere; empty if nowhere."""
    kinds: tuple[Kind, ...] = ("sources", "targets", "similarity")
    return belongs(name, wanted, {kind: names(kind) for kind in kinds})


@cache
def source(reference: str, where: str = "") -> Source:
    """Return the source that a plan names.

    Raises CatsError for an unknown name or option; its sentence about an unknown name ends with `where`.
    """
    if reference.startswith("models:/"):
        if MODEL.fullmatch(reference) is None:
            raise CatsError(f"'{reference}' is not a version of a registered model; write models:/NAME/VERSION")
        return Source(name=reference, title="published weights", weights=Weights(mlflow=reference))
    name, options = split_reference(reference)
    start = (options.pop("from") or "") if "from" in options else None
    if name in names("sources"):
        entry = cast("Source", _entry("sources", name, options))
    elif name in names("targets"):
        target = cast("Target", _entry("targets", name, options))
        dataset = target.dataset
        entry = Source(name=name, title=dataset.title, dataset=dataset, licence=dataset.licence, citation=dataset.citation)
    else:
        raise CatsError(f"no source called '{name}'{where}{not_found(name, 'sources', {*names('sources'), *names('targets')})}")
    if start is not None:
        if not isinstance(start, str) or not start:
            raise CatsError(f"'{reference}': the option from must name a source, not '{start}'")
        if entry.dataset is None:
            raise CatsError(f"{reference}: only a source that is pretrained has a start; {name} is {entry.kind_in_words}")
        entry = entry.model_copy(update={"start": start})
    return entry.model_copy(update={"name": reference})


@cache
def target(reference: str, where: str = "") -> Target:
    """Return the target that a plan names; `where` and errors as for source."""
    if reference.startswith("models:/"):
        raise CatsError(f"no target called '{reference}'{where}; published weights are a source: name them under `sources`")
    name, options = split_reference(reference)
    if name not in names("targets"):
        raise CatsError(f"no target called '{name}'{where}{not_found(name, 'targets', names('targets'))}")
    return cast("Target", _entry("targets", name, options)).model_copy(update={"name": reference})


@cache
def measure(reference: str, where: str = "") -> "Measure":
    """Return the measure that a plan names; `where` and errors as for source."""
    from benchmark.specs.measure import Measure

    name, options = split_reference(reference)
    if name not in names("similarity"):
        raise CatsError(f"no measure called '{name}'{where}{not_found(name, 'similarity', names('similarity'))}")
    place = _only_place("similarity", name)
    where = _describe_place(place, "similarity")
    loaded = _load(place, "similarity", name, where)
    entry = getattr(loaded, name, None) if isinstance(loaded, ModuleType) else loaded
    if not isinstance(entry, Measure):
        raise CatsError(f"{where} must define `{name}`, a function with the decorator @measure(...)")
    return entry.with_options(options) if options else entry


def _entry(kind: Kind, name: str, options: dict[str, Any]) -> Source | Target:
    """The entry, whose data set knows the name with options, so that it can say how to get its files."""
    entry = _plain_entry(kind, name, options)
    if entry.dataset is None or not options:
        return entry
    dataset = entry.dataset.model_copy()
    written = ",".join(f"{option}={value}" for option, value in options.items())
    dataset._asked = f"'{name}[{written}]'"  # noqa: SLF001 - of one package; quoted for a shell
    return entry.model_copy(update={"dataset": dataset})


def _plain_entry(kind: Kind, name: str, options: dict[str, Any]) -> Source | Target:
    place = _only_place(kind, name)
    where = _describe_place(place, kind)
    entry: Source | Target
    if isinstance(place, Path) and place.suffix == ".yaml":
        if options:
            raise CatsError(f"{name} takes no option '{next(iter(options))}'")
        entry = parse(_model(kind), described(kind, name, read_yaml(place)), where)
    else:
        entry = _make(_load(place, kind, name, where), kind, name, options, where)
    if (
        entry.dataset is not None
        and entry.dataset.place
        and isinstance(place, Path)
        and place.parent == entry_places.ours(kind)
    ):
        raise CatsError(f"{where}: `place` is a path of one machine; only your own entries, in CATS_ENTRIES, may have it")
    return _public(entry) if isinstance(place, Path) and place.parent == entry_places.ours(kind) else entry


def _public(entry: Source | Target) -> Source | Target:
    """Return an entry of this project, whose names of images are public, or drawn here, unless the entry says otherwise."""
    dataset = entry.dataset
    if dataset is None or "identifiers" in dataset.model_fields_set:
        return entry
    return entry.model_copy(update={"dataset": dataset.model_copy(update={"identifiers": "plain"})})


def _model(kind: Kind) -> type[Source | Target]:
    return Source if kind == "sources" else Target


def _make(loaded: Any, kind: Kind, name: str, options: dict[str, Any], where: str) -> Source | Target:
    """Return the entry that a module defines, or that an entry point names."""
    model = _model(kind)
    definition = getattr(loaded, WORD[kind], None) if isinstance(loaded, ModuleType) else loaded
    if isinstance(definition, model):
        if options:
            raise CatsError(f"{name} takes no option '{next(iter(options))}'")
        return definition
    if not callable(definition):
        raise CatsError(f"{where} must define `{WORD[kind]}`, a {model.__name__} or a function that returns a {model.__name__}")
    entry = _call(definition, name, options)
    if not isinstance(entry, model):
        raise CatsError(f"{where} returns a {type(entry).__name__}; it must return a {model.__name__}")
    return entry


def _only_place(kind: Kind, name: str) -> Place:
    candidates = places(kind)[name]
    if len(candidates) > 1:
        both = " and ".join(_describe_place(place, kind) for place in candidates)
        raise CatsError(f"there are {len(candidates)} {kind} called '{name}': {both}; rename one of them")
    return candidates[0]


def _describe_place(place: Place, kind: Kind) -> str:
    """Name the place of an entry in a sentence."""
    # A place that is no path is an entry point. isinstance(place, EntryPoint) fails where importlib_metadata is imported: that
    # package has a class EntryPoint of its own.
    if not isinstance(place, Path):
        return f"{place.value} of the package {place.dist.name if place.dist else '?'}"
    return f"{kind}/{place.name}" if place.parent == entry_places.ours(kind) else str(place)


def _load(place: Place, kind: Kind, name: str, where: str) -> Any:
    if isinstance(place, Path) and place.parent == entry_places.ours(kind):
        return importlib.import_module(f"{kind}.{name}")
    try:
        if not isinstance(place, Path):
            return place.load()
        spec = importlib.util.spec_from_file_location(f"cats_entries.{kind}.{name}", place)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except CatsError:
        raise
    except ValidationError as error:
        raise CatsError(f"{where}: {error.title}: {first_line(error)}") from error
    except Exception as error:  # code of users may raise any exception
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
        values = ", ".join(f"{key}={value}" for key, value in options.items())
        raise CatsError(f"{name} cannot be made with {values or 'no option'}: {first_line(error)}") from error


def described(kind: Kind, name: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a YAML entry with its name, and with the facts that a source shares with its data set."""
    content = {"name": name, **content}
    dataset = content.get("dataset")
    if isinstance(dataset, dict):
        content["dataset"] = {"name": name, "title": content.get("title", name), **dataset}
        if kind == "sources":
            shared = ("title", "licence", "citation")
            content = {key: content["dataset"][key] for key in shared if key in content["dataset"]} | content
    return content
