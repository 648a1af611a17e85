"""A base for settings in which yes and no would silently become the numbers 1 and 0."""

from typing import Any

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from results.record import Frozen


class Numeric(Frozen):
    """Settings that are numbers and words; a truth value is refused, except for fields of type bool."""

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise PydanticCustomError("truth", "input should be a number or a word, not a truth value")
        return value
