"""The board: from the runs of an experiment to which source wins where, how sure that is and what it cost."""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from results.error import CatsError, nearest
from results.rank import interval, mean_ranks, tie_groups

LOWER_IS_BETTER = {"brier"}
CHOOSE = {"min_val_loss": ("val_loss", True), "max_val_auc": ("val_auc", False), "last_epoch": ("val_loss", True)}
COLUMNS = ["source", "target", "backbone", "seed"]


@dataclass(frozen=True)
class Row:
    """One source on one target.

    Attributes:
        mean, low, high: of the metric over seeds, 95 % t interval; low and high are None where none can be given.
        rank: by mean, 1 is best. tie: 1 is whatever cannot be told from the best at 95 %.
        energy_kwh: of all its attempts and the target's share of its pretraining; None if a part of it is missing.
    """

    source: str
    mean: float
    low: float | None
    high: float | None
    rank: int
    tie: int
    seeds: int
    energy_kwh: float | None


@dataclass(frozen=True)
class Overall:
    """One source over the targets on which every source was measured.

    Attributes:
        mean_rank, low, high: 95 % bootstrap over targets and seeds; None if there is no common target.
        coverage: share of the board's targets on which the source was measured.
    """

    source: str
    mean_rank: float | None
    low: float | None
    high: float | None
    coverage: float


@dataclass(frozen=True)
class Leaking:
    """A source that was run on a target although they share images: shown, never ranked. `mean` is over `seeds` runs."""

    source: str
    target: str
    mean: float
    seeds: int
    reason: str


