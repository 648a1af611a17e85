"""A map of a table of other people's runs: which column holds what."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from results.error import nearest
from results.record import Frozen
from results.text.plain import fault_of_name, shortened

UNKNOWN = "unknown"
NAME = re.compile(r"[\w\-. :/]+")  # of a parameter or metric in MLflow


class Value(Frozen):
    """A value that holds for all rows and is in no column."""

    value: StrictStr | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]


class Duration(Frozen):
    """The column of how long a run took. unit: `text` if each cell names its own, such as 38.1min, 18.4s or 1.2h."""

    column: str
    unit: Literal["seconds", "minutes", "hours", "text"]


class MeasureColumns(Frozen):
    """The columns of a table with one row for each pair and measure.

    Attributes:
        name: the column that names the measure; translated under `rename: measure:`.
        score: the column of its score.
        lower: measures of which lower is better, by their names after `rename`; their sign is changed.
    """

    name: str
    score: str
    lower: tuple[str, ...] = ()


class Power(Frozen):
    """The column of the power of some hardware in watts. Power times duration gives modelled energy.

    Attributes:
        country, kg_per_kwh: where the hardware drew the power (ISO code, three letters), or the carbon intensity there; without
            either, kg CO2e are unknown.
        shared: several runs used the hardware at the same time, and the column holds the power of all of them.
    """

    column: str
    hardware: str = "gpu"
    country: str | None = Field(None, pattern="^[A-Z]{3}$")
    kg_per_kwh: NonNegativeFloat | None = Field(None, allow_inf_nan=False)
    shared: bool = False

    @model_validator(mode="after")
    def _one_intensity(self) -> Self:
        if self.country is not None and self.kg_per_kwh is not None:
            raise ValueError("country and kg_per_kwh both give the carbon intensity; use one of them")
        return self


class Leak(Frozen):
    """A source and a target that share images, and why; by their names after `rename`."""

    source: str
    target: str
    reason: str = Field(min_length=1)


Column = str | Value


class ColumnMap(Frozen):
    """The meaning of the columns of a table of runs.

    Attributes:
        title: of the table. It is a part of the key of every run, so that tables that number their runs alike stay separate.
        run: the column that identifies a run; without it, names, settings, start and status identify a run.
        source, target, backbone, seed, protocol, status: the column of each, or one value for all rows.
        reason: the column of why a run failed.
        started: the column of when a run started.
        settings: our name → column, of what decides a run; rows with equal settings are one point of a grid.
        validation, scores: our name → column; scores are of the test images.
        measures: the columns of scores of measures; rows that differ in them alone are one run.
        percent: names under `validation` and `scores` whose columns are in percent; they are divided by 100.
        missing: values in these columns that mark what is missing, such as -1.
        sizes: source → number of images it was pretrained on; or source → target → that number.
        leaks: pairs that share images; boards list them apart, off the ranking.
        rename: for `source`, `target`, `backbone`, `status` ...: their value → ours.
    """

    title: str
    citation: str | None = None
    licence: str | None = None
    run: str | None = None
    source: Column
    target: Column
    backbone: Column
    seed: Column = Value(value=UNKNOWN)
    protocol: Column = Value(value="imported")
    status: Column = Value(value="FINISHED")
    reason: str | None = None
    started: str | None = None
    settings: dict[str, Column] = {}
    validation: dict[str, str] = {}
    scores: dict[str, str] = {}
    measures: MeasureColumns | None = None
    percent: tuple[str, ...] = ()
    missing: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = ()
    duration: Duration | None = None
    power: Power | None = None
    sizes: dict[str, NonNegativeInt | dict[str, NonNegativeInt]] = {}
    leaks: list[Leak] = []
    rename: dict[Literal["source", "target", "backbone", "seed", "protocol", "status", "measure"], dict[str, str]] = {}

    @field_validator("settings", "validation")
    @classmethod
    def _can_be_named(cls, named: dict[str, Any]) -> dict[str, Any]:
        wrong = next((name for name in named if not NAME.fullmatch(name) or fault_of_name(name)), None)
        if wrong is not None:
            raise ValueError(
                f"'{shortened(wrong, 60)}' is not a name that MLflow takes; letters, digits, spaces and _ - . : / are allowed"
            )
        return named

    @model_validator(mode="after")
    def _some_figures(self) -> Self:
        if not self.scores and self.measures is None:
            raise ValueError("neither scores nor measures names a column: there is nothing to import")
        return self

    @model_validator(mode="after")
    def _known_figures(self) -> Self:
        known = [*self.scores, *self.validation]
        unknown = next((name for name in self.percent if name not in known), None)
        if unknown is not None:
            raise ValueError(
                f"percent names '{unknown}', which is neither under scores nor under validation{nearest(unknown, known)}"
            )
        return self

    def size(self, source: str, target: str) -> int | None:
        """The number of images a source was pretrained on; None if it is unknown."""
        images = self.sizes.get(source)
        return images.get(target) if isinstance(images, dict) else images

    def leak(self, source: str, target: str) -> str | None:
        """The reason why a pair leaks; None if no leak is declared."""
        return next((leak.reason for leak in self.leaks if (leak.source, leak.target) == (source, target)), None)

    def columns(self) -> list[str]:
        """The columns of the table that the map names."""
        plain = [self.run, self.reason, self.started, *self.validation.values(), *self.scores.values()]
        either = [self.source, self.target, self.backbone, self.seed, self.protocol, self.status, *self.settings.values()]
        held = [part.column for part in (self.duration, self.power) if part is not None]
        held += [self.measures.name, self.measures.score] if self.measures else []
        return list(dict.fromkeys(name for name in [*plain, *either, *held] if isinstance(name, str)))
