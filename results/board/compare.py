"""Two sources, or two candidates, on one target: the paired difference of a metric, with interval, p and a sentence.

Seeds are paired: the same seed draws the same training images, head and order of batches for every source. Test images are
paired too: DeLong's test for the AUC, means for accuracies and Brier score, else a bootstrap over patients or images.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from results.board.advice import ONE_LOOK
from results.board.candidates import Candidate
from results.board.paired_images import image_variance
from results.error import CatsError, nearest
from results.metrics import metric_of, width_of
from results.statistics.distributions import t_quantile, t_tail
from results.statistics.influence import Predictions, ReadPredictions, run_predictions
from results.statistics.intervals import standard_errors
from results.statistics.power import MOST_SEEDS, WANTED, Noise, paired_power, seeds_needed
from results.text.counts import how_many


@dataclass(frozen=True)
class Comparison:
    """One source against another on one target.

    Attributes:
        one, other: the names of the sources; with their backbones where these differ.
        difference: mean over seeds of the metric of `one` minus that of `other`.
        low, high, p: 95 % interval of the difference, and the p-value of no difference; None where no variance is known.
        seeds: how many seeds both sources have.
        images, patients: how many test images, and of how many patients where these are known; None where the sampling error
            of the images is not counted.
        method: how the sampling error of the test images was counted, or why not.
        leak: the images that a source shares with the target, in words.
        advice: how many seeds would tell a difference of this size apart, if these do not; None if that cannot be said.
        differ: that source and backbone differ both, or that only the backbone differs, in words; None if the backbone is one.
    """

    one: str
    other: str
    target: str
    metric: str
    difference: float
    low: float | None
    high: float | None
    p: float | None
    seeds: int
    images: int | None
    method: str
    leak: str | None = None
    advice: str | None = None
    differ: str | None = None
    patients: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the sentence. Keys of later versions are at the end."""
        own = asdict(self)
        patients = own.pop("patients")
        return own | {"verdict": self.verdict, "patients": patients}

    @property
    def verdict(self) -> str:
        """One sentence. With one seed each it is about these two networks, not about training again."""
        sizes = f"{how_many(self.seeds, 'seed')}, {self.method}"
        gap = f"on {self.target} {self.metric} differs by {self.difference:+z.4f}"
        if self.low is None or self.high is None or self.p is None:
            without = "one seed shows" if self.seeds < 2 else "the seeds show"
            why = f"{without} no variance{' and every test image counts alike' if self.images else ''}"
            return f"{self.one} and {self.other}: {gap}, and no interval can be given, because {why} ({sizes})"
        sure = f"95 % {self.low:+z.4f} to {self.high:+z.4f}, p = {self.p:.2g}; {sizes}"
        above = (self.difference > 0) != (not metric_of(self.metric).higher_is_better)
        better, worse = (self.one, self.other) if above else (self.other, self.one)
        if self.p >= 0.05:
            sentence = f"{self.one} and {self.other} cannot be told apart: {gap} ({sure})"
        elif self.seeds < 2:
            sentence = f"this network from {better} is better than that from {worse}: {gap} ({sure})"
        else:
            sentence = f"{better} is better than {worse}: {gap} ({sure})"
        rest = "; one seed says nothing about training again" if self.seeds < 2 else ""
        more = "".join(f"; {each}" for each in (self.differ, self.advice) if each)
        return sentence + rest + more + (f"; not a fair comparison: {self.leak}" if self.leak else "")


def compare(
    runs: pd.DataFrame, metric: str, pair: tuple[str, str], target: str, read: ReadPredictions | None = None
) -> Comparison:
    """`runs`: see board.judged_runs.

    `pair`: names of sources, or of candidates such as `imagenet on resnet18`. Sources are compared on one backbone, and on the
    backbones of their own if they share none.

    Raises CatsError for a name without runs, or if no seed is common to both, and OddRunError for a run whose predictions
    cannot be used.
    """
    if pair[0] == pair[1]:
        raise CatsError(f"'{pair[0]}' cannot be compared with itself; name another source")
    sides = [_runs_of(runs, name, target, metric) for name in pair]
    names, (pair, differ) = pair, _named(sides, pair, target)
    if differ is None and sides[0]["source"].iloc[0] == sides[1]["source"].iloc[0]:
        raise CatsError(f"'{names[0]}' and '{names[1]}' are the same runs, which cannot be compared; name another source")
    values = [side.set_index("seed").sort_index() for side in sides]
    common = values[0].index.intersection(values[1].index)
    if not len(common):
        raise CatsError(f"{pair[0]} and {pair[1]} have no seed in common on {target}; a paired difference needs one")
    one, other = (runs_of_source.loc[common] for runs_of_source in values)
    gaps = one[f"test_{metric}"].to_numpy(float) - other[f"test_{metric}"].to_numpy(float)
    images = image_variance(metric_of(metric), None if read is None else _predictions(one, other, read))
    seeds, freedom = 0.0, np.inf
    if len(gaps) > 1:
        seeds, freedom = float(gaps.var(ddof=1)) / len(gaps), len(gaps) - 1.0
    parts = np.array([seeds if np.ptp(gaps) else 0.0, images.variance]), np.array([freedom, images.freedom])
    mean, ends, p = float(gaps.mean()), None, None
    if parts[0].sum() > 0:
        scales = [(float(error), float(free)) for error, free in standard_errors(*parts)]
        half = max(float(t_quantile(0.975, free)) * error for error, free in scales)
        p = max(float(2 * t_tail(abs(mean) / error, free)) for error, free in scales if error > 0)
        most = width_of(metric)
        ends = max(mean - half, -most), min(mean + half, most)  # no difference is larger than the metric is wide
    low, high = ends or (None, None)
    leak = next((str(reason) for side in (one, other) for reason in side["leaks"].dropna()), None)
    noise = Noise(float(gaps.var(ddof=1)), images.variance, images.count or 2, 2) if len(gaps) > 1 else None
    advice = None if noise is None or p is None or p < 0.05 else _seeds_that_would(abs(mean), noise)
    return Comparison(
        *pair, target, metric, mean, low, high, p, len(common), images.images, images.method, leak, advice, differ,
        images.patients,
    )  # fmt: skip