@dataclass(frozen=True)
class Board:
    """What `cats board` shows. `notes` are sentences: what is missing, failed, refused, modelled."""

    experiment: str
    metric: str
    rule: str
    targets: dict[str, list[Row]]
    overall: list[Overall]
    notes: list[str]
    leaking: list[Leaking] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `--format json` prints it."""
        return asdict(self)

    def verdict(self, target: str) -> str:
        """Which source wins on a target: no winner inside a tie."""
        tied = [row.source for row in self.targets[target] if row.tie == 1]
        seeds = min(row.seeds for row in self.targets[target])
        if len(tied) == 1:
            return f"{tied[0]} wins ({seeds} seeds, 95 %)" if len(self.targets[target]) > 1 else "only one source: no winner"
        if seeds < 2:
            return "no winner: one seed says nothing about the noise"
        return f"no winner: {', '.join(tied)} cannot be told apart ({seeds} seeds, 95 %)"


@dataclass(frozen=True)
class Wanted:
    """The cells a plan asks for: which runs count, and how many of them there should be.

    Attributes:
        refused, leaking: (source, target) that share images, with the reason; not run, or run and kept off the ranking.
    """

    sources: Sequence[str]
    targets: Sequence[str]
    backbones: Sequence[str]
    seeds: Sequence[int]
    points: Sequence[str]
    refused: Mapping[tuple[str, str], str]
    leaking: Mapping[tuple[str, str], str] = field(default_factory=dict)


def make_board(frame: pd.DataFrame, experiment: str, metric: str, rule: str, wanted: Wanted | None = None) -> Board:
    """The board of the runs in `frame` (see results.tracking.Tracking.frame).

    Without `wanted` all finished cells of the experiment count; they must then share one protocol.
    Raises CatsError if there is nothing to show or the metric was not measured.
    """
    cells = frame[frame["kind"] == "cell"] if len(frame) else frame
    # A run whose process died at once has no params; a database may hold such runs only.
    cells = cells.reindex(columns=list(dict.fromkeys([*map(str, cells), *COLUMNS, "point", *(c for c, _ in CHOOSE.values())])))
    if not len(cells):
        raise CatsError(f"experiment '{experiment}' holds no cell yet; make some with `cats run`")
    if wanted is not None:
        cells = cells[_asked_for(cells, wanted)]
    else:
        _require_one_protocol(cells[cells["status"] == "FINISHED"], experiment)
    finished = cells[cells["status"] == "FINISHED"]
    if not len(finished):
        raise CatsError(f"experiment '{experiment}' holds no finished cell of this plan; make some with `cats run`")
    column = f"test_{metric}"
    if column not in finished or finished[column].isna().all():
        known = [c.removeprefix("test_") for c in map(str, finished) if c.startswith("test_")]
        raise CatsError(f"no run of '{experiment}' has the metric '{metric}'{nearest(metric, known)}")
    chosen = _chosen(finished, rule).dropna(subset=[column])
    several = chosen["backbone"].nunique() > 1
    values = chosen[column] * (-1 if metric in LOWER_IS_BETTER else 1)
    table = pd.DataFrame({"source": _labels(chosen, several), "target": chosen["target"], "value": values})
    reasons = _leaks(chosen, wanted)
    leaking, table = _leaking(table[reasons.notna()], reasons, metric), table[reasons.isna()]
    energy = _energy(frame, cells.assign(source=_labels(cells, several)))
    targets = {}
    for target in dict.fromkeys(wanted.targets if wanted else sorted(table["target"].unique())):
        here = table[table["target"] == target]
        if len(here):
            targets[str(target)] = _rows(here, metric, {s: energy.get((s, str(target))) for s in here["source"]})
    notes = _notes(cells, frame, wanted)
    return Board(experiment, metric, rule, targets, _overall(table, list(targets), experiment), notes, leaking)


def judged_runs(frame: pd.DataFrame, experiment: str, metric: str, rule: str, wanted: Wanted | None = None) -> pd.DataFrame:
    """The run of each source, target, backbone and seed that counts; `leaks` says why it is kept off the ranking, else None.

    Raises CatsError if none has the metric.
    """
    cells = frame[(frame["kind"] == "cell") & (frame["status"] == "FINISHED")]
    if f"test_{metric}" not in cells:
        raise CatsError(f"no run of '{experiment}' has the metric '{metric}'")
    cells = cells.reindex(columns=list(dict.fromkeys([*map(str, cells), *(column for column, _ in CHOOSE.values())])))
    runs = _chosen(cells if wanted is None else cells[_asked_for(cells, wanted)], rule).dropna(subset=[f"test_{metric}"])
    return runs.assign(leaks=_leaks(runs, wanted))


def _asked_for(cells: pd.DataFrame, wanted: Wanted) -> pd.Series:
    seeds = [str(seed) for seed in wanted.seeds]
    lists = zip([*COLUMNS, "point"], [wanted.sources, wanted.targets, wanted.backbones, seeds, wanted.points], strict=True)
    mask = pd.Series(data=True, index=cells.index)
    for column, allowed in lists:
        mask &= cells[column].isin(list(allowed))
    return mask


def _require_one_protocol(cells: pd.DataFrame, experiment: str) -> None:
    for column in ("protocol", "size", "rule", *[c for c in map(str, cells) if c.startswith("subsample.")]):
        found = sorted(cells[column].dropna().unique()) if column in cells else []
        if len(found) > 1:
            raise CatsError(
                f"experiment '{experiment}' mixes {column} {' and '.join(found)}, which cannot stand on one board; "
                f"name the plan file instead of the experiment"
            )


def _chosen(finished: pd.DataFrame, rule: str) -> pd.DataFrame:
    """One run per source, target, backbone and seed: the newest of each point, then the best point by the rule."""
    if rule not in CHOOSE:
        raise CatsError(f"there is no rule '{rule}'{nearest(rule, CHOOSE)}")
    column, ascending = CHOOSE[rule]
    newest = finished.sort_values("started").drop_duplicates([*COLUMNS, "point"], keep="last")
    return newest.sort_values([column, "key"], ascending=[ascending, True]).drop_duplicates(COLUMNS)


def _labels(cells: pd.DataFrame, several: bool) -> pd.Series:
    """The source; with its backbone where the board shows several."""
    source = cells["source"].astype(str)
    return source if not several else source + " on " + cells["backbone"].astype(str)


def _leaks(chosen: pd.DataFrame, wanted: Wanted | None) -> pd.Series:
    """Why a run is kept off the ranking: its record says so, or the plan knows it by now; else None."""
    known = {**wanted.refused, **wanted.leaking} if wanted is not None else {}
    tags = chosen["leak"] if "leak" in chosen else pd.Series(None, index=chosen.index, dtype=object)
    pairs = zip(chosen["source"], chosen["target"], tags, strict=True)
    said = [known.get((s, t), tag if isinstance(tag, str) else None) for s, t, tag in pairs]
    return pd.Series(said, index=chosen.index, dtype=object)


def _leaking(table: pd.DataFrame, reasons: pd.Series, metric: str) -> list[Leaking]:
    sign = -1 if metric in LOWER_IS_BETTER else 1
    return [
        Leaking(str(s), str(t), sign * float(group["value"].mean()), len(group), str(reasons[group.index[0]]))
        for (t, s), group in table.groupby(["target", "source"])
    ]


def _rows(here: pd.DataFrame, metric: str, energy: Mapping[str, float | None]) -> list[Row]:
    bounds = (-1.0, 1.0) if metric == "kappa" else (-1.0, 0.0) if metric in LOWER_IS_BETTER else (0.0, 1.0)
    samples = {str(name): group["value"].to_numpy(float) for name, group in here.groupby("source")}
    order = sorted(samples, key=lambda name: (-samples[name].mean(), name))
    ties = tie_groups([samples[name] for name in order])
    sign = -1 if metric in LOWER_IS_BETTER else 1
    rows = []
    for rank, (name, tie) in enumerate(zip(order, ties, strict=True), 1):
        values = samples[name]
        ends = interval(values, bounds)
        low, high = sorted(sign * end for end in ends) if ends else (None, None)
        rows.append(Row(name, sign * float(values.mean()), low, high, rank, tie, len(values), energy.get(name)))
    return rows


def _overall(table: pd.DataFrame, targets: list[str], experiment: str) -> list[Overall]:
    sources = sorted(table["source"].unique())
    samples = {(str(s), str(t)): g["value"].to_numpy(float) for (s, t), g in table.groupby(["source", "target"])}
    common = [t for t in targets if all((s, t) in samples for s in sources)]
    coverage = {s: sum((s, t) in samples for t in targets) / len(targets) for s in sources}
    if not common:
        return [Overall(s, None, None, None, coverage[s]) for s in sources]
    luck = np.random.default_rng(zlib.crc32(experiment.encode()))
    point, low, high = mean_ranks([[samples[s, t] for s in sources] for t in common], luck)
    rows = [Overall(s, float(point[i]), float(low[i]), float(high[i]), coverage[s]) for i, s in enumerate(sources)]
    return sorted(rows, key=lambda row: (row.mean_rank or math.inf, row.source))


def _energy(frame: pd.DataFrame, cells: pd.DataFrame) -> dict[tuple[str, str], float | None]:
    """kWh by (source, target): all attempts, failed ones too, and an equal share of each pretraining they stand on."""
    total: dict[tuple[str, str], float | None] = {
        (str(s), str(t)): spent(group["costs"]) for (s, t), group in cells.groupby(["source", "target"])
    }
    pretrainings = frame[frame["kind"] == "pretraining"]
    below = dict(zip(pretrainings["key"], pretrainings["pretraining"], strict=True))  # a pretraining may start from another
    users: dict[str, set[tuple[str, str]]] = {}
    for source, target, key in cells[["source", "target", "pretraining"]].itertuples(index=False, name=None):
        while isinstance(key, str):
            users.setdefault(key, set()).add((str(source), str(target)))
            key = below.get(key)  # noqa: PLW2901 - one step down
    for key, pairs in users.items():
        cost = spent(pretrainings.loc[pretrainings["key"] == key, "costs"])
        for pair in pairs:
            before = total[pair]
            total[pair] = None if before is None or cost is None else before + cost / len(pairs)
    return total


def spent(costs: pd.Series) -> float | None:
    """kWh of attempts (each a list of results.record.Cost as dicts); None if any figure of any of them is missing."""
    figures = [part["kwh"] for attempt in costs for cost in attempt for part in cost["energy"].values()]
    return None if not figures or any(kwh is None for kwh in figures) else math.fsum(figures)


def _notes(cells: pd.DataFrame, frame: pd.DataFrame, wanted: Wanted | None) -> list[str]:
    notes = []
    if wanted is not None:
        asked = {
            (s, t, b, str(seed), p)
            for s in wanted.sources for t in wanted.targets if (s, t) not in wanted.refused
            for b in wanted.backbones for seed in wanted.seeds for p in wanted.points
        }  # fmt: skip
        finished = cells[cells["status"] == "FINISHED"]
        there = set(finished[[*COLUMNS, "point"]].itertuples(index=False, name=None))
        if asked - there:
            notes.append(f"{len(asked - there)} of {len(asked)} cells are not finished")
        notes += _refusals(wanted.refused)
    failed = int((cells["status"] == "FAILED").sum())
    if failed:
        notes.append(f"{failed} attempts failed; their energy is counted")
    blind = sorted(cells.loc[cells["groups"] == "None", "target"].unique())
    if blind:
        notes.append(f"no patient ids are known for {', '.join(blind)}: one patient may lie on two sides")
    if "known_duplicates" in cells:
        declared = cells.dropna(subset=["known_duplicates"]).groupby("target")["known_duplicates"].last()
        notes += [
            f"{t}: up to {n} images of val and test lie in an earlier part of its official split too"
            for t, n in declared.items()
        ]
    kinds = {(n, e["provenance"]) for costs in frame["costs"] for cost in costs for n, e in cost["energy"].items()}
    if kinds:
        notes.append("energy: " + ", ".join(f"{name} {provenance}" for name, provenance in sorted(kinds)))
    return notes


def _refusals(refused: Mapping[tuple[str, str], str]) -> list[str]:
    """One note for each reason: what is wrong with a target is said once, not for every source."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for (source, target), reason in refused.items():
        pairs.setdefault((target, reason), []).append(source)
    return [f"{', '.join(sources)} → {t} is not run: {reason}" for (t, reason), sources in pairs.items()]
