"""A measure: one number that says, without training, how well a source may suit a target. Higher is better.

A measure is a function of the same name as its file under `similarity/`. Its parameters say what it needs (NEEDS), keyword-only
parameters are options with defaults: `knn[k=5]`. `measure` makes a Measure of it, which checks what it is given, so that the
function holds the formula and nothing else. A measure that cannot say anything raises Undefined and is never ranked.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from results.error import CatsError, nearest

Array = np.ndarray
Kept = TypeVar("Kept")
NEEDS = {
    "features": "target images through the source's network, (N, D)",
    "labels": "of the target images, (N,)",
    "logits": "of the source's own classifier on the target images, (N, S)",
    "probabilities": "their softmax, (N, S)",
    "neutral": "target images through the neutral network, (N, E)",
    "source_features": "the source's own images through its network, (M, D)",
    "source_neutral": "the source's own images through the neutral network, (M, E)",
    "source_labels": "of the source's own images, (M,)",
    "source_images": "the source's own images, (M, 3, H, W) torch floats in [0, 1]",
    "images": "target images, (N, 3, H, W) torch floats in [0, 1]",
    "network": "the source's network, a benchmark.networks.network.Network",
    "neutral_network": "the neutral network, the same for every source",
    "source": "what is declared about the source, a benchmark.specs.source.Source",
    "elsewhere": "mean rank of each source on the board's other targets, a mapping",
    "luck": "a numpy Generator that depends on the names of source, target and backbone alone",
}
OF_TARGET = {"features", "labels", "logits", "probabilities", "neutral", "images"}  # one row for each target image
OF_SOURCE = {"source_features", "source_neutral", "source_labels", "source_images"}  # one row for each source image
NUMBERS = {"features", "logits", "probabilities", "neutral", "source_features", "source_neutral"}
CLASSES = {"labels", "source_labels"}
Multilabel = Literal["average", "whole", "refuse"]


class Undefined(CatsError):  # noqa: N818 - no mistake of anybody
    """The measure says nothing here; its sentence is the reason."""


@dataclass(frozen=True)
class Draws:
    """Bootstrap resamples: rows of the target (B, N) and of the source (B, M), int64, with replacement, class by class."""

    target: Array
    source: Array


@dataclass(frozen=True)
class Score:
    """What a measure says of a source and a target.

    Attributes:
        value: NaN where it says nothing; then `reason` tells why.
        low, high: value ∓ 1.96 standard errors of the bootstrap; None where no resample can be drawn or be scored.
            Percentiles would lie off the value: a resample holds images twice, which most measures reward.
    """

    value: float
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class Measure:
    """A measure with its options.

    Attributes:
        needs: names of NEEDS, in the function's order. options: with their values.
        grows: how its work grows with N images, D features, C classes. citation: where it was published.
        multilabel: average it over the labels, give it all of them as a whole, or refuse such targets.
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
            raise CatsError(f"measure {self.name} stands in {inspect.getfile(function)}; its file must have its name")
        for need in self.needs:
            if need not in NEEDS:
                raise CatsError(
                    f"measure {self.name} needs '{need}'; a measure may need {', '.join(NEEDS)}{nearest(need, NEEDS)}"
                )
        if any(value is inspect.Parameter.empty for value in self.options.values()):
            raise CatsError(f"measure {self.name} has an option without a default")

    def __call__(self, *given: Any, **named: Any) -> float:
        """The score. Raises Undefined where there is none, CatsError for input that is not what a measure takes."""
        options = {name: named.pop(name) for name in list(named) if name in self.options}
        inputs = {**dict(zip(self.needs, given, strict=False)), **named}
        if len(given) > len(self.needs) or inputs.keys() != set(self.needs):
            raise TypeError(f"{self.name} takes {', '.join(self.needs)}; given are {', '.join(inputs)}")
        return self._at(checked(self.name, inputs), options)

    def with_options(self, options: Mapping[str, Any]) -> "Measure":
        """The same measure with other options. Raises CatsError for an option that it does not have, or of another kind."""
        for option, value in options.items():
            if option not in self.options:
                raise CatsError(f"measure {self.name} takes no option '{option}'{nearest(option, self.options)}")
            default = self.options[option]
            kind = (int, float) if isinstance(default, float) or default is None else type(default)
            if not isinstance(value, kind) or (isinstance(value, bool) and not isinstance(default, bool)):
                wanted = "a number" if isinstance(kind, tuple) else f"of type {kind.__name__}"
                raise CatsError(f"measure {self.name}: {option} is {value!r}; it must be {wanted}")
        made = Measure(self.function, self.grows, self.citation, self.multilabel)
        made.options, made._resampled = {**self.options, **options}, self._resampled
        return made

    def bootstrap(self, function: Callable[..., Array]) -> Callable[..., Array]:
        """Decorator of a function that scores all resamples at once: (draws, *needs, **options) → (B,), NaN where undefined.

        For measures where that is faster than one call for each resample, or where an image that is there twice misleads.
        """
        self._resampled = function
        return function

    def score(self, inputs: Mapping[str, Any], draws: Draws) -> Score:
        """The score with its interval. What is wrong with the input, or undefined, becomes the reason of a NaN."""
        try:
            ready = checked(self.name, inputs)
            columns = self._columns(ready)
            values = self._values(ready, columns, self.options)
        except CatsError as error:
            return Score(float("nan"), reason=str(error))
        # Over the labels of the images themselves: a label that is lost in a resample must not change what is averaged.
        defined = [column for column, value in zip(columns, values, strict=True) if value is not None]
        value = float(np.mean([value for value in values if value is not None]))
        left = (
            f"{len(columns) - len(defined)} of {len(columns)} labels left out, undefined"
            if len(defined) < len(columns)
            else None
        )
        if not (set(self.needs) & (OF_TARGET | OF_SOURCE)):
            return Score(value)  # nothing is drawn: the score is exact
        try:
            drawn = self._drawn(ready, draws, defined)
        except CatsError as error:
            return Score(value, reason=f"no interval: {error}")
        drawn = drawn[np.isfinite(drawn)]
        if len(drawn) < max(2, len(draws.target) / 2):
            lost = len(draws.target) - len(drawn)
            return Score(value, reason=f"no interval: {lost} of {len(draws.target)} resamples undefined")
        half = 1.96 * float(drawn.std(ddof=1))
        return Score(value, value - half, value + half, left)

    def _columns(self, ready: Mapping[str, Any]) -> list[int | None]:
        """The labels to score one after the other; None is the labels as they are. Multi-label: those with both values."""
        labels = ready.get("labels")
        if labels is None or labels.ndim == 1 or self.multilabel == "whole":
            return [None]
        if self.multilabel == "refuse":
            raise Undefined(f"{self.name} is not defined for several labels per image")
        columns: list[int | None] = [number for number, column in enumerate(labels.T) if len(np.unique(column)) == 2]
        if not columns:
            raise Undefined("no label is both given and not given")
        return columns

    def _at(self, ready: Mapping[str, Any], options: Mapping[str, Any]) -> float:
        """The score of input that has been checked: the mean over the labels for which it is defined."""
        values = self._values(ready, self._columns(ready), {**self.options, **options})
        return float(np.mean([value for value in values if value is not None]))

    def _values(
        self, ready: Mapping[str, Any], columns: Sequence[int | None], options: Mapping[str, Any]
    ) -> list[float | None]:
        """One value for each label, None where undefined. Raises Undefined if no label has one."""
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

    def _drawn(self, ready: Mapping[str, Any], draws: Draws, columns: Sequence[int | None] | None = None) -> Array:
        """The scores of all resamples, (B,), NaN where undefined."""
        columns = self._columns(ready) if columns is None else columns
        if self._resampled is not None:
            given = [_with_label(ready, column) for column in columns]
            scores = [self._resampled(draws, *(one[n] for n in self.needs), **self.options) for one in given]
            return np.asarray(np.mean(scores, axis=0), dtype=np.float64)
        found = np.full(len(draws.target), np.nan)
        for number, (target, source) in enumerate(zip(draws.target, draws.source, strict=True)):
            one = {n: v[target] if n in OF_TARGET else v[source] if n in OF_SOURCE else v for n, v in ready.items()}
            try:
                values = self._values(one, columns, self.options)
            except Undefined:
                continue
            if None not in values:
                found[number] = np.mean([value for value in values if value is not None])
        return found


