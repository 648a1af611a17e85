"""Every attempt for the browser of cells, and details of some: curves per epoch, ROC per class.

20,000 attempts have to fit a page, so words are kept once and named by number, curves and ROC are thinned, and only as many
cells have them as a limit allows; the page says how many.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from results.evaluation.positive import positive_of_two
from results.metrics import HIGHEST, written
from results.report.heads import tip
from results.report.html import Table
from results.report.told_apart import SAME, settings_apart, titled
from results.text.counting import each_counted
from results.text.plain import shortened
from results.text.units import EnergyUnit, energy_unit, significant
from results.tracking.cost_columns import SHARED, unpacked

COLUMNS = ("kind", "source", "target", "backbone", "seed", "status", "reason")
MANY = 300  # cells with curves and ROC
POINTS, ROC_POINTS = 100, 50  # of one curve, at most
ROC_DIGITS = 3  # a drawing is 420 pixels wide
LONGEST = 300  # characters of a reason
CURVE = "curve_"
WORDS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "running", "SCHEDULED": "waiting"}


@dataclass(frozen=True)
class Roc:
    """One class against the rest: (P,) false and true positive rates, and the area under the whole curve.

    `against`: the name of the rest if it is one class, whose own curve is the mirror image.
    """

    name: str
    wrong: list[float]
    right: list[float]
    area: float
    against: str = ""


@dataclass(frozen=True)
class Detail:
    """Details of one cell. `curves`: one value per epoch; `epochs`: the epochs of the values, if some were left out."""

    title: str
    curves: dict[str, list[float]]
    epochs: dict[str, list[int]]
    rocs: list[Roc] = field(default_factory=list)


@dataclass(frozen=True)
class Cells:
    """The content of the browser of cells.

    Attributes:
        metric: the column of figures. words: every text once. rows: one list for each attempt, a place in `words` for each
            of COLUMNS, then metric, seconds, energy, whether a part of the energy is missing, the place in `details` or -1, and
            whether the energy is a share of what several attempts took together.
        unit: of energy, the same for all rows.
    """

    metric: str
    words: list[str]
    rows: list[list[Any]]
    details: list[Detail]
    unit: str = "Wh"

    @property
    def heads(self) -> list[str]:
        """The columns as the page and the files show them."""
        return [*COLUMNS[:-1], written(self.metric), "seconds", self.unit, "reason"]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the page."""
        details = [
            {"title": d.title, "curves": d.curves, "epochs": _once(d.epochs), "rocs": [vars(roc) for roc in d.rocs]}
            for d in self.details
        ]
        tips = [tip(name) or f"Test {name} of the attempt." for name in self.heads]
        shown = {"metric": self.metric, "columns": COLUMNS, "heads": self.heads, "tips": tips}
        return shown | {"words": self.words, "rows": self.rows, "details": details}

    def table(self) -> Table:
        """The attempts as text, for a file."""
        lines = []
        for row in self.rows:
            *texts, reason = (self.words[place] for place in row[: len(COLUMNS)])
            value, seconds, spent, missing, _, shared = row[len(COLUMNS) :]
            energy = "missing" if spent is None else f"{'≥ ' if missing else ''}{_told(spent)}"
            lines.append([*texts, _told(value), _told(seconds), energy + (SHARED if shared else ""), reason])
        return Table("cells", "Attempts at cells and pretrainings", self.heads, lines, frozenset(COLUMNS))


def cells_of(
    frame: pd.DataFrame,
    metric: str,
    reasons: Mapping[str, str],
    details: Mapping[str, Detail] | None = None,
    unit: EnergyUnit | None = None,
) -> Cells:
    """Every attempt at a cell or a pretraining in `frame` (see results.tracking.experiment.Experiment.frame), newest last.

    `reasons`: run id → why it did not finish. `details`: run id → what lies behind it. `unit`: of the energies; without it the
    one in which the largest is short.
    """
    words: dict[str, int] = {}
    rows: list[list[Any]] = []
    chosen: list[Detail] = []
    details = details or {}
    tried = attempts(frame)
    for run in tried.assign(costs=unpacked(tried["costs"])).to_dict("records") if len(tried) else ():
        run_id = str(run.get("run_id"))
        status = WORDS.get(run["status"], str(run["status"]).lower())
        texts = [*(_text(run.get(name)) for name in COLUMNS[:5]), status, shortened(reasons.get(run_id, ""), LONGEST)]
        number = -1
        if run_id in details:
            number = len(chosen)
            chosen.append(details[run_id])
        places = [words.setdefault(text, len(words)) for text in texts]
        rows.append([*places, _number(run.get(f"test_{metric}"), 4), *_spent(run["costs"]), number, _shared(run["costs"])])
    place = len(COLUMNS) + 2
    unit = unit or energy_unit([row[place] for row in rows])
    for row in rows:
        row[place] = None if row[place] is None else _short(row[place] * unit.per_kwh)
    return Cells(metric, list(words), rows, chosen, unit.name)


