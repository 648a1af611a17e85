"""The columns of a board: one table says what each is called, how it is written and what it means.

The terminal, pages, spreadsheets, legends and reports read these tables, so that a new column is one entry here beside the
field of results.board.ranking.Row or Overall that it shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from results.board.ranking import Overall, Row
from results.board.ties import tested
from results.text.units import three_digits

if TYPE_CHECKING:
    from results.board.board import Board, Leaking

Entry = TypeVar("Entry")
UNKNOWN = "–"


@dataclass(frozen=True)
class Column(Generic[Entry]):
    """One column of a table.

    Attributes:
        heading: its name at the top of the table.
        fields: the fields of an entry that it shows, which are its names in CSV and JSON.
        text: an entry → its cell.
        legend: a board → the sentence below the table that explains the column; None where it needs none.
        words: whether it holds words, not numbers.
    """

    heading: str
    fields: tuple[str, ...]
    text: Callable[[Entry], str]
    legend: "Callable[[Board], str | None] | None" = None
    words: bool = False


def headings(columns: Sequence[Column[Entry]]) -> tuple[str, ...]:
    """The names at the top of a table."""
    return tuple(column.heading for column in columns)


def cells(columns: Sequence[Column[Entry]], entry: Entry) -> tuple[str, ...]:
    """One row of a table as text."""
    return tuple(column.text(entry) for column in columns)


def legends(columns: Sequence[Column[Entry]], board: "Board") -> list[str]:
    """What the columns of a board mean."""
    sentences = (column.legend(board) for column in columns if column.legend is not None)
    return [sentence for sentence in sentences if sentence]


def _number(value: float | None, digits: int) -> str:  # z: no minus in front of what is written as zero
    return UNKNOWN if value is None else f"{value:z.{digits}f}"


def _interval(low: float | None, high: float | None, digits: int) -> str:
    return UNKNOWN if low is None or high is None else f"{low:z.{digits}f}–{high:z.{digits}f}"


def _rank(row: Row) -> str:
    around = _interval(row.rank_low, row.rank_high, 0)
    return f"{row.rank}" + ("" if around == UNKNOWN else f" ({around})")


def _overall_mean(row: Overall) -> str:
    around = _interval(row.mean_low, row.mean_high, 2)
    return _number(row.mean, 3) + ("" if around == UNKNOWN else f" ({around})")


def _strength(row: Overall) -> str:
    known = row.strength_low is not None and row.strength_high is not None
    return _number(row.strength, 2) + (f" ± {(row.strength_high - row.strength_low) / 2:.2f}" if known else "")  # type: ignore[operator]


def interval_legend(board: "Board") -> str:
    """What the intervals of the means include."""
    shown: list[Row | Leaking] = [*(row for rows in board.targets.values() for row in rows), *board.leaking]
    known = len(board.images) == len({*board.targets, *(pair.target for pair in board.leaking)})
    if all(each.low is None for each in shown):
        why = "there is one seed" if all(each.seeds <= 1 for each in shown) else "the seeds do not differ"
        alike = ["the test images show no variance"] if board.images else []
        and_images = " or ".join([*alike, *([] if known else ["no predictions are counted"])])
        return f"95 %: no interval can be given, because {why} and {and_images}"
    of_one = " and ".join([*(["the stated noise"] if board.noise else []), *(["test images"] if board.images else [])])
    of_one = of_one if board.noise else f"{of_one} alone"
    if all(each.seeds <= 1 for each in shown):
        return f"95 %: interval over {of_one}, because there is one seed"
    over = "seeds and test images" if board.images else "seeds"
    if board.images and not known:
        over = f"seeds, and on {', '.join(board.images)} over test images too"
    single = any(each.seeds <= 1 and each.low is not None for each in shown)
    return f"95 %: interval of the mean over {over}{f'; with one seed over {of_one}' if single else ''}"


def _tie_legend(board: "Board") -> str:
    if not any(tested(rows, board.noise) for rows in board.targets.values()):
        return "tie: every source has tie 1, because nothing was tested: that takes two sources with at least two seeds each"
    stated = f"; it is stated that differences up to {board.noise:g} are noise, also with one seed" if board.noise else ""
    return (
        f"tie: sources with tie 1 cannot be told apart from the best one (Games-Howell, 95 % for all pairs of a target){stated}"
    )


def _rank_legend(board: "Board") -> str | None:
    if all(row.p_best is None for rows in board.targets.values() for row in rows):
        return None
    return (
        "rank (its 95 % interval) and P(best), the probability of being the best: from random draws of the same sampling error"
    )


def only_target(board: "Board") -> str | None:
    """The only target that all sources share, to which everything over targets comes down; None where there are others."""
    if board.difference is None or board.difference.targets != 1:
        return None
    return next((target for target, rows in board.targets.items() if len(rows) == len(board.overall)), None)


def _overall_legend(board: "Board") -> str:
    target = only_target(board)
    if target is not None and len(board.targets) == 1:
        return f"mean rank, mean (of {board.metric}) and strength (Plackett-Luce): with one target they are those of {target}"
    if target is not None:
        return (
            f"mean rank and mean (of {board.metric}) are those of {target}, the only target that all sources share; strength "
            "(Plackett-Luce) is over every target, and its interval is 95 % over targets"
        )
    return (
        f"mean rank and mean (of {board.metric}) are over the targets that all sources share, strength (Plackett-Luce) is over "
        f"every target; their intervals are 95 % over targets"
    )


def _overall_tie_legend(board: "Board") -> str | None:
    if board.difference is None:
        return None
    if board.difference.targets == 1:
        return f"overall tie and P(best): those of {only_target(board) or 'the only target that all sources share'}"
    return (
        "overall tie: sources with tie 1 have a mean rank that cannot be told apart from the lowest one (Nemenyi, 95 % for all "
        "pairs); P(best): the probability of the lowest mean rank on other targets of the kind"
    )


ROW_COLUMNS: tuple[Column[Row], ...] = (
    Column("rank", ("rank", "rank_low", "rank_high"), _rank, _rank_legend),
    Column("source", ("source",), lambda row: row.source, words=True),
    Column("mean", ("mean",), lambda row: f"{row.mean:z.3f}"),
    Column("95 %", ("low", "high"), lambda row: _interval(row.low, row.high, 3), interval_legend),
    Column("tie", ("tie",), lambda row: str(row.tie), _tie_legend),
    Column("P(best)", ("p_best",), lambda row: _number(row.p_best, 2)),
    Column("seeds", ("seeds",), lambda row: str(row.seeds)),
    Column(
        "Wh", ("energy_kwh",), lambda row: "missing" if row.energy_kwh is None else three_digits(row.energy_kwh * 1000),
        lambda board: "Wh: energy of all attempts of the row, and its share of the pretraining",  # noqa: ARG005
    ),
)  # fmt: skip

OVERALL_COLUMNS: tuple[Column[Overall], ...] = (
    Column("source", ("source",), lambda row: row.source, words=True),
    Column("mean rank", ("mean_rank",), lambda row: _number(row.mean_rank, 2), _overall_legend),
    Column("95 % interval", ("low", "high"), lambda row: _interval(row.low, row.high, 2)),
    Column("tie", ("tie",), lambda row: UNKNOWN if row.tie is None else str(row.tie), _overall_tie_legend),
    Column("P(best)", ("p_best",), lambda row: _number(row.p_best, 2)),
    Column(
        "wins", ("wins",), lambda row: str(row.wins),
        lambda board: "wins: targets on which the source alone has tie 1; tied: targets on which it has tie 1",  # noqa: ARG005
    ),
    Column("tied", ("best",), lambda row: str(row.best)),
    Column("mean (95 %)", ("mean", "mean_low", "mean_high"), _overall_mean),
    Column("strength", ("strength", "strength_low", "strength_high"), _strength),
    Column("coverage", ("coverage",), lambda row: f"{row.coverage:.0%}"),
)  # fmt: skip


def leaking_columns(metric: str) -> "tuple[Column[Leaking], ...]":
    """The columns of what is kept off the ranking."""
    return (
        Column("source", ("source",), lambda row: row.source, words=True),
        Column("target", ("target",), lambda row: row.target, words=True),
        Column(f"mean {metric}", ("mean",), lambda row: f"{row.mean:z.3f}"),
        Column("95 %", ("low", "high"), lambda row: _interval(row.low, row.high, 3)),
        Column("seeds", ("seeds",), lambda row: str(row.seeds)),
        Column("reason", ("reason",), lambda row: row.reason, words=True),
    )


WORDS = frozenset(
    column.heading for columns in (ROW_COLUMNS, OVERALL_COLUMNS, leaking_columns("")) for column in columns if column.words
)
