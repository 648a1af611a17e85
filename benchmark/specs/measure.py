"""A measure: one number that says, without training, how well a source may suit a target. Higher is better.

A measure is a function with the name of its file under `similarity/`. The names of its parameters say what it needs (NEEDS);
keyword-only parameters are options with defaults: `knn[k=5]`. The decorator `measure` turns the function into a Measure, which
checks every input, so the function holds the formula and nothing else. A measure without a value for some input raises
Undefined, and the source is then not ranked.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmark.specs.needs import NEEDS, OF_SOURCE, OF_TARGET, Array, Undefined, check_inputs
from results.error import CatsError, nearest

Multilabel = Literal["average", "whole", "refuse"]


@dataclass(frozen=True)
class Draws:
    """Bootstrap resamples, drawn with replacement class by class: row numbers of target (B, N) and source (B, M), int64."""

    target: Array
    source: Array


@dataclass(frozen=True)
class Score:
    """The value of a measure for one source and one target.

    Attributes:
        value: NaN if undefined; `reason` then says why.
        low, high: value ∓ 1.96 standard errors of the bootstrap; None if no resample can be drawn or scored. Percentiles would
            be biased: a resample holds images twice, which most measures reward.
        reason: why there is no value or no interval, or which labels were left out.
    """

    value: float
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class Measure:
    """A measure with its options.

    Attributes:
        name: that of the function and its file.
        needs: names of NEEDS, in the function's order. options: with their values.
        grows: how its work grows with N images, D features, C classes. citation: where it was published.
        multilabel: for targets with several labels per image: average over the labels, pass all labels as a whole, or refuse.
    """

    def __init__(self, function: Callable[..., float], grows: str, citation: str, multilabel: Multilabel) -> None:
        parameters = inspect.signature(function).parameters.values()
        self.name = function.__name__
        self.needs = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        self.options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.grows, self.citation, self.multilabel = grows, citation, multilabel
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self.function = function
        self._resampled: Callable[..., Array] | None = None
        if Path(inspect.getfile(function)).stem != self.name:
            raise CatsError(f"measure {self.name} is in the file {inspect.getfile(function)}; the file must have its name")
        for need in self.needs:
            if need not in NEEDS:
                raise CatsError(
                    f"measure {self.name} needs '{need}'; a measure may need {', '.join(NEEDS)}{nearest(need, NEEDS)}"
                )
        if any(value is inspect.Parameter.empty for value in self.options.values()):
            raise CatsError(f"measure {self.name} has an option without a default")

    def __call__(self, *arguments: Any, **named: Any) -> float:
        """The score. Raises Undefined if there is none, CatsError for invalid input."""
        options = {name: named.pop(name) for name in list(named) if name in self.options}
        inputs = {**dict(zip(self.needs, arguments, strict=False)), **named}
        if len(arguments) > len(self.needs) or inputs.keys() != set(self.needs):
            raise TypeError(f"{self.name} takes {', '.join(self.needs)}, not {', '.join(inputs)}")
        ready = check_inputs(self.name, inputs)
        return _mean(self._values(ready, self._columns(ready), {**self.options, **options}))

    def with_options(self, options: Mapping[str, Any]) -> "Measure":
        """The same measure with other options. Raises CatsError for an unknown option or a value of the wrong type."""
        for option, value in options.items():
            if option not in self.options:
                raise CatsError(f"measure {self.name} takes no option '{option}'{nearest(option, self.options)}")
            default = self.options[option]
            kind = (int, float) if isinstance(default, float) or default is None else type(default)
            if not isinstance(value, kind) or (isinstance(value, bool) and not isinstance(default, bool)):
                wanted = "a number" if isinstance(kind, tuple) else f"of type {kind.__name__}"
                raise CatsError(f"measure {self.name}: {option} is {value!r}; it must be {wanted}")
        changed = Measure(self.function, self.grows, self.citation, self.multilabel)
        changed.options, changed._resampled = {**self.options, **options}, self._resampled
        return changed

    def bootstrap(self, function: Callable[..., Array]) -> Callable[..., Array]:
        """Decorator of a function that scores all resamples at once: (draws, *needs, **options) → (B,), NaN if undefined.

        Use it where that is faster than one call for each resample, or where duplicate images would bias the score.
        """
        self._resampled = function
        return function

    def score(self, inputs: Mapping[str, Any], draws: Draws) -> Score:
        """The score with its interval. Invalid input and Undefined give NaN with the reason."""
        try:
            ready = check_inputs(self.name, inputs)
            columns = self._columns(ready)
            values = self._values(ready, columns, self.options)
        except CatsError as error:
            return Score(float("nan"), reason=str(error))
        # The labels that count are those of the images themselves: a label lost in a resample must not change the average.
        defined = [column for column, value in zip(columns, values, strict=True) if value is not None]
        value, left_out = _mean(values), len(columns) - len(defined)
        reason = f"{left_out} of {len(columns)} labels left out, undefined" if left_out else None
        if not (set(self.needs) & (OF_TARGET | OF_SOURCE)):
            return Score(value)  # nothing is drawn: the score is exact
        try:
            drawn = self.resample(ready, draws, defined)
        except CatsError as error:
            return Score(value, reason=f"no interval: {error}")
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn) < max(2, len(draws.target) / 2):
            lost = len(draws.target) - len(drawn)
            return Score(value, reason=f"no interval: {lost} of {len(draws.target)} resamples undefined")
        half = 1.96 * float(drawn.std(ddof=1))
        return Score(value, value - half, value + half, reason)

    def resample(self, inputs: Mapping[str, Any], draws: Draws, columns: Sequence[int | None] | None = None) -> Array:
        """The scores of all resamples of checked inputs, (B,), NaN if undefined. columns: by default every defined label."""
        columns = self._columns(inputs) if columns is None else columns
        if self._resampled is not None:
            by_label = [_with_label(inputs, column) for column in columns]
            scores = [self._resampled(draws, *(one[n] for n in self.needs), **self.options) for one in by_label]
            return np.asarray(np.mean(scores, axis=0), dtype=np.float64)
        values = np.full(len(draws.target), np.nan)
        for number, (target, source) in enumerate(zip(draws.target, draws.source, strict=True)):
            one = {n: v[target] if n in OF_TARGET else v[source] if n in OF_SOURCE else v for n, v in inputs.items()}
            try:
                of_labels = self._values(one, columns, self.options)
            except Undefined:
                continue
            if None not in of_labels:
                values[number] = _mean(of_labels)
        return values

    def _columns(self, ready: Mapping[str, Any]) -> list[int | None]:
        """The labels to score one after the other; None for the labels as they are. Multi-label: those with both values."""
        labels = ready.get("labels")
        if labels is None or labels.ndim == 1 or self.multilabel == "whole":
            return [None]
        if self.multilabel == "refuse":
            raise Undefined(f"{self.name} is not defined for several labels per image")
        columns: list[int | None] = [number for number, column in enumerate(labels.T) if len(np.unique(column)) == 2]
        if not columns:
            raise Undefined("no label has both values")
        return columns

    def _values(
        self, ready: Mapping[str, Any], columns: Sequence[int | None], options: Mapping[str, Any]
    ) -> list[float | None]:
        """One value for each label, None if undefined. Raises Undefined if no label has a value."""
        values: list[float | None] = []
        reason = Undefined("")
        for column in columns:
            try:
                value = float(self.function(**_with_label(ready, column), **options))
                if not np.isfinite(value):
                    raise Undefined(f"{self.name} is {value} here")
                values.append(value)
            except Undefined as error:
                reason = error
                values.append(None)
        if all(value is None for value in values):
            raise reason
        return values


def _mean(values: Sequence[float | None]) -> float:
    """The mean over the labels that have a value."""
    return float(np.mean([value for value in values if value is not None]))


def _with_label(ready: Mapping[str, Any], column: int | None) -> Mapping[str, Any]:
    return ready if column is None else {**ready, "labels": ready["labels"][:, column]}


def measure(*, grows: str, citation: str, multilabel: Multilabel = "average") -> Callable[[Callable[..., float]], Measure]:
    """Decorator that turns a function into a Measure. See Measure for the arguments."""
    return lambda function: Measure(function, grows, citation, multilabel)
