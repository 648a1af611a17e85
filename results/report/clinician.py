"""The section of a report about use in a clinic: calibration, thresholds, errors and subgroups of recommended classifiers."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from results.board.board import Board
from results.evaluation.chosen_run import ChosenRun, chosen_run
from results.evaluation.decision_curve import DecisionCurve, decision_curve
from results.evaluation.estimates import estimate_of
from results.evaluation.operating import OperatingPoint, operating_points
from results.evaluation.positive import to_act_on
from results.evaluation.proportion import Estimate
from results.evaluation.reliability import ECE_INTERVAL, brier_parts, calibration_error, plain_error, reliability
from results.evaluation.subgroups import Subgroups, attributes_of, subgroups
from results.metrics import written
from results.report.charts import draw_decision, draw_heat, draw_reliability
from results.report.class_curves import MOST_LINES, curves_of, discrimination
from results.report.export import slug
from results.report.html import Chart, Section, Table
from results.report.readings import decision_table, recall_table, reliability_table, roc_table
from results.report.sections import unique
from results.statistics.influence import Predictions, ReadPredictions
from results.text.counts import how_many

ID, TITLE = "clinician", "For a clinician"
WORDS = frozenset({"what", "class", "fixed on validation images", "attribute", "subgroup", "remark", "network useful between"})
MOST_DRAWN = 12  # targets with drawings; those of each take a second and 100 kB
NO_VALIDATION = (
    "Its predictions of validation images are not stored, as in runs of older versions, so that there is neither a temperature "
    "nor a threshold; a run that is made again stores them."
)
ONE_BIN = (
    "The Brier score has no parts here: they are taken from bins of at least 20 test images, and of one bin they say nothing."
)


def clinician(board: Board, runs: pd.DataFrame, read: ReadPredictions, read_validation: ReadPredictions) -> Section:
    """One part for each target: the classifier of the first source with the smallest validation loss, on the test images.

    runs: those that count, see results.board.board.judged_runs.
    """
    parts: list[Section] = []
    for target in board.targets:
        found = chosen_run(board, target, runs, read, read_validation)
        name = f"{ID}-{slug(target)}"
        part = Section(name, target, left_out=f"{found}.") if isinstance(found, str) else _part(found, name, board.metric)
        parts.append(part if len(parts) < MOST_DRAWN else replace(part, charts=[]))
    more = [f"Drawings are made of the first {MOST_DRAWN} of {len(parts)} targets."] if len(parts) > MOST_DRAWN else []
    notes = [
        *more,
        "Temperatures and thresholds are chosen on validation images; all figures are of test images, with 95 % intervals.",
        "Thresholds and net benefit are those of the probabilities with the temperature.",
        "The calibration error is the mean distance of the confidence from the share of right decisions, without noise.",
        ECE_INTERVAL,
        "This is research software and no medical device.",
    ]
    return Section(ID, TITLE, notes=notes, parts=unique(parts))


def _part(run: ChosenRun, name: str, metric: str) -> Section:
    about = f"{run.source}, seed {run.seed}, the one with the smallest validation loss."
    tie = f" It cannot be told apart from {', '.join(run.tied)}, so that it is no winner." if run.tied else ""
    table, charts, notes, read = _calibration(run, name)
    tables = [table, _errors(run, name)]
    temperature = run.temperature
    soft = run if temperature is None else run.calibrated(temperature.value)  # as a classifier that is kept gives them
    if soft.validation is None:
        notes.append(NO_VALIDATION)
    else:
        tables.append(_points(operating_points(run.classes, soft.validation, soft.test), run.target, name))
    curves = [decision_curve(soft.test, column, each) for column, each in enumerate(run.classes)]
    whole = curves_of(run)
    acted = to_act_on(run.classes, run.test.truth, multilabel=run.test.multilabel)
    charts += [*discrimination(run, whole, name), *(_decision(run, curves[acted[0]], acted[1], name) if acted else [])]
    read += [roc_table(whole, run.target, name), recall_table(whole, run.target, name)] if whole else []
    read += [decision_table(curves[acted[0]], run.target, name)] if acted else []
    tables.append(_useful(curves, run.target, name))
    found = [subgroups(run.table, run.test, each, metric) for each in attributes_of(run.table)]
    if found:
        tables.append(_subgroups(found, run.target, metric, name))
        notes += [f"{each.sentence}." for each in found]
    return Section(name, run.target, charts=charts, tables=[*tables, *read], notes=[about + tie, *notes])


def _calibration(run: ChosenRun, name: str) -> tuple[Table, list[Chart], list[str], list[Table]]:
    """The table of calibration, the reliability diagram, what is to be said of the temperature, and the diagram's figures."""
    before = calibration_error(run.test)
    lines = [
        ("expected calibration error", *_figure(before)),
        ("the same with the noise of the bins", f"{plain_error(run.test):.3f}", "–"),
        *_brier(run.test),
    ]
    series, notes, temperature = [("as trained", reliability(run.test))], [], run.temperature
    title = f"{run.target}: calibration error {before.value:.3f}"
    if temperature is not None and temperature.value != 1:
        scaled = run.calibrated(temperature.value).test
        after = calibration_error(scaled)
        lines += [("temperature by the validation images", f"{temperature.value:.2f}", "–")]
        lines += [("expected calibration error with the temperature", *_figure(after))]
        series.append(("with the temperature", reliability(scaled)))
        title = f"{title}, with the temperature {after.value:.3f}"
    if brier_parts(run.test).bins == 1:
        notes.append(ONE_BIN)
    if temperature is not None and temperature.note:
        notes.append(f"{temperature.note[0].upper()}{temperature.note[1:]}.")
    text = "Each mark is a bin of equally many decisions, with its interval; on the diagonal, confidences can be believed."
    chart = Chart(f"{name}-reliability", title, text, partial(draw_reliability, series, title), wide=False)
    table = Table(f"{name}-calibration", f"{run.target}: calibration", ("what", "value", "95 %"), lines, WORDS)
    return table, [chart], notes, [reliability_table(series, run.target, name)]


