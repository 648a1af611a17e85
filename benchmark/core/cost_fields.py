"""Marks on the fields of a model that say whether a field changes the cost of an epoch of training.

A forecast compares new work with finished work that has equal values in all `OtherCost` fields. Every field has one of the two
marks, so that no new field can be forgotten: `cost_fields` refuses a model with an unmarked field.
"""

from typing import Annotated, TypeVar

from pydantic import BaseModel

T = TypeVar("T")
SAME, OTHER = "the field does not change the cost of an epoch", "the field changes the cost of an epoch"
SameCost = Annotated[T, SAME]
OtherCost = Annotated[T, OTHER]


def cost_fields(model: type[BaseModel]) -> list[str]:
    """Return the names of the fields that change the cost; a field of a nested model has the name `outer.inner`.

    The mark of a field that holds a model applies to all its fields. Raises TypeError for a field without exactly one mark.
    """
    names = []
    for name, field in model.model_fields.items():
        marks = [mark for mark in field.metadata if mark in (SAME, OTHER)]
        if len(marks) != 1:
            raise TypeError(f"{model.__name__}.{name} needs one mark, SameCost[...] or OtherCost[...], of core/cost_fields.py")
        if marks == [OTHER]:
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                names += [f"{name}.{each}" for each in inner.model_fields]
            else:
                names.append(name)
    return names
