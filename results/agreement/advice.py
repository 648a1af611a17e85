"""Which scores to look at: what is known of the measures, in sentences below `cats score`."""

from collections.abc import Sequence

import pandas as pd

from results.agreement.result import SHARE
from results.agreement.scores import PairScore

# Means over the eleven targets of the published matrix of CATS 2024, as `cats agree` computes them (tests hold these figures).
PUBLISHED_TAU = {"lp*fu": 0.52, "lp": 0.44, "nleep": 0.41, "fu": 0.41, "leep": 0.35, "logme": 0.33}
PUBLISHED_REGRET = {"lp*fu": 0.0052, "lp": 0.0094, "nleep": 0.0126, "fu": 0.0053, "leep": 0.0055, "logme": 0.0066}
STATIC_TAU, IMAGENET_REGRET = 0.56, 0.0052


def score_advice(rows: Sequence[PairScore], frame: pd.DataFrame, plan: str) -> list[str]:
    """Sentences: which measures order too few sources, where they are judged, and what published runs say of them.

    frame: the runs of the experiment (see Experiment.frame).
    """
    return [*_sparse(rows), _judged(frame, plan), _published({row.measure for row in rows})]


def _sparse(rows: Sequence[PairScore]) -> list[str]:
    pairs = {(row.target, row.source, row.backbone) for row in rows}
    given: dict[str, int] = {}
    for row in rows:
        given[row.measure] = given.get(row.measure, 0) + (row.value is not None)
    few = [name for name, count in given.items() if count < SHARE * len(pairs)]
    return [f"a score for less than {SHARE:.0%} of the pairs, too few to choose by: {', '.join(few)}"] if few else []


def _judged(frame: pd.DataFrame, plan: str) -> str:
    cells = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")] if len(frame) else frame
    several = len(cells) and (cells.groupby("target")["source"].nunique() > 1).any()
    if several:
        return f"which of these measures choose well on the runs of this plan: `cats agree {plan}`"
    return f"nothing says yet which of these measures choose well on your data: `cats run {plan}`, then `cats agree {plan}`"


def _published(measures: set[str]) -> str:
    known = [name for name in PUBLISHED_TAU if set(name.split("*")) <= measures]
    has = "has" if len(known) == 1 else "have"
    which = f"of these, {', '.join(known)} {has} been judged" if known else "none of these measures has been judged"
    listed = "; ".join(f"{name} τ {PUBLISHED_TAU[name]:.2f}, regret {PUBLISHED_REGRET[name]:.4f}" for name in known)
    return (
        f"on the published runs of CATS 2024 {which}{f' ({listed})' if known else ''}, and no measure was ahead of the mean "
        f"rank of a source on other targets (τ {STATIC_TAU:.2f}); always imagenet lost {IMAGENET_REGRET:.4f} auc"
    )
