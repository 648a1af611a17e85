"""The top of a report: the verdict in two sentences, the key figures, and one forest plot of all sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.board.answer import answer, filled
from results.board.board import Board
from results.board.columns import only_target
from results.board.outlook import ONE_SEED
from results.board.ranking import Overall
from results.board.ties import tested
from results.cost.answer import taken
from results.cost.bill import Bill
from results.cost.tables import page_unit
from results.metrics import written
from results.report.axes import plot_of
from results.report.html import Figure, Mark, Plot, Section, Table
from results.report.shown import Part
from results.text.counts import how_many
from results.text.units import energy_text, mass_text

ID, TITLE = "overview", "Sources compared"
HOUR, MINUTE = 3600, 60  # seconds
UNKNOWN = "–"
TIE = "Sources of one tie group cannot be told apart over the targets; group 1 holds the best one."
CHANCE = "Probability of the lowest mean rank on other targets of the kind."
RANK = "Mean of its ranks on the targets; 1 would be the best on each of them. The line is the 95 % interval."
MEAN = "Mean over the targets, on their test images. The line is the 95 % interval over targets."
HERE = {  # the same with one target
    "tie": "Sources of one tie group cannot be told apart on the target; group 1 holds the best one.",
    "P(best)": "Probability of being the best on the target, from random draws of the same sampling error.",
    "mean rank (95 %)": "Rank on the only target that all sources share. The line is the 95 % interval.",
}
MEAN_HERE = "Mean over seeds on the test images of the only target that all sources share. The line is its 95 % interval."
STRENGTH = (
    "Plackett-Luce strength over all targets: higher is better. No target has every source, so that there is no mean rank."
)
ENERGY = (
    "Energy of the source's attempts that this page counts, failed ones too, mean over targets; a pretraining is shared over"
)


def verdict(board: Board, bill: Bill, part: Part | None = None, first: Sequence[str] = ()) -> list[str]:
    """Two sentences: which source, which tie and how sure; what it cost, and what would decide a tie.

    first: the answer of a choice in sentences, which stand before those of the board.
    """
    attempts = how_many(bill.attempts, "attempt")
    attempts = f"{attempts}, {bill.scored:,} of which scored a pair," if bill.scored else attempts
    attempts = attempts if part is None else f"the {attempts} for {part.images}"
    said = answer(board)
    rest = f"; {board.outlook}" if board.outlook and ONE_SEED not in said else ""  # once is enough
    return [*first, f"{said}.", f"{attempts[0].upper()}{attempts[1:]} took {taken(bill)}{rest}."]


def key_figures(board: Board, bill: Bill, part: Part | None = None, tested: Sequence[Figure] = ()) -> list[Figure]:
    """The figures that say how much was measured, and what it took. tested: those of results.report.tested."""
    seeds = sorted({row.seeds for rows in board.targets.values() for row in rows})
    total = bill.total
    sign = "≈ " if total.rough else "≥ " if total.missing else ""
    energy = "unknown" if total.known is None else energy_text(total.known, sign)
    any_number = "" if part is None else how_many(part.of, "attempt at a cell has", "attempts at cells have")
    with_images = "" if part is None else f", whose cells have {part.images} ({any_number} any number)"
    scored = f", {bill.scored:,} of which scored a pair" if bill.scored else ""
    finished = bill.attempts - bill.unfinished
    are = "is" if finished == 1 else "are"
    made = [
        Figure("sources", str(len(board.overall)), "Sources that are ranked."),
        Figure("targets", str(len(board.targets)), "Targets on which they are compared."),
        Figure("seeds", "–".join(dict.fromkeys(map(str, [*seeds[:1], *seeds[-1:]]))), "Runs of a source on a target."),
        *tested,
        Figure(
            "attempts",
            f"{bill.attempts:,}",
            f"Attempts at runs of the board{with_images}{scored}; {finished:,} of them {are} finished.",
        ),
        Figure("energy", energy, "Energy of these attempts, measured or computed."),
    ]
    if total.kg:
        made.append(
            Figure("CO2e", f"{sign}{mass_text(total.kg)}", "Emissions of that energy, by the carbon intensity of the country.")
        )
    if total.seconds:
        made.append(Figure("machine time", duration(total.seconds), "Wall-clock time of these attempts, one after the other."))
    return made


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:,.0f} h"


@dataclass(frozen=True)
class _Column:
    head: str
    tip: str
    texts: Sequence[str]
    plot: Plot | None = None


def overview(board: Board, bill: Bill | None, more: Mapping[str, Board] | None = None) -> Section:
    """The forest plot of all sources, best first. more: metric → the board by it, among which a reader can switch."""
    others = {
        written(name): Section(ID, TITLE, tables=[_forest(other, bill, f"{ID}-{name}")], notes=[f"{answer(other)}."])
        for name, other in (more or {}).items()
    }  # fmt: skip
    return Section(ID, TITLE, tables=[_forest(board, bill, ID)], others=others)


def _forest(board: Board, bill: Bill | None, name: str) -> Table:
    rows, common = board.overall, 0 if board.difference is None else board.difference.targets
    ranked = any(row.mean_rank is not None for row in rows)
    columns = [
        _Column("source", "", [row.source for row in rows]),
        _Column("tie", TIE, [UNKNOWN if row.tie is None else str(row.tie) for row in rows]),
        *(_measured(rows, board.metric, MEAN_HERE if common == 1 else MEAN) if ranked else _strengths(rows)),
        _Column("P(best)", CHANCE, [_number(row.p_best, 2) for row in rows]),
        *_costs(rows, bill),
    ]
    over = how_many(common, "target")
    caption = f"Mean rank (1 is best) and mean {written(board.metric)} over {over}" if ranked else "Strength over all targets"
    gaps = filled(board)
    caption = f"{caption}, with 95 % intervals{f'; {gaps}' if gaps else ''}"
    alone = only_target(board)
    untested = alone is not None and not tested(board.targets[alone], board.noise)
    return Table(
        name, f"{caption}; {'nothing was tested' if untested else 'filled dots cannot be told apart from the best'}",
        [column.head for column in columns], list(zip(*(column.texts for column in columns), strict=True)),
        frozenset({"source"}), frozenset(number for number, row in enumerate(rows) if row.tie == 1),
        {column.head: HERE.get(column.head, column.tip) if common == 1 else column.tip for column in columns if column.tip},
        {column.head: column.plot for column in columns if column.plot}, [row.tie for row in rows], paper=caption,
    )  # fmt: skip


def _measured(rows: Sequence[Overall], metric: str, tip: str) -> list[_Column]:
    """Mean ranks and means over the targets that all sources share. tip: of the means."""
    mean = f"mean {written(metric)}"
    ranks = plot_of([_mark(row.mean_rank, row.low, row.high) for row in rows], "mean rank", 1.0, float(len(rows)))
    means = plot_of([_mark(row.mean, row.mean_low, row.mean_high) for row in rows], mean)
    return [
        _Column("mean rank (95 %)", RANK, [_figure(row.mean_rank, row.low, row.high, 2) for row in rows], ranks),
        _Column(f"{mean} (95 %)", tip, [_mean(row) for row in rows], means),
    ]


def _strengths(rows: Sequence[Overall]) -> list[_Column]:
    """Strengths, where no target has every source."""
    plot = plot_of([_mark(row.strength, row.strength_low, row.strength_high) for row in rows], "strength")
    texts = [_figure(row.strength, row.strength_low, row.strength_high, 2) for row in rows]
    return [
        _Column("strength (95 %)", STRENGTH, texts, plot),
        _Column("coverage", "", [f"{row.coverage:.0%}" for row in rows]),
    ]


def _costs(rows: Sequence[Overall], bill: Bill | None) -> list[_Column]:
    """The energy of each source for one target; nothing where none is known."""
    amounts = [None if bill is None else bill.per_target.get(row.source) for row in rows]
    known = [None if amount is None else amount.kwh for amount in amounts]
    if bill is None or all(kwh is None for kwh in known):
        return []
    unit = page_unit(bill)
    tip = f"{ENERGY} {how_many(bill.shared_over, 'target')}."
    return [_Column(f"{unit.name} for a target", tip, [unit.text(kwh) for kwh in known])]


def _mean(row: Overall) -> str:
    ends = "" if row.mean_low is None or row.mean_high is None else f" ({row.mean_low:z.2f}–{row.mean_high:z.2f})"
    return f"{_number(row.mean, 3)}{ends}"


def _mark(value: float | None, low: float | None, high: float | None) -> Mark | None:
    return None if value is None else Mark(value, low, high)


def _figure(value: float | None, low: float | None, high: float | None, digits: int) -> str:
    ends = "" if low is None or high is None else f" ({low:z.{digits}f}–{high:z.{digits}f})"
    return f"{_number(value, digits)}{ends}"


def _number(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None else f"{value:z.{digits}f}"
