"""Two sources on one target: the paired difference of a metric, with interval, p and a sentence.

Seeds are paired: the same seed draws the same training images, head and order of batches for every source. Test images are
paired too: DeLong's test for the AUC, means for accuracies and Brier score, else a bootstrap over patients or images.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from results.error import CatsError, nearest
from results.metrics import LOWER_IS_BETTER
from results.statistics.influence import INFLUENCES, Predictions, Read, influence, parsed, same_images, summed
from results.statistics.intervals import errors

Score = Callable[[Predictions], float]  # the metric of predictions, for metrics whose influences are not known
Table = pd.DataFrame | None
DRAWS = 200


@dataclass(frozen=True)
class Comparison:
    """One source against another on one target.

    Attributes:
        difference: mean over seeds of the metric of `one` minus that of `other`; low, high: 95 %; p: that there is none.
            These are None where nothing is known of the noise.
        seeds: that both have. images: test images, or patients where these are known; None where their luck is not counted.
        method: how the luck of the test images was counted, or why not. leak: images that a source shares with the target.
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

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the sentence."""
        return asdict(self) | {"verdict": self.verdict}

    @property
    def verdict(self) -> str:
        """One sentence. Of one seed each it speaks of these two networks, not of training again."""
        sizes = f"{self.seeds} seed{'s' if self.seeds > 1 else ''}, {self.method}"
        told = f"on {self.target} {self.metric} differs by {self.difference:+.4f}"
        if self.low is None or self.high is None or self.p is None:
            return f"{self.one} and {self.other}: {told}, and no interval can be given ({sizes})"
        sure = f"95 % {self.low:+.4f} to {self.high:+.4f}, p = {self.p:.2g}; {sizes}"
        above = (self.difference > 0) != (self.metric in LOWER_IS_BETTER)
        better, worse = (self.one, self.other) if above else (self.other, self.one)
        if self.p >= 0.05:
            said = f"{self.one} and {self.other} cannot be told apart: {told} ({sure})"
        elif self.seeds < 2:
            said = f"this network from {better} is better than that from {worse}: {told} ({sure})"
        else:
            said = f"{better} is better than {worse}: {told} ({sure})"
        rest = "; one seed says nothing about training again" if self.seeds < 2 else ""
        return said + rest + (f"; not a fair comparison: {self.leak}" if self.leak else "")


def compare(
    runs: pd.DataFrame, metric: str, pair: tuple[str, str], target: str, read: Read | None = None, score: Score | None = None
) -> Comparison:
    """`runs`: see board.judged_runs. Raises CatsError for a name without runs, or if no seed is common to both."""
    if pair[0] == pair[1]:
        raise CatsError(f"'{pair[0]}' cannot be set against itself; name another source")
    values = [_seeds_of(runs, source, target, metric) for source in pair]
    backbones = sorted(set(values[0].index.get_level_values(0)) | set(values[1].index.get_level_values(0)))
    if len(backbones) > 1:
        raise CatsError(f"{target} was run with {' and '.join(backbones)}; name one with --backbone")
    common = values[0].index.intersection(values[1].index)
    if not len(common):
        raise CatsError(f"{pair[0]} and {pair[1]} have no seed in common on {target}; a paired difference needs one")
    one, other = (found.loc[common] for found in values)
    gaps = one[f"test_{metric}"].to_numpy(float) - other[f"test_{metric}"].to_numpy(float)
    tables = None if read is None else [(read(a), read(b)) for a, b in zip(one["run_id"], other["run_id"], strict=True)]
    images = _images(metric, tables, score)
    seeds, freedom = (gaps.var(ddof=1) / len(gaps), len(gaps) - 1.0) if len(gaps) > 1 else (0.0, np.inf)
    parts = np.array([seeds if np.ptp(gaps) else 0.0, images.variance]), np.array([freedom, images.freedom])
    mean, ends, p = float(gaps.mean()), None, None
    if parts[0].sum() > 0:
        scales = [(float(error), float(free)) for error, free in errors(*parts)]
        half = max(float(stats.t.ppf(0.975, free)) * error for error, free in scales)
        p = max(float(2 * stats.t.sf(abs(mean) / error, free)) for error, free in scales if error > 0)
        ends = mean - half, mean + half
    low, high = ends or (None, None)
    leak = next((str(reason) for found in (one, other) for reason in found["leaks"].dropna()), None)
    return Comparison(*pair, target, metric, mean, low, high, p, len(common), images.count, images.method, leak)


def _seeds_of(runs: pd.DataFrame, source: str, target: str, metric: str) -> pd.DataFrame:
    """The runs of a source on a target by backbone and seed."""
    for column, name in (("target", target), ("source", source)):
        known = sorted(map(str, runs[column].unique()))
        if name not in known:
            raise CatsError(f"no finished run has the {column} '{name}'{nearest(name, known)}")
    found = runs[(runs["source"] == source) & (runs["target"] == target)].dropna(subset=[f"test_{metric}"])
    if not len(found):
        raise CatsError(f"{source} has no finished run on {target}")
    return found.set_index(["backbone", "seed"]).sort_index()


@dataclass(frozen=True)
class _Images:
    """Variance of the mean difference from the test images, with its degrees of freedom; how many; how it was found."""

    variance: float
    freedom: float
    count: int | None
    method: str


def _images(metric: str, tables: Sequence[tuple[Table, Table]] | None, score: Score | None) -> _Images:
    """From the predictions of both sources, one pair for each seed."""
    if tables is None or any(table is None for both in tables for table in both):
        return _Images(0.0, np.inf, None, "the luck of the test images is not counted: no predictions")
    found = [(parsed(one), parsed(other)) for one, other in tables if one is not None and other is not None]
    first = found[0][0]
    if not all(same_images(first, of) for both in found for of in both):
        return _Images(0.0, np.inf, None, "the luck of the test images is not counted: the runs do not share them")
    what = "test images" if first.groups is None else "patients"
    shifts = [(influence(metric, one), influence(metric, other)) for one, other in found]
    known = [one - other for one, other in shifts if one is not None and other is not None]
    if len(known) == len(shifts):
        shares = summed(np.mean(known, axis=0)[:, None], first.groups)
        if len(shares) > 1:
            name = "DeLong" if metric == "auc" else "paired means"
            return _Images(float((shares**2).sum()), len(shares) - 1.0, len(shares), f"{len(shares)} {what}, {name}")
    elif score is not None and metric not in INFLUENCES:
        return _bootstrapped(found, score, what)
    return _Images(0.0, np.inf, None, f"the luck of the test images is not counted: not known for {metric}")


def _bootstrapped(found: Sequence[tuple[Predictions, Predictions]], score: Score, what: str) -> _Images:
    """Resamples of patients or images, the same for both sources and all seeds."""
    first, rng = found[0][0], np.random.default_rng(0)
    codes = np.arange(len(first.samples)) if first.groups is None else np.unique(first.groups, return_inverse=True)[1]
    members: Mapping[int, np.ndarray] = pd.Series(np.arange(len(codes))).groupby(codes).indices  # type: ignore[assignment]
    count, drawn = len(members), []
    for _ in range(DRAWS):
        rows = np.concatenate([members[int(code)] for code in rng.integers(count, size=count)])
        gaps = [score(one.at(rows)) - score(other.at(rows)) for one, other in found]
        drawn.append(float(np.mean(gaps)))
    defined = np.array(drawn)[np.isfinite(drawn)]
    if count < 2 or len(defined) < DRAWS / 2:
        return _Images(0.0, np.inf, None, "the luck of the test images is not counted: most resamples are undefined")
    return _Images(float(defined.var(ddof=1)), count - 1.0, count, f"{count} {what}, bootstrap of {DRAWS}")
