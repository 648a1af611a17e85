"""Every field of a recipe says whether it changes what an epoch costs; a new one cannot be forgotten."""

import pytest
from pydantic import BaseModel

from benchmark.core.cost_fields import OtherCost, SameCost, cost_fields
from benchmark.data.split import Subsample
from benchmark.specs.recipe import Augment, Recipe


class Inner(BaseModel):
    a: int = 0
    b: int = 0


class Marked(BaseModel):
    size: OtherCost[int] = 3
    lr: SameCost[float] = 0.1
    inner: OtherCost[Inner] = Inner()


def test_fields_that_change_the_cost_are_listed_with_those_of_nested_models():
    assert cost_fields(Marked) == ["size", "inner.a", "inner.b"]


def test_a_field_without_a_mark_is_refused():
    class Forgotten(Marked):
        clipping: float = 0.0

    with pytest.raises(TypeError, match=r"Forgotten\.clipping needs one mark, SameCost\[\.\.\.\] or OtherCost"):
        cost_fields(Forgotten)


def test_every_field_of_recipe_and_subsample_is_marked_and_augmentation_counts_as_a_whole():
    names = cost_fields(Recipe)
    assert {"size", "batch_size", "ema", "precision"} <= set(names)
    assert not {"epochs", "patience", "lr", "dropout"} & set(names)
    assert {f"augment.{name}" for name in Augment.model_fields} <= set(names)
    assert cost_fields(Subsample) == ["train", "val", "per_class"]
