"""Which run counts where a grid gave several: rules that look at validation images only, and an oracle beside them."""

from collections.abc import Callable

import pandas as pd

from results.error import CatsError, nearest
from results.metrics import metric_of

COLUMNS = ["source", "target", "backbone", "seed"]
ORACLE = "oracle_test"


def min_val_loss(runs: pd.DataFrame, metric: str) -> pd.Series:  # noqa: ARG001 - test figures decide nothing here
    """The smallest validation loss, at the epoch that the run restored."""
    return _figure(runs, "val_loss")


def within_one_se(runs: pd.DataFrame, metric: str) -> pd.Series:  # noqa: ARG001
    """The epoch of every run by its rule. Among points of a grid the smallest validation loss counts: there is no last one."""
    return _figure(runs, "val_loss")


def max_val_auc(runs: pd.DataFrame, metric: str) -> pd.Series:  # noqa: ARG001
    """The largest validation AUC, at the epoch that the run restored; of equals the smaller loss."""
    return -_figure(runs, "val_auc")


def last_epoch(runs: pd.DataFrame, metric: str) -> pd.Series:  # noqa: ARG001
    """The last epoch of every run. It says nothing about points of a grid: of these, the smallest validation loss counts."""
    return _figure(runs, "val_loss")


def oracle_test(runs: pd.DataFrame, metric: str) -> pd.Series:
    """The best test score. Nobody can choose so: it says how much a rule could gain at most, and no plan may name it."""
    return _figure(runs, f"test_{metric}") * -metric_of(metric).sign


Rule = Callable[[pd.DataFrame, str], pd.Series]  # runs, metric → a figure of which the smallest counts
OF_EPOCHS = {"within_one_se", "last_epoch"}  # among points of a grid these choose as min_val_loss does
RULES: dict[str, Rule] = {rule.__name__: rule for rule in (min_val_loss, within_one_se, max_val_auc, last_epoch, oracle_test)}


def chosen(finished: pd.DataFrame, rule: str, metric: str) -> pd.DataFrame:
    """One run of each source, target, backbone and seed: the newest of each point, then the best point by the rule.

    A point without the figure of the rule counts only where no point has it. Raises CatsError for an unknown rule.
    """
    if rule not in RULES:
        raise CatsError(f"there is no rule '{rule}'{nearest(rule, RULES)}")
    newest = finished.sort_values("started").drop_duplicates([*COLUMNS, "point"], keep="last")
    # Small validation sets give many points the same AUC: of equals the smaller loss counts, then the key, never the order.
    figures = newest.assign(_figure=RULES[rule](newest, metric), _loss=_figure(newest, "val_loss"))
    return figures.sort_values(["_figure", "_loss", "key"]).drop_duplicates(COLUMNS).drop(columns=["_figure", "_loss"])


def told(rule: str) -> str:
    """How a rule is named wherever its choices are shown."""
    return f"{rule}, an oracle that looks at the test images: no choice that anybody can make" if rule == ORACLE else rule


def _figure(runs: pd.DataFrame, column: str) -> pd.Series:
    """A column as numbers; all missing where no run of the experiment has the figure."""
    return pd.to_numeric(runs.get(column, pd.Series(float("nan"), index=runs.index)))
