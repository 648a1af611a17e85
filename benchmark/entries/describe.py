"""The rows of `cats list` and the description that `cats show` prints, of entries, plans and recipes.

What only some kinds need is imported in their functions: a list of measures needs neither numpy nor the catalogue.
"""

import inspect
import itertools
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.paths import entries_missing
from benchmark.entries.measure_facts import MeasureFacts, measure_facts
from benchmark.specs import entry_places
from benchmark.specs.elsewhere import shipped_names
from benchmark.specs.reference import split_reference
from results.error import CatsError, near_name, nearest
from results.text.plain import json_text

if TYPE_CHECKING:
    from benchmark.data.dataset import Dataset

LISTS = "; `cats list KIND` lists all of a KIND: sources, targets, measures, plans or recipes"


def entry_rows(kind: str) -> list[dict[str, Any]]:
    """One row per entry of a kind, ready to print or to convert to JSON."""
    if kind == "plans":
        return [_plan_row(name) for name in shipped_names("plans")]
    if kind == "recipes":
        return [_recipe_row(name) for name in shipped_names("recipes")]
    if kind == "measures":
        return [_row(name, _measure_row) for name in entry_places.names("similarity")]
    if kind == "targets":
        return [_row(name, _target_row) for name in entry_places.names("targets")]
    rows = [_row(name, _source_row) for name in entry_places.names("sources")]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [{column: row.get(column) for column in columns} for row in rows]


def _row(name: str, row_of: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The row of one entry; a broken entry shows its error in its row and hides no other entry."""
    try:
        return {"name": name, **row_of(name)}
    except CatsError as error:
        return {"name": name, "kind": "broken", "title": str(error)}


def _target_row(name: str) -> dict[str, Any]:
    from benchmark.specs import catalogue

    return _dataset_row(catalogue.target(name).dataset)


def _source_row(name: str) -> dict[str, Any]:
    from benchmark.specs import catalogue
    from benchmark.specs.resolve import backbones_with_file

    entry = catalogue.source(name)
    row = _dataset_row(entry.dataset) if entry.dataset else dict.fromkeys(("modality", "task", "classes"))
    row |= {"images": entry.images} if entry.images else {}
    row |= {"backbone": entry.backbone} if entry.backbone else {}
    if entry.dataset is None:
        row["here"] = "yes" if entry.weights is None or backbones_with_file(entry.weights) else "no"
    return {"kind": entry.kind} | row | {"licence": entry.licence, "citation": entry.citation, "title": entry.title}


def _measure_facts(name: str) -> MeasureFacts:
    """What a measure declares; of a shipped one without importing it."""
    found = entry_places.places("similarity").get(name, [])
    ours = len(found) == 1 and isinstance(found[0], Path) and found[0].parent == entry_places.ours("similarity")
    facts = measure_facts(Path(str(found[0]))) if ours else None
    if facts is not None:
        return facts

    from benchmark.specs import catalogue

    entry = catalogue.measure(name)
    return MeasureFacts(
        entry.needs, dict(entry.options), entry.grows, entry.citation, entry.multilabel, inspect.cleandoc(entry.__doc__ or "")
    )


def _measure_row(name: str) -> dict[str, Any]:
    entry = _measure_facts(name)
    options = ", ".join(f"{option}={value}" for option, value in entry.options.items())
    title = " ".join(entry.text.partition("\n\n")[0].split())
    about = {"needs": ", ".join(entry.needs), "grows": entry.grows, "options": options or None}
    about |= {"multilabel": entry.multilabel if "labels" in entry.needs else None}
    return about | {"citation": entry.citation, "title": title}


def _plan_row(name: str) -> dict[str, Any]:
    from benchmark.specs.candidates import sources_in
    from benchmark.specs.plan import load_plan

    plan = load_plan(name)
    return {
        "name": name,
        "sources": ", ".join(plan.sources or sources_in(plan.candidates)),
        "targets": ", ".join(plan.targets),
        "seeds": len(plan.seeds),
    }


def _recipe_row(name: str) -> dict[str, Any]:
    from benchmark.specs.recipe import recipe_points

    points = recipe_points(name, name)
    sentence = re.split(r"(?<=\.)\s", recipe_comment(recipe_text(name)), maxsplit=1)[0].replace("\n", " ")
    return {"name": name, "protocol": points[0].protocol, "size": points[0].size, "points": len(points), "title": sentence}


def recipe_text(name: str) -> str:
    """The file of a recipe that ships with cats-bench."""
    return resources.files("benchmark").joinpath("recipes", f"{name}.yaml").read_text(encoding="utf-8")


def recipe_comment(text: str) -> str:
    """The comment that a recipe begins with."""
    comment = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in comment)


def _dataset_row(dataset: "Dataset") -> dict[str, Any]:
    return {
        "modality": dataset.modality,
        "task": dataset.task,
        "classes": len(dataset.classes),
        "images": dataset.images,
        "here": "yes" if _here(dataset) else "no",
        "groups": dataset.groups,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "title": dataset.title,
    }


def _here(dataset: "Dataset") -> bool:
    try:
        dataset.folder()
    except CatsError:
        return False
    return True


def description(name: str) -> str:
    """All declared facts about a name, as JSON; about both entries if the name is a source and a target."""
    return json_text(facts_of(name))


def facts_of(name: str) -> dict[str, Any]:
    """All declared facts about a name, by the kind of entry. Raises CatsError for a name of nothing, with the nearest one."""
    import yaml

    from benchmark.specs import catalogue
    from benchmark.specs.plan import load_plan

    facts: dict[str, Any] = {}
    plain = split_reference(name)[0]
    if plain in catalogue.names("sources"):
        facts["source"] = catalogue.source(name).model_dump(mode="json")
    if plain in catalogue.names("targets"):
        facts["target"] = catalogue.target(name).model_dump(mode="json")
    if plain in catalogue.names("similarity"):
        entry = catalogue.measure(name)  # which refuses a wrong option
        facts["measure"] = {**_measure_row(plain), "description": inspect.cleandoc(entry.__doc__ or "")}
    if name in shipped_names("plans"):
        facts["plan"] = load_plan(name).model_dump(mode="json")
    if name in shipped_names("recipes"):
        text = recipe_text(name)
        facts["recipe"] = {"about": recipe_comment(text).splitlines(), **yaml.safe_load(text)}
    if not facts:
        kinds: tuple[catalogue.Kind, ...] = ("sources", "targets", "similarity")
        entries = {name for kind in kinds for name in catalogue.names(kind)}
        known = entries.union(shipped_names("plans"), shipped_names("recipes"))
        hint = LISTS if near_name(name, known) is None else nearest(name, known)
        raise CatsError(f"no source, target, measure, plan or recipe called '{name}'{hint}{entries_missing()}")
    return facts
