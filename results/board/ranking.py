"""The ranking of sources on one target and over targets, with intervals."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from results.metrics import Metric, metric_of
from results.statistics.influence import TestImageInfluence
from results.statistics.intervals import Ranks, TargetResults, draw_means, intervals, rank_draws, tie_groups
from results.statistics.mean_ranks import Ends, best_chances, mean_ranks, mean_values, rank_ties
from results.statistics.plackett_luce import strengths
from results.statistics.rank_tests import Difference, difference
from results.text.counts import how_many

Impute = Literal["worst", "median"]


@dataclass(frozen=True)
class Row:
    """One source on one target.

    Attributes:
        mean, low, high: mean of the metric over seeds with its 95 % interval; low and high are None if there is no interval.
        rank: by the mean, 1 is best; equal means share the smaller one.
        tie: group of sources that cannot be told apart at 95 %; group 1 holds the best one.
        seeds: number of seeds.
        energy_kwh: energy of all its attempts and its share of the pretraining; None if a part of it is missing.
        rank_low, rank_high: 95 % interval of the rank. p_best: probability of being the best. None where the noise is unknown.
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
        mean_rank, low, high: over the targets on which every source was measured, or over all targets if gaps are imputed. The
            95 % interval over targets is never narrower than the sampling error inside them. None if there is no such target.
        coverage: share of the board's targets on which the source was measured.
        wins: number of targets on which it alone has tie 1. best: number of targets on which it has tie 1, wins included.
        strength, strength_low, strength_high: Plackett-Luce strength over all targets, 95 % over targets.
        mean, mean_low, mean_high: mean of the metric over the same targets as the mean rank.
        tie: group of sources whose mean ranks cannot be told apart; group 1 holds the best one.
        p_best: probability of having the lowest mean rank on a new sample of targets; with one target, the probability on that
            target, None if seed and test-set variance are unknown.
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
    mean: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    tie: int | None = None
    p_best: float | None = None


@dataclass(frozen=True)
class Standing:
    """The sources of one target, with what was measured.

    Attributes:
        sources: in alphabetical order.
        drawn: (B, S) random draws of the means. ranks: their ranks. None if nothing is known of the sampling error.
    """

    sources: list[str]
    measured: TargetResults
    drawn: np.ndarray | None
    ranks: Ranks | None


def target_standing(
    here: pd.DataFrame, name: str, metric: str, noise: float | None, images_of: TestImageInfluence | None = None
) -> tuple[Standing, str | None]:
    """The standing from the chosen runs of a target, and why the test images are not counted, if they are not.

    here: columns source, seed, value and run_id. name: of experiment and target, it seeds the draws.
    """
    sources, measured, note = measured_results(here, name, metric, noise, images_of)
    drawn = draw_means(measured, np.random.default_rng(zlib.crc32(name.encode()))) if measured.drawable else None
    return Standing(sources, measured, drawn, None if drawn is None else rank_draws(drawn)), note


def measured_results(
    here: pd.DataFrame, name: str, metric: str, noise: float | None, images_of: TestImageInfluence | None = None
) -> tuple[list[str], TargetResults, str | None]:
    """The sources of a target, what was measured of them, and why the test images are not counted; see target_standing."""
    ordered = here.sort_values(["source", "seed"])
    groups = {str(source): group for source, group in ordered.groupby("source")}
    images, note = None, None
    if images_of is not None:
        images, why = images_of(name, metric, {s: group["run_id"].tolist() for s, group in groups.items()})
        note = None if why is None else f"the sampling error of the test images is not counted: {why}"
    if images is not None:
        images = metric_of(metric).sign * images
    return (
        list(groups),
        TargetResults([group["value"].to_numpy(float) for group in groups.values()], images, noise or 0.0),
        note,
    )


def rows_of(standing: Standing, metric: str | Metric, energy: Mapping[str, float | None]) -> list[Row]:
    """The rows of a target, best first. energy: source → kWh."""
    sign, means, ranks = metric_of(metric).sign, standing.measured.means, standing.ranks
    order = sorted(range(len(means)), key=lambda i: (-means[i], standing.sources[i]))
    ends = np.sort([sign * end for end in intervals(standing.measured, metric_of(metric).oriented_bounds)], axis=0).T
    rows = []
    for i, tie in zip(order, tie_groups(standing.measured, order), strict=True):
        rank = 1 + int((means > means[i]).sum())
        low, high = (None, None) if np.isnan(ends[i]).any() else (float(ends[i, 0]), float(ends[i, 1]))
        rank_range = (None, None, None) if ranks is None else (float(ranks.low[i]), float(ranks.high[i]), float(ranks.best[i]))
        name, seeds = standing.sources[i], len(standing.measured.values[i])
        rows.append(Row(name, sign * float(means[i]), low, high, rank, tie, seeds, energy.get(name), *rank_range))
    return rows