def _brier(of: Predictions) -> list[tuple[str, str, str]]:
    """The Brier score and its parts, which add up to it."""
    parts = brier_parts(of)
    rows = (
        ("reliability (part of it; lower is better)", parts.reliability),
        ("resolution (taken off; higher is better)", parts.resolution),
        ("uncertainty of the labels (part of it)", parts.uncertainty),
        ("what the bins hide (part of it; lower is better)", parts.within),
    )
    return [
        ("Brier score", *_figure(estimate_of("brier", of))),
        *((text, f"{value:z.3f}", "–") for text, value in (rows if parts.bins > 1 else ())),
    ]


def _decision(run: ChosenRun, curve: DecisionCurve, why: str, name: str) -> list[Chart]:
    """The decision curve of one class, with the reason why of this one, and the confusion matrix."""
    title = f"{run.target}: net benefit of acting on '{curve.class_name}', {why}"
    text = "Higher is better. The table below says for every class between which probabilities the network is useful."
    charts = [Chart(f"{name}-decision", title, text, partial(draw_decision, curve, title), wide=False)]
    if not run.test.multilabel:
        counts = _confusion(run.test)
        cells = [
            [(f"{count}", float(count / max(row.sum(), 1)), False) for count in row.tolist()] for row in counts
        ]  # fmt: skip
        head = f"{run.target}: confusion matrix; rows are true classes, columns are decisions"
        text = "A bright cell holds a large share of the images of its row. The table of decisions below gives the figures."
        draw = partial(draw_heat, run.classes, run.classes, cells, head)
        charts.append(Chart(f"{name}-confusion", head, text, draw, wide=len(run.classes) > MOST_LINES))
    return charts


def _confusion(of: Predictions) -> np.ndarray:
    """(C, C) numbers of images; rows are true classes, columns are decisions."""
    from sklearn.metrics import confusion_matrix

    columns = np.arange(of.truth.shape[1])
    counts: np.ndarray = confusion_matrix(of.truth.argmax(axis=1), of.probabilities.argmax(axis=1), labels=columns)
    return counts


def _errors(run: ChosenRun, name: str) -> Table:
    """The confusion matrix; of several labels what was found and missed of each."""
    if run.test.multilabel:
        yes, truth = run.test.probabilities >= 0.5, run.test.truth == 1
        lines = [
            [each, *(str(int(cells[:, column].sum())) for cells in (truth & yes, truth & ~yes, ~truth & yes, ~truth & ~yes))]
            for column, each in enumerate(run.classes)
        ]
        head = ["class", "found", "missed", "wrongly found", "rightly not found"]
    else:
        head = ["class", *(f"decided {each}" for each in run.classes)]
        rows = zip(run.classes, _confusion(run.test), strict=True)
        lines = [[each, *map(str, row.tolist())] for each, row in rows]
    return Table(f"{name}-errors", f"{run.target}: decisions, by true class", head, lines, WORDS)


def _points(points: Sequence[OperatingPoint], target: str, name: str) -> Table:
    head = ("class", "fixed on validation images", "threshold", "sensitivity", "95 %", "specificity", "95 %", "chosen from")
    lines = [
        (
            each.class_name, f"{each.fixed} {each.stated:.0%}", f"{each.threshold:.3f}", *_figure(each.sensitivity),
            *_figure(each.specificity), how_many(each.chosen_from, "image"),
        )
        for each in points
    ]  # fmt: skip
    return Table(f"{name}-points", f"{target}: thresholds, and what they do to test images", head, lines, WORDS)


def _useful(curves: Sequence[DecisionCurve], target: str, name: str) -> Table:
    """Between which probabilities the network is better than acting on everyone and on nobody."""
    lines = [
        (each.class_name, ", ".join(f"{low:.2f} – {high:.2f}" for low, high in each.useful) or "nowhere") for each in curves
    ]
    caption = f"{target}: where acting on the network has more net benefit than acting on everyone or on nobody"
    return Table(f"{name}-useful", caption, ("class", "network useful between"), lines, WORDS)


def _subgroups(found: Sequence[Subgroups], target: str, metric: str, name: str) -> Table:
    lines = [
        (each.attribute, group.name, str(group.estimate.images), *_figure(group.estimate), group.note or "–")
        for each in found
        for group in each.groups
    ]
    head = ("attribute", "subgroup", "images", written(metric), "95 %", "remark")
    return Table(f"{name}-subgroups", f"{target}: {written(metric)} of subgroups, the worst one first", head, lines, WORDS)


def _figure(estimate: Estimate) -> tuple[str, str]:
    value = f"{estimate.value:.3f}" if np.isfinite(estimate.value) else "–"
    known = np.isfinite([estimate.low, estimate.high]).all()
    return value, f"{estimate.low:.3f} – {estimate.high:.3f}" if known else "–"
