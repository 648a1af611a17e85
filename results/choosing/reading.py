"""Reads the runs of an experiment into arrays: which columns are settings, what each run cost, and what cannot count."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from results.board.candidates import labels, plain_source
from results.board.request import RunQuery, runs_of_query
from results.board.sizes import TRAIN, counts_each_class, images_text, size_text, sizes_in
from results.board.versions import of_one_version
from results.choosing.matrix import Matrix
from results.choosing.prior import FIGURES, Setting
from results.error import CatsError, nearest
from results.metrics import metric_of
from results.text.counts import how_many
from results.tracking.frame import ALWAYS

NAMES = ("source", "target", "backbone", "seed", "measures")
SEEDS = ("seed", ".seed")  # what a column ends with that numbers replicates and is no setting


def matrix_of(frame: pd.DataFrame, query: RunQuery, family: Mapping[str, str]) -> Matrix:
    """The cells of an experiment as arrays.

    A setting is a column of parameters that has several values for one target and source. Of a cell that was run several times
    the newest finished run counts, or a failed one where none has finished; a cell that was interrupted has not been tried.
    Pairs that share images, and a source on its own target, are left out. The number of training images is no setting: of each
    target the runs with one number count, that of the query, or else the number with which most candidates have finished.

    Args:
        frame: all runs, see Experiment.frame.
        query: which runs count, and the metric of the test images.
        family: target → family, of targets that have relatives.

    Raises:
        CatsError: there is no finished cell, no validation loss, or no run has the metric.
    """
    runs = runs_of_query(frame, query)
    runs = runs[runs["kind"] == "cell"] if len(runs) else runs
    runs = runs.reindex(columns=list(dict.fromkeys([*map(str, runs), "leak"])))
    if not len(runs) or not (runs["status"] == "FINISHED").any():
        raise CatsError(f"'{query.experiment}' has no finished cell to choose from")
    done = of_one_version(runs[runs["status"] == "FINISHED"], frame, query.selection)[0]
    runs = pd.concat([done, runs[runs["status"] == "FAILED"]])
    runs, leaky = _fair(runs, query)
    notes = _said_of_leaks(leaky)
    _require_figures(runs, query)
    runs, numbered = _of_one_size(runs, query)
    notes += numbered
    several = runs["backbone"].nunique() > 1
    runs, leaky = runs.assign(source=labels(runs, several)), leaky.assign(source=labels(leaky, several))
    runs, columns, aligned = _settings(runs)
    notes += aligned
    cells = _newest(runs, columns)
    notes += _said_of(runs, cells, columns)
    apart = frozenset(zip(leaky["source"], leaky["target"], strict=True))
    matrix = replace(_arrays(cells, columns, query, family, notes), apart=apart)
    one = ", of each target with one number of training images" if numbered else ""
    return replace(matrix, origin=tuple(f"{sentence}{one}" for sentence in matrix.origin))


def _fair(runs: pd.DataFrame, query: RunQuery) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of pairs that may count, and those of pairs that share images."""
    apart = pd.Series([pair in query.apart for pair in zip(runs["source"], runs["target"], strict=True)], index=runs.index)
    leaks = runs["leak"].notna() | apart | (runs["source"].map(plain_source, na_action="ignore") == runs["target"])
    return runs[~leaks], runs[leaks]


def _of_one_size(runs: pd.DataFrame, query: RunQuery) -> tuple[pd.DataFrame, list[str]]:
    """The runs of each target with one number of training images, and which number counts where there are several.

    It is the number with finished runs of most candidates, and the larger of two numbers with as many.
    """
    selection = query.selection
    if selection is not None and selection.sizes:
        images = images_text(selection.size, per_class=counts_each_class(runs))
        return runs, [f"only runs with {images} count; --train names another number"]
    if TRAIN not in runs:
        return runs, []
    keep, counted = pd.Series(data=True, index=runs.index), dict[str, str]()
    for target, here in runs[runs["status"] == "FINISHED"].groupby("target"):
        numbers = sizes_in(here)
        if len(numbers) > 1:
            tried = here.drop_duplicates(["source", "backbone", TRAIN])[TRAIN].value_counts()
            chosen = max(numbers, key=lambda size: (tried[str(size)], numbers.index(size)))
            keep &= (runs["target"] != target) | (runs[TRAIN] == str(chosen))
            counted[str(target)] = size_text(chosen)
    return runs[keep], _said_of_sizes(counted)


def _said_of_sizes(counted: Mapping[str, str]) -> list[str]:
    """One sentence for each number of training images that counts. `counted`: target → number."""
    targets: dict[str, list[str]] = {}
    for target, size in counted.items():
        targets.setdefault(size, []).append(target)
    return [
        f"{', '.join(names)}: of several numbers of training images only {size} counts, with which most sources have finished"
        for size, names in targets.items()
    ]


def _said_of_leaks(leaky: pd.DataFrame) -> list[str]:
    pairs = len(leaky.drop_duplicates(["source", "target"]))
    left = how_many(pairs, "pair that shares images is", "pairs that share images are")
    return [f"{left} left out: such a source is no candidate for the target"] if pairs else []


def _require_figures(runs: pd.DataFrame, query: RunQuery) -> None:
    column = f"test_{query.metric}"
    if column not in runs or not runs[column].notna().any():
        held = [str(name).removeprefix("test_") for name in runs if str(name).startswith("test_") and runs[name].notna().any()]
        raise CatsError(f"no run of '{query.experiment}' has the metric '{query.metric}'{nearest(query.metric, held)}")
    if "val_loss" not in runs or not pd.to_numeric(runs["val_loss"], errors="coerce").notna().any():
        raise CatsError(
            f"no run of '{query.experiment}' has a validation loss (val_loss), by which every choice is made; "
            "a map of an import names the column under `validation`"
        )


