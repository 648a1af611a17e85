"""How far sources are behind the best one, and what would decide a tie at the top: how many targets, or how many seeds."""

import math
from collections.abc import Mapping, Sequence

from results.board.advice import needed
from results.board.ranking import Overall, Row, Standing
from results.statistics.intervals import standard_errors_behind
from results.statistics.rank_tests import critical_difference

MOST = 1000  # targets; nobody has more
ONE_SEED = "with one seed the seed-to-seed variance is unknown"
MORE_SEEDS = "run more seeds or state it with --noise"


def outlook(
    standings: Mapping[str, Standing], targets: Mapping[str, Sequence[Row]], overall: Sequence[Overall], *, filled: bool
) -> str:
    """A sentence about what would tell the first two sources apart; empty where no two sources are tied at the top.

    filled: whether gaps are imputed, so that mean ranks are over all targets; else they are over those of every source.
    """
    sources = {source for one in standings.values() for source in one.sources}
    common = [target for target in targets if filled or len(standings[target].sources) == len(sources)]
    if len(common) == 1:
        return _by_seeds(standings[common[0]], targets[common[0]])
    ranked = [row for row in overall if row.mean_rank is not None]
    tied = [row for row in ranked if row.tie == 1]
    return _by_targets(tied[0], tied[1], len(ranked), len(common)) if len(tied) > 1 else ""


def untested(rows: Sequence[Row]) -> str:
    """Why a target has no winner of which some source has one seed, and what its interval then holds."""
    single = [row for row in rows if row.seeds < 2]
    if len(single) < len(rows):
        return f"{ONE_SEED} ({', '.join(row.source for row in single)}); {MORE_SEEDS}"
    held = any(row.low is not None for row in rows)
    return f"{ONE_SEED}, {'the interval holds the test images alone' if held else 'no interval can be given'}; {MORE_SEEDS}"


def errors_behind(standing: Standing) -> dict[str, float | None]:
    """Source → how far its mean is from the best one, in standard errors of their difference; None where these are unknown."""
    behind = standard_errors_behind(standing.measured).tolist()
    return {name: None if math.isnan(far) else far for name, far in zip(standing.sources, behind, strict=True)}


def _by_targets(first: Overall, second: Overall, sources: int, targets: int) -> str:
    gap = (second.mean_rank or 0.0) - (first.mean_rank or 0.0)
    names = f"{first.source} and {second.source}"
    if gap <= 0:
        return f"{names} have the same mean rank, so that more targets like these would not decide between them"
    count = targets_needed(gap, sources)
    many = f"more than {MOST}" if count > MOST else f"about {max(count, targets + 1)}"
    return f"{many} targets like these would tell {names} apart if their mean ranks stay {gap:.2f} apart (Nemenyi, 95 %)"


def targets_needed(gap: float, sources: int) -> int:
    """The smallest number of targets whose critical difference is below a gap of mean ranks: it shrinks by their root."""
    return math.floor((critical_difference(sources, 1) / gap) ** 2 * (1 + 1e-9)) + 1


def _by_seeds(standing: Standing, rows: Sequence[Row]) -> str:
    tied = [row for row in rows if row.tie == 1]
    if len(tied) < 2:
        return ""
    names = f"{tied[0].source} and {tied[1].source}"
    if min(row.seeds for row in rows) < 2:
        return f"{ONE_SEED}; {MORE_SEEDS}"
    return f"{names} differ by {abs(tied[0].mean - tied[1].mean):.3f}{needed(standing, tied)}"
