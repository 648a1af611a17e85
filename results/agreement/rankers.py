"""What orders the sources of each decision: measures by their scores, and constants beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.agreement.decisions import Decision, decision_name, static_ranks
from results.agreement.scores import SIZE as SOURCE_SIZE
from results.agreement.scores import PairScore
from results.board.candidates import plain_source

IMAGENET, STATIC, SIZE, RANDOM, ORACLE = "always imagenet", "static mean rank", "largest source", "random", "oracle"
OWN_ROWS = {"imagenet_always", "static_rank", "random", SOURCE_SIZE}  # measures that are constants: rows of their own
CHOICES_ONLY = {IMAGENET}  # name one source and order nothing


@dataclass(frozen=True)
class Ranker:
    """A measure or a constant: its scores and their standard errors, one array (n,) for each decision.

    Attributes:
        constant: whether it looks at no image of the target.
        reasons: name of a decision → why some of its sources, or all, have no score.
    """

    name: str
    constant: bool
    scores: list[np.ndarray]
    errors: list[np.ndarray]
    reasons: dict[str, str]


def measures(rows: Sequence[PairScore], decisions: Sequence[Decision]) -> list[Ranker]:
    """One ranker for each measure of `rows` that is no constant."""
    names = [name for name in dict.fromkeys(row.measure for row in rows) if name not in OWN_ROWS]
    return [_by_measure(name, rows, decisions) for name in names]


def constants(rows: Sequence[PairScore], decisions: Sequence[Decision], board: Sequence[Decision]) -> list[Ranker]:
    """The constants. `board`: all decisions of the experiment, from which the static mean rank is computed."""
    zeros = [np.zeros(len(d.sources)) for d in decisions]
    habit = [np.array([float(plain_source(s) == "imagenet") for s in d.sources]) for d in decisions]
    rankers = [Ranker(IMAGENET, True, habit, zeros, {})] if any(map(np.any, habit)) else []
    if any(row.measure == SOURCE_SIZE for row in rows):
        rankers.append(_by_measure(SOURCE_SIZE, rows, decisions, SIZE))
    static = Ranker(STATIC, True, [static_ranks(d, board) for d in decisions], zeros, {})
    oracle = Ranker(ORACLE, True, [d.values for d in decisions], zeros, {})
    return [*rankers, static, Ranker(RANDOM, True, zeros, zeros, {}), oracle]


def _by_measure(
    name: str, rows: Sequence[PairScore], decisions: Sequence[Decision], constant: str | None = None
) -> Ranker:  # fmt: skip
    """The scores of a measure; `constant` is the name of the constant that it stands for."""
    by_pair = {(row.target, row.source, row.backbone): row for row in rows if row.measure == name}
    scores, errors, reasons = [], [], {}
    for decision in decisions:
        here = [by_pair.get((decision.target, source, decision.backbone)) for source in decision.sources]
        values = np.array([np.nan if row is None or row.value is None else row.value for row in here])
        scores.append(values)
        errors.append(np.array([0.0 if row is None else row.error for row in here]))
        silent = [source for source, value in zip(decision.sources, values, strict=True) if np.isnan(value)]
        title = decision_name(decision, decisions)
        if len(silent) == len(values):
            reasons[title] = "it gives no scores"
        elif silent:
            reasons[title] = f"it gives no score to {', '.join(silent)}"
        elif np.ptp(values) == 0:
            reasons[title] = "it gives the same score to every source"
    return Ranker(constant or name, constant is not None, scores, errors, reasons)
