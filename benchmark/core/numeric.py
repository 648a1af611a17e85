"""A base class for settings, in which a truth value is never taken for the number 1 or 0."""

from typing import Any

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from results.record import Frozen


class Numeric(Frozen):
    """Settings that are numbers and texts. A truth value is refused, except in fields of type bool."""

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise PydanticCustomError("truth", "input should be a number or a word, not a truth value")
        return value
