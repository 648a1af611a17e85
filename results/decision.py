"""What there was to choose on each target, and what was measured of each choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from results.board import SEEDS, Judging, Wanted, judged_runs, make_board
from results.error import CatsError
from results.measures import Said
from results.select import LOWER_IS_BETTER
from results.standing import Row


@dataclass(frozen=True)
class Decision:
    """One target on one backbone, and what each source reached there; (n,) each.

    Attributes:
        values: the metric, turned where lower is better. errors: standard errors over seeds, 0 where one seed tells nothing.
        top: whether a source is in the top tie group; None where nothing is known of the noise.
    """

    target: str
    backbone: str
    sources: tuple[str, ...]
    values: np.ndarray
    errors: np.ndarray
    top: np.ndarray | None


def decisions_of(
    frame: pd.DataFrame, experiment: str, metric: str, rule: str, wanted: Wanted | None = None, judging: Judging = SEEDS
) -> list[Decision]:
    """One decision for each target and backbone with two sources or more. Arguments and errors: see results.board.make_board.

    A source is no choice for itself, and pairs that share images are none either.
    """
    made = []
    cells = frame[frame["kind"] == "cell"] if len(frame) else frame
    finished = cells[cells["status"] == "FINISHED"] if len(cells) else cells
    if not len(finished):
        raise CatsError(f"experiment '{experiment}' holds no finished cell to judge measures by; make some with `cats run`")
    asked = set(finished["backbone"]) & set(wanted.backbones) if wanted else set(finished["backbone"])
    for backbone in sorted(map(str, asked)):
        part = frame[(frame["backbone"] == backbone) | (frame["kind"] == "pretraining")]
        of_it = replace(wanted, backbones=[backbone]) if wanted else None
        board = make_board(part, experiment, metric, rule, of_it, judging)
        runs = judged_runs(part, experiment, metric, rule, of_it)
        samples = {(t, s): group[f"test_{metric}"].to_numpy(float) for (t, s), group in runs.groupby(["target", "source"])}
        for target, rows in board.targets.items():
            others = [row for row in rows if not _itself(row.source, target)]
            if len(others) > 1:
                sources = tuple(row.source for row in others)
                values = [samples[target, source] * (-1 if metric in LOWER_IS_BETTER else 1) for source in sources]
                made.append(_decision(target, backbone, sources, values, _top(others, judging.noise)))
    if not made:
        raise CatsError(f"no target of '{experiment}' has two sources to choose from")
    return made


def _decision(
    target: str, backbone: str, sources: tuple[str, ...], values: Sequence[np.ndarray], top: np.ndarray | None
) -> Decision:
    errors = [sample.std(ddof=1) / np.sqrt(len(sample)) if len(sample) > 1 else 0.0 for sample in values]
    return Decision(target, backbone, sources, np.array([sample.mean() for sample in values]), np.array(errors), top)


def _top(rows: Sequence[Row], noise: float | None) -> np.ndarray | None:
    known = bool(noise) or all(row.seeds > 1 and row.low is not None for row in rows)
    return np.array([row.tie == 1 for row in rows]) if known else None


def _itself(source: str, target: str) -> bool:
    return source.partition("[")[0] == target


def about(rows: Sequence[Said], decisions: Sequence[Decision]) -> list[Said]:
    """The scores of the pairs that are decided about; those of a target as its own source are not among them."""
    asked = {(d.target, source, d.backbone) for d in decisions for source in d.sources}
    found = [row for row in rows if (row.target, row.source, row.backbone) in asked]
    if not found:
        scored, run = (", ".join(sorted(names)) for names in ({r.backbone for r in rows}, {d.backbone for d in decisions}))
        raise CatsError(f"no pair was both scored and run: scores are of backbone {scored or 'none'}, runs of {run}")
    return found


def static(decision: Decision, board: Sequence[Decision]) -> np.ndarray:
    """Minus the mean rank of each source on all other targets of the same backbone, (n,); NaN where it was on none."""
    ranks: dict[str, list[float]] = {}
    for other in board:
        if other.target != decision.target and other.backbone == decision.backbone:
            for source, rank in zip(other.sources, stats.rankdata(-other.values), strict=True):
                ranks.setdefault(source, []).append(float(rank))
    return np.array([-np.mean(ranks[source]) if source in ranks else np.nan for source in decision.sources])
