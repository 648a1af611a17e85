"""The answer of a board in one sentence: which source is best over targets, and how sure that is. A tie names no winner."""

from collections.abc import Sequence
from math import isclose

from results.board.board import Board
from results.board.ranking import Overall
from results.board.rules import ORACLE
from results.metrics import written
from results.text.counts import how_many, share_of

LISTED = 4  # sources of a tie that a sentence names
ORACLES = "By an oracle, not by choice: "


def filled(board: Board) -> str:
    """How many pairs were not measured and what they count as; empty where no gap is filled."""
    gaps = len(board.overall) * len(board.targets) - sum(map(len, board.targets.values()))
    if board.impute is None or not gaps:
        return ""
    their = "its" if gaps == 1 else "their"
    return f"{how_many(gaps, 'missing pair counts', 'missing pairs count')} as the {board.impute} of {their} target"


def judged_by(board: Board) -> str:
    """What drawings and tables over targets rest on: the metric, and the pairs that count although they were not measured."""
    return "; ".join(filter(None, [f"test {written(board.metric)}", filled(board)]))


def answer(board: Board) -> str:
    """Which source is best, and which ones cannot be told apart from it. Without an end of sentence."""
    oracle = ORACLES if board.rule == ORACLE else ""
    ranked = [row for row in board.overall if row.mean_rank is not None]
    if not board.overall:
        return "No source is ranked, because every pair that was run shares images"
    if len(board.overall) == 1:
        return f"Only one source was measured, {board.overall[0].source}: no winner"
    if not ranked:
        return f"{oracle}No winner over all targets, because no target has every source; {_by_target(board)}"
    common = 0 if board.difference is None else board.difference.targets
    if common == 1 and len(board.targets) == 1:
        target = next(iter(board.targets))
        return f"On {target}: {board.verdict(target)}"
    gaps = filled(board)
    over = _over(common, len(board.targets)) + (f" ({gaps})" if gaps else "")
    return f"{oracle}{_over_targets(ranked, over)}"


def _over(targets: int, of: int) -> str:
    """The targets that count for mean ranks, of those of the board, after the word "over"."""
    if targets == of:
        return how_many(targets, "target")
    return f"the {targets} of {of} targets on which every source was measured"


def _over_targets(ranked: Sequence[Overall], over: str) -> str:
    first, tied = ranked[0], [row.source for row in ranked[1:] if row.tie == 1]
    ends = "" if first.low is None or first.high is None else f" (95 % {first.low:.2f}–{first.high:.2f})"
    sure = "" if first.p_best is None else f"; the probability that it is the best is {first.p_best:.2f}"
    shared = [row.source for row in ranked if isclose(row.mean_rank or 0, first.mean_rank or 0)]
    if len(shared) > 1:  # their order is that of the table, and says nothing
        others = [source for source in tied if source not in shared]
        also = f", and {_named(others)} cannot be told apart from them" if others else ""
        return f"No winner: {_named(shared)} share the best mean rank, {first.mean_rank:.2f} over {over}{also}"
    alone = f", and wins alone on {how_many(first.wins, 'target')}" if first.wins else ""
    best = f"{first.source} has the best mean rank, {first.mean_rank:.2f}{ends} over {over}{alone}"
    if not tied:
        return f"{best}; no other source is in its tie group{sure}"
    return f"No winner: {best}, but {_named(tied)} cannot be told apart from it{sure}"


def _named(names: Sequence[str]) -> str:
    """Names as a list in a sentence; of many the first ones and a number."""
    if len(names) == 1:
        return names[0]
    if len(names) <= LISTED:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[: LISTED - 1])} and {len(names) - LISTED + 1} more"


def _by_target(board: Board) -> str:
    """How many targets have a winner."""
    alone = {
        target: rows[0].source for target, rows in board.targets.items() if sum(row.tie == 1 for row in rows) == 1 < len(rows)
    }
    count = len(board.targets)
    if not alone:
        return (
            f"on none of the {count} targets does a source win alone"
            if count > 1
            else "on the only target no source wins alone"
        )
    sources = ", ".join(
        f"{source} on {sum(one == source for one in alone.values())}" for source in dict.fromkeys(alone.values())
    )
    return f"{share_of(len(alone), count, 'targets', 'has', 'have')} a winner ({sources})"
