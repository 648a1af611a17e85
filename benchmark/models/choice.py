"""Which cell of a finished plan becomes a classifier: the one that the person names, else the one that the board puts first."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from results.board.board import Board, judged_runs, make_board
from results.board.candidates import labels
from results.board.request import Judging, RunQuery
from results.error import CatsError, nearest
from results.evaluation.chosen_run import lowest_loss


@dataclass(frozen=True)
class Chosen:
    """The run of the cell that is kept, a row of the experiment's frame, sentences about the choice, and the board's metric."""

    run: pd.Series
    notes: tuple[str, ...]
    metric: str


def chosen_run(frame: pd.DataFrame, query: RunQuery, judging: Judging, wanted: Mapping[str, str | None]) -> Chosen:
    """The run of one cell.

    The rule of the plan has chosen the point of the grid on validation images. What is not wanted by name is chosen here: the
    source and backbone that the board puts first on the target, and the seed with the smallest validation loss.

    Args:
        frame: the runs of the experiment.
        query: which of them count.
        judging: how the board judges.
        wanted: source, target, backbone and seed; None where nothing is asked for.

    Raises:
        CatsError: a name is unknown, several targets are there and none is named, or the cell has not been made.
    """
    runs = judged_runs(frame, query)
    if wanted["target"] is None and runs["target"].nunique() > 1:
        raise CatsError(f"the plan has several targets; name one with --target: {', '.join(sorted(set(runs['target'])))}")
    notes: list[str] = []
    for name in ("target", "source", "backbone", "seed"):
        value = wanted[name]
        if value is not None:
            known = sorted(set(map(str, runs[name])))
            runs = runs[runs[name].astype(str) == value]
            if not len(runs):
                raise CatsError(f"no finished cell of this plan has the {name} '{value}'{nearest(value, known)}")
    if wanted["source"] is None or wanted["backbone"] is None:
        runs, notes = _recommended(frame, runs, query, judging)
    best = lowest_loss(runs)
    assert best is not None
    if wanted["seed"] is None and len(runs) > 1:
        notes.append(f"of {len(runs)} seeds the one with the smallest validation loss is kept, seed {best['seed']}")
    if pd.notna(best["leaks"]):
        notes.append(f"source and target share images, so that the scores are too good: {best['leaks']}")
    return Chosen(best, tuple(notes), query.metric)


def recommended_keys(frame: pd.DataFrame, query: RunQuery, judging: Judging) -> set[str]:
    """The keys of the cells in the first row of each target of the board: every seed, at the point that the rule has chosen."""
    runs, board = judged_runs(frame, query), make_board(frame, query, judging)
    keys: set[str] = set()
    for target, rows in board.targets.items():
        here = runs[runs["target"] == target]
        keys |= set(here.loc[_labels(here, runs) == rows[0].source, "key"])
    return keys


def _recommended(frame: pd.DataFrame, runs: pd.DataFrame, query: RunQuery, judging: Judging) -> tuple[pd.DataFrame, list[str]]:
    """The runs of the source that the board puts first, of those that are left, and what a person must know of that."""
    target = str(runs["target"].iloc[0])
    everything = judged_runs(frame, query)
    left = _labels(runs, everything)
    if left.nunique() == 1:
        return runs, []
    board = make_board(frame, query, judging)
    rows = [row for row in board.targets.get(target, []) if row.source in set(left)]
    if not rows:
        raise CatsError(f"every source of {target} shares images with it, so that none is recommended; name one with --source")
    notes = [_verdict(board, target, rows[0].source)]
    if len(rows) > 1:
        notes.append(
            f"the test images of {target} have chosen {rows[0].source} among {len(rows)}, so that its scores on the same test "
            "images are somewhat too good"
        )
    return runs[left == rows[0].source], notes


def _verdict(board: Board, target: str, taken: str) -> str:
    return f"{target}: {board.metric}, {board.verdict(target)}; {taken} is kept, the first of the board"


def _labels(some: pd.DataFrame, every: pd.DataFrame) -> pd.Series:
    return labels(some, every["backbone"].nunique() > 1)
