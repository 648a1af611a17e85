"""The options of a reader as a person wrote them, compared with what the reader takes."""

import datetime
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from benchmark.core.in_words import in_words
from results.error import CatsError, nearest
from results.text.brief import briefly, short


def checked(model: type[BaseModel], options: dict[Any, Any]) -> dict[str, Any]:
    """The options that were given, converted to the types of the model.

    Raises CatsError, one sentence for every option that is unknown, missing, or of another type.
    """
    given = {str(name): _texts(value) for name, value in options.items()}
    wrong = [_unknown(model, name) for name in given if name not in model.model_fields]
    wrong += [
        f"the option '{name}' is missing"
        for name, field in model.model_fields.items()
        if field.is_required() and name not in given
    ]
    wrong += [
        _other(model, name, given[name]) for name in given if isinstance(given[name], bool) and not _takes_bool(model, name)
    ]
    if not wrong:
        try:
            found = model.model_validate(given)
            return {name: getattr(found, name) for name in given}
        except ValidationError as error:
            wrong = [_other(model, name, given[name]) for name in dict.fromkeys(str(item["loc"][0]) for item in error.errors())]
    raise CatsError("; ".join(wrong))


def _texts(value: Any, inside: bool = False) -> Any:
    """The value with what YAML takes for truth values and dates inside of lists and mappings as text: they are names."""
    if isinstance(value, dict):
        return {_texts(key, inside=True): _texts(inner, inside=True) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(inner, inside=True) for inner in value]
    return str(value) if inside and isinstance(value, bool | datetime.date) else value


def _unknown(model: type[BaseModel], name: str) -> str:
    near = nearest(name, model.model_fields)
    every = f" Allowed are {', '.join(model.model_fields)}" if near.endswith("?") else ""
    return f"there is no option '{short(name)}'{near}{every}"


def _other(model: type[BaseModel], name: str, value: Any) -> str:
    return f"{name} is {briefly(value)}; allowed is {in_words(model.model_fields[name].annotation)}"


def _takes_bool(model: type[BaseModel], name: str) -> bool:
    kind = model.model_fields[name].annotation if name in model.model_fields else bool
    return bool in {kind, *get_args(kind)}
