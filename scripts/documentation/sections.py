"""The generated sections of README and docs: read from the command line, the models and the entries, never typed by hand.

A section stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`. In tables of keys the last column is prose: it is
written in the page, and kept when the rest of the table is made again.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from markdown_table import first_sentence, table
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from benchmark.cli.commands import every_command
from benchmark.cli.numbers import bounds
from benchmark.data.dataset import Dataset, File
from benchmark.data.readers.registry import READERS
from benchmark.data.unlabelled import Unlabelled
from benchmark.entries import ready_weights
from benchmark.specs import catalogue
from benchmark.specs.budget import Budget
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.needs import NEEDS
from benchmark.specs.plan import Plan, plan_names
from benchmark.specs.recipe import Augment, Recipe, recipe_names
from benchmark.specs.source import Source, Weights
from results.metrics import METRICS

ROOT = Path(__file__).parents[2]
SECTION = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->\n(?P<text>.*?)<!-- end: (?P=name) -->", re.DOTALL)
ROW = re.compile(r"^\| `(?P<key>[^`]+)` \|.*\| (?P<meaning>[^|]*) \|$", re.MULTILINE)
ALLOWED = {  # where the schema of a model does not say it
    "Plan.candidates": "a list of pairs, each a source and a backbone",
    "Plan.metric": ", ".join(f"`{name}`" for name in METRICS),
    "Plan.seeds": "a number from 1 on, or a list of numbers from 0 on",
    "Plan.recipe": "name of a recipe, or a mapping of recipe keys over `base`",
    "Plan.country": "three capital letters (ISO 3166)",
    "PlanSubsample.train": "whole number ≥ 1, `all`, or a list of these",
    "Dataset.read": "name of a reader, or a mapping with its options",
    "Weights.timm": "`true`, or a list of tags",
    "Weights.hub": "OWNER/NAME, or a mapping of backbones to it",
}
OF_EVERY_COMMAND = {"help", "verbose", "quiet"}
SEVERAL = {"average": "mean over labels", "whole": "all at once", "refuse": "says nothing"}  # images with several labels
DEFAULTS = {"Plan.experiment": "name of the plan file", "PlanSubsample.train": "`all`"}
WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`", "object": "a mapping"}


class _Schema(GenerateJsonSchema):
    """A reader is a function, of which JSON knows nothing."""

    def callable_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ARG002
        return {}


def pages() -> list[Path]:
    """README and every page of docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def written_again(page: str) -> str:
    """The text of a page with every generated section made again. Raises KeyError for a section that nobody makes."""
    return SECTION.sub(_made, page)


def _made(found: re.Match[str]) -> str:
    name = found["name"]
    text = SECTIONS[name](found["text"])
    return f"<!-- generated: {name} -->\n{text}\n<!-- end: {name} -->"


def keys_of(model: type[BaseModel], skip: frozenset[str] = frozenset()) -> Callable[[str], str]:
    """Maker of the table of a model's keys: default and allowed values from the model, the meaning as the page has it."""

    def make(old: str) -> str:
        meanings = {row["key"]: row["meaning"] for row in ROW.finditer(old)}
        rows = ([f"`{key}`", *facts, meanings.get(key, "")] for key, facts in _facts(model, skip))
        return table(["key", "default", "allowed", "meaning"], rows)

    return make


