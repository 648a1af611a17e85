"""Makes models from what a user wrote. A mistake becomes one sentence with the file, the key, the value and what is allowed."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from results.error import CatsError, nearest

Model = TypeVar("Model", bound=BaseModel)


class Loader(yaml.SafeLoader):
    """A yaml.SafeLoader that refuses a repeated key instead of silently taking its last value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping as a dict. Raises yaml.constructor.ConstructorError for a repeated key."""
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' is given twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping in a YAML file. Raises CatsError if the file is missing, empty, not valid YAML or not a mapping."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - Loader is a SafeLoader
    except (FileNotFoundError, IsADirectoryError):
        raise CatsError(f"there is no file {path}") from None
    except OSError as error:
        raise CatsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CatsError(f"{path} is not a text file: {error.reason}") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise CatsError(f"{path}{line} is not valid YAML: {getattr(error, 'problem', None) or error}") from error
    except (ValueError, TypeError, RecursionError) as error:  # such as a date with a month 13, or endless nesting
        raise CatsError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise CatsError(f"{path} is empty" if content is None else f"{path} must hold keys and values, not {content!r:.60}")
    return content


def parse(model: type[Model], content: dict[str, Any], where: str) -> Model:
    """Return the model made of `content`.

    Raises CatsError that names every mistake in it, one sentence per line, each beginning with `where`.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise CatsError(*(sentence(model, problem, where) for problem in error.errors())) from error


def sentence(model: type[BaseModel], problem: Any, where: str) -> str:
    """Return an error of pydantic as a sentence."""
    location = written(model, [str(part) for part in problem["loc"]])
    key, value = ".".join(location) or "the file", problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            owner = field_model(model, location[:-1])
            return f"{where}: there is no key '{key}'{nearest(location[-1], owner.model_fields if owner else [])}"
        case "missing":
            return f"{where}: the key '{key}' is missing"
        case "string_unicode":
            return f"{where}: {key} is {value!r}, which holds a part of a character; write whole characters"
        case "literal_error":
            return f"{where}: {key} is {value!r}, allowed are {problem['ctx']['expected']}"
        case "value_error":
            return f"{where}: {f'{key}: ' if location else ''}{problem['ctx']['error']}"
        case _:
            return f"{where}: {key} is {value!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


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
