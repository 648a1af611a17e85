"""A board as text: table, markdown, csv."""

import csv
import io

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from results.board.board import Board
from results.board.ranking import Overall, Row

APART = "Kept off the ranking because of shared images"
LEFT = ("source", "target", "reason")  # columns of words
HEAD = ("rank", "source", "mean", "95 %", "tie", "P(best)", "seeds", "Wh")
OVERALL_HEAD = (
    "source", "mean rank", "95 % interval", "tie", "P(best)", "wins", "tied", "mean (95 %)", "strength", "coverage",
)  # fmt: skip
RANKED = 7  # columns of the overall table that fit into 80 characters; on a terminal the others stand below them


def cells_of(row: Row) -> tuple[str, ...]:
    """One row of a target's table as text."""
    ends = "–" if row.low is None or row.high is None else f"{row.low:.3f}–{row.high:.3f}"
    energy = "missing" if row.energy_kwh is None else f"{row.energy_kwh * 1000:.3g}"
    around = "" if row.rank_low is None or row.rank_high is None else f" ({row.rank_low:.0f}–{row.rank_high:.0f})"
    best = "–" if row.p_best is None else f"{row.p_best:.2f}"
    return f"{row.rank}{around}", row.source, f"{row.mean:.3f}", ends, str(row.tie), best, str(row.seeds), energy


def overall_cells(row: Overall) -> tuple[str, ...]:
    """One row of the overall table as text."""
    rank = "–" if row.mean_rank is None else f"{row.mean_rank:.2f}"
    tie, best = "–" if row.tie is None else str(row.tie), "–" if row.p_best is None else f"{row.p_best:.2f}"
    mean = "–" if row.mean is None else f"{row.mean:.3f}"
    if row.mean_low is not None and row.mean_high is not None:
        mean += f" ({row.mean_low:.2f}–{row.mean_high:.2f})"
    ends = "–" if row.low is None or row.high is None else f"{row.low:.2f}–{row.high:.2f}"
    strength = "–" if row.strength is None else f"{row.strength:.2f}"
    if row.strength_low is not None and row.strength_high is not None:
        strength += f" ± {(row.strength_high - row.strength_low) / 2:.2f}"
    return row.source, rank, ends, tie, best, str(row.wins), str(row.best), mean, strength, f"{row.coverage:.0%}"


def overall_title(board: Board) -> str:
    """On how many targets the mean ranks stand."""
    common = 0 if board.difference is None else board.difference.targets
    return f"mean rank over {common} of {len(board.targets)} targets"


def table(board: Board) -> Group:
    """For the terminal."""
    parts: list[Table | Text] = []
    for target, rows in board.targets.items():
        made = Table(
            title=escape(f"{target}: {board.metric}, {board.verdict(target)}"), title_justify="left", title_style="bold"
        )
        for name in HEAD:
            made.add_column(name, justify="left" if name == "source" else "right", no_wrap=name != "source", overflow="fold")
        for row in rows:
            made.add_row(*(escape(cell) for cell in cells_of(row)), style="" if row.tie == 1 else "dim")
        parts += [made, Text("")]
    for title, kept in ((f"Overall: {overall_title(board)}", range(RANKED)), (None, (0, *range(RANKED, len(OVERALL_HEAD))))):
        made = Table(title=title, title_justify="left", title_style="bold")
        for name in (OVERALL_HEAD[i] for i in kept):
            made.add_column(name, justify="left" if name == "source" else "right", no_wrap=name != "source", overflow="fold")
        for overall in board.overall:
            cells = overall_cells(overall)
            made.add_row(*(escape(cells[i]) for i in kept))
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
    over = "seeds and test images" if board.images else "seeds"
    if board.images and len(board.images) < len(board.targets):
        over = f"seeds, on {', '.join(board.images)} test images too"
    stated = f"; stated: differences up to {board.noise:g} are noise, also of one seed" if board.noise else ""
    rows = [row for listed in board.targets.values() for row in listed]
    some = f"interval: over {over}" if any(row.low is not None for row in rows) else "no interval: one seed, no predictions"
    drawn = any(row.p_best is not None for row in rows)
    return [
        f"experiment {board.experiment}; {board.choice}",
        f"{some}; tie 1: cannot be told from the best (Games-Howell, 95 % for all pairs of a target){stated}",
        *(["rank (95 % interval), P(best): from draws of the same luck"] if drawn else []),
        *overall_legend(board),
        "Wh: all attempts of the row, and its share of the pretraining",
        *differences(board),
        *board.notes,
    ]


def overall_legend(board: Board) -> list[str]:
    """What the columns over targets mean."""
    ends = f"mean rank, mean (of {board.metric}, same targets), strength (Plackett-Luce, every target): 95 % over targets"
    wins = "wins: targets where alone in tie 1"
    if board.difference is None:
        return [f"{ends}; {wins}"]
    if board.difference.targets == 1:
        return [f"{ends}; {wins}", "overall tie, P(best): those of the only target that all sources share"]
    tie = "overall tie 1: mean rank cannot be told from the best one's (Nemenyi, 95 % for all pairs)"
    return [f"{ends}; {wins}", f"{tie}; P(best): of the lowest mean rank, with other targets of the kind"]


def differences(board: Board) -> list[str]:
    """Whether the sources differ over all ranked targets, and which."""
    found = board.difference
    if found is None or found.friedman_p is None or found.critical_difference is None:
        return []
    differ = "differ" if found.friedman_p < 0.05 else "cannot be told apart"
    said = f"over {found.targets} targets the sources {differ} (Friedman, p = {found.friedman_p:.2g})"
    if found.friedman_p >= 0.05:
        return [said]
    pairs = [f"{better} over {worse}" for better, worse, _ in found.told_apart]
    holm = f"Wilcoxon with Holm, no matter which others are there: {', '.join(pairs) if pairs else 'no pair is told apart'}"
    return [f"{said}; mean ranks have to differ by {found.critical_difference:.2f} (Nemenyi, 95 %)", holm]


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
    lines += [f"**Overall**: {overall_title(board)}", "", *_pipes(OVERALL_HEAD, [overall_cells(r) for r in board.overall]), ""]
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
    writer.writerow(["target", *Row.__dataclass_fields__, "rule"])
    for target, rows in board.targets.items():
        writer.writerows([target, *vars(row).values(), board.rule] for row in rows)
    return out.getvalue()
