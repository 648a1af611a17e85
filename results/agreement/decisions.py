"""The sources among which a measure chooses on each target, and what was measured of each of them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from results.agreement.scores import PairScore, of_candidates
from results.board.board import judged_runs
from results.board.candidates import across, plain_source
from results.board.ranking import Row, Standing, rows_of
from results.board.request import SEEDS, Judging, RunQuery
from results.board.standings import standings_of
from results.board.versions import frame_of_one_version
from results.error import CatsError
from results.statistics.intervals import TargetResults

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """The choice of a source for one target on one backbone, or of a candidate for one target, with what was measured.

    Attributes:
        backbone: empty for a choice among candidates of several backbones.
        sources: the n sources or candidates by their names, best first.
        top: (n,) whether a source is in the top tie group; None where the noise is not known.
    """

    target: str
    backbone: str
    sources: tuple[str, ...]
    measured: TargetResults
    top: np.ndarray | None

    @property
    def values(self) -> np.ndarray:
        """(n,) means of the metric over seeds, oriented so that higher is better."""
        return self.measured.means

    @property
    def noisy(self) -> bool:
        """Whether the sampling error of seeds or of test images is known, and not zero."""
        return bool((self.measured.seeds[0] > 0).any() or self.measured.shared.any())


def decisions_of(
    frame: pd.DataFrame, query: RunQuery, judging: Judging = SEEDS, say: Callable[[str], None] = log.warning
) -> list[Decision]:
    """One decision for each target and backbone with two sources or more. Arguments and errors: see board.make_board.

    Where a backbone of the plan, or of the attempts without a plan, has one source alone, the choice is one among the
    candidates of all backbones.

    `say` gets a sentence about each run that is left out because its predictions cannot be used. Left out are also a target as
    its own source, and pairs that share images.
    """
    decisions: list[Decision] = []
    selection = query.selection
    frame, _ = frame_of_one_version(frame, selection)  # of all backbones together: each alone may have another newest version
    cells = frame[frame["kind"] == "cell"] if len(frame) else frame
    finished = cells[cells["status"] == "FINISHED"] if len(cells) else cells
    if not len(finished):
        raise CatsError(
            f"experiment '{query.experiment}' holds no finished cell to judge measures by; make some with {query.maker}"
        )
    for backbone, part, here in _choices(frame, finished, query):
        standings, _, odd = standings_of(judged_runs(part, here), here, judging)
        for sentence in odd:
            say(sentence)
        shown = dict.fromkeys(selection.targets) if selection else standings
        decisions += [
            _decision(standings[t], t, backbone, rows_of(standings[t], query.metric, {})) for t in shown if t in standings
        ]
    if not any(len(decision.sources) > 1 for decision in decisions):
        raise CatsError(f"no target of '{query.experiment}' has two sources to choose from")
    return [decision for decision in decisions if len(decision.sources) > 1]


def _choices(frame: pd.DataFrame, finished: pd.DataFrame, query: RunQuery) -> Iterator[tuple[str, pd.DataFrame, RunQuery]]:
    """Yield each backbone with its runs and the query for them; no backbone (an empty name) where all are chosen among."""
    selection = query.selection
    cells = frame[frame["kind"] == "cell"].dropna(subset=["source", "backbone"])
    pairs = zip(cells["source"], cells["backbone"], strict=True)
    if across(selection.candidates if selection else pairs) and judged_runs(frame, query)["backbone"].nunique() > 1:
        yield "", frame, query
        return
    backbones = set(finished["backbone"]) & set(selection.backbones) if selection else set(finished["backbone"])
    for backbone in sorted(map(str, backbones)):
        part = frame[(frame["backbone"] == backbone) | (frame["kind"] == "pretraining")]
        own = None
        if selection is not None:
            own = replace(selection, candidates=[each for each in selection.candidates if each[1] == backbone])
        yield backbone, part, replace(query, selection=own)


def _decision(standing: Standing, target: str, backbone: str, rows: Sequence[Row]) -> Decision:
    others = [row for row in rows if not _itself(row.source, target)]
    return decision_of(standing.sources, standing.measured, target, backbone, _top(others, standing.measured.noise))


def decision_of(
    sources: Sequence[str], every: TargetResults, target: str, backbone: str, top: np.ndarray | None = None
) -> Decision:
    """The decision among the sources of a target, without the target as its own source. `top`: see Decision."""
    order = sorted(range(len(sources)), key=lambda i: (-every.means[i], sources[i]))
    places = [i for i in order if not _itself(sources[i], target)]
    images = None if every.images is None else every.images[:, places]
    measured = TargetResults([every.values[i] for i in places], images, every.noise)
    return Decision(target, backbone, tuple(sources[i] for i in places), measured, top)


def _top(rows: Sequence[Row], noise: float) -> np.ndarray | None:
    known = bool(noise) or all(row.seeds > 1 and row.low is not None for row in rows)
    return np.array([row.tie == 1 for row in rows]) if known else None


def _itself(label: str, target: str) -> bool:
    return plain_source(label).partition("[")[0] == target


def scores_for(decisions: Sequence[Decision], rows: Sequence[PairScore]) -> list[PairScore]:
    """The scores of the pairs that the decisions are about, without those of a target as its own source.

    Where candidates of several backbones are chosen among, scores are named by their candidates. Raises CatsError if there is
    none.
    """
    if not any(decision.backbone for decision in decisions):
        rows = of_candidates(rows)
    pairs = {(d.target, source, d.backbone) for d in decisions for source in d.sources}
    scores = [row for row in rows if (row.target, row.source, row.backbone) in pairs]
    if not scores:
        scored, run = (", ".join(sorted(names)) for names in ({r.backbone for r in rows}, {d.backbone for d in decisions}))
        raise CatsError(f"no pair was both scored and run: scores are of backbone {scored or 'none'}, runs of {run}")
    return scores


def decision_name(decision: Decision, among: Sequence[Decision]) -> str:
    """The target; with its backbone where there are several."""
    return decision.target if len({d.backbone for d in among}) == 1 else f"{decision.target} on {decision.backbone}"


def static_ranks(decision: Decision, board: Sequence[Decision]) -> np.ndarray:
    """Minus the mean rank of each source on all other targets of the same backbone, (n,); NaN where it was on none."""
    ranks: dict[str, list[float]] = {}
    for other in board:
        if other.target != decision.target and other.backbone == decision.backbone:
            for source, rank in zip(other.sources, stats.rankdata(-other.values), strict=True):
                ranks.setdefault(source, []).append(float(rank))
    return np.array([-np.mean(ranks[source]) if source in ranks else np.nan for source in decision.sources])
