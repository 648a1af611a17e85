"""What there was to choose on each target, and what was measured of each choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from results.agreement.scores import Said
from results.board.board import judged_runs, standings_of
from results.board.ranking import Row, Standing, rows_of
from results.board.request import SEEDS, Judging, RunQuery
from results.error import CatsError
from results.statistics.intervals import Measured


@dataclass(frozen=True)
class Decision:
    """One target on one backbone: its n sources, best first, and what was measured of them.

    Attributes:
        top: whether a source is in the top tie group, (n,); None where nothing is known of the noise.
    """

    target: str
    backbone: str
    sources: tuple[str, ...]
    measured: Measured
    top: np.ndarray | None

    @property
    def values(self) -> np.ndarray:
        """(n,) means of the metric over seeds, turned where lower is better."""
        return self.measured.means

    @property
    def noisy(self) -> bool:
        """Whether anything is known of the luck of seeds or of test images."""
        return bool((self.measured.seeds[0] > 0).any() or self.measured.shared.any())


def decisions_of(frame: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS) -> list[Decision]:
    """One decision for each target and backbone with two sources or more. Arguments and errors: see board.make_board.

    A source is no choice for itself, and pairs that share images are none either.
    """
    made, selection = [], query.selection
    cells = frame[frame["kind"] == "cell"] if len(frame) else frame
    finished = cells[cells["status"] == "FINISHED"] if len(cells) else cells
    if not len(finished):
        raise CatsError(
            f"experiment '{query.experiment}' holds no finished cell to judge measures by; make some with `cats run`"
        )
    asked = set(finished["backbone"]) & set(selection.backbones) if selection else set(finished["backbone"])
    for backbone in sorted(map(str, asked)):
        part = frame[(frame["backbone"] == backbone) | (frame["kind"] == "pretraining")]
        here = replace(query, selection=replace(selection, backbones=[backbone]) if selection else None)
        standings, _ = standings_of(judged_runs(part, here), here, judging)
        shown = dict.fromkeys(selection.targets) if selection else standings
        made += [_decision(standings[t], t, backbone, rows_of(standings[t], query.metric, {})) for t in shown if t in standings]
    if not any(len(decision.sources) > 1 for decision in made):
        raise CatsError(f"no target of '{query.experiment}' has two sources to choose from")
    return [decision for decision in made if len(decision.sources) > 1]


def _decision(found: Standing, target: str, backbone: str, rows: Sequence[Row]) -> Decision:
    others = [row for row in rows if not _itself(row.source, target)]
    places, all_of = [found.sources.index(row.source) for row in others], found.measured
    images = None if all_of.images is None else all_of.images[:, places]
    measured = Measured([all_of.values[i] for i in places], images, all_of.noise)
    return Decision(target, backbone, tuple(row.source for row in others), measured, _top(others, all_of.noise))


def _top(rows: Sequence[Row], noise: float) -> np.ndarray | None:
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
