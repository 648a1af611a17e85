"""A board as text: for the terminal, for a page, for a spreadsheet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from results.board.board import Board
from results.board.columns import (
    OVERALL_COLUMNS,
    ROW_COLUMNS,
    WORDS,
    Column,
    Entry,
    cells,
    headings,
    interval_legend,
    leaking_columns,
    legends,
)
from results.board.ranking import Row
from results.board.ties import jump_notes
from results.text.counts import how_many
from results.text.printing import TerminalTable, csv_text, markdown_notes, markdown_table, markdown_text, terminal_notes

APART = "Kept off the ranking because of shared images"


@dataclass(frozen=True)
class BoardText:
    """A board in the four forms of results.text.printing.Printable."""

    board: Board

    @property
    def sentences(self) -> list[str]:
        """What is to be known of the runs behind the board."""
        return self.board.notes

    def table(self) -> RenderableType:
        """For the terminal: sources that are not in tie 1 are dim."""
        board, parts = self.board, list[RenderableType]()
        for target, rows in board.targets.items():
            title = f"{target}: {board.metric}, {board.verdict(target)}"
            dim = {number for number, row in enumerate(rows) if row.tie != 1}
            parts += [_drawn(title, ROW_COLUMNS, rows, keys=2, dim=dim), Text("")]
        if board.overall:
            parts.append(_drawn(f"Overall: {overall_title(board)}", OVERALL_COLUMNS, board.overall))
        if board.leaking:
            every = range(len(board.leaking))
            parts += [Text(""), _drawn(APART, leaking_columns(board.metric), board.leaking, keys=2, dim=every)]
        return Group(*parts, terminal_notes(legend(board)))

    def markdown(self) -> str:
        """For a README or an issue."""
        board, lines = self.board, list[str]()
        for target, rows in board.targets.items():
            lines += [f"**{markdown_text(target)}**: {markdown_text(f'{board.metric}; {board.verdict(target)}')}", ""]
            lines += [*markdown_table(headings(ROW_COLUMNS), [cells(ROW_COLUMNS, row) for row in rows], WORDS), ""]
        if board.overall:
            lines += [f"**Overall**: {overall_title(board)}", ""]
            lines += [*markdown_table(headings(OVERALL_COLUMNS), [cells(OVERALL_COLUMNS, r) for r in board.overall], WORDS), ""]
        if board.leaking:
            columns = leaking_columns(board.metric)
            rows_of_pairs = [cells(columns, pair) for pair in board.leaking]
            lines += [f"**{APART}**", "", *markdown_table(headings(columns), rows_of_pairs, WORDS), ""]
        return "\n".join([*lines, *markdown_notes(legend(board))]) + "\n"

    def csv(self) -> str:
        """One line for each target and source, numbers in full: the fields that the columns show, in the order of the JSON."""
        shown = {name for column in ROW_COLUMNS for name in column.fields}
        names = [name for name in Row.__dataclass_fields__ if name in shown]
        rows = [
            [target, *(getattr(row, name) for name in names), self.board.rule]
            for target, listed in self.board.targets.items()
            for row in listed
        ]
        return csv_text(["target", *names, "rule"], rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return self.board.to_dict()


def _drawn(
    title: str, columns: Sequence[Column[Entry]], entries: Sequence[Entry], *, keys: int = 1, dim: Collection[int] = ()
) -> TerminalTable:
    table = TerminalTable(title, headings(columns), WORDS, keys)
    for number, entry in enumerate(entries):
        table.add_row(*cells(columns, entry), style="dim" if number in dim else "")
    return table


def overall_title(board: Board) -> str:
    """Over how many targets the mean ranks are."""
    common = 0 if board.difference is None else board.difference.targets
    return f"mean rank over {common} of {how_many(len(board.targets), 'target')}"


def legend(board: Board) -> list[str]:
    """The sentences below a board: what the columns mean, which sources differ, and the notes."""
    if not board.targets:
        unranked = "no source is ranked, because every pair that was run shares images"
        return [f"experiment {board.experiment}; {board.choice}", unranked, interval_legend(board), *board.notes]
    return [
        f"experiment {board.experiment}; {board.choice}",
        *legends(ROW_COLUMNS, board),
        *jump_notes(board.targets),
        *(legends(OVERALL_COLUMNS, board) if board.overall else []),
        *differences(board),
        *board.notes,
    ]


def differences(board: Board) -> list[str]:
    """Whether the sources differ over all ranked targets, and which."""
    tests = board.difference
    if tests is None or tests.friedman_p is None or tests.critical_difference is None:
        return []
    found = "the sources differ" if tests.friedman_p < 0.05 else "no difference is found by a test of all sources at once"
    sentence = f"over {tests.targets} targets {found} (Friedman, p = {tests.friedman_p:.2g})"
    pairs = [f"{better} over {worse}" for better, worse, _ in tests.told_apart]
    wilcoxon = (
        f"pairs that Wilcoxon's test with Holm's correction tells apart, whichever other sources there are: "
        f"{', '.join(pairs) if pairs else 'none'}"
    )
    critical = f"{sentence}; mean ranks have to differ by {tests.critical_difference:.2f} (Nemenyi, 95 %)"
    return [critical, wilcoxon]
