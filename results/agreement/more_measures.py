"""Measures judged together with those that are made of them: combinations, and a ranker that is learned from other boards."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from results.agreement.combine import combine
from results.agreement.decisions import Decision
from results.agreement.judge import judge_measures
from results.agreement.learned import Ordered, rows_of
from results.agreement.learned_text import basis
from results.agreement.result import Agreement
from results.agreement.scores import PairScore
from results.board.request import RunQuery

Learn = Callable[[Sequence[Decision], Sequence[PairScore]], list[Ordered]]


def judge_with_more(
    decisions: Sequence[Decision],
    measured: Sequence[PairScore],
    query: RunQuery,
    formulas: Sequence[str] = (),
    learn: Learn | None = None,
) -> Agreement:
    """Judge the measures of `measured`, the constants, each combination NAME=FORMULA, and what is learned, if anything is.

    measured: see decisions.scores_for. learn: decisions and `measured` → how other boards order the sources; the notes say on
    what this rests. A combination is no input of it.

    Raises CatsError if no measure gives a score, if a formula is wrong, or if too few targets teach.
    """
    rows = list(measured)
    for formula in formulas:
        rows += combine(rows, formula)
    if learn is None:
        return judge_measures(decisions, rows, query.experiment, query.metric)
    made = learn(decisions, measured)
    agreement = judge_measures(decisions, [*rows, *rows_of(made, prediction=False)], query.experiment, query.metric)
    return replace(agreement, notes=[*agreement.notes, *basis(made)])
