"""The attempts of an experiment in a notebook: runs, predictions of test images, and curves over epochs."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from results.error import CatsError
from results.notebook.drawn import Dot, Dots, Line, Lines
from results.notebook.result import Result, sheet_of
from results.report.attempts import CURVE, rocs
from results.statistics.influence import ReadPredictions
from results.text.counts import how_many
from results.tracking.frame import ALWAYS

WHO = ("run_id", "source", "target", "backbone", "seed")
FIRST = (*WHO[:1], "kind", "status", *WHO[1:], "protocol", "started", "kwh", "leak", "key", "point")
FIGURES = ("test_", "val_", CURVE)
LINES = 12  # that one drawing shows


def runs_result(frame: pd.DataFrame, experiment: str, metric: str, notes: Sequence[str]) -> Result:
    """The attempts at cells, pretrainings and scores, oldest first: who, cost, figures of test and validation, settings.

    `frame`: see results.tracking.experiment.Experiment.frame.
    """
    if not len(frame):
        raise CatsError(f"experiment '{experiment}' holds no run yet; make some with catsbench.run")
    frame = frame.sort_values("started", kind="stable").reset_index(drop=True)
    shown = frame.assign(started=pd.to_datetime(frame["started"], unit="ms", utc=True)).reindex(
        columns=[*FIRST, *[name for name in map(str, frame) if name not in FIRST]]
    )
    later = [name for name in map(str, shown) if name not in FIRST and name not in ALWAYS]
    figures = sorted(name for name in later if name.startswith(FIGURES[:2]))
    rest = sorted(name for name in later if name not in figures and not name.startswith(CURVE))
    table = shown[[*FIRST, *figures, *rest]]
    column = f"test_{metric}"
    sheet = sheet_of(table, ["source", "target", "backbone", "seed", "kind", "status", column, "val_loss", "kwh"])
    return Result(f"{experiment}: {how_many(len(table), 'attempt')}", table, notes, [sheet], _spread(table, column))


def _spread(table: pd.DataFrame, column: str) -> Dots | None:
    """The mean of each pair, from the smallest to the largest of its runs."""
    if column not in table:
        return None
    cells = table[(table["kind"] == "cell") & (table["status"] == "FINISHED")].dropna(subset=[column])
    pairs = cells.groupby(["target", "source"])[column].agg(["mean", "min", "max"]).sort_values("mean", ascending=False)
    dots = [
        Dot(f"{source} → {target}", float(mean), float(low), float(high))
        for (target, source), (mean, low, high) in zip(pairs.index, pairs.to_numpy(), strict=True)
    ]
    name = column.replace("_", " ")
    return Dots(f"{name}: mean, smallest and largest of the runs", dots[: 2 * LINES]) if dots else None


def predictions_result(cells: pd.DataFrame, experiment: str, read: ReadPredictions, notes: Sequence[str]) -> Result:
    """What the finished cells said of every test image: one row for each run and image.

    Columns: run_id, source, target, backbone, seed, then those of the stored predictions (results.record.Outcome): sample,
    group where known, label or label_CLASS, and probability_CLASS.
    """
    tables, drawn, without = [], list[Line](), 0
    for run in cells[list(WHO)].to_dict("records"):
        table = read(str(run["run_id"]))
        if table is None:
            without += 1
            continue
        tables.append(table.assign(**{name: run[name] for name in WHO})[[*WHO, *table.columns]])
        curves = rocs(table) if len(drawn) < LINES else []
        drawn += [Line(f"{_name(run)}: AUC {curves[-1].area:.3f}", curves[-1].wrong, curves[-1].right)] if curves else []
    if not tables:
        raise CatsError(f"no finished cell of experiment '{experiment}' has stored predictions")
    frame = pd.concat(tables, ignore_index=True)
    less = [f"{how_many(without, 'finished cell has', 'finished cells have')} no stored predictions"] if without else []
    drawing = Lines("false positive rate", "true positive rate, of several classes for the last one", drawn) if drawn else None
    title = f"{experiment}: predictions of {how_many(len(tables), 'run')}"
    return Result(title, frame, [*notes, *less], [sheet_of(frame, map(str, frame))], drawing)


def curves_result(
    attempts: pd.DataFrame, experiment: str, history: Callable[[str, str], Sequence[float]], notes: Sequence[str]
) -> Result:
    """Figures by epoch: one row for each run, figure and epoch, with the columns of WHO, then figure, epoch (from 1), value."""
    names = [name for name in map(str, attempts) if name.startswith(CURVE)]
    tables, drawn = [], list[Line]()
    for run in attempts.to_dict("records"):
        for name in names:
            values = history(str(run["run_id"]), name) if run[name] == run[name] else ()
            if not len(values):
                continue
            figure, epochs = name.removeprefix(CURVE), range(1, len(values) + 1)
            who = {each: run.get(each) for each in WHO}
            tables.append(pd.DataFrame({**who, "figure": figure, "epoch": epochs, "value": list(values)}))
            if figure == "val_loss" and run["kind"] == "cell" and len(drawn) < LINES:
                drawn.append(Line(_name(run), list(epochs), list(values)))
    if not tables:
        raise CatsError(f"no run of experiment '{experiment}' has a curve over epochs")
    frame = pd.concat(tables, ignore_index=True)
    last = frame.groupby([*WHO, "figure"], dropna=False, sort=False).tail(1)
    drawing = Lines("epoch", "validation loss", drawn) if drawn else None
    sheet = sheet_of(last, [*WHO[1:], "figure", "epoch", "value"], "the last epoch of each curve")
    return Result(f"{experiment}: curves over epochs", frame, notes, [sheet], drawing)


def _name(run: Mapping[Hashable, Any]) -> str:
    return f"{run.get('source')} → {run.get('target')}, seed {run.get('seed')}"
