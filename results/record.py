"""A record: all results of one finished or failed attempt at a cell, a pretraining or the scores of a pair."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from results.text.plain import storable

if TYPE_CHECKING:
    import pandas as pd  # takes longer to load than most commands run

# Texts of errors quote file names that are no UTF-8; pydantic refuses these.
Text = Annotated[str, BeforeValidator(lambda text: storable(text) if isinstance(text, str) else text)]
Task = Literal["binary", "multiclass", "multilabel", "ordinal"]

Provenance = Literal["counter", "modelled", "missing"]
APART = 0.2  # share of NVML's figure by which two readings of one GPU may differ
PREDICTIONS = "predictions.parquet"  # the file of the predictions of test images, in an outbox and in MLflow
ATTRIBUTE = "attribute_"  # begins the name of a column of predictions that holds an attribute of every image, such as its site
VALIDATION_PREDICTIONS = "validation.parquet"  # the file of those of validation images
STOPPED = "stopped by the user"
GIVEN_OUT_AGAIN = "; the work was given out again"  # ends the reason of an attempt that ended with its worker
PROGRAM = "program"  # the entry of an environment that the driver adds; all others are of the machine that did the work
LONG = 5.0  # seconds; in shorter phases the steps of a counter are too coarse to compare


class Frozen(BaseModel):
    """Base of every noun: immutable, unknown keys refused. NaN (a score may be undefined) survives JSON as NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


