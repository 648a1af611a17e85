"""How good a kept classifier is, as its manifest says it: scores, thresholds, calibrated scores, and figures of subgroups."""

import math
from collections.abc import Sequence

import pandas as pd

from benchmark.models.manifest import Counts, Score, SubgroupScore, SubgroupScores, Threshold
from benchmark.models.prediction_scores import score_from, score_of
from results.evaluation.operating import OperatingPoint, as_decided
from results.evaluation.positive import positive_of_two
from results.evaluation.subgroups import attributes_of, subgroups
from results.evaluation.tested import images_and_patients
from results.metrics import METRICS
from results.statistics.influence import Predictions

BY_TEMPERATURE = ("ece", "brier")  # metrics that a temperature is meant to change


def scored(name: str, value: float, known: Predictions) -> Score:
    """A recorded metric of one network with its 95 % interval over test images, patients as clusters where they are known."""
    found = score_of(name, known) if name in METRICS else None
    return Score(value=value) if found is None else found.model_copy(update={"value": value})


def calibrated_scores(test: Predictions) -> dict[str, Score]:
    """The metrics of BY_TEMPERATURE of predictions with the temperature, with their intervals."""
    found = {name: score_of(name, test) for name in BY_TEMPERATURE}
    return {name: score for name, score in found.items() if score is not None}


def decided_scores(known: Predictions, classes: Sequence[str]) -> dict[str, Score]:
    """Sensitivity and specificity for the positive one of two classes, where the most probable class decides; else nothing."""
    if len(classes) != 2 or known.multilabel:
        return {}
    both = zip(("sensitivity", "specificity"), as_decided(known, positive_of_two(classes)), strict=True)
    return {name: score_from(found) for name, found in both if math.isfinite(found.value)}


def tested(table: pd.DataFrame) -> Counts | None:
    """What the scores of a table of test images rest on; None where the table has no column of patients."""
    found = images_and_patients(table)
    return None if found is None else Counts(images=found[0], patients=found[1])


def threshold(point: OperatingPoint) -> Threshold:
    """An operating point as the manifest holds it."""
    return Threshold(
        name=point.class_name, fixed=point.fixed, asked=point.stated, threshold=point.threshold,
        sensitivity=score_from(point.sensitivity), specificity=score_from(point.specificity),
    )  # fmt: skip


def subgroup_scores(table: pd.DataFrame, known: Predictions, metric: str) -> tuple[SubgroupScores, ...]:
    """The metric of the subgroups of each attribute in a table of test images, without the temperature, as in the report.

    known: the predictions of the table, in its order.
    """
    found = [subgroups(table, known, attribute, metric) for attribute in attributes_of(table)]
    return tuple(
        SubgroupScores(
            attribute=each.attribute, metric=metric, sentence=each.sentence,
            groups=tuple(
                SubgroupScore(
                    name=group.name, images=group.estimate.images, remark=group.note,
                    score=score_from(group.estimate) if math.isfinite(group.estimate.value) else None,
                )
                for group in each.groups
            ),
        )
        for each in found
    )  # fmt: skip
