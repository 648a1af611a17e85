"""The expected cost of a cell or a pretraining, from finished work of the same class."""

import json
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from benchmark.core.cost_fields import cost_fields
from benchmark.data.split import Subsample
from benchmark.execution.budget.amounts import Estimate, estimate, total_of
from benchmark.specs.job import Work
from benchmark.specs.lineage import lineage
from benchmark.specs.recipe import Recipe, flat
from benchmark.specs.start import Start
from results.cost.amount import Amount
from results.error import CatsError
from results.record import Record
from results.tracking.cost_columns import unpacked

WorkClass = tuple[str, ...]  # values of everything that decides what work costs, apart from its number of epochs
TRIAL = "compiling"  # a phase of one cell in many, in records of older versions
MAX_REMEMBERED = 100  # finished pieces of work of each class, the last ones, from which its cost is estimated
MIN_SPREAD = 0.1  # bounds are at least this part of the mean away from it, since two values may agree by chance
RUN = ("epochs_run", "epochs_resumed")  # figures of a finished training
COST_FIELDS = sorted([*cost_fields(Recipe), *(f"subsample.{name}" for name in cost_fields(Subsample))])


def spread(values: Sequence[float]) -> np.ndarray:
    """Low (10 % quantile), likely (mean) and high (90 % quantile) value; NaNs are left out, and NaN if none remains."""
    finite = [value for value in values if not math.isnan(value)]
    if not finite:
        return np.full(3, math.nan)
    mean = math.fsum(finite) / len(finite)
    low, high = np.quantile(finite, [0.1, 0.9])
    return np.array([min(float(low), mean * (1 - MIN_SPREAD)), mean, max(float(high), mean * (1 + MIN_SPREAD))])


@dataclass(frozen=True)
class Finished:
    """A finished piece of work.

    Attributes:
        amount: its cost.
        epochs, patience: those of its recipe. epochs_run: the number of epochs after which it stopped; NaN if unknown.
    """

    amount: Amount
    epochs: str
    epochs_run: float
    patience: str

    def scale(self, recipe: Recipe) -> float | None:
        """The factor by which the cost changes with the epochs of another recipe; None if it is unknown."""
        if not recipe.trains_backbone:
            return 1.0
        same = self.patience == str(recipe.patience)  # early stopping then shortens both pieces of work alike
        if same and self.epochs == str(recipe.epochs):
            return 1.0
        before = (float(self.epochs) if self.epochs.isdecimal() else math.nan) if same else self.epochs_run
        return recipe.epochs / before if recipe.epochs and before > 0 else None


@dataclass
class History:
    """Finished work by its class."""

    finished: dict[WorkClass, deque[Finished]] = field(default_factory=dict)
    _estimates: dict[tuple[WorkClass, int, int | None], Estimate | None] = field(default_factory=dict)

    def count(self, record: Record) -> None:
        """Add a record, if its attempt is finished: only then it shows the cost of its class of work."""
        if record.status == "finished" and record.costs:
            row = {
                **record.settings,
                **record.names,
                "kind": record.kind,
                **{name: record.validation.get(name) for name in RUN},
            }
            self.append(row, [cost.model_dump() for cost in record.costs])

    def append(self, row: Mapping[str, object], costs: Iterable[Mapping[str, Any]]) -> None:
        """Add a finished attempt as a row of Experiment.frame, unless it made only the last part of its epochs."""
        run, resumed = row.get("epochs_run"), row.get("epochs_resumed")
        if isinstance(resumed, float) and resumed > 0:
            return
        finished = Finished(
            total_of([cost for cost in costs if cost["phase"] != TRIAL]), _text(row, "epochs"),
            float(run) if isinstance(run, float | int) else math.nan, _text(row, "patience"),
        )  # fmt: skip
        for work_class in (_work_class(row), _rough_class(row)):
            self.finished.setdefault(work_class, deque(maxlen=MAX_REMEMBERED)).append(finished)
        self._estimates.clear()

    def estimate(self, work: Work, *, rough: bool = False) -> Estimate | None:
        """The expected cost, from finished work of the same class; `rough`: of the same backbone, size and protocol."""
        recipe, row = recipe_of(work), row_of(work)
        work_class = _rough_class(row) if rough else _work_class(row)
        key = (work_class, recipe.epochs, recipe.patience)
        if key not in self._estimates:
            self._estimates[key] = _estimate(self.finished.get(work_class, ()), recipe)
        return self._estimates[key]


