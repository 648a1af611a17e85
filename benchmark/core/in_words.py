"""Types of fields as a person would say them: `a list, each a whole number from 1 on`."""

from collections.abc import Callable, Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from results.error import first_of

WORDS: dict[Any, str] = {str: "text", float: "a number", int: "a whole number", bool: "true or false", Any: "anything"}


def in_words(kind: Any, limits: Iterable[Any] = ()) -> str:
    """A type in words. `limits`: what pydantic knows of its values beside the type, such as the smallest number."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return in_words(inner, [*limits, *limits_in(more)])
    if alternatives(kind):
        return " or ".join(dict.fromkeys(in_words(item, limits) for item in alternatives(kind) if item is not NoneType))
    if get_origin(kind) in CONTAINERS:
        return CONTAINERS[get_origin(kind)](get_args(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"keys with values; the keys are {first_of(kind.model_fields)}"
    return _within(WORDS.get(kind, str(kind)), limits)


def _mapping(inner: tuple[Any, ...]) -> str:
    return "keys with values" if inner[1] is Any else f"a mapping from {in_words(inner[0])} to {in_words(inner[1])}"


def _list(inner: tuple[Any, ...]) -> str:
    return f"a list{'' if len(inner) < 2 or Ellipsis in inner else f' of {len(inner)}'}, each {in_words(inner[0])}"


CONTAINERS: dict[Any, Callable[[tuple[Any, ...]], str]] = {
    Literal: lambda inner: " or ".join(f"'{item}'" for item in inner), dict: _mapping, tuple: _list, list: _list,
}  # fmt: skip


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The types of a union; none of another type."""
    return get_args(kind) if get_origin(kind) in {Union, UnionType} else ()


def limits_in(metadata: Iterable[Any]) -> Iterator[Any]:
    """The limits in the metadata of an annotation, those of a `Field(...)` too."""
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from each.metadata
        else:
            yield each


def _within(word: str, limits: Iterable[Any]) -> str:
    """A number with its limits: `a whole number from 8 to 1,024`."""
    found = {name: getattr(each, name) for each in limits for name in ("ge", "gt", "le", "lt") if hasattr(each, name)}
    if "ge" in found and "le" in found:
        return f"{word} from {found['ge']:,} to {found['le']:,}"
    words = {"ge": "from {:,} on", "gt": "above {:,}", "le": "up to {:,}", "lt": "below {:,}"}
    said = [text.format(found[name]) for name, text in words.items() if name in found]
    return f"{word} {' and '.join(said)}" if said else word
