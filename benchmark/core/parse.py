"""Makes models from what a user wrote. A mistake becomes one sentence with the file, the key, the value and what is allowed."""

from collections.abc import Collection, Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from benchmark.core.in_words import alternatives, in_words, limits_in
from benchmark.core.yaml_text import BYTES, load
from results.error import MOST_NAMED, CatsError, first_line, meaning, near_name, nearest
from results.files.limits import require_regular
from results.text.brief import briefly, short
from results.text.model_faults import OURS, fault, what_is_allowed
from results.text.plain import storable

Model = TypeVar("Model", bound=BaseModel)
YAML_WORDS = "; YAML takes the words yes, no, on and off for truth values, unless they are in quotation marks"
AS_ANYWHERE = (
    "missing", "invalid_key", "finite_number", "string_pattern_mismatch", "too_short", "too_long", "string_too_short",
)  # fmt: skip
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
        lines = list(dict.fromkeys(sentence(model, problem, where) for problem in problems))  # a union has an error per branch
        more = [f"{where}: and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
        raise CatsError(*lines[:MOST_NAMED], *more) from error


def sentence(model: type[BaseModel], problem: Any, where: str) -> str:
    """Return an error of pydantic as a sentence."""
    location, kind, limits = place_of(model, [str(part) for part in problem["loc"]])
    key, value = short(".".join(location)) or "the file", problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            owner = field_model(model, location[:-1])
            return f"{where}: there is no key '{key}'{meant(model, location, owner.model_fields if owner else [])}"
        case "string_unicode":
            return _half(where, key, value)
        case "literal_error" if get_origin(kind) is Literal:
            near = meaning(value, [str(each) for each in get_args(kind)]) if isinstance(value, str) else ""
            return f"{where}: {key} is {briefly(value)}, allowed are {problem['ctx']['expected']}{near}"
        case "value_error":
            return f"{where}: {f'{key}: ' if location else ''}{problem['ctx']['error']}"
        case "missing" if location and location[-1].isdigit():
            location, kind, limits = place_of(model, [str(part) for part in problem["loc"][:-1]])
            key = ".".join(location)
        case one if one in AS_ANYWHERE:
            return f"{where}: {fault(problem | {'loc': location or ['the file']})}"
    words = in_words(kind, limits) if kind is not None else ""
    if isinstance(value, bool) and (words.startswith("text") or "'" in words):
        words += YAML_WORDS
    elif kind is None or problem["type"] in OURS:
        words = what_is_allowed(problem)
    return f"{where}: {key} is {briefly(value)}; allowed is {words}"


def place_of(model: type[BaseModel], location: list[str]) -> tuple[list[str], Any, list[Any]]:
    """Return where an error of pydantic is, without the branches of unions, which pydantic names behind a field.

    Beside the location: the type of its value, None if that is not known, and the limits of the value.
    """
    kind: Any = model
    limits, kept, in_branch = list[Any](), list[str](), False
    for part in location:
        in_branch = not in_branch and len([each for each in alternatives(kind) if each is not NoneType]) > 1
        if not in_branch:
            kind, limits = _inside(kind, part) or (None, [])
            kept.append(part)
    given = [each for each in alternatives(kind) if each is not NoneType]
    return kept, given[0] if len(given) == 1 else kind, limits


def _inside(kind: Any, part: str) -> tuple[Any, list[Any]] | None:
    """The type and the limits of one key or one place of a value; None if values of this type have no such part."""
    for each in alternatives(kind):
        found = _inside(each, part)
        if found is not None:
            return found
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(part)
        return None if field is None else (field.annotation, list(limits_in(field.metadata)))
    arguments = [each for each in get_args(kind) if each is not Ellipsis]
    if get_origin(kind) is not dict and not (get_origin(kind) in {list, tuple} and part.isdigit()):
        return None
    inner = arguments[-1] if get_origin(kind) is dict else arguments[min(int(part), len(arguments) - 1)]
    if get_origin(inner) is Annotated:
        inner, *more = get_args(inner)
        return inner, list(limits_in(more))
    return inner, []


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
