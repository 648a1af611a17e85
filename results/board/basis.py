"""What each figure of a board rests on: seeds, data, starts, points and versions; so that two boards can be compared later."""

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from results.board.candidates import labels
from results.board.versions import chain_of
from results.tracking.frame import ALWAYS

DIGESTS = {"data": "data", "split": "splits", "start": "starts", "point": "points", "backbone": "backbones"}  # column → field
VERSIONS = "versions."  # begins the name of a version in Basis.by_seed
NAMES = frozenset({"source", "target", "backbone", "seed", "measures", "leaks", *ALWAYS})  # columns that are no settings
ON_DATA, BEFORE = "data", "pretraining"  # of the meaning of a pretraining: its data, and the pretraining that it starts from

Meanings = dict[str, dict[str, str]]  # digest of a point or of a pretraining → its settings, by their names


@dataclass(frozen=True)
class Basis:
    """The runs behind one source on one target.

    Attributes:
        source: as the board names it.
        seeds, values: of the runs that count, by seed; values of the board's metric.
        data: digests of the images, labels and split of the target, mostly one. splits: digests of drawn splits.
        starts: keys of what the networks start from. points: digests of trainer, recipe, rule and subsample.
        versions: of the programs and the hardware, name → each value once, as far as the runs say so (`trainer`, `torch` ...).
        backbones: mostly one.
        by_seed: name of a field above, or `versions.` and a version → its value of each seed, where these differ; "": unknown.
    """

    target: str
    source: str
    seeds: list[str]
    values: list[float]
    data: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    versions: dict[str, list[str]] = field(default_factory=dict)
    backbones: list[str] = field(default_factory=list)
    by_seed: dict[str, list[str]] = field(default_factory=dict)

    def of_seeds(self, seeds: Iterable[str]) -> dict[str, list[str]]:
        """What the runs of some seeds rest on: field, or `versions.` and a version → each known value once.

        Boards of older versions do not say which of several values is of which seed; they are left out where this matters.
        """
        wanted = set(seeds)
        at = [place for place, seed in enumerate(self.seeds) if seed in wanted]
        found = {name: list(getattr(self, name)) for name in DIGESTS.values()}
        found |= {VERSIONS + name: values for name, values in self.versions.items()}
        if len(at) < len(self.seeds):
            found = {name: values for name, values in found.items() if len(values) < 2}
        found |= {name: sorted({values[place] for place in at}) for name, values in self.by_seed.items()}
        return {name: [each for each in values if each] for name, values in found.items() if any(values)}


def basis_of(runs: pd.DataFrame, metric: str) -> list[Basis]:
    """The basis of each source on each target, in alphabetical order. `runs`: those that count (board.judged_runs)."""
    if not len(runs):
        return []
    named = runs.assign(label=labels(runs, runs["backbone"].nunique() > 1))
    return [_basis(str(target), str(source), here, metric) for (target, source), here in named.groupby(["target", "label"])]


def _basis(target: str, source: str, runs: pd.DataFrame, metric: str) -> Basis:
    ordered = runs.sort_values("seed", key=lambda seeds: pd.to_numeric(seeds, errors="coerce"), kind="stable")
    texts = {name: _texts(ordered[column]) for column, name in DIGESTS.items() if column in ordered}
    environments = [versions_of(text or "{}") for text in _texts(ordered["environment"])] if "environment" in ordered else []
    names = sorted({name for each in environments for name in each})
    versions = {VERSIONS + name: [each.get(name, "") for each in environments] for name in names}
    each = {name: sorted(set(values) - {""}) for name, values in {**texts, **versions}.items()}
    return Basis(
        target, source, [str(seed) for seed in ordered["seed"]], [float(value) for value in ordered[f"test_{metric}"]],
        **{name: each[name] for name in texts},
        versions={name: each[VERSIONS + name] for name in names},
        by_seed={name: values for name, values in {**texts, **versions}.items() if len(set(values)) > 1},
    )  # fmt: skip


def meanings_of(runs: pd.DataFrame, frame: pd.DataFrame) -> Meanings:
    """What the digests of points and of pretrainings in the basis of `runs` stand for. `frame`: all runs of the experiment.

    A point has the settings of recipe, rule and subsample. A pretraining has those of its recipe, `source`, ON_DATA, and BEFORE
    where it starts from another pretraining; the key of a pretraining is that of a start.
    """
    found = {str(run["point"]): _settings(run) for run in runs.drop_duplicates("point").to_dict("records")}
    if BEFORE not in runs or not runs[BEFORE].notna().any():
        return found
    made = frame[(frame["kind"] == "pretraining") & (frame["status"] == "FINISHED")].drop_duplicates("key")
    by_key = {str(run["key"]): run for run in made.to_dict("records")}
    before = {key: run.get(BEFORE) for key, run in by_key.items()}
    for key in dict.fromkeys(key for start in runs[BEFORE].unique() for key in chain_of(start, before)):
        if key in by_key:
            facts = {name: by_key[key].get(name) for name in ("source", ON_DATA, BEFORE)}
            found[key] = _settings(by_key[key]) | {name: value for name, value in facts.items() if isinstance(value, str)}
    return found


def _settings(run: Mapping[Hashable, object]) -> dict[str, str]:
    """The settings of a run: every text that is no name and no fact."""
    named = sorted((str(name), value) for name, value in run.items() if isinstance(value, str))
    return {name: value for name, value in named if name not in NAMES}


@cache
def versions_of(text: str) -> Mapping[str, str]:
    """The versions and the hardware of a run, from the column `environment` of a frame (see Experiment.frame)."""
    return {str(name): str(value) for name, value in json.loads(text).items()}


def _texts(column: pd.Series) -> list[str]:
    """The texts of a column; "" where there is none."""
    return [value if isinstance(value, str) else "" for value in column]
