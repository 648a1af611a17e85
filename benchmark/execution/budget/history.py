"""What a cell or a pretraining is expected to take, as finished ones of its sort took."""

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
from benchmark.specs.job import Work
from benchmark.specs.recipe import Recipe, flat
from benchmark.specs.start import Start
from results.cost.amount import add, amount_of
from results.record import Record
from results.tracking.cost_columns import unpacked

Sort = tuple[str, ...]
TRIAL = "compiling"  # a phase of one cell in many, in records of older versions
MOST = 100  # of each sort: the last ones say it
SLACK = 0.1  # two figures that agree by chance are no certainty: an interval has this part of its middle to either side


@dataclass(frozen=True)
class Span:
    """An interval with what is likely in it."""

    low: float
    likely: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def times(self, low: float, high: float | None = None) -> "Span":
        """So many times as much; at least `low` times and at most `high` times, which then is likely too."""
        high = low if high is None else high
        return Span(self.low * low, self.likely * high, self.high * high)


NOTHING, UNKNOWN = Span(0.0, 0.0, 0.0), Span(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Expected:
    """What some work is expected to take. NaN where nobody knows."""

    seconds: Span
    kwh: Span
    co2e_kg: Span

    def __add__(self, other: "Expected") -> "Expected":
        return Expected(self.seconds + other.seconds, self.kwh + other.kwh, self.co2e_kg + other.co2e_kg)


FREE = Expected(NOTHING, NOTHING, NOTHING)


def spread(values: Sequence[float]) -> Span:
    """Mean, which is what many sum up to, between the first and the last tenth of the values. NaNs are left out."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return UNKNOWN
    middle = math.fsum(known) / len(known)
    low, high = np.quantile(known, [0.1, 0.9])
    return Span(min(float(low), middle * (1 - SLACK)), middle, max(float(high), middle * (1 + SLACK)))


@dataclass(frozen=True)
class Taken:
    """What finished work took. `epochs`: asked for; `run`: until it stopped early. NaN where nobody knows."""

    seconds: float
    kwh: float
    co2e_kg: float
    epochs: str
    run: float
    patience: str

    def scale(self, recipe: Recipe) -> float | None:
        """How many times as long the same work takes with the epochs of a recipe; None if that cannot be told."""
        if recipe.protocol != "finetune":
            return 1.0
        same = self.patience == str(recipe.patience)  # then it stops early as often
        if same and self.epochs == str(recipe.epochs):
            return 1.0
        before = float(self.epochs) if same else self.run
        return recipe.epochs / before if recipe.epochs and before > 0 else None


@dataclass
class History:
    """What finished work took, by its sort."""

    taken: dict[Sort, deque[Taken]] = field(default_factory=dict)
    _known: dict[tuple[Sort, int, int | None], Expected | None] = field(default_factory=dict)

    def count(self, record: Record) -> None:
        """One more record; only what finished says what its sort takes."""
        if record.status == "finished" and record.costs:
            row = {**record.settings, **record.names, "kind": record.kind, "epochs_run": record.validation.get("epochs_run")}
            self.append(row, [cost.model_dump() for cost in record.costs])

    def append(self, row: Mapping[str, object], costs: Iterable[Mapping[str, Any]]) -> None:
        """One more finished attempt, a row of Tracking.frame."""
        total = add(amount_of(cost) for cost in costs if cost["phase"] != TRIAL)
        run = row.get("epochs_run")
        taken = Taken(
            total.seconds, math.nan if total.kwh is None else total.kwh, math.nan if total.co2e is None else total.co2e,
            _text(row, "epochs"), float(run) if isinstance(run, float | int) else math.nan, _text(row, "patience"),
        )  # fmt: skip
        for sort in (_sort(row), _roughly(row)):
            self.taken.setdefault(sort, deque(maxlen=MOST)).append(taken)
        self._known.clear()

    def expected(self, work: Work, *, roughly: bool = False) -> Expected | None:
        """As finished work of the same sort; `roughly`: of the same backbone, size and protocol at least."""
        recipe, row = recipe_of(work), row_of(work)
        sort = _roughly(row) if roughly else _sort(row)
        key = (sort, recipe.epochs, recipe.patience)
        if key not in self._known:
            self._known[key] = _expected(self.taken.get(sort, ()), recipe)
        return self._known[key]


def _expected(taken: Iterable[Taken], recipe: Recipe) -> Expected | None:
    scaled = [(one, scale) for one in taken if (scale := one.scale(recipe)) is not None]
    if not scaled:
        return None
    return Expected(
        spread([one.seconds * scale for one, scale in scaled]),
        spread([one.kwh * scale for one, scale in scaled]),
        spread([one.co2e_kg * scale for one, scale in scaled]),
    )


def history_of(frame: pd.DataFrame | None) -> History:
    """What the finished runs in `frame` took, see Tracking.frame."""
    found = History()
    if frame is None or not len(frame):
        return found
    past = frame[(frame["status"] == "FINISHED") & frame["kind"].isin(["cell", "pretraining"]) & (frame["costs"] != "[]")]
    for row, costs in zip(past.to_dict("records"), unpacked(past["costs"]), strict=True):
        found.append({str(name): value for name, value in row.items()}, costs)
    return found


def recipe_of(work: Work) -> Recipe:
    """How it is trained."""
    assert work.recipe is not None
    return work.recipe


def row_of(work: Work) -> dict[str, object]:
    """What its run will say of it, as far as that decides what it takes."""
    settings: dict[str, object] = dict(_flat(recipe_of(work)))
    if isinstance(work, Start):
        return {**settings, "kind": "pretraining", "source": work.source, "backbone": work.backbone}
    settings |= {f"subsample.{name}": str(value) for name, value in work.subsample.model_dump().items()}
    return {**settings, "kind": "cell", "target": work.target, "backbone": work.backbone}


def sort_of(work: Work) -> Sort:
    """What is equal for work that takes equally long, but for the number of epochs."""
    return _sort(row_of(work))


_flat = lru_cache(maxsize=1024)(flat)
DECIDING = sorted([*cost_fields(Recipe), *(f"subsample.{name}" for name in cost_fields(Subsample))])


def _sort(row: Mapping[str, object]) -> Sort:
    return (*_texts(row, ["kind", "source" if row["kind"] == "pretraining" else "target", "backbone"]), *_texts(row, DECIDING))


def _roughly(row: Mapping[str, object]) -> Sort:
    return tuple(_texts(row, ["kind", "backbone", "size", "protocol"]))


def _texts(row: Mapping[str, object], names: Iterable[str]) -> list[str]:
    return [_text(row, name) for name in names]


def _text(row: Mapping[str, object], name: str) -> str:
    """What a pretraining's run does not have is NaN in a frame of many runs."""
    value = row.get(name, "")
    return value if isinstance(value, str) else ""
