"""A measure: a number that predicts, without training on the target, how well a source suits a target. Higher is better.

A measure is a function with the name of its file under `similarity/`. The names of its parameters say which inputs it needs
(NEEDS); keyword-only parameters are options with defaults: `knn[k=5]`. The decorator `measure` turns the function into a
Measure, which checks every input, so that the function holds only the formula. A measure that has no value for an input raises
Undefined; that source is then not ranked.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from benchmark.core.in_words import WORDS
from benchmark.specs.needs import OF_SOURCE, OF_TARGET, Array, Undefined, check_inputs, check_need
from benchmark.specs.score_interval import interval
from results.error import CatsError, meaning, nearest
from results.metrics import HIGHEST
from results.text.counts import share_of

Multilabel = Literal["average", "whole", "refuse"]
Proportion = bool | Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Draws:
    """Bootstrap resamples, drawn with replacement class by class: row numbers of target (B, N) and source (B, M), int64."""

    target: Array
    source: Array


@dataclass(frozen=True)
class Score:
    """The value of a measure for one source and one target.

    Attributes:
        value: NaN if the measure is undefined; `reason` then says why.
        low, high: the 95 % interval from the standard error of the resamples (`benchmark.specs.score_interval`); None if no
            resample can be drawn or scored.
        reason: why there is no value or no interval, or how many labels were left out.
    """

    value: float
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class Measure:
    """A measure with its options.

    Attributes:
        name: the name of the function and of its file.
        parameters: the names of the function's parameters; its needs are these, but for those that an option replaces.
        options: the value of each option by its name.
        grows: how the work grows with N images, D features and C classes.
        citation: where the measure was published.
        multilabel: what happens for targets with several labels per image: average over the labels, pass all labels as a whole,
            or refuse such targets.
        proportion: True if the score is a mean over images of results in [0, 1], as an accuracy or a probability is; or a
            function that says so of the options. The interval is then Wilson's, which stays inside [0, 1].
        choices: option → the needs among which its value chooses; the first one is the parameter whose place it takes.
    """

    def __init__(
        self,
        function: Callable[..., float],
        grows: str,
        citation: str,
        multilabel: Multilabel,
        proportion: Proportion = False,
        choices: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        parameters = inspect.signature(function).parameters.values()
        self.name = function.__name__
        self.parameters = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        self.options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.grows, self.citation, self.multilabel = grows, citation, multilabel
        self.proportion, self.choices = proportion, choices
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self.function = function
        self._resampled: Callable[..., Array] | None = None
        if Path(inspect.getfile(function)).stem != self.name:
            raise CatsError(
                f"measure {self.name} is in the file {inspect.getfile(function)}; the file must have the measure's name"
            )
        for need in (*self.parameters, *(need for allowed in choices.values() for need in allowed)):
            check_need(self.name, need)
        if any(value is inspect.Parameter.empty for value in self.options.values()):
            raise CatsError(f"measure {self.name} has an option without a default; every option needs one")

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the inputs (NEEDS), in the order of the function's parameters."""
        chosen = {allowed[0]: self.options[option] for option, allowed in self.choices.items()}
        return tuple(chosen.get(parameter, parameter) for parameter in self.parameters)

    def __call__(self, *arguments: Any, **named: Any) -> float:
        """Return the score. Raises Undefined if the measure has no value for the input, CatsError for invalid input."""
        options = {name: named.pop(name) for name in list(named) if name in self.options}
        if options.keys() & self.choices.keys():
            return self.with_options(options)(*arguments, **named)
        inputs = {**dict(zip(self.needs, arguments, strict=False)), **named}
        if len(arguments) > len(self.needs) or inputs.keys() != set(self.needs):
            raise TypeError(f"{self.name} takes {', '.join(self.needs)}, not {', '.join(inputs)}")
        ready = check_inputs(self.name, inputs)
        return _mean(self._values(ready, self._columns(ready), {**self.options, **options}))

    def with_options(self, options: Mapping[str, Any]) -> "Measure":
        """Return this measure with other options. Raises CatsError for an unknown option or a value of the wrong type."""
        for option, value in options.items():
            if option not in self.options:
                raise CatsError(f"measure {self.name} takes no option '{option}'{nearest(option, self.options)}")
            default = self.options[option]
            kind = (int, float) if isinstance(default, float) or default is None else type(default)
            if not isinstance(value, kind) or (isinstance(value, bool) and not isinstance(default, bool)):
                wanted = "a number" if isinstance(kind, tuple) else WORDS.get(kind, f"a {kind.__name__}")
                raise CatsError(f"measure {self.name}: {option} is {value!r}; allowed is {wanted}")
            if value not in self.choices.get(option, [value]):
                allowed = self.choices[option]
                raise CatsError(
                    f"measure {self.name}: {option} is '{value}'; allowed is {' or '.join(allowed)}{meaning(value, allowed)}"
                )
        changed = Measure(self.function, self.grows, self.citation, self.multilabel, self.proportion, self.choices)
        changed.options, changed._resampled = {**self.options, **options}, self._resampled
        return changed

    def bootstrap(self, function: Callable[..., Array]) -> Callable[..., Array]:
        """Decorate a function that scores all resamples at once: (draws, *needs, **options) → (B,), NaN if undefined.

        Use the decorator where such a function is faster than one call for each resample, or where the duplicate images of a
        resample would bias the score.
        """
        self._resampled = function
        return function

    def score(self, inputs: Mapping[str, Any], draws: Draws) -> Score:
        """Return the score and its interval. For invalid input and an undefined measure, the value is NaN with a reason."""
        try:
            ready = check_inputs(self.name, inputs)
            columns = self._columns(ready)
            values = self._values(ready, columns, self.options)
        except CatsError as error:
            return Score(float("nan"), reason=str(error))
        # The average is over the labels that the images define: a resample without one of them must not change the average.
        defined = [column for column, value in zip(columns, values, strict=True) if value is not None]
        value, left_out = _mean(values), len(columns) - len(defined)
        labels = share_of(left_out, len(columns), "labels", "is", "are")
        reason = f"{labels} left out, because the measure is undefined" if left_out else None
        if not (set(self.needs) & (OF_TARGET | OF_SOURCE)):
            return Score(value)  # the score depends on no images, so it is exact
        try:
            drawn = self.resample(ready, draws, defined)
        except CatsError as error:
            return Score(value, reason=f"no interval: {error}")
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn) < max(2, len(draws.target) / 2):
            lost = len(draws.target) - len(drawn)
            return Score(value, reason=f"no interval: {share_of(lost, len(draws.target), 'resamples', 'is', 'are')} undefined")
        within = self.proportion(self.options) if callable(self.proportion) else self.proportion
        images = draws.target.shape[1] if within else None
        low, high = interval(value, float(drawn.std(ddof=1)), images)
        if not (abs(low) <= HIGHEST and abs(high) <= HIGHEST):
            return Score(value, reason=f"no interval: its ends, {low:.3g} and {high:.3g}, lie beyond {HIGHEST:g}")
        return Score(value, low, high, reason)

    def resample(self, inputs: Mapping[str, Any], draws: Draws, columns: Sequence[int | None] | None = None) -> Array:
        """Return the scores of all resamples of checked inputs, (B,), NaN if undefined.

        `columns`: numbers of the labels that are averaged; by default all labels that have both values.
        """
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
        """The labels that are scored one after the other; None stands for all labels at once.

        Of several labels per image, only those with both values count. Raises Undefined if there is no such label.
        """
        labels = ready.get("labels")
        if labels is None or labels.ndim == 1 or self.multilabel == "whole":
            return [None]
        if self.multilabel == "refuse":
            raise Undefined(f"{self.name} is not defined for several labels per image")
        columns: list[int | None] = [number for number, column in enumerate(labels.T) if len(np.unique(column)) == 2]
        if not columns:
            raise Undefined("no label has both positive and negative images")
        return columns

    def _values(
        self, ready: Mapping[str, Any], columns: Sequence[int | None], options: Mapping[str, Any]
    ) -> list[float | None]:
        """One value for each label, None if undefined. Raises Undefined if no label has a value."""
        values: list[float | None] = []
        reason = Undefined("")
        for column in columns:
            try:
                one = _with_label(ready, column)
                value = float(self.function(*(one[need] for need in self.needs), **options))
                if not abs(value) <= HIGHEST:  # a run with such a figure would be left out of every table
                    raise Undefined(f"{self.name} is {value:.3g}, which is no finite number or beyond {HIGHEST:g}")
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


def measure(
    *,
    grows: str,
    citation: str,
    multilabel: Multilabel = "average",
    proportion: Proportion = False,
    choices: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Callable[[Callable[..., float]], Measure]:
    """Decorate a function to turn it into a Measure; see Measure for the arguments."""
    return lambda function: Measure(function, grows, citation, multilabel, proportion, choices)
