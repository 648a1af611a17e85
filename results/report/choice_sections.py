"""Sections of the report about ways to choose a source: what measures say, how well they agree, what they cost."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from results.agreement.result import Statistic
from results.agreement.text import statistic_text
from results.cost.paid_plot import REACH, Paid, paid_of
from results.cost.tables import ROUGH
from results.cost.text import PART, comparability_notes
from results.cost.tradeoff import MADE, Tradeoff
from results.metrics import written
from results.report.axes import plot_of
from results.report.charts import IntervalPoint, draw_intervals, draw_regret, limited
from results.report.export import slug
from results.report.html import Chart, Mark, Section, Table
from results.report.sections import WORDS, unique
from results.text.counts import how_many
from results.text.printing import REGRET_DIGITS
from results.text.units import EnergyUnit, energy_unit

AGREEMENT = {"weighted_tau": "weighted tau", "spearman": "Spearman", "regret_1": "top-1 regret", "regret_3": "top-3 regret",
             "top_tie": "P(in top tie)"}  # fmt: skip
# A figure of a measure against a constant → its column, the column of its p, and the statistic that it is a difference of.
COMPARED = {"lead": ("tau ahead of static", "p of the lead (Holm)", "weighted_tau"),
            "gain": ("less regret than imagenet", "p of the gain (Holm)", "regret_1")}  # fmt: skip


def tradeoff(result: Tradeoff, unit: EnergyUnit | None = None) -> Section:
    """Regret against the energy of every way to choose a source; `unit`: of the energy, see regret."""
    points = paid_of(result)
    notes = [
        f"Regret is a mean over {how_many(result.targets, 'target')}.",
        "The cost of a way includes its share of the pretrainings; constants cost nothing.",
    ]
    notes += [f"{PART}."] if result.sweep == MADE else []
    notes += [f"{sentence[0].upper()}{sentence[1:]}." for sentence in comparability_notes(result)]
    if result.hypervolume is not None:
        least = "≈ " if result.rough else "≥ " if result.bound else ""
        notes.append(
            f"Hypervolume {least}{result.hypervolume:.2f}: the share of the rectangle from (no energy, no regret) to (the "
            f"sweep's energy, the regret of choosing blindly) that these ways dominate."
        )
    return regret(points, result.metric, notes, unit)


def regret(points: Sequence[Paid], metric: str, notes: Sequence[str] = (), unit: EnergyUnit | None = None) -> Section:
    """Energy and regret of each way to choose a source. unit: of the energy; without it the one in which the most is short."""
    if not points:
        return Section("regret", "Regret against energy", left_out="no way of choosing a source was compared.")
    unknown = [point.name for point in points if point.place is None]
    more = [f"The energy of {', '.join(unknown)} is missing, so the drawing does not show them."] if unknown else []
    if any(point.rough for point in points):
        more.append(f"≈: {ROUGH}; a hollow mark shows the sum.")
    if any(point.kwh is None and point.place is not None and not point.rough for point in points):
        more.append("≥: a part of this energy is missing; a hollow mark with an arrow shows the known part.")
    unit = unit or energy_unit([point.place for point in points])
    rows = [
        (
            p.name,
            unit.text(p.place, p.sign),
            f"{p.regret:.{REGRET_DIGITS}f}",
            _ends(p.low, p.high),
            "yes" if p.constant else "no",
        )
        for p in points
    ]
    shown = written(metric)
    title = f"Regret in {shown} against the energy spent to choose a source"
    head = ("measure", unit.name, "regret", "95 % interval", "constant")
    text = (
        "Lower and further left is better. The dashed line joins the ways that no other way beats in both. "
        "The table below gives the figures and draws their intervals."
    )
    draw = partial(draw_regret, points, (title, shown), unit)
    chart = Chart("regret", title, text, draw, narrow=partial(draw, narrow=True))
    ceiling = REACH * max(p.regret for p in points)  # a longer interval goes beyond the axis
    plot = plot_of([Mark(p.regret, p.low, p.high) for p in points], f"regret in {shown}", 0.0, most=ceiling, cut=True)
    table = Table(
        "regret", title, head, rows, WORDS,
        tips={unit.name: "Energy of the choice for all targets, with its share of the pretrainings; constants cost nothing."},
        plots={"regret": plot} if plot else {},
    )  # fmt: skip
    return Section("regret", "Regret against energy", charts=[chart], tables=[table], notes=[*more, *notes])


def agreement(judged: Mapping[str, Any]) -> Section:
    """How well measures order the sources, beside constants.

    `judged`: verdict, notes and rows; each row has name, constant, coverage, ranked, and mean: statistic → value, low, high,
    p_holm; and lead and gain, the same of its weighted tau minus that of the static mean rank, and of the top-1 regret of
    always choosing imagenet minus its own.
    """
    rows = [row for row in judged["rows"] if row.get("coverage", 1) or _known(row)]  # the notes name the others
    name, shown = "weighted_tau", []
    for row in rows:
        figure = row["mean"].get(name, {}) if row.get("ranked", True) else {}
        if figure.get("value") is not None and math.isfinite(figure["value"]):
            shown.append(
                IntervalPoint(row["name"], figure["value"], figure.get("low"), figure.get("high"), not row["constant"])
            )
    shown.sort(key=lambda point: -point.value)
    statistics = [(key, title) for key, title in AGREEMENT.items() if any(key in row["mean"] for row in rows)]
    compared = [each for each in COMPARED if any(row.get(each, {}).get("value") is not None for row in rows)]
    more = [title for each in compared for title in COMPARED[each][:2]]
    covered = ["scored"] if any("coverage" in row for row in rows) else []
    head = ["measure", "constant", *covered, *(title for _, title in statistics), "p (Holm)", *more]
    lines = [
        [row["name"], "yes" if row["constant"] else "no", *(f"{row['coverage']:.0%}" for _ in covered),
         *(_figure(row["mean"].get(key), key) for key, _ in statistics), _p(row["mean"].get(name, {}).get("p_holm")),
         *(cell for each in compared
           for cell in (_figure(row.get(each), COMPARED[each][2]), _p(row.get(each, {}).get("p_holm"))))]
        for row in rows
    ]  # fmt: skip
    title = f"Agreement of measures with the results: {judged['verdict']}"
    text = (
        "Filled dots are measures; hollow dots are constants, which look at no image of the target. "
        "Measures that order few sources are not drawn. The table below gives the figures."
    )
    label = "weighted Kendall tau, mean over targets, 95 % interval"
    draw = partial(draw_intervals, shown, limited(title, len(shown)), label)
    chart = Chart("agreement", title, text, draw, inline=False)  # the table draws the same
    marks = [_mark(row["mean"].get(name)) for row in rows]
    plot = plot_of(marks, "weighted tau", -1.0, 1.0) if AGREEMENT[name] in head else None
    best = frozenset(number for number, row in enumerate(rows) if not row["constant"])
    plots = {AGREEMENT[name]: plot} if plot else {}
    table = Table(
        "agreement", f"{title}; filled dots are measures, hollow dots are constants", head, lines, WORDS, best, plots=plots,
        paper=title,
    )  # fmt: skip
    return Section("agreement", "Agreement of measures", charts=[chart] if shown else [], tables=[table], notes=judged["notes"])


def measured(grids: Mapping[str, tuple[Sequence[str], Sequence[Sequence[str]]]], reasons: Sequence[str]) -> Section:
    """Scores of measures for each pair: results.agreement.scores.score_grids and score_reasons."""
    parts = []
    for title, (head, lines) in grids.items():
        name = f"scores-{slug(title)}"
        parts.append(Section(name, title, tables=[Table(name, f"{title}: scores of measures", head, lines, WORDS)]))
    note = "A higher score is better. Scores can be compared within one row only."
    return Section("scores", "Scores of measures", parts=unique(parts), notes=[note, *reasons])


def _known(row: Mapping[str, Any]) -> bool:
    """Whether any statistic of a measure is known."""
    return any(figure.get("value") is not None and math.isfinite(figure["value"]) for figure in row["mean"].values())


def _mark(figure: Mapping[str, float | None] | None) -> Mark | None:
    value = (figure or {}).get("value")
    if figure is None or value is None or not math.isfinite(value):
        return None
    return Mark(value, figure.get("low"), figure.get("high"))


def _ends(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.{REGRET_DIGITS}f} – {high:.{REGRET_DIGITS}f}"


def _figure(figure: Mapping[str, float | None] | None, name: str) -> str:
    figure = figure or {}
    return statistic_text(Statistic(figure.get("value"), figure.get("low"), figure.get("high")), name)


def _p(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}"