def attempts(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs of cells and pretrainings, oldest first."""
    return frame[frame["kind"].isin(["cell", "pretraining"])].sort_values(["started", "key"]) if len(frame) else frame


def detailed_cells(frame: pd.DataFrame, most: int = MANY) -> pd.DataFrame:
    """At most `most` finished cells: one of every pair first, then the next seeds."""
    cells = attempts(frame)
    cells = cells[(cells["kind"] == "cell") & (cells["status"] == "FINISHED")]
    turn = cells.groupby(["source", "target", "backbone"]).cumcount()
    return cells.assign(turn=turn, apart=settings_apart(cells)).sort_values(["turn", "target", "source", "key"]).head(most)


def details_of(
    chosen: pd.DataFrame,
    history: Callable[[str, str], Sequence[float]],
    predictions: Callable[[str], pd.DataFrame | None],
) -> dict[str, Detail]:
    """Run id → its details; an imported figure has neither curves nor predictions, and so no details.

    `history(run_id, metric)`: its values by epoch; `predictions(run_id)`: its artifact.
    """
    by_run = {}
    names = sorted(name for name in map(str, chosen.columns) if name.startswith(CURVE))  # as columns, their order says nothing
    for run in each_counted("reading curves", chosen.to_dict("records"), len(chosen), "runs"):
        run_id = str(run["run_id"])
        curves, epochs = {}, {}
        for name in names:
            if _number(run.get(name)) is not None:
                values = np.asarray(history(run_id, name), dtype=float)
                able = np.flatnonzero(np.abs(values) <= HIGHEST)  # MLflow keeps infinity as the largest number; NaN is none
                place = able[thinned(len(able))]
                if len(place):
                    short = name.removeprefix(CURVE)
                    curves[short], epochs[short] = [_short(v) for v in values[place]], [int(i) + 1 for i in place]
        drawn = [] if (table := predictions(run_id)) is None else rocs(table)
        if curves or drawn:
            title = titled([run[name] for name in SAME], run.get("apart"))
            by_run[run_id] = Detail(title, curves, epochs, drawn)
    return by_run


def rocs(predictions: pd.DataFrame) -> list[Roc]:
    """One class against the rest, for every class that has both sides (see results.record.Outcome).

    Of two classes that exclude each other the positive one alone: the curve of the other one is its mirror image.
    """
    curves = []
    classes = [name.removeprefix("probability_") for name in map(str, predictions) if name.startswith("probability_")]
    two = len(classes) == 2 and f"label_{classes[0]}" not in predictions
    mirror = 1 - positive_of_two(classes) if two else None
    for number, name in enumerate(classes):
        several = f"label_{name}" in predictions
        if number == mirror:
            continue
        truth = predictions[f"label_{name}"].to_numpy() if several else (predictions["label"] == number).to_numpy()
        probability = predictions[f"probability_{name}"].to_numpy(float)
        if not 0 < int(truth.sum()) < len(truth) or not np.isfinite(probability).all():
            continue
        wrong, right = _roc(truth, probability)
        place, area = thinned(len(wrong), ROC_POINTS), float(np.trapezoid(right, wrong))
        rates = wrong[place].round(ROC_DIGITS).tolist(), right[place].round(ROC_DIGITS).tolist()
        curves.append(Roc(name, *rates, area, "" if mirror is None else classes[mirror]))
    return curves


def _roc(truth: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates at the corners of the curve, as sklearn.metrics.roc_curve, which spends most on checks."""
    order = np.argsort(-probability, kind="stable")
    last = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)  # of equal probabilities
    right = np.cumsum(truth[order] != 0)[last]
    wrong = last + 1 - right
    corner = np.concatenate([[True], (np.diff(right, 2) != 0) | (np.diff(wrong, 2) != 0), [True]])[-len(last) :]
    right, wrong = np.append(0, right[corner]), np.append(0, wrong[corner])
    return wrong / wrong[-1], right / right[-1]


def thinned(count: int, most: int = POINTS) -> np.ndarray:
    """At most `most` of `count` positions, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.arange(0)


def _once(epochs: Mapping[str, list[int]]) -> Mapping[str, list[int]]:
    """The epochs of the curves of a cell; under an empty name if they are those of all of them, as they mostly are."""
    different = {tuple(each) for each in epochs.values()}
    return {"": list(different.pop())} if len(different) == 1 else epochs


def _spent(costs: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None, bool]:
    """Seconds, kWh of what is known, and whether a part of it is missing. Nothing is known of an attempt without costs."""
    figures = [part["kwh"] for cost in costs for part in cost["energy"].values()]
    values = [kwh for kwh in figures if kwh is not None]
    seconds = math.fsum(cost["seconds"] for cost in costs)  # 0 of an imported run whose duration is not known
    missing = len(values) < len(figures) or not figures
    return round(seconds, 2) if seconds else None, math.fsum(values) if values else None, missing


def _shared(costs: Sequence[Mapping[str, Any]]) -> bool:
    """True if a part of the cost is a share of the common cost of several attempts."""
    return any(cost.get("shared_seconds") is not None for cost in costs)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object, digits: int = 6) -> float | None:
    return round(float(value), digits) if isinstance(value, float | int) and math.isfinite(value) else None


def _told(value: float | None) -> str:
    return "–" if value is None else significant(value, 6)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