def _without(fields: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The fields, without those that have their default."""
    return {name: value for name, value in fields.items() if name not in defaults or value != defaults[name]}


class Energy(Frozen):
    """Energy of one piece of hardware during one phase.

    Attributes:
        kwh: the energy; None exactly if the provenance is `missing`.
        provenance: the origin of the figure. `counter`: a hardware counter was read. `modelled`: the energy was estimated from
            load and nominal power. `missing`: the hardware was used, but its energy could not be measured.
        whole: True if the attempt used this hardware alone, so that it holds all of its energy, although its cost is only a
            share of the energy of other hardware.
        machine_kwh: energy of this hardware for all work on the machine in the same period, idle cores included, if `kwh` is
            the share of the attempt's own work; else None.
        watts: nominal power from which `kwh` was computed: of a processor when all cores work, of memory always; else None.
        undivided: True if others may have used the hardware at the same time and the attempt's share is unknown, so that `kwh`
            holds all of its energy. Records of older versions do not say so.
    """

    kwh: float | None
    provenance: Provenance
    whole: bool = False
    machine_kwh: float | None = None
    watts: float | None = None
    undivided: bool = False

    @model_serializer(mode="wrap")
    def _brief(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later fields that have their default, so that older readers can read the text."""
        return _without(write(self), {"whole": False, "machine_kwh": None, "watts": None, "undivided": False})


class Cost(Frozen):
    """What one phase of an attempt cost.

    Attributes:
        phase: pretraining, features, training or evaluation; in records of older versions also compiling.
        seconds: wall-clock time.
        energy: by hardware: cpu, ram, gpu.
        kg_per_kwh: carbon intensity of the declared country, kg CO2e per kWh; None if unknown.
        nvml_kwh: energy of the GPU by NVML's counter, beside codecarbon's figure in `energy`; None if NVML gives none.
        shared_seconds: wall-clock time of all attempts together, if several ran at the same time and this cost is the share of
            one of them (a shared cost); else None.
        undivided: True if other attempts used the hardware at the same time, and each cost holds all of its energy instead of a
            share, so that a sum of such costs counts energy more than once.
        cpu_seconds: CPU seconds of the attempt, its child processes included; None if unknown, and in older records.
        busy_seconds: CPU seconds of all work on the machine in the same period; None if unknown, for example because the phase
            was too short. Of attempts that ran on one machine at the same time, each has a part, so that they add up.
    """

    phase: str
    seconds: float
    energy: dict[str, Energy]
    kg_per_kwh: float | None = None
    nvml_kwh: float | None = None
    shared_seconds: float | None = None
    undivided: bool = False
    cpu_seconds: float | None = None
    busy_seconds: float | None = None

    @model_serializer(mode="wrap")
    def _brief(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out later fields that have their default, so that older readers can read the text."""
        later = {"nvml_kwh": None, "shared_seconds": None, "undivided": False, "cpu_seconds": None, "busy_seconds": None}
        return _without(write(self), later)

    def kwh(self, provenance: Provenance) -> float:
        """Energy in kWh of the hardware whose figure comes from `provenance`."""
        return math.fsum(e.kwh for e in self.energy.values() if e.kwh is not None and e.provenance == provenance)

    @property
    def missing(self) -> list[str]:
        """The hardware that was used and whose energy is unknown."""
        return sorted(name for name, e in self.energy.items() if e.provenance == "missing")

    @property
    def shared(self) -> bool:
        """True if this is a share of the common cost of several attempts."""
        return self.shared_seconds is not None

    @property
    def gpu_differs(self) -> bool | None:
        """True if codecarbon and NVML differ by more than APART on the GPU; None if one is unknown or the phase short."""
        gpu = self.energy.get("gpu")
        seconds = self.seconds if self.shared_seconds is None else self.shared_seconds
        if gpu is None or gpu.kwh is None or not self.nvml_kwh or seconds < LONG:
            return None
        return abs(gpu.kwh - self.nvml_kwh) > APART * self.nvml_kwh


class Record(Frozen):
    """One attempt. `key` identifies the cell, pretraining or pair, `attempt` this attempt at it.

    Attributes:
        version: of this format; records of every older version stay readable.
        defaults: names of the settings that have their default; MLflow keeps these in one tag. Version 1 does not name them.
        names: source, target, backbone, seed, protocol ...: the fields that users filter by.
        point: digest of recipe, rule and sub-sample: equal for cells that differ in source, target or seed only.
        settings: every field of the resolved recipe and sub-sample.
        facts: digests of weights, data and the images actually drawn; counts.
        scores: of the test images. validation: of the restored epoch, or scores of measures. curves: one value per epoch.
        started, ended: seconds since 1970.
    """

    version: Literal[1, 2] = 2
    kind: Literal["cell", "pretraining", "score"]
    key: str
    attempt: str
    experiment: str
    status: Literal["finished", "failed", "interrupted"]
    reason: Text | None = None
    point: str
    names: dict[str, Text]
    settings: dict[str, Text]
    defaults: tuple[str, ...] = ()
    facts: dict[str, Text]
    scores: dict[str, float] = {}
    validation: dict[str, float] = {}
    curves: dict[str, list[float]] = {}
    costs: tuple[Cost, ...] = ()
    environment: dict[str, Text] = {}
    started: float
    ended: float

    @property
    def given_out_again(self) -> bool:
        """Whether the attempt ended with its worker, so that another attempt at the same work follows in the same run."""
        return self.status == "interrupted" and (self.reason or "").endswith(GIVEN_OUT_AGAIN)

    @model_serializer(mode="wrap")
    def _brief(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a later field that has its default, so that a record of version 1 is written back as it was."""
        return {name: value for name, value in write(self).items() if name != "defaults" or self.defaults}


@dataclass(frozen=True)
class Outcome:
    """A record with its predictions.

    `predictions` has one row per test image. Its columns are sample, group, label (multi-label: one column per class,
    `label_<class>`), one column per class, `probability_<class>`, and one for each attribute of the images that the entry
    declares, `attribute_<name>`. It is None for a pretraining and for a failed attempt.
    `validation_predictions` has the same columns and one row per validation image; thresholds and temperatures are chosen with
    it. Records of older versions have none. A record in an outbox has the paths of the parquet files instead.
    `quotes_data`: whether the reason of a failure came up while data were read, so that it may quote any name in them;
    benchmark.execution.privacy uses this before the record is stored.
    """

    record: Record
    predictions: "pd.DataFrame | Path | None" = None
    validation_predictions: "pd.DataFrame | Path | None" = None
    quotes_data: bool = False

    @property
    def tables(self) -> "dict[str, pd.DataFrame | Path]":
        """The predictions that there are, by the name of their file."""
        named = {PREDICTIONS: self.predictions, VALIDATION_PREDICTIONS: self.validation_predictions}
        return {name: table for name, table in named.items() if table is not None}


def metric_name(name: str) -> str:
    """A name that MLflow accepts: `knn[k=3]` becomes `knn:k 3`."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("]", "").translate(str.maketrans("[=,", ":  ")))
