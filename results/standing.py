"""How sources stand on one target and over targets, with how sure that is."""

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from results.friedman import Difference, difference
from results.influence import Images
from results.rank import Measured, Ranks, draws, interval, mean_ranks, ranked, tie_groups
from results.select import LOWER_IS_BETTER
from results.strength import strengths

Impute = Literal["worst", "median"]


@dataclass(frozen=True)
class Row:
    """One source on one target.

    Attributes:
        mean, low, high: of the metric over seeds, 95 %; low and high are None where no interval can be given.
        rank: by mean, 1 is best. tie: 1 is whatever cannot be told from the best at 95 %.
        energy_kwh: of all its attempts and the target's share of its pretraining; None if a part of it is missing.
        rank_low, rank_high: 95 % interval of the rank. p_best: chance to be the best. None where the noise is unknown.
    """

    source: str
    mean: float
    low: float | None
    high: float | None
    rank: int
    tie: int
    seeds: int
    energy_kwh: float | None
    rank_low: float | None = None
    rank_high: float | None = None
    p_best: float | None = None


@dataclass(frozen=True)
class Overall:
    """One source over targets.

    Attributes:
        mean_rank, low, high: over the targets on which every source was measured, or all with imputed gaps; 95 % over
            targets, never narrower than the luck inside targets. None if there is no such target.
        coverage: share of the board's targets on which the source was measured.
        wins: targets where it stands alone in tie 1. best: targets where it cannot be told from the best, wins among them.
        strength, strength_low, strength_high: Plackett-Luce over all targets, 95 % over targets.
    """

    source: str
    mean_rank: float | None
    low: float | None
    high: float | None
    coverage: float
    wins: int = 0
    best: int = 0
    strength: float | None = None
    strength_low: float | None = None
    strength_high: float | None = None


@dataclass(frozen=True)
class Standing:
    """One target: its sources by name, what was measured, (B, S) draws of the means and their ranks, None if not drawable."""

    sources: list[str]
    measured: Measured
    drawn: np.ndarray | None
    ranks: Ranks | None


def standing(
    here: pd.DataFrame, name: str, metric: str, noise: float | None, images_of: Images | None = None
) -> tuple[Standing, str | None]:
    """From the chosen runs of a target (columns source, seed, value, run_id), and why test images are left out, if they are.

    `name`, of experiment and target, decides the draws.
    """
    ordered = here.sort_values(["source", "seed"])
    groups = {str(source): group for source, group in ordered.groupby("source")}
    images, note = None, None
    if images_of is not None:
        images, why = images_of(name, metric, {s: group["run_id"].tolist() for s, group in groups.items()})
        note = None if why is None else f"the luck of the test images is not counted: {why}"
    if images is not None and metric in LOWER_IS_BETTER:
        images = -images
    measured = Measured([group["value"].to_numpy(float) for group in groups.values()], images, noise or 0.0)
    drawn = draws(measured, np.random.default_rng(zlib.crc32(name.encode()))) if measured.drawable else None
    return Standing(list(groups), measured, drawn, None if drawn is None else ranked(drawn)), note


def rows_of(found: Standing, metric: str, energy: Mapping[str, float | None]) -> list[Row]:
    """Best first."""
    bounds = (-1.0, 1.0) if metric == "kappa" else (-1.0, 0.0) if metric in LOWER_IS_BETTER else (0.0, 1.0)
    sign, means, ranks = -1 if metric in LOWER_IS_BETTER else 1, found.measured.means, found.ranks
    order = sorted(range(len(means)), key=lambda i: (-means[i], found.sources[i]))
    rows = []
    for rank, (i, tie) in enumerate(zip(order, tie_groups(found.measured, order), strict=True), 1):
        ends = interval(found.measured, i, bounds)
        low, high = sorted(sign * end for end in ends) if ends else (None, None)
        lucky = (None, None, None) if ranks is None else (float(ranks.low[i]), float(ranks.high[i]), float(ranks.best[i]))
        name, seeds = found.sources[i], len(found.measured.values[i])
        rows.append(Row(name, sign * float(means[i]), low, high, rank, tie, seeds, energy.get(name), *lucky))
    return rows


def over_targets(
    standings: Mapping[str, Standing], targets: Mapping[str, list[Row]], impute: Impute | None
) -> tuple[list[Overall], Difference | None, list[str]]:
    """Every source over targets, best first; how they differ; and what was imputed, or is not ranked, in sentences."""
    sources = sorted({source for found in standings.values() for source in found.sources})
    gaps = [(source, target) for target, found in standings.items() for source in sources if source not in found.sources]
    incomplete = {target for _, target in gaps}
    used = {t: filled(found, sources, impute) for t, found in standings.items() if impute or t not in incomplete}
    ranks = _mean_ranks(list(used.values())) if used else None
    strong = _strengths(targets, sources)
    tops = {t: [row.source for row in rows if row.tie == 1] for t, rows in targets.items() if len(rows) > 1}
    rows = []
    for i, source in enumerate(sources):
        mean, low, high = (None, None, None) if ranks is None else (_number(part[i]) for part in ranks)
        strength = (None, None, None) if strong is None else tuple(_number(part[i]) for part in strong)
        coverage = sum(source in found.sources for found in standings.values()) / len(standings)
        wins, best = sum(top == [source] for top in tops.values()), sum(source in top for top in tops.values())
        rows.append(Overall(source, mean, low, high, coverage, wins, best, *strength))
    rows.sort(key=lambda row: (row.mean_rank or math.inf, -(row.strength or 0.0), row.source))
    differ = difference(sources, np.stack([found.measured.means for found in used.values()])) if used else None
    return rows, differ, _gap_notes(gaps, bool(used), impute)


def filled(found: Standing, sources: list[str], impute: Impute | None) -> Standing:
    """A target with all of `sources`, in their order: one that was not measured is as good as the worst, or the median, one."""
    if impute is None or found.sources == sources:
        return found
    stand_in: Callable[..., np.ndarray] = np.min if impute == "worst" else np.median
    place = {source: i for i, source in enumerate(found.sources)}
    lacking = np.array([float(stand_in(found.measured.means))])
    values = [found.measured.values[place[s]] if s in place else lacking for s in sources]
    drawn, ranks = None, None
    if found.drawn is not None:
        gap = stand_in(found.drawn, axis=1)
        drawn = np.stack([found.drawn[:, place[s]] if s in place else gap for s in sources], axis=1)
        ranks = ranked(drawn)
    return Standing(sources, Measured(values), drawn, ranks)


def _mean_ranks(used: list[Standing]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    means = np.stack([found.measured.means for found in used])
    known = [found.ranks for found in used if found.ranks is not None]
    if len(used) == 1 and known:
        return mean_ranks(means)[0], known[0].low, known[0].high
    return mean_ranks(means, np.stack([ranks.variance for ranks in known]) if known else None)


def _strengths(targets: Mapping[str, list[Row]], sources: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    rankings = [[sources.index(row.source) for row in rows] for rows in targets.values() if len(rows) > 1]
    return strengths(rankings, len(sources))


def _gap_notes(gaps: list[tuple[str, str]], ranked_any: bool, impute: Impute | None) -> list[str]:
    if not gaps:
        return []
    if impute:
        pairs = ", ".join(f"{source} → {target}" for source, target in gaps)
        return [f"{len(gaps)} pairs that were not measured count as the {impute} source of their target in mean ranks: {pairs}"]
    if not ranked_any:
        return ["no target has every source, so there is no mean rank; `--impute worst` or `median` fills the gaps"]
    return []


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
