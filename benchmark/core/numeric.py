"""A base class for settings, in which numbers are finite, not gigantic, and never a truth value taken for 1 or 0."""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from results.record import Frozen

LARGEST = 2**53  # beyond it, not every program reads the number that was written


class Numeric(Frozen):
    """Settings that hold numbers. A truth value is no number, infinity and NaN are none, and digits are 0 to 9."""

    model_config = ConfigDict(allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_what_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = _kinds_of(cls, str(info.field_name))
        numeric = bool(kinds & {int, float})
        if bool in kinds or not (numeric or any(isinstance(kind, str) for kind in kinds)):
            return value
        for item in value if isinstance(value, list | tuple) else [] if tuple in kinds else [value]:
            if isinstance(item, bool):
                raise PydanticCustomError("truth", "a number, not a truth value")
            written = isinstance(item, str) and numeric and str not in kinds and item not in kinds
            if written and ("_" in item or not item.isascii()):
                raise PydanticCustomError("digits", "a number, written with the digits 0 to 9")
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _refuse_gigantic_numbers(cls, value: Any) -> Any:
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, int | float) and abs(item) > LARGEST:
                raise PydanticCustomError("gigantic", "a number of at most 16 digits")
        return value


@cache
def _kinds_of(model: type[BaseModel], field: str) -> frozenset[Any]:
    """The types, and the words of Literal, that the type of a field is made of."""
    return frozenset(_kinds(model.model_fields[field].annotation))


def _kinds(annotation: Any) -> Iterator[Any]:
    kind = get_origin(annotation) or annotation
    if isinstance(kind, str | type):
        yield kind
    for each in get_args(annotation):
        yield from _kinds(each)
