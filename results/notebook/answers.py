"""Scores, agreement, comparisons, costs, curves over data sizes and choices in a notebook."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING

import pandas as pd

from results.agreement.result import Agreement, Statistic
from results.agreement.scores import PairScore, score_grids, score_reasons
from results.agreement.text import measure_table
from results.board.compare import Comparison
from results.choosing.choice import Attempted, Choice
from results.choosing.choice_text import notes as choice_notes
from results.choosing.choice_text import sentences
from results.cost.text import CostText
from results.notebook.board import floats
from results.notebook.drawn import Dot, Dots
from results.notebook.result import Result, Sheet, sheet_of

if TYPE_CHECKING:
    from results.cost.bill import Bill
    from results.cost.tradeoff import Tradeoff

STATISTIC = "weighted_tau"


@dataclass(frozen=True, eq=False, repr=False)
class Agreed(Result):
    """Which measure chooses well. `agreement`: the same as an object of results.agreement.result.Agreement."""

    agreement: Agreement = field(kw_only=True)


@dataclass(frozen=True, eq=False, repr=False)
class Compared(Result):
    """Two sources on one target. `comparison`: the same as an object of results.board.compare.Comparison."""

    comparison: Comparison = field(kw_only=True)


@dataclass(frozen=True, eq=False, repr=False)
class Cost(Result):
    """What an experiment has used. `bill` and `tradeoff`: objects of results.cost; no trade-off where nothing compares."""

    bill: "Bill" = field(kw_only=True)
    tradeoff: "Tradeoff | None" = field(kw_only=True)


@dataclass(frozen=True, eq=False, repr=False)
class Chosen(Result):
    """The answer of `choose`. `choice`: the same as an object of results.choosing.choice.Choice."""

    choice: Choice = field(kw_only=True)


def scores_result(rows: Sequence[PairScore], experiment: str, notes: Sequence[str]) -> Result:
    """Scores of measures: one row for each pair and measure, with the fields of results.agreement.scores.PairScore."""
    names = [each.name for each in fields(PairScore)]
    frame = floats(pd.DataFrame([vars(row) for row in rows], columns=names))
    grids = score_grids(rows).items()
    sheets = [Sheet(title, head, lines, frozenset({"measure"}), folded=len(grids) > 1) for title, (head, lines) in grids]
    return Result(f"{experiment}: scores of measures", frame, [*score_reasons(list(rows)), *notes], sheets)


def agreement_result(agreement: Agreement, notes: Sequence[str]) -> Agreed:
    """Judged measures: one row for each measure, target (`mean` for all of them) and statistic."""
    rows = [
        {"measure": row.name, "constant": row.constant, "target": target, "statistic": name, **vars(statistics[name])}
        for row in agreement.rows
        for target, statistics in [("mean", row.over_targets), *row.targets.items()]
        for name in statistics
    ]
    names = ["measure", "constant", "target", "statistic", *[each.name for each in fields(Statistic)]]
    head, lines = measure_table(agreement)
    sheet = Sheet(agreement.verdict, head, lines, frozenset(head[:1]))
    known = [(row.name, row.mean[STATISTIC]) for row in agreement.rows]
    dots = [
        Dot(name, each.value, each.low, each.high, number == 0)
        for number, (name, each) in enumerate(known)
        if each.value is not None
    ]
    drawing = Dots("weighted Kendall τ with 95 % interval", dots) if dots else None
    title = f"{agreement.experiment}: which measure chooses well"
    return Agreed(
        title, floats(pd.DataFrame(rows, columns=names)), [*notes, *agreement.notes], [sheet], drawing, agreement=agreement
    )


def comparison_result(comparison: Comparison, notes: Sequence[str]) -> Compared:
    """A paired difference: one row with the fields of results.board.compare.Comparison, and its verdict."""
    frame = floats(pd.DataFrame([comparison.to_dict()]))
    pair = f"{comparison.one} minus {comparison.other}"
    dot = Dot(pair, comparison.difference, comparison.low, comparison.high, comparison.p is not None and comparison.p < 0.05)
    drawing = Dots(f"{comparison.target}: difference in {comparison.metric} with 95 % interval", [dot])
    units = ["images"] if comparison.patients is None else ["images", "patients"]
    sheet = sheet_of(frame, ["one", "other", "target", "metric", "difference", "low", "high", "p", "seeds", *units])
    return Compared(comparison.verdict, frame, notes, [sheet], drawing, comparison=comparison)


def cost_result(bill: "Bill", tradeoff: "Tradeoff | None", notes: Sequence[str]) -> Cost:
    """A bill, and ways of choosing: one row for each figure, with the columns table, line, column, value."""
    text = CostText(bill, tradeoff)
    rows, sheets = [], []
    for number, table in enumerate(text.tables):
        lines = pd.DataFrame([list(line) for line in table.lines], columns=list(table.head))
        sheets.append(sheet_of(floats(lines), table.head, table.title))
        words = [name for name in table.head if name in table.word_columns]
        for line in lines.to_dict("records"):
            name = " / ".join(str(line[word]) for word in words if line[word])
            rows += [(table.title, name, column, line[column]) for column in table.head if column not in words]
        sheets[-1] = replace(sheets[-1], folded=number > 0)
    frame = floats(pd.DataFrame(rows, columns=["table", "line", "column", "value"]))
    ways = [] if tradeoff is None else [way for way in tradeoff.ways if way.regret is not None]
    dots = [Dot(way.name, way.regret or 0.0, way.low, way.high) for way in ways]
    drawing = Dots("regret with 95 % interval", dots) if dots else None
    return Cost(
        f"{bill.experiment}: energy, emissions and time",
        frame,
        [*notes, *text.notes],
        sheets,
        drawing,
        bill=bill,
        tradeoff=tradeoff,
    )


def choice_result(choice: Choice, notes: Sequence[str]) -> Chosen:
    """The answer: one row for each run that was tried, in the order in which the runs began; `taken`: the recommended one."""
    taken = choice.taken
    own = None if taken is None else (taken.source, taken.setting, taken.seed)
    frame = floats(pd.DataFrame([asdict(run) for run in choice.tried], columns=[each.name for each in fields(Attempted)]))
    frame = frame.assign(taken=[own == (run.source, run.setting, run.seed) for run in choice.tried])
    lanes = pd.DataFrame([asdict(lane) for lane in choice.by_source])
    best = frozenset() if taken is None or not len(lanes) else frozenset(lanes.index[lanes["source"] == taken.source].tolist())
    sheet = sheet_of(floats(lanes), map(str, lanes), "what was tried of each source; best: smallest validation loss")
    sheet = replace(sheet, best=best)
    known = [lane for lane in choice.by_source if lane.best is not None]
    dots = [Dot(lane.source, lane.best or 0.0, best=taken is not None and lane.source == taken.source) for lane in known]
    drawing = Dots("smallest validation loss", dots) if dots else None
    said = sentences(choice)
    return Chosen(said[0], frame, [*said[1:], *choice_notes(choice), *notes], [sheet], drawing, choice=choice)
