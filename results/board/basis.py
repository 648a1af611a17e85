"""What each figure of a board rests on: seeds, data, starts, points and versions; so that two boards can be compared later."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from results.board.candidates import labels

DIGESTS = {"data": "data", "split": "splits", "start": "starts", "point": "points"}  # column of a run → field of Basis


@dataclass(frozen=True)
class Basis:
    """The runs behind one source on one target.

    Attributes:
        source: as the board names it.
        seeds, values: of the runs that count, by seed; values of the board's metric.
        data: digests of the images, labels and split of the target, mostly one. splits: digests of drawn splits.
        starts: keys of what the networks start from. points: digests of recipe, rule and subsample.
        versions: of the programs and the hardware, name → each value once, as far as the runs say so (`trainer`, `torch` ...).
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


def basis_of(runs: pd.DataFrame, metric: str) -> list[Basis]:
    """The basis of each source on each target, in alphabetical order. `runs`: those that count (board.judged_runs)."""
    if not len(runs):
        return []
    named = runs.assign(source=labels(runs, runs["backbone"].nunique() > 1))
    return [_basis(str(target), str(source), here, metric) for (target, source), here in named.groupby(["target", "source"])]


def _basis(target: str, source: str, runs: pd.DataFrame, metric: str) -> Basis:
    ordered = runs.sort_values("seed", key=lambda seeds: pd.to_numeric(seeds, errors="coerce"), kind="stable")
    found = {name: _each(ordered[column]) for column, name in DIGESTS.items() if column in ordered}
    values = [float(value) for value in ordered[f"test_{metric}"]]
    texts = _each(ordered["environment"]) if "environment" in ordered else []
    return Basis(target, source, _texts(ordered["seed"]), values, **found, versions=_together(map(versions_of, texts)))


@cache
def versions_of(text: str) -> dict[str, str]:
    """The versions and the hardware of a run, from the column `environment` of a frame (see Experiment.frame)."""
    return {str(name): str(value) for name, value in json.loads(text).items()}


def _together(versions: Iterable[dict[str, str]]) -> dict[str, list[str]]:
    """Name → each value once, in alphabetical order."""
    found: dict[str, set[str]] = {}
    for each in versions:
        for name, value in each.items():
            found.setdefault(name, set()).add(value)
    return {name: sorted(values) for name, values in sorted(found.items())}


def _each(column: pd.Series) -> list[str]:
    """The texts of a column, each once, in alphabetical order; what is missing is left out."""
    return sorted({value for value in column if isinstance(value, str) and value})


def _texts(column: pd.Series) -> list[str]:
    return [str(value) for value in column]
