"""Makes models from what a user wrote. A mistake becomes one sentence with the file, the key, the value and what is allowed."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from benchmark.core.yaml_text import BYTES, load
from results.error import MOST_NAMED, CatsError, first_line, near_name, nearest
from results.files.limits import require_regular
from results.text.brief import briefly, short
from results.text.plain import storable

Model = TypeVar("Model", bound=BaseModel)
LEVELS = 3  # of keys in keys
ELSEWHERE: dict[type[BaseModel], dict[str, str]] = {}  # model → what a user calls a key outside of it → the key


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping in a YAML file. Raises CatsError if the file is missing, empty, not valid YAML or not a mapping."""
    try:
        _require_short_file(path)
        content = load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise CatsError(f"there is no file {path}") from None
    except OSError as error:
        raise CatsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CatsError(f"{path} is not a text file: {error.reason}") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise CatsError(
            f"{path}{line} is not valid YAML: {short(getattr(error, 'problem', None) or first_line(error))}"
        ) from error
    if not isinstance(content, dict):
        raise CatsError(f"{path} is empty" if content is None else f"{path} must hold keys and values, not {briefly(content)}")
    return content


def _require_short_file(path: Path) -> None:
    """Raises CatsError for a pipe or device, and for a file that is too long for what a person writes."""
    require_regular(path)
    state = path.stat()
    if path.is_dir():
        raise IsADirectoryError(path)
    if state.st_size > BYTES:
        raise CatsError(f"{path} has {state.st_size:,} bytes; a YAML file may have {BYTES:,}")


def parse(model: type[Model], content: dict[str, Any], where: str) -> Model:
    """Return the model made of `content`.

    Raises CatsError that names every mistake in it, one sentence per line, each beginning with `where`.
    """
    halves = list(_halves(content))
    if halves:  # pydantic itself notices them only in texts whose length or form is bounded
        raise CatsError(*(_half(where, *each) for each in halves[:MOST_NAMED]))
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # An unknown key is often a missing one at another place or of another spelling, so that it comes first.
        problems = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        lines = [sentence(model, problem, where) for problem in problems[:MOST_NAMED]]
        more = [f"{where}: and {len(problems) - MOST_NAMED} more"] if len(problems) > MOST_NAMED else []
        raise CatsError(*lines, *more) from error


def sentence(model: type[BaseModel], problem: Any, where: str) -> str:
    """Return an error of pydantic as a sentence."""
    location = written(model, [str(part) for part in problem["loc"]])
    key, value = short(".".join(location)) or "the file", problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            owner = field_model(model, location[:-1])
            return f"{where}: there is no key '{key}'{meant(model, location, owner.model_fields if owner else [])}"
        case "missing":
            return f"{where}: the key '{key}' is missing"
        case "string_unicode":
            return _half(where, key, value)
        case "literal_error":
            return f"{where}: {key} is {briefly(value)}, allowed are {problem['ctx']['expected']}"
        case "value_error":
            return f"{where}: {f'{key}: ' if location else ''}{problem['ctx']['error']}"
        case _:
            return f"{where}: {key} is {briefly(value)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _halves(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Key and value of each text that no file can hold: it has a half of a character, or a byte that is no UTF-8."""
    if isinstance(content, dict):
        for name, value in content.items():
            inner = (*path, str(name))
            yield from _halves(str(name), inner)
            yield from _halves(value, inner)
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            yield from _halves(value, (*path, str(number)))
    elif isinstance(content, str) and storable(content) != content:
        yield short(".".join(path)), content


def _half(where: str, key: str, value: object) -> str:
    return f"{where}: {key} is {briefly(value)}, which holds a part of a character; write whole characters"


def meant(model: type[BaseModel], location: list[str], allowed: Collection[str]) -> str:
    """Return the end of a sentence about an unknown key: a key of another level of the file, or the nearest one of its own."""
    elsewhere = keys_elsewhere(model)
    own, wrong = ".".join(location), location[-1]
    exact = next((path for path, key in elsewhere.items() if key == wrong and path != own), None)
    if exact is not None:
        return f"; did you mean {exact}?"
    if near_name(wrong, allowed) is None:
        key = near_name(wrong, elsewhere.values())
        if key is not None:
            return f"; did you mean {next(path for path, each in elsewhere.items() if each == key)}?"
    return nearest(wrong, allowed)


def keys_elsewhere(model: type[BaseModel]) -> dict[str, str]:
    """Return the keys of a model and of the models in it by their paths, and those outside of it that are known."""
    return {**keys_within(model), **ELSEWHERE.get(model, {})}


def keys_within(model: type[BaseModel], path: tuple[str, ...] = (), levels: int = LEVELS) -> dict[str, str]:
    """Return the keys of a model and of the models in it by their paths, such as `budget.kwh`."""
    found = {".".join((*path, name)): name for name in model.model_fields}
    for name in model.model_fields if levels else ():
        inner = field_model(model, [name])
        if inner is not None:
            found |= keys_within(inner, (*path, name), levels - 1)
    return found


def written(model: type[BaseModel], location: list[str]) -> list[str]:
    """Return pydantic's location of an error without the branches of a union, which pydantic adds behind the field."""
    field = model.model_fields.get(location[0]) if location else None
    if field is not None and len(location) > 1 and (location[1] == "str" or location[1].startswith("dict[")):
        return [location[0], *location[2:]]
    return location


def field_model(model: type[BaseModel], location: list[str]) -> type[BaseModel] | None:
    """Return the model that the field at `location` holds; None if it holds no model."""
    for name in location:
        field = model.model_fields.get(name)
        kinds = [field.annotation, *get_args(field.annotation)] if field else []
        inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not inner:
            return None
        model = inner[0]
    return model
