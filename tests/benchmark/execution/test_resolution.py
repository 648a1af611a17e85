"""What a command looks up for a plan, and what it refuses before anything is run."""

import pytest

from benchmark.execution.resolution import resolve_pairs
from benchmark.specs.plan import Plan
from results.error import CatsError

PLAN = {"experiment": "e", "sources": ["scratch"], "backbones": ["test_resnet"], "recipe": {"size": 16}, "metric": "kappa"}
URI = "sqlite:///mlflow.db"


def test_a_metric_that_no_target_has_is_refused_before_its_cells_are_run():
    expected = r"the metric 'kappa' is for ordinal targets; the plan has only ihc \(binary\), digits \(multiclass\)"
    with pytest.raises(CatsError, match=expected):
        resolve_pairs(Plan(**PLAN, targets=["ihc", "digits"]), URI)


def test_a_metric_that_one_target_has_is_allowed():
    targets = ["ihc", "retinamnist"]
    assert list(resolve_pairs(Plan(**PLAN, targets=targets), URI).targets) == targets
