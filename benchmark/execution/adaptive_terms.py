"""The options of `cats run --adaptive`: what may be asked for, and how records say that they were made so."""

from dataclasses import replace

from benchmark.specs.plan import Plan
from results.board.terms import TAG, Terms
from results.error import CatsError
from results.metrics import width_of
from results.record import Outcome


def terms_from(plan: Plan, level: float | None, margin: float | None, *, asked: bool) -> Terms | None:
    """The terms that the options of `cats run` state for a plan; None without --adaptive.

    Raises CatsError if an option is out of its bounds or needs --adaptive, or if seeds decide nothing in this plan.
    """
    if not asked:
        given = next((name for name, value in (("--level", level), ("--margin", margin)) if value is not None), None)
        if given is not None:
            raise CatsError(f"{given} needs --adaptive")
        return None
    level, margin, widest = 0.95 if level is None else level, margin or 0.0, width_of(plan.metric)
    if not 0 < level < 1:
        raise CatsError(f"--level is {level:g}; give a probability between 0 and 1, such as 0.95")
    if not 0 <= margin < widest:
        raise CatsError(f"--margin is {margin:g}; give a difference in {plan.metric} from 0 up to less than {widest:g}")
    if len(plan.seeds) < 2:
        raise CatsError(
            f"--adaptive needs two seeds or more, because one says nothing of how much results vary, and plan "
            f"'{plan.experiment}' has one; write `seeds: 5` or more"
        )
    if len(plan.candidates or plan.sources) * max(1, len(plan.backbones)) < 2:
        raise CatsError(
            f"--adaptive asks which source is best, and plan '{plan.experiment}' has one source and one backbone; name a "
            "second one, or leave --adaptive out"
        )
    return Terms(level, margin, plan.metric, plan.rule)


def with_terms(outcome: Outcome, terms: Terms) -> Outcome:
    """The outcome of a cell with the terms under which it was made, for boards."""
    if outcome.record.kind != "cell":
        return outcome
    facts = {**outcome.record.facts, TAG: str(terms)}
    return replace(outcome, record=outcome.record.model_copy(update={"facts": facts}))