def over_targets(
    standings: Mapping[str, Standing], targets: Mapping[str, list[Row]], metric: str | Metric, impute: Impute | None
) -> tuple[list[Overall], Difference | None, list[str]]:
    """Every source over targets, best first; the tests of their differences; and notes on gaps."""
    sources = sorted({source for one in standings.values() for source in one.sources})
    gaps = [(source, target) for target, one in standings.items() for source in sources if source not in one.sources]
    incomplete = {target for _, target in gaps}
    used = {t: fill_gaps(one, sources, impute) for t, one in standings.items() if impute or t not in incomplete}
    common = _common(used, metric) if used else None
    strong = _strengths(targets, sources)
    tops = {t: [row.source for row in rows if row.tie == 1] for t, rows in targets.items() if len(rows) > 1}
    rows = []
    for i, source in enumerate(sources):
        coverage = sum(source in one.sources for one in standings.values()) / len(standings)
        wins, best = sum(top == [source] for top in tops.values()), sum(source in top for top in tops.values())
        row = Overall(source, None, None, None, coverage, wins, best, *_numbers(strong, i))
        rows.append(row if common is None else common.fill(row, i))
    rows.sort(key=lambda row: (row.mean_rank or math.inf, -(row.strength or 0.0), row.source))
    if len(used) > 1:
        ties = rank_ties(np.array([row.mean_rank for row in rows]), len(used))
        rows = [replace(row, tie=tie) for row, tie in zip(rows, ties, strict=True)]
    elif used:
        ties_here = {row.source: row.tie for row in targets[next(iter(used))]}
        rows = [replace(row, tie=ties_here.get(row.source)) for row in rows]
    differ = difference(sources, np.stack([one.measured.means for one in used.values()])) if used else None
    return rows, differ, _gap_notes(gaps, bool(used), impute)


def fill_gaps(standing: Standing, sources: list[str], impute: Impute | None) -> Standing:
    """A target with all of `sources`, in their order. One that was not measured gets the values of the worst or median one."""
    if impute is None or standing.sources == sources:
        return standing
    place, measured = {source: i for i, source in enumerate(standing.sources)}, standing.measured
    up, count = np.argsort(measured.means), len(standing.sources)
    like = up[:1] if impute == "worst" else up[(count - 1) // 2 : count // 2 + 1]  # the middle one or two
    imputed = measured.means[like].mean(keepdims=True)
    values = [measured.values[place[s]] if s in place else imputed for s in sources]
    images, drawn, ranks = measured.images, None, None
    if images is not None:
        gap = images[:, like].mean(axis=1)
        images = np.stack([images[:, place[s]] if s in place else gap for s in sources], axis=1)
    if standing.drawn is not None:
        gap = standing.drawn.min(axis=1) if impute == "worst" else np.median(standing.drawn, axis=1)
        drawn = np.stack([standing.drawn[:, place[s]] if s in place else gap for s in sources], axis=1)
        ranks = rank_draws(drawn)
    return Standing(sources, TargetResults(values, images, measured.noise), drawn, ranks)


@dataclass(frozen=True)
class _Common:
    """Over the targets of all sources: mean ranks, means of the metric, probabilities of being the best (None if unknown)."""

    ranks: Ends
    means: Ends
    best: np.ndarray | None

    def fill(self, row: Overall, i: int) -> Overall:
        """The row of source i with these values."""
        rank, low, high = _numbers(self.ranks, i)
        mean, mean_low, mean_high = _numbers(self.means, i)
        best = None if self.best is None else float(self.best[i])
        return replace(row, mean_rank=rank, low=low, high=high, mean=mean, mean_low=mean_low, mean_high=mean_high, p_best=best)


def _common(used: Mapping[str, Standing], metric: str | Metric) -> _Common:
    standings = list(used.values())
    values = mean_values([one.measured for one in standings], metric_of(metric).oriented_bounds)
    if not metric_of(metric).higher_is_better:
        values = -values[0], -values[2], -values[1]
    means = np.stack([one.measured.means for one in standings])
    known = [one.ranks for one in standings if one.ranks is not None]
    if len(standings) == 1:
        ranks = mean_ranks(means)
        return (
            _Common((ranks[0], known[0].low, known[0].high), values, known[0].best) if known else _Common(ranks, values, None)
        )
    variances = np.stack([ranks.variance for ranks in known]) if known else None
    rng = np.random.default_rng(zlib.crc32("/".join(sorted(used)).encode()))
    return _Common(mean_ranks(means, variances), values, best_chances(means, variances, rng))


def _strengths(targets: Mapping[str, list[Row]], sources: list[str]) -> Ends | None:
    rankings = [[sources.index(row.source) for row in rows] for rows in targets.values() if len(rows) > 1]
    return strengths(rankings, len(sources))


def _gap_notes(gaps: list[tuple[str, str]], ranked_any: bool, impute: Impute | None) -> list[str]:
    if not gaps:
        return []
    if impute:
        pairs = ", ".join(f"{source} → {target}" for source, target in gaps)
        count, their = ("counts", "its") if len(gaps) == 1 else ("count", "their")
        number = how_many(len(gaps), "pair")
        sentence = f"{number} not measured, or kept off the ranking, {count} as the {impute} source of {their} target"
        return [f"{sentence} in mean ranks and means: {pairs}"]
    if not ranked_any:
        return ["no target has every source, so there is no mean rank; `--impute worst` or `--impute median` fills the gaps"]
    return []


def _numbers(ends: Ends | None, i: int) -> tuple[float | None, float | None, float | None]:
    """Mean, low and high of source i; None for values that are not known."""
    if ends is None:
        return None, None, None
    mean, low, high = (float(part[i]) if math.isfinite(part[i]) else None for part in ends)
    return mean, low, high