def _seeds_that_would(difference: float, noise: Noise) -> str | None:
    """How many seeds tell a true difference of this size apart; None where there is none, or the seeds do not vary."""
    if not difference or not noise.seeds:
        return None
    count = seeds_needed(difference, noise, test=paired_power)
    if count is not None:
        return f"if the true difference is as large, about {count} seeds tell it apart (80 % power); {ONE_LOOK}"
    if paired_power(difference, noise, 10**9) >= WANTED:
        return f"if the true difference is as large, it needs more than {MOST_SEEDS} seeds (80 % power)"
    return "no number of seeds tells a difference of this size apart on these test images"


def held(runs: pd.DataFrame, backbone: str, pair: tuple[str, str], target: str) -> pd.DataFrame:
    """The runs on one backbone, on which two sources are compared. Raises CatsError if one of them has none on the target."""
    _require(runs, "backbone", backbone)
    for name in pair:
        own = runs[(runs["source"] == name) & (runs["target"] == target)]
        others = sorted(map(str, own["backbone"].unique()))
        if others and backbone not in others:
            raise CatsError(f"{name} has no finished run on {target} with {backbone}; it has runs with {', '.join(others)}")
    return runs[runs["backbone"] == backbone]


def _runs_of(runs: pd.DataFrame, name: str, target: str, metric: str) -> pd.DataFrame:
    """The runs of a source, or of a candidate by its name, on a target."""
    _require(runs, "target", target)
    source, on, backbone = ("", "", name) if name in set(runs["source"]) else name.rpartition(" on ")
    source = source if on else name
    _require(runs, "source", source)
    own = runs[(runs["source"] == source) & (runs["target"] == target)].dropna(subset=[f"test_{metric}"])
    if not len(own):
        raise CatsError(f"{source} has no finished run on {target}")
    if not on:
        return own
    _require(own, "backbone", backbone)
    return own[own["backbone"] == backbone]


def _require(runs: pd.DataFrame, column: str, name: str) -> None:
    known = sorted(map(str, runs[column].unique()))
    if name not in known:
        raise CatsError(f"no finished run has the {column} '{name}'{nearest(name, known)}")


def _named(sides: Sequence[pd.DataFrame], pair: tuple[str, str], target: str) -> tuple[tuple[str, str], str | None]:
    """The names of both sides, each of which has one backbone, and how they differ in words if the backbones do.

    Raises CatsError if a side has several backbones.
    """
    held = [sorted(map(str, side["backbone"].unique())) for side in sides]
    if max(map(len, held)) > 1:
        every = sorted(set(held[0]) & set(held[1]))
        if every:
            raise CatsError(f"{target} was run with {' and '.join(sorted({*held[0], *held[1]}))}; name one with --backbone")
        each = " and ".join(f"{name} with {', '.join(own)}" for name, own in zip(pair, held, strict=True))
        raise CatsError(f"on {target} there are runs of {each}; name two of them, such as '{pair[0]} on {held[0][0]}'")
    if held[0] == held[1]:
        return pair, None
    candidates = [Candidate(str(side["source"].iloc[0]), own[0]) for side, own in zip(sides, held, strict=True)]
    alone = candidates[0].source == candidates[1].source
    differ = "the backbones differ" if alone else "source and backbone differ, so that the difference may be of either"
    return (str(candidates[0]), str(candidates[1])), differ


def _predictions(
    one: pd.DataFrame, other: pd.DataFrame, read: ReadPredictions
) -> list[tuple[Predictions | None, Predictions | None]]:
    ids = zip(one["run_id"], other["run_id"], strict=True)
    return [(run_predictions(a, read), run_predictions(b, read)) for a, b in ids]
