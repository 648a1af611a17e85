"""Subgroups: how a metric differs between images that an entry tells apart, such as age bands, sexes, sites and scanners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from results.evaluation.estimates import estimate_of, standard_error
from results.evaluation.proportion import HALF_95, Estimate
from results.metrics import metric_of
from results.record import ATTRIBUTE
from results.statistics.distributions import normal_tail
from results.statistics.influence import FEWEST, Predictions
from results.statistics.multiple_testing import holm

UNKNOWN = "unknown"  # in place of a blank cell
Errors = tuple[float, float]  # standard errors towards smaller and towards larger values


@dataclass(frozen=True)
class Subgroup:
    """One subgroup.

    Attributes:
        estimate: the metric of its images; NaN where it is not defined for them, for example an AUC of one class.
        note: why it is not ranked; empty if it is.
    """

    attribute: str
    name: str
    estimate: Estimate
    note: str = ""


@dataclass(frozen=True)
class Subgroups:
    """The subgroups of one attribute, the worst one first, then those that are not ranked.

    Attributes:
        worst: the names of the subgroups that cannot be told apart from the lowest one, itself among them; empty if no two can
            be told apart at all.
    """

    attribute: str
    groups: list[Subgroup]
    worst: list[str]

    @property
    def sentence(self) -> str:
        """What is to be said of the worst subgroup. A tie has no worst one."""
        ranked = [group for group in self.groups if not group.note]
        if len(ranked) < 2:
            return f"{self.attribute}: fewer than two subgroups are large enough to be compared"
        first = ranked[0].estimate
        ends = f"{first.value:.3f}, 95 % {first.low:.3f} – {first.high:.3f}"
        if not self.worst:
            return f"{self.attribute}: no two subgroups can be told apart; {ranked[0].name} has the worst figure ({ends})"
        if len(self.worst) == 1:
            return f"{self.attribute}: {self.worst[0]} is worst ({ends})"
        return f"{self.attribute}: {', '.join(self.worst)} cannot be told apart from the worst ({ranked[0].name}, {ends})"


def attributes_of(table: pd.DataFrame) -> list[str]:
    """The names of the attributes in a table of predictions."""
    return [name.removeprefix(ATTRIBUTE) for name in map(str, table) if name.startswith(ATTRIBUTE)]


def subgroups(table: pd.DataFrame, of: Predictions, attribute: str, metric: str) -> Subgroups:
    """The metric of each subgroup of an attribute. `of`: the predictions of the table, in its order.

    The intervals are those of `estimate_of`. Differences are tested by normal tests of independent images or patients, with
    Holm's correction for all pairs. A patient whose images are in several subgroups counts in each of them. The interval of an
    accuracy has a width also where all images are decided rightly; the error of a difference is then recovered from the two
    intervals, as in Newcombe's interval (Statistics in Medicine 17, 1998, method 10).
    """
    cells = table[f"{ATTRIBUTE}{attribute}"].fillna("").astype(str).to_numpy()
    found = [_subgroup(of.at(np.flatnonzero(cells == name)), attribute, name or UNKNOWN, metric) for name in sorted(set(cells))]
    sign = metric_of(metric).sign
    ranked = sorted((g for g, _ in found if not g.note), key=lambda g: (sign * g.estimate.value, g.name))
    errors = {group.name: error for group, error in found}
    rest = [group for group, _ in found if group.note]
    return Subgroups(attribute, [*ranked, *rest], _worst(ranked, errors))


def _subgroup(of: Predictions, attribute: str, name: str, metric: str) -> tuple[Subgroup, Errors]:
    """A subgroup and the standard errors of its metric."""
    units = len(of.truth) if of.groups is None else len(np.unique(of.groups))
    estimate = estimate_of(metric, of)
    value = estimate.value
    if metric == "accuracy" and not of.multilabel:
        errors = ((value - estimate.low) / HALF_95, (estimate.high - value) / HALF_95)
    else:
        errors = (standard_error(metric, of)[0],) * 2 if np.isfinite(value) else (np.nan, np.nan)
    what = ("image" if of.groups is None else "patient") + ("s" if units > 1 else "")
    note = f"only {units} {what}; {FEWEST} are needed" if units < FEWEST else ""
    if not note and not np.isfinite(value):
        note = f"{metric} is not defined, because a class has no image"
    if not note and not np.isfinite([estimate.low, estimate.high, *errors]).all():
        note = "no interval is known"
    return Subgroup(attribute, name, estimate, note), errors


def _worst(ranked: Sequence[Subgroup], errors: Mapping[str, Errors]) -> list[str]:
    """See Subgroups.worst. All pairs are tested, because the worst subgroup is chosen by looking at all of them."""
    pairs = list(combinations(range(len(ranked)), 2))
    if not pairs:
        return []
    values, spread = (np.array(each) for each in ([g.estimate.value for g in ranked], [errors[g.name] for g in ranked]))
    ones, others = np.array(pairs).T
    apart_by = values[ones] - values[others]
    first_lower = (apart_by < 0).astype(int)  # the error of each on the side where the other lies: 0 below, 1 above
    error = np.hypot(spread[ones, first_lower], spread[others, 1 - first_lower])
    p = holm(2 * normal_tail(np.abs(apart_by) / error))
    if (p >= 0.05).all():
        return []
    apart = {int(other) for one, other, each in zip(ones, others, p, strict=True) if one == 0 and each < 0.05}
    return [group.name for place, group in enumerate(ranked) if place not in apart]
