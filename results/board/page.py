"""A board as MLflow's pages show it: the answer and two tables in the description of the experiment, and figures by source."""

import json
import logging
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from results.board.answer import answer
from results.board.board import Board
from results.board.columns import OVERALL_COLUMNS, WORDS, cells, headings
from results.board.export import FILE, board_json
from results.error import CatsError
from results.files.sealed import read_note, write_note
from results.metrics import metric_of
from results.text.plain import shortened
from results.text.printing import markdown_table, markdown_text
from results.tracking.change_counter import change_token
from results.tracking.snapshot import file_of

if TYPE_CHECKING:
    from results.tracking.log_board import BoardPage

log = logging.getLogger(__name__)
SMALL = (
    200  # runs; the snapshot of so many is read whole each time, so that a write into the database costs no later board time
)
LONGEST = 4800  # characters of the description


def note_of(board: Board) -> str:
    """The description: the answer, the sources over all targets, the verdict on each target. Names are made harmless."""
    lines = [f"**{markdown_text(_headline(board))}**", "", f"{markdown_text(answer(board))}.", ""]
    rows = markdown_table(headings(OVERALL_COLUMNS), [cells(OVERALL_COLUMNS, row) for row in board.overall], WORDS)
    lines += _fitting(rows, LONGEST // 2, "sources", least=2)
    verdicts = [f"- {markdown_text(f'{target}: {board.metric}, {board.verdict(target)}')}" for target in board.targets]
    lines += ["", *_fitting(verdicts, LONGEST - len("\n".join(lines)) - 200, "targets")]
    return "\n".join([*lines, "", "All figures: `cats board`, and the artifact `board.json` of the run `board`."])


def _headline(board: Board) -> str:
    """The answer in so few words that the folded description shows all of it."""
    tied = [shortened(row.source, 60) for row in board.overall if row.tie == 1]
    if not tied:
        return "No source is ranked over all targets"
    if len(tied) == 1:
        return f"{tied[0]} is first over all targets" if len(board.overall) > 1 else f"Only {tied[0]} was measured"
    return f"No winner: {tied[0]} is first, tied with {len(tied) - 1} {'other' if len(tied) == 2 else 'others'}"


def _fitting(lines: list[str], room: int, what: str, least: int = 0) -> list[str]:
    """The first lines that fit into so many characters, and how many more there are. `least`: lines of the head of a table."""
    taken, used = list[str](), 0
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        taken.append(line)
    if len(taken) == len(lines):
        return taken
    left = len(lines) - max(len(taken), least)
    return [*(taken if len(taken) > least else []), "", f"{left} more {what} are in `board.json`."]


def figures_of(board: Board) -> dict[str, float]:
    """`mean_rank.SOURCE` and `p_best.SOURCE`, as far as they are known."""
    ranks = {f"mean_rank.{row.source}": row.mean_rank for row in board.overall}
    chances = {f"p_best.{row.source}": row.p_best for row in board.overall}
    return {name: float(value) for name, value in {**ranks, **chances}.items() if value is not None}


def page_of(board: Board) -> "BoardPage":
    """The page of a board."""
    from results.tracking.log_board import BoardPage

    higher = metric_of(board.metric).higher_is_better
    return BoardPage(FILE, board_json(board), note_of(board), board.metric, higher, figures_of(board))


def show_in_mlflow(board: Board, uri: str, runs: int, folder: Path, *, always: bool = False) -> None:
    """Write a board into its experiment, so that MLflow's pages show it. A database that takes nothing changes no board.

    Args:
        board: of an experiment, with the terms of its plan.
        uri: address of the MLflow server or database.
        runs: number of runs of the experiment.
        folder: of the snapshots of experiments.
        always: also where the write would make the next board of a large sqlite database look at its runs again.
    """
    before = change_token(uri)
    if before is not None and runs > SMALL and not always:
        return
    file = file_of(folder, uri, board.experiment).with_name("board.note")
    state = sha256(f"{board_json(board)}{note_of(board)}".encode()).hexdigest()
    if before is not None and read_note(file, json.loads) == [state, before]:  # MLflow need not be loaded
        return
    try:
        from results.tracking.experiment import Experiment
        from results.tracking.log_board import log_board

        log_board(Experiment(uri, board.experiment, create=False), page_of(board))
        write_note(file, json.dumps([state, change_token(uri)]).encode(), "the note of the board", durable=False)
    except CatsError as error:
        log.info("%s", error)
