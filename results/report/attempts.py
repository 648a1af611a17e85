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

from results.report.html import Table
from results.text.plain import shortened
from results.tracking.cost_columns import SHARED, unpacked

COLUMNS = ("kind", "source", "target", "backbone", "seed", "status", "reason")
MANY = 300  # cells with curves and ROC
POINTS, ROC_POINTS = 100, 60  # of one curve, at most
LONGEST = 300  # characters of a reason
CURVE = "curve_"
WORDS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "running", "SCHEDULED": "waiting"}


@dataclass(frozen=True)
class Roc:
    """One class against the rest: (P,) false and true positive rates, and the area under the whole curve."""

    name: str
    wrong: list[float]
    right: list[float]
    area: float


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
            of COLUMNS, then metric, seconds, Wh, whether a part of Wh is missing, the place in `details` or -1, and whether Wh
            is a share of what several attempts took together.
    """

    metric: str
    words: list[str]
    rows: list[list[Any]]
    details: list[Detail]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the page."""
        details = [
            {"title": d.title, "curves": d.curves, "epochs": d.epochs, "rocs": [vars(roc) for roc in d.rocs]}
            for d in self.details
        ]
        return {"metric": self.metric, "columns": COLUMNS, "words": self.words, "rows": self.rows, "details": details}

    def table(self) -> Table:
        """The attempts as text, for a file."""
        head = [*COLUMNS[:-1], self.metric, "seconds", "Wh", "reason"]
        lines = []
        for row in self.rows:
            *texts, reason = (self.words[place] for place in row[: len(COLUMNS)])
            value, seconds, wh, missing, _, shared = row[len(COLUMNS) :]
            energy = "missing" if wh is None else f"≥ {wh:g}" if missing else f"{wh:g}"
            lines.append([*texts, _told(value), _told(seconds), energy + (SHARED if shared else ""), reason])
        return Table("cells", "Attempts at cells and pretrainings", head, lines, frozenset(COLUMNS))


def cells_of(
    frame: pd.DataFrame, metric: str, reasons: Mapping[str, str], details: Mapping[str, Detail] | None = None
) -> Cells:
    """Every attempt at a cell or a pretraining in `frame` (see results.tracking.experiment.Experiment.frame), newest last.

    `reasons`: run id → why it did not finish. `details`: run id → what lies behind it.
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
    return Cells(metric, list(words), rows, chosen)


def attempts(frame: pd.DataFrame) -> pd.DataFrame:
    """The runs of cells and pretrainings, oldest first."""
    return frame[frame["kind"].isin(["cell", "pretraining"])].sort_values(["started", "key"]) if len(frame) else frame


def detailed_cells(frame: pd.DataFrame, most: int = MANY) -> pd.DataFrame:
    """At most `most` finished cells: one of every pair first, then the next seeds."""
    cells = attempts(frame)
    cells = cells[(cells["kind"] == "cell") & (cells["status"] == "FINISHED")]
    turn = cells.groupby(["source", "target", "backbone"]).cumcount()
    return cells.assign(turn=turn).sort_values(["turn", "target", "source", "key"]).head(most)


def details_of(
    chosen: pd.DataFrame,
    history: Callable[[str, str], Sequence[float]],
    predictions: Callable[[str], pd.DataFrame | None],
) -> dict[str, Detail]:
    """Run id → its details; an imported figure has neither curves nor predictions, and so no details.

    `history(run_id, metric)`: its values by epoch; `predictions(run_id)`: its artifact.
    """
    by_run = {}
    names = [name for name in map(str, chosen.columns) if name.startswith(CURVE)]
    for run in chosen.to_dict("records"):
        run_id = str(run["run_id"])
        curves, epochs = {}, {}
        for name in names:
            if _number(run.get(name)) is not None:
                values = np.asarray(history(run_id, name), dtype=float)
                place = thinned(len(values))
                short = name.removeprefix(CURVE)
                curves[short], epochs[short] = [_short(v) for v in values[place]], [int(i) + 1 for i in place]
        table = predictions(run_id)
        drawn = [] if table is None else rocs(table)
        if curves or drawn:
            title = f"{run['source']} → {run['target']}, {run['backbone']}, seed {run['seed']}"
            by_run[run_id] = Detail(title, curves, epochs, drawn)
    return by_run


def rocs(predictions: pd.DataFrame) -> list[Roc]:
    """One class against the rest, for every class that has both sides (see results.record.Outcome)."""
    from sklearn.metrics import auc, roc_curve

    curves = []
    classes = [name.removeprefix("probability_") for name in map(str, predictions) if name.startswith("probability_")]
    for number, name in enumerate(classes):
        several = f"label_{name}" in predictions
        truth = predictions[f"label_{name}"].to_numpy() if several else (predictions["label"] == number).to_numpy()
        probability = predictions[f"probability_{name}"].to_numpy(float)
        if not 0 < int(truth.sum()) < len(truth) or not np.isfinite(probability).all():
            continue
        wrong, right, _ = roc_curve(truth, probability)
        place = thinned(len(wrong), ROC_POINTS)
        curves.append(Roc(name, [_short(v) for v in wrong[place]], [_short(v) for v in right[place]], float(auc(wrong, right))))
    return curves


def thinned(count: int, most: int = POINTS) -> np.ndarray:
    """At most `most` of `count` positions, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else np.arange(0)


def _spent(costs: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None, bool]:
    """Seconds, Wh of what is known, and whether a part of it is missing. Nothing is known of an attempt without costs."""
    figures = [part["kwh"] for cost in costs for part in cost["energy"].values()]
    values = [kwh for kwh in figures if kwh is not None]
    seconds = round(math.fsum(cost["seconds"] for cost in costs), 2) if costs else None
    missing = len(values) < len(figures) or not figures
    return seconds, float(f"{math.fsum(values) * 1000:.4g}") if values else None, missing


def _shared(costs: Sequence[Mapping[str, Any]]) -> bool:
    """True if a part of the cost is a share of the common cost of several attempts."""
    return any(cost.get("shared_seconds") is not None for cost in costs)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object, digits: int = 6) -> float | None:
    return round(float(value), digits) if isinstance(value, float | int) and math.isfinite(value) else None


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")