def _facts(model: type[BaseModel], skip: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    schema = model.model_json_schema(schema_generator=_Schema)
    for key, field in model.model_fields.items():
        if key in skip:
            continue
        what = f"{model.__name__}.{key}"
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        yield key, [DEFAULTS.get(what, default), ALLOWED.get(what) or _allowed(schema["properties"].get(key, {}))]


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "see below"
    plain = list(value) if isinstance(value, tuple) else value
    if plain in ("", [], {}):
        return "empty"
    written: str = yaml.safe_dump(plain, default_flow_style=True, width=1000)
    return f"`{written.removesuffix('...' + chr(10)).strip()}`"


def _allowed(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_allowed(option) for option in schema["anyOf"] if option.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "$ref" in schema:
        return "a mapping, see below"
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"a list of {len(schema['prefixItems'])}, each {_allowed(schema['prefixItems'][0])}"
        return f"a list, each {_allowed(schema.get('items', {}))}"
    bounds = [
        f"{sign} {schema[name]}"
        for name, sign in (("exclusiveMinimum", ">"), ("minimum", "≥"), ("exclusiveMaximum", "<"), ("maximum", "≤"))
        if name in schema
    ]
    return " ".join([WORDS.get(schema.get("type", ""), "text"), " and ".join(bounds)]).strip()


def _commands_in_short(_: str) -> str:
    """The commands of each panel of `cats --help`, linked; what each does is in docs/commands.md."""
    panels: dict[str, list[str]] = {}
    for name, command in every_command().items():
        panels.setdefault(command.rich_help_panel, []).append(f"[{name}](docs/commands.md#cats-{name})")
    return table(["", "commands"], ([f"**{panel}**", ", ".join(names)] for panel, names in panels.items()))


def _commands_in_full(_: str) -> str:
    parts = []
    for name, command in every_command().items():
        usage = " ".join(["cats", name, *(_metavar(p) for p in command.params if p.param_type_name == "argument"), "[OPTIONS]"])
        parts.append(f"## cats {name}\n\n{command.help}\n\n```text\n{usage}\n```\n")
        rows = ([_named(p), _values(p), _shown(p), p.help or ""] for p in command.params if p.name not in OF_EVERY_COMMAND)
        parts.append(table(["argument or option", "value", "default", "meaning"], rows) + "\n")
    return "\n" + "\n".join(parts)


def _metavar(parameter: Any) -> str:
    several = "..." if parameter.param_type_name == "argument" and parameter.nargs == -1 else ""
    return str(parameter.metavar or f"{parameter.name.upper()}").strip("[]{}") + several


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_metavar(parameter)}`"
    return ", ".join(f"`{option}`" for option in [*parameter.opts, *parameter.secondary_opts])


def _values(parameter: Any) -> str:
    if parameter.param_type_name == "option" and parameter.is_flag:
        return "none, it is a switch"
    choices = getattr(parameter.type_descriptor, "choices", None)
    if choices:
        return ", ".join(f"`{getattr(choice, 'value', choice)}`" for choice in choices)
    return _typed(parameter) + (", may be repeated" if parameter.multiple else "")


def _typed(parameter: Any) -> str:
    words = {"str": "text", "int": "whole number", "float": "number", "PosixPath": "path", "Path": "path"}
    kind = parameter.bare_type().removeprefix("list[").removesuffix("]")  # the name of a type, such as list[str]
    least, most = bounds.get(getattr(parameter.type_descriptor.parameter_info, "parser", None), (-1, None))  # type: ignore[arg-type]
    ends = [f"{sign} {end}" for sign, end in (("≥", least), ("≤", most)) if end is not None and end >= 0]
    return " ".join([words.get(kind, kind), " and ".join(ends)]).strip()


def _shown(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = getattr(parameter.default, "value", parameter.default)
    if parameter.envvar:
        return f"`{parameter.envvar}`, else {f'`{default}`' if default is not None else 'none'}"
    if default is None or default is False or default == "":
        return "none"
    return "on" if default is True else f"`{default}`"


def _measures(_: str) -> str:
    def rows() -> Iterator[list[str]]:
        for name in sorted(catalogue.names("similarity")):
            one = catalogue.measure(name)
            options = ", ".join(f"`{key}={value}`" for key, value in one.options.items()) or "none"
            several = SEVERAL[one.multilabel] if "labels" in one.needs else "not affected"
            yield [f"`{name}`", ", ".join(one.needs), options, several, one.grows, one.citation]

    return table(["measure", "needs", "options and defaults", "several labels", "work grows with", "reference"], rows())


def _needs(_: str) -> str:
    return table(["need", "what arrives"], ([f"`{name}`", text] for name, text in NEEDS.items()))


def _shipped(what: str, names: Callable[[], list[str]]) -> Callable[[str], str]:
    """Maker of the table of shipped recipes or plans: the name of each, and the first sentence of its file."""

    def make(_: str) -> str:
        texts = {name: (ROOT / "benchmark" / f"{what}s" / f"{name}.yaml").read_text(encoding="utf-8") for name in names()}
        return table([what, "what it is"], ([f"`{name}`", first_sentence(text)] for name, text in texts.items()))

    return make


SECTIONS: Mapping[str, Callable[[str], str]] = {
    "commands": _commands_in_short,
    "command-reference": _commands_in_full,
    "plan-keys": keys_of(Plan),
    "recipe-keys": keys_of(Recipe),
    "augment-keys": keys_of(Augment),
    "subsample-keys": keys_of(PlanSubsample),
    "budget-keys": keys_of(Budget),
    "dataset-keys": keys_of(Dataset, frozenset({"options", "name"})),
    "file-keys": keys_of(File),
    "unlabelled-keys": keys_of(Unlabelled),
    "source-keys": keys_of(Source, frozenset({"name"})),
    "weights-keys": keys_of(Weights),
    "measures": _measures,
    "needs": _needs,
    "recipes": _shipped("recipe", recipe_names),
    "plans": _shipped("plan", plan_names),
    "encoders": lambda _: table(ready_weights.COLUMNS, ready_weights.source_rows()),
    "layouts": lambda _: table(["layout", "whose names"], ready_weights.layout_rows()),
    "readers": lambda _: ", ".join(f"`{name}`" for name in READERS) + ".",
}