def _with_label(ready: Mapping[str, Any], column: int | None) -> Mapping[str, Any]:
    return ready if column is None else {**ready, "labels": ready["labels"][:, column]}


def measure(*, grows: str, citation: str, multilabel: Multilabel = "average") -> Callable[[Callable[..., float]], Measure]:
    """Decorator that makes a Measure of a function."""
    return lambda function: Measure(function, grows, citation, multilabel)


def once(work: Callable[..., Kept]) -> Callable[..., Kept]:
    """Decorator: the last result is kept for the very same objects, since a score and its resamples ask for the same work."""
    last: list[Any] = []

    @wraps(work)
    def kept(*given: Any, **named: Any) -> Kept:
        same = last and len(last[0]) == len(given) and all(a is b for a, b in zip(last[0], given, strict=True))
        if not same or last[1] != named:
            last[:] = [given, named, work(*given, **named)]
        result: Kept = last[2]
        return result

    return kept


def checked(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The input as measures take it: read-only float64, labels numbered 0 to C-1 without gaps. Raises CatsError, Undefined."""
    ready = {}
    for what, given in inputs.items():
        ready[what] = given
        if what in NUMBERS:
            ready[what] = _numbers(name, what, given)
        if what in CLASSES:
            ready[what] = _classes(name, what, given)
    for kind in (OF_TARGET, OF_SOURCE):
        counts = {what: len(ready[what]) for what in ready if what in kind}
        if len(set(counts.values())) > 1:
            raise CatsError(f"{name}: {', '.join(f'{count} {what}' for what, count in counts.items())}; they must be as many")
        if counts and min(counts.values()) < 2:
            raise Undefined("there is one image" if min(counts.values()) else "there is no image")
    return ready


def _numbers(name: str, what: str, given: Any) -> Array:
    values = np.asarray(given, dtype=np.float64).view()
    if values.ndim != 2:
        raise CatsError(f"{name}: {what} has shape {values.shape}; it must be one row for each image")
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if wrong.size:
        raise CatsError(f"{name}: {what} of image {wrong[0]} is not finite, {wrong.size} of {len(values)} images are so")
    if len(values) > 1 and (values == values[0]).all():
        raise Undefined(f"{what} is the same for every image")
    values.flags.writeable = False
    return values


def _classes(name: str, what: str, given: Any) -> Array:
    labels = np.asarray(given)
    if labels.dtype.kind not in "iub" or labels.ndim not in {1, 2}:
        raise CatsError(f"{name}: {what} is {labels.dtype} of shape {labels.shape}; it must be one whole number for each image")
    if labels.ndim == 1:
        labels = np.unique(labels, return_inverse=True)[1]
        if len(labels) > 1 and labels.max() == 0:
            raise Undefined(f"{what} hold one class only")
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels
