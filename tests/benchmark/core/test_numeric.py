import pytest
from pydantic import ValidationError

from benchmark.data.split import Subsample
from benchmark.specs.budget import Budget
from benchmark.specs.recipe import Recipe


@pytest.mark.parametrize(
    ("model", "field"), [(Subsample, "train"), (Subsample, "seed"), (Recipe, "epochs"), (Recipe, "lr"), (Budget, "hours")]
)
def test_yes_is_no_number(model, field):
    with pytest.raises(ValidationError, match="a number, not a truth value"):
        model(**{field: True})


def test_a_field_that_is_a_truth_value_takes_one():
    assert Subsample(train=3, per_class=True).per_class
