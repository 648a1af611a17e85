"""A board as text: table, markdown, csv."""

import csv
import io

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from results.board import Board, Overall, Row

APART = "Kept off the ranking because of shared images"
LEFT = ("source", "target", "reason")  # columns of words
HEAD = ("rank", "source", "mean", "95 % interval", "tie", "seeds", "Wh")


def cells_of(row: Row) -> tuple[str, ...]:
    """One row of a target's table as text."""
    ends = "–" if row.low is None or row.high is None else f"{row.low:.3f} – {row.high:.3f}"
    energy = "missing" if row.energy_kwh is None else f"{row.energy_kwh * 1000:.3g}"
    return str(row.rank), row.source, f"{row.mean:.3f}", ends, str(row.tie), str(row.seeds), energy


def overall_cells(row: Overall) -> tuple[str, ...]:
    """One row of the overall table as text."""
    if row.mean_rank is None or row.low is None or row.high is None:
        return row.source, "–", "–", f"{row.coverage:.0%}"
    return row.source, f"{row.mean_rank:.2f}", f"{row.low:.2f} – {row.high:.2f}", f"{row.coverage:.0%}"


def overall_head(board: Board) -> tuple[str, ...]:
    """Column names of the overall table."""
    return "source", f"mean rank over {common(board)} of {len(board.targets)} targets", "95 % interval", "coverage"


def common(board: Board) -> int:
    """On how many targets every source was measured."""
    sources = {row.source for row in board.overall}
    return sum({row.source for row in rows} == sources for rows in board.targets.values())


def table(board: Board) -> Group:
    """For the terminal."""
    parts: list[Table | Text] = []
    for target, rows in board.targets.items():
        made = Table(title=f"{target}: {board.metric}, {board.verdict(target)}", title_justify="left", title_style="bold")
        for name in HEAD:
            made.add_column(name, justify="left" if name == "source" else "right", no_wrap=True)
        for row in rows:
            made.add_row(*(escape(cell) for cell in cells_of(row)), style="" if row.tie == 1 else "dim")
        parts += [made, Text("")]
    made = Table(title="Overall", title_justify="left", title_style="bold")
    for name in overall_head(board):
        made.add_column(name, justify="left" if name == "source" else "right")
    for overall in board.overall:
        made.add_row(*(escape(cell) for cell in overall_cells(overall)))
    parts.append(made)
    if board.leaking:
        apart = Table(title=APART, title_justify="left", title_style="bold")
        for name in apart_head(board):
            apart.add_column(name, justify="left" if name in LEFT else "right")
        for cells in apart_cells(board):
            apart.add_row(*(escape(cell) for cell in cells), style="dim")
        parts += [Text(""), apart]
    return Group(*parts, Text("\n".join(f"· {note}" for note in legend(board))))


def apart_head(board: Board) -> tuple[str, ...]:
    """Column names of what is kept off the ranking."""
    return "source", "target", f"mean {board.metric}", "seeds", "reason"


def apart_cells(board: Board) -> list[tuple[str, ...]]:
    """What is kept off the ranking, as text."""
    return [(row.source, row.target, f"{row.mean:.3f}", str(row.seeds), row.reason) for row in board.leaking]


def legend(board: Board) -> list[str]:
    """What the columns mean, and the notes."""
    return [
        f"experiment {board.experiment}; epochs and grid points chosen by {board.rule} on validation images",
        "interval: over seeds; tie 1: cannot be told from the best (Games-Howell, 95 % for all pairs of a target)",
        "Wh: all attempts of the row, and its share of the pretraining",
        *board.notes,
    ]


def markdown(board: Board) -> str:
    """For a README or an issue."""
    lines: list[str] = []
    for target, rows in board.targets.items():
        lines += [
            f"**{target}**: {board.metric}; {board.verdict(target)}",
            "",
            *_pipes(HEAD, [cells_of(r) for r in rows]),
            "",
        ]
    lines += ["**Overall**", "", *_pipes(overall_head(board), [overall_cells(r) for r in board.overall]), ""]
    if board.leaking:
        lines += [f"**{APART}**", "", *_pipes(apart_head(board), apart_cells(board)), ""]
    return "\n".join([*lines, *(f"- {note}" for note in legend(board))]) + "\n"


def _pipes(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    clean = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    ruled = ["---" if name in LEFT else "---:" for name in head]
    return ["| " + " | ".join(row) + " |" for row in [clean[0], ruled, *clean[1:]]]


def comma_separated(board: Board) -> str:
    """One line per target and source, numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["target", *Row.__dataclass_fields__])
    for target, rows in board.targets.items():
        writer.writerows([target, *vars(row).values()] for row in rows)
    return out.getvalue()