def _estimate(finished: Iterable[Finished], recipe: Recipe) -> Estimate | None:
    scaled = [(each.amount, scale) for each in finished if (scale := each.scale(recipe)) is not None]
    if not scaled:
        return None

    def bounds(value: str) -> np.ndarray:
        values = [(getattr(amount, value), scale) for amount, scale in scaled]
        return spread([math.nan if value is None else value * scale for value, scale in values])

    return estimate(bounds("seconds"), bounds("kwh"), bounds("co2e"))


def history_of(frame: pd.DataFrame | None) -> History:
    """The finished runs in `frame`, see Experiment.frame."""
    history = History()
    if frame is None or not len(frame):
        return history
    past = frame[(frame["status"] == "FINISHED") & frame["kind"].isin(["cell", "pretraining"]) & (frame["costs"] != "[]")]
    for row, costs in zip(past.to_dict("records"), unpacked(past["costs"]), strict=True):
        history.append({str(name): value for name, value in row.items()}, costs)
    return history


def recipe_of(work: Work) -> Recipe:
    """The recipe that the work trains with."""
    assert work.recipe is not None
    return work.recipe


def row_of(work: Work) -> dict[str, object]:
    """The columns of the future run of this work that decide its cost."""
    settings: dict[str, object] = dict(_flat(recipe_of(work)))
    if isinstance(work, Start):
        return {**settings, "kind": "pretraining", "source": work.source, "backbone": work.backbone}
    settings |= {f"subsample.{name}": str(value) for name, value in work.subsample.model_dump().items()}
    return {**settings, "kind": "cell", "source": work.source, "target": work.target, "backbone": work.backbone}


def work_class_of(work: Work) -> WorkClass:
    """The settings that are equal for all work that costs equally much per epoch."""
    return _work_class(row_of(work))


_flat = lru_cache(maxsize=1024)(flat)


def _work_class(row: Mapping[str, object]) -> WorkClass:
    data = "source" if row["kind"] == "pretraining" else "target"
    return (*_texts(row, ["kind", data, "backbone"]), *_texts(row, COST_FIELDS), *_built(row))


def _rough_class(row: Mapping[str, object]) -> WorkClass:
    return (*_texts(row, ["kind", "backbone", "size", "protocol"]), *_built(row))


def _built(row: Mapping[str, object]) -> tuple[str, ...]:
    """What decides the network of work beside its backbone; empty for most sources, which share the cost of their networks."""
    arguments = arguments_of_source(_text(row, "source"))
    return (arguments,) if arguments else ()


@lru_cache(maxsize=1024)  # thousands of runs share a source, and looking for one that is no longer there takes long
def arguments_of_source(name: str) -> str:
    """The arguments that the entry of a source sets of the network, as text; empty if it sets none, or if there is no entry."""
    try:
        weights = lineage(name)[-1].weights if name else None
    except CatsError:
        return ""
    arguments = {} if weights is None else weights.network_arguments
    return json.dumps(arguments, sort_keys=True) if arguments else ""


def _texts(row: Mapping[str, object], names: Iterable[str]) -> list[str]:
    return [_text(row, name) for name in names]


def _text(row: Mapping[str, object], name: str) -> str:
    """A setting as text; empty if the run has none, which is NaN in a frame of many runs."""
    value = row.get(name, "")
    return value if isinstance(value, str) else ""