def _settings(runs: pd.DataFrame) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The runs with the columns of their settings as texts, the names of these columns, and what was done to them."""
    taken = {*NAMES, *ALWAYS}
    texts = [name for name in map(str, runs) if name not in taken and not name.endswith(SEEDS) and _holds_texts(runs[name])]
    texts = sorted(texts)  # the names of settings are the same in every experiment
    runs = runs.assign(**{name: runs[name].map(_written) for name in texts})
    pairs = runs.groupby(["source", "target"])
    columns = [name for name in texts if (pairs[name].nunique() > 1).any()]
    notes = []
    for name in columns:
        places = _places(runs, name)
        if places is not None:
            runs = runs.assign(**{name: places})
            notes.append(f"targets have different values of {name}: #1 is the smallest value of a target, #2 the next")
    return runs, columns, notes


def _written(value: object) -> str:
    """A value as it is written in the name of a setting: one number has one text, 0.01 and 1e-2 alike."""
    if not isinstance(value, str):
        return "None"
    try:
        return f"{float(value):g}"
    except ValueError:
        return value


def _holds_texts(column: pd.Series) -> bool:
    return bool(column.map(lambda value: isinstance(value, str)).any())


def _places(runs: pd.DataFrame, name: str) -> pd.Series | None:
    """The place of each value among those of its target, where targets have as many values each, but not the same numbers."""
    numbers = pd.to_numeric(runs[name], errors="coerce")
    held = {target: tuple(sorted(set(values))) for target, values in numbers.groupby(runs["target"])}
    if numbers.isna().any() or len(set(held.values())) == 1 or len({len(values) for values in held.values()}) > 1:
        return None
    places = [held[target].index(value) + 1 for target, value in zip(runs["target"], numbers, strict=True)]
    return pd.Series([f"#{place}" for place in places], index=runs.index)


def _newest(runs: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """One run of each target, source, setting and seed: the newest finished one, else the newest failed one."""
    finished = (runs["status"] == "FINISHED").astype(int)
    runs = runs.assign(_finished=finished).sort_values(["_finished", "started"], kind="stable")
    return runs.drop_duplicates(["target", "source", "seed", *columns], keep="last")


def _said_of(runs: pd.DataFrame, cells: pd.DataFrame, columns: list[str]) -> list[str]:
    notes = []
    failed = int((cells["status"] != "FINISHED").sum())
    if failed:
        cells_have = how_many(failed, "cell has", "cells have")
        notes.append(f"{cells_have} failed runs only: a policy pays for them and learns nothing")
    doubled = int(((runs["status"] == "FINISHED").sum()) - ((cells["status"] == "FINISHED").sum()))
    if doubled:
        notes.append(
            f"{doubled} {'run was' if doubled == 1 else 'runs were'} made again later; the newest run of a cell counts"
        )
    if not columns:
        notes.append("all runs of a source have one setting: policies can only differ in their order of the sources")
    return notes


def _arrays(cells: pd.DataFrame, columns: list[str], query: RunQuery, family: Mapping[str, str], notes: list[str]) -> Matrix:
    targets, sources, seeds = (sorted(set(cells[name].astype(str))) for name in ("target", "source", "seed"))
    kinds = sorted({tuple(row) for row in cells[columns].itertuples(index=False, name=None)}, key=_in_order)
    settings = tuple(Setting.of(dict(zip(columns, kind, strict=True))) for kind in kinds)
    place = {kind: number for number, kind in enumerate(kinds)}
    at = (
        cells["target"].astype(str).map(targets.index).to_numpy(),
        cells["source"].astype(str).map(sources.index).to_numpy(),
        np.array([place[kind] for kind in cells[columns].itertuples(index=False, name=None)]),
        cells["seed"].astype(str).map(seeds.index).to_numpy(),
    )
    shape = (len(targets), len(sources), len(settings), len(seeds))
    arrays: dict[str, Any] = {name: np.full(shape, np.nan) for name in FIGURES}
    made = np.zeros(shape, dtype=bool)
    finished = (cells["status"] == "FINISHED").to_numpy()
    seconds = [name for name in map(str, cells) if name.startswith("seconds_") and not name.startswith("seconds_measure_")]
    figures = {
        "val_loss": pd.to_numeric(cells["val_loss"], errors="coerce").where(finished),
        "score": (cells[f"test_{query.metric}"] * metric_of(query.metric).sign).where(finished),
        "kwh": pd.to_numeric(cells["kwh"], errors="coerce"),
        "hours": cells[seconds].sum(axis=1, min_count=1) / 3600 if seconds else pd.Series(np.nan, index=cells.index),
    }
    for name, values in figures.items():
        arrays[name][at] = values.to_numpy(dtype=float)
    made[at] = True
    named = {target: family[target] for target in targets if target in family}
    return Matrix(
        tuple(targets), tuple(sources), settings, made, **arrays, metric=query.metric, family=named, notes=tuple(notes),
        origin=(f"experiment {query.experiment}",),
    )  # fmt: skip


def _in_order(kind: tuple[str, ...]) -> list[tuple[float, str]]:
    """Numbers by their size, then texts: an order of settings that does not depend on the order of the runs."""
    keys = []
    for text in kind:
        try:
            keys.append((float(text.removeprefix("#")), text))
        except ValueError:
            keys.append((float("inf"), text))
    return keys
