"""The rules that choose by validation images, and an oracle beside them: one table for epochs, probes and points of a grid.

Training and probes, plans and boards read this table, so that a new rule is one entry in TABLE.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from results.error import CatsError, nearest
from results.metrics import metric_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["source", "target", "backbone", "seed"]
ORACLE = "oracle_test"


def _column(runs: "pd.DataFrame", name: str) -> "pd.Series":
    """A column as numbers; all missing where no run of the experiment has it."""
    import pandas as pd

    return pd.to_numeric(runs.get(name, pd.Series(float("nan"), index=runs.index)))


def _validation_loss(runs: "pd.DataFrame", metric: str) -> "pd.Series":  # noqa: ARG001 - test figures decide nothing here
    return _column(runs, "val_loss")


def _validation_auc(runs: "pd.DataFrame", metric: str) -> "pd.Series":  # noqa: ARG001
    return -_column(runs, "val_auc")


def _test_score(runs: "pd.DataFrame", metric: str) -> "pd.Series":
    return _column(runs, f"test_{metric}") * -metric_of(metric).sign


@dataclass(frozen=True)
class Rule:
    """One way to choose: which epoch of a training is restored, which setting of a probe and which point of a grid counts.

    Attributes:
        figure: runs and the test metric → the figure of each run, at the epoch that it restored; the smallest counts among the
            points of a grid.
        worth: position, validation loss and validation AUC of an epoch or of a setting of a probe → its worth; the largest
            counts, the first of equals, and never one that is NaN. The position of an epoch is its number, that of a setting
            is the setting. None: no training can choose so, and no plan may name the rule.
        what: the validation figure that has to be finite, in words.
        one_standard_error: whether all that are no worse than the one of the largest worth count as equal to it, see
            benchmark.training.epoch_choice.no_worse: the last of these epochs is restored, of a probe the simplest setting.
        same_points_as: the rule that chooses the same points of a grid; this one differs in epochs and settings only.
    """

    name: str
    figure: "Callable[[pd.DataFrame, str], pd.Series]"
    worth: Callable[[float, float, float], float] | None
    what: str = "validation loss"
    one_standard_error: bool = False
    same_points_as: str | None = None


TABLE = (
    Rule("min_val_loss", _validation_loss, lambda position, loss, auc: -loss),  # noqa: ARG005
    Rule(
        "within_one_se", _validation_loss, lambda position, loss, auc: -loss,  # noqa: ARG005
        one_standard_error=True, same_points_as="min_val_loss",
    ),
    Rule("max_val_auc", _validation_auc, lambda position, loss, auc: auc, "validation AUC"),  # noqa: ARG005
    # Points of a grid have no order, hence no last one.
    Rule("last_epoch", _validation_loss, lambda position, loss, auc: position, "loss", same_points_as="min_val_loss"),  # noqa: ARG005
    # Nobody can choose by test images: the oracle says how much a rule could gain at most.
    Rule(ORACLE, _test_score, None),
)  # fmt: skip
RULES: Mapping[str, Rule] = {rule.name: rule for rule in TABLE}

if TYPE_CHECKING:
    PlanRule = str
else:  # the rules that a plan may name, for pydantic: its errors list them
    PlanRule = Literal[tuple(rule.name for rule in TABLE if rule.worth is not None)]


def rule_of(name: str) -> Rule:
    """The entry of a rule. Raises CatsError for an unknown name."""
    if name not in RULES:
        raise CatsError(f"there is no rule '{name}'{nearest(name, RULES)}")
    return RULES[name]


def training_rule(name: str) -> tuple[Rule, Callable[[float, float, float], float]]:
    """The entry of a rule that a training can follow, and its worth. Raises CatsError for the oracle and an unknown name."""
    rule = rule_of(name)
    if rule.worth is None:
        raise CatsError(f"no training can choose by '{name}', which looks at test images")
    return rule, rule.worth


def choose_runs(finished: "pd.DataFrame", rule: str, metric: str) -> "pd.DataFrame":
    """One run of each source, target, backbone and seed: the newest of each point, then the best point by the rule.

    A point without the figure of the rule counts only where no point has it. Raises CatsError for an unknown rule.
    """
    figure = rule_of(rule).figure
    newest = finished.sort_values("started").drop_duplicates([*COLUMNS, "point"], keep="last")
    # Small validation sets give many points the same AUC: of equals the smaller loss counts, then the key, never the order.
    figures = newest.assign(_figure=figure(newest, metric), _loss=_column(newest, "val_loss"))
    return figures.sort_values(["_figure", "_loss", "key"]).drop_duplicates(COLUMNS).drop(columns=["_figure", "_loss"])


def rule_in_words(rule: str) -> str:
    """How a rule is named wherever its choices are shown."""
    return f"{rule}, an oracle that looks at the test images: no choice that anybody can make" if rule == ORACLE else rule
