"""Makes models from what a user wrote. A mistake becomes one sentence with the file, the key, the value and what is allowed."""

import stat
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from benchmark.core.yaml_text import BYTES, load
from results.error import CatsError, first_line, nearest
from results.text.brief import briefly, short

Model = TypeVar("Model", bound=BaseModel)
MOST = 20  # mistakes that are named one by one


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
    """Raises CatsError for a pipe or device, which may never end, and for a file that is too long for what a person writes."""
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(path)
    if not stat.S_ISREG(state.st_mode):
        raise CatsError(f"{path} is no regular file; write a file")
    if state.st_size > BYTES:
        raise CatsError(f"{path} has {state.st_size:,} bytes; a YAML file may have {BYTES:,}")


def parse(model: type[Model], content: dict[str, Any], where: str) -> Model:
    """Return the model made of `content`.

    Raises CatsError that names every mistake in it, one sentence per line, each beginning with `where`.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = error.errors()
        lines = [sentence(model, problem, where) for problem in problems[:MOST]]
        more = [f"{where}: {len(problems) - MOST} more mistakes"] if len(problems) > MOST else []
        raise CatsError(*lines, *more) from error


def sentence(model: type[BaseModel], problem: Any, where: str) -> str:
    """Return an error of pydantic as a sentence."""
    location = written(model, [str(part) for part in problem["loc"]])
    key, value = short(".".join(location)) or "the file", problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            owner = field_model(model, location[:-1])
            return f"{where}: there is no key '{key}'{nearest(location[-1], owner.model_fields if owner else [])}"
        case "missing":
            return f"{where}: the key '{key}' is missing"
        case "string_unicode":
            return f"{where}: {key} is {briefly(value)}, which holds a part of a character; write whole characters"
        case "literal_error":
            return f"{where}: {key} is {briefly(value)}, allowed are {problem['ctx']['expected']}"
        case "value_error":
            return f"{where}: {f'{key}: ' if location else ''}{problem['ctx']['error']}"
        case _:
            return f"{where}: {key} is {briefly(value)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


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
