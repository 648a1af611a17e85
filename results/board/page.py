"""A board as MLflow's pages show it: the answer and two tables in the description of the experiment, and figures by source."""

import json
import logging
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from results.board.answer import ORACLES, answer
from results.board.board import Board
from results.board.columns import OVERALL_COLUMNS, WORDS, cells, headings
from results.board.export import FILE, board_json
from results.error import CatsError
from results.files.sealed import read_note, write_note
from results.metrics import metric_of, written
from results.text.counts import how_many
from results.text.plain import shortened
from results.text.printing import markdown_table, markdown_text
from results.tracking.change_counter import change_token
from results.tracking.plan_totals import totals_of
from results.tracking.snapshot import file_of

if TYPE_CHECKING:
    import pandas as pd

    from results.tracking.log_board import BoardPage

log = logging.getLogger(__name__)
SMALL = (
    200  # runs; the snapshot of so many is read whole each time, so that a write into the database costs no later board time
)
LONGEST = 4800  # characters of the description
MARGIN = 200  # of them, for the sentence about targets that find no room
SHOWN = tuple(
    column
    for column in OVERALL_COLUMNS
    if column.heading in {"source", "mean rank", "95 % interval", "tie", "P(best)", "mean (95 %)"}
)


def note_of(board: Board) -> str:
    """The description, for readers who open MLflow for the first time. Names are made harmless.

    What came out, how sure that is, what is compared, the sources over all targets, what the columns mean, and the verdict on
    each target.
    """
    head, detail = _headline(board)
    lines = [f"**{markdown_text(head)}**"]
    for sentence in (detail, _compared(board)):
        lines += ["", markdown_text(sentence)] if sentence else []
    if any(row.mean_rank is not None for row in board.overall):
        rows = markdown_table(headings(SHOWN), [cells(SHOWN, row) for row in board.overall], WORDS)
        lines += [
            "",
            *_fitting(rows, LONGEST // 2, "sources", least=2),
            "",
            *(f"- {markdown_text(each)}" for each in _meanings(board)),
        ]
    ends = f"All figures: `cats board`, and the artifact `{FILE}` of the run `board`."
    if len(board.targets) > 1:
        verdicts = [f"- {markdown_text(each)}" for each in _verdicts(board)]
        lines += ["", "Target by target:", ""]
        more = "targets" if len(verdicts) == len(board.targets) else "verdicts"
        lines += _fitting(verdicts, LONGEST - len("\n".join([*lines, ends])) - MARGIN, more)
    return "\n".join([*lines, "", ends])


def _headline(board: Board) -> tuple[str, str]:
    """What came out, in so few words that the folded description shows all of them, and what is to be said of it."""
    full, targets = answer(board), list(board.targets)
    by = f", by test {written(board.metric)}"
    if all(row.mean_rank is None for row in board.overall) or len(board.overall) < 2:
        return full, ""
    common = 0 if board.difference is None else board.difference.targets
    count = f"{common}" if common == len(targets) else f"{common} of {len(targets)}"
    where = f"on {shortened(targets[0], 60)}" if len(targets) == 1 else f"over {count} targets"
    start, tie, rest = full.rpartition("o winner: ")
    if tie:
        return f"No winner {where}{by}", f"{ORACLES if ORACLES in start else ''}{rest}."
    if len(targets) == 1:
        return f"{full}{by}", ""
    return f"{shortened(board.overall[0].source, 60)} is the best source {where}{by}", f"{full}."


def _compared(board: Board) -> str:
    """What a source, a target and a run are, how often each pair was trained, and what is kept off the ranking."""
    seeds = sorted({row.seeds for rows in board.targets.values() for row in rows})
    often = off = ""
    if seeds == [1]:
        often = " Each pair was trained once."
    elif seeds:
        times = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
        often = f" Each pair was trained {times} times, with other random numbers (seeds)."
    if board.leaking:
        pairs = how_many(len(board.leaking), "pair shares images and is", "pairs share images and are")
        off = f" {pairs} kept off the ranking."
    return (
        "A source is what a network has learned before; a target is the medical data set on which the network is then trained "
        f"and tested. A run of kind cell is one training of a source on a target.{often}{off}"
    )


def _verdicts(board: Board) -> list[str]:
    """The verdict of each target, in their order; one that holds for several targets once, behind their names."""
    targets: dict[str, list[str]] = {}
    for target in board.targets:
        targets.setdefault(board.verdict(target), []).append(target)
    return [
        f"{'every target' if len(names) == len(board.targets) else ', '.join(names)}: {verdict}"
        for verdict, names in targets.items()
    ]


def _meanings(board: Board) -> list[str]:
    """What the columns of the table mean, as a list."""
    return [
        "mean rank: place among the sources, mean over targets; 1 is the best",
        "tie: sources with tie 1 cannot be told apart from the best one at 95 %; a winner is alone in tie 1",
        "P(best): the probability of being the best",
        f"mean: of the test {written(board.metric)} over targets; – is what is not known",
    ]


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


def show_in_mlflow(board: Board, uri: str, frame: "pd.DataFrame", folder: Path, *, always: bool = False) -> None:
    """Write a board into its experiment if it has changed, so that MLflow's pages show it.

    A database that takes nothing changes no board.

    A write makes the next board of a sqlite database look at its runs again. Runs that are new do that too, so the board of new
    runs is always written; of a large database, another board of the same runs (of another plan) is not.

    Args:
        board: of an experiment, with the terms of its plan.
        uri: address of the MLflow server or database.
        frame: the runs of the experiment (Experiment.frame).
        folder: of the snapshots of experiments.
        always: also another board of the same runs.
    """
    before = change_token(uri)
    file = file_of(folder, uri, board.experiment).with_name("board.note")
    shown, then = read_note(file, json.loads) or (None, None)
    state = sha256(f"{board_json(board)}{note_of(board)}".encode()).hexdigest()
    if before is not None and before == then and (state == shown or (len(frame) > SMALL and not always)):
        return  # MLflow need not be loaded
    try:
        from results.tracking.experiment import Experiment
        from results.tracking.log_board import log_board

        log_board(Experiment(uri, board.experiment, create=False), page_of(board), totals_of(frame))
        write_note(file, json.dumps([state, change_token(uri)]).encode(), "the note of the board", durable=False)
    except CatsError as error:
        log.info("%s", error)
