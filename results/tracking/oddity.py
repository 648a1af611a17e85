"""Which runs of an experiment cannot be read: people change tags and parameters in MLflow's pages, or rows of its database.

A run that is odd is left out of every result and named, so that one such run ends no command of all others.
"""

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import TypeAdapter, ValidationError

from results.metrics import HIGHEST, IMPORTED, METRICS
from results.record import Cost, Record
from results.text.plain import plain, shortened
from results.tracking.cost_columns import totals
from results.tracking.mlflow_format import WHOLE, curves_of, figure_names, joined, settings_of

if TYPE_CHECKING:
    from mlflow.entities import Run

KINDS = get_args(Record.model_fields["kind"].annotation)
VERSIONS = [str(version) for version in get_args(Record.model_fields["version"].annotation)]
STATES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")
WORD = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
LATEST = 253_402_300_799_000  # the end of the year 9999, in ms
MOST = 1e12  # seconds, kWh, watts: more than anything that was ever measured
SLACK = 1e-6  # of a bound, for figures that were rounded
LONGEST = 40  # characters of a value in a sentence
FIGURES = (
    "test_", "val_", "train_", "curve_", "measure_", "seconds_", "energy_kwh_", "co2e_kg_", "nvml_kwh_", "images_", "epochs_",
)  # fmt: skip
READ = ("test_", "measure_", "seconds_measure_", "val_loss", "val_auc", "epochs_run", "epochs_resumed")  # by results and plans
NAMES = {
    "cell": ("source", "target", "backbone", "seed"),
    "pretraining": ("source", "backbone"),
    "score": ("source", "target", "backbone", "measures"),
}
SEED = re.compile(r"-?[0-9]{1,20}")
SETTINGS = {"size": WHOLE_NUMBER, "epochs": WHOLE_NUMBER, "seed": SEED, "protocol": WORD, "rule": WORD}
SUBSAMPLE = re.compile(rf"None|True|False|{SEED.pattern}")
_costs = TypeAdapter(tuple[Cost, ...])
_reasons = TypeAdapter(dict[str, str])


class OddError(ValueError):
    """Why a run is odd: the end of a sentence that begins with its name."""


def is_ours(tags: Mapping[str, str]) -> bool:
    """Whether `cats` has made a run for an attempt, also if its key is gone. Reports are no attempts."""
    return bool(tags.get("cats.key")) or WHOLE in tags or tags.get("cats.kind") in KINDS


def oddity(run: "Run") -> str | None:
    """Why a run of ours cannot be read, as one sentence that names the run; None if it can."""
    try:
        _check(run)
    except OddError as error:
        return f"{_name(run)} is left out: {error}"
    return None


def started_at(run: "Run") -> int | None:
    """When a run began, ms since 1970; None if what MLflow says is no time."""
    start = run.info.start_time
    return start if type(start) is int and 0 <= start <= LATEST else None


def _name(run: "Run") -> str:
    names = [str(run.data.params[name]) for name in ("source", "target", "backbone") if run.data.params.get(name)]
    seed = run.data.params.get("seed")
    said = ", ".join([" → ".join(names[:2]), *names[2:], *([f"seed {seed}"] if seed else [])]) if len(names) > 1 else ""
    return f"run {_shown(run.info.run_id)}{f' ({_shown(said, 100)})' if said else ''}"


def _check(run: "Run") -> None:
    """Raises OddError at the first thing that no attempt of ours can have written."""
    tags, params, info = run.data.tags, run.data.params, run.info
    _require(RUN_ID.fullmatch(str(info.run_id)), "its id is not a valid run id")
    _require(tags.get("cats.key"), "its tag cats.key is missing")
    kind = tags.get("cats.kind")
    _require(kind in KINDS, f"its tag cats.kind is {_said(kind)}; the kinds are {', '.join(KINDS)}")
    version = tags.get(WHOLE)
    _require(
        version is None or version in VERSIONS,
        f"its tag {WHOLE} is {_said(version)}; this version of cats-bench reads version {' and '.join(VERSIONS)}",
    )
    _require(info.status in STATES, f"its status is {_said(info.status)}")
    _require(started_at(run) is not None, f"its start, {_said(info.start_time)}, is not a time")
    _check_costs(joined(tags, "cats.costs") or "[]")
    _json(_reasons, joined(tags, "cats.reasons") or "{}", "its tag cats.reasons is not a list of reasons by measure")
    for name in ("cats.source_images", "cats.known_duplicates", "cats.slices"):
        _require(name not in tags or _is(WHOLE_NUMBER, tags[name]), f"its tag {name} is {_said(tags.get(name))}, not a number")
    before = tags.get("cats.pretraining")
    _require(before is None or (before and before != tags["cats.key"]), "its tag cats.pretraining is empty or its own key")
    try:
        settings, curves = settings_of(params, tags), curves_of(tags)
    except ValueError as error:
        raise OddError(str(error)) from error
    named = figure_names(run.data.metrics, curves)
    figures = {named[name]: value for name, value in run.data.metrics.items() if name in named}
    _check_figures({name: value for name, value in figures.items() if not _in_percent(name, value, tags)})
    if "cats.imported" not in tags:  # settings of imported runs are the words of those who made them
        _check_settings(settings)
    if info.status == "FINISHED":
        for name in NAMES[str(kind)]:
            _require(params.get(name), f"its parameter {name} is missing")
        _require(kind != "cell" or tags.get("cats.point"), "its tag cats.point is missing")


def _check_costs(text: str) -> None:
    costs: tuple[Cost, ...] = _json(_costs, text, "its tag cats.costs is not a list of costs")
    for cost in costs:
        amounts = [cost.seconds, cost.kg_per_kwh, cost.shared_seconds, cost.cpu_seconds, cost.busy_seconds]
        amounts += [value for part in cost.energy.values() for value in (part.kwh, part.machine_kwh, part.watts)]
        known = [amount for amount in [*amounts, cost.nvml_kwh] if amount is not None]
        wrong = [amount for amount in known if not 0 <= amount <= MOST]
        _require(not wrong, f"its tag cats.costs holds {wrong[0] if wrong else 0:g}, which is no cost")
        unknown = [name for name, part in cost.energy.items() if (part.kwh is None) != (part.provenance == "missing")]
        _require(not unknown, f"its tag cats.costs holds energy of {_shown(', '.join(unknown))} without an origin")
        both = cost.busy_seconds is None or cost.cpu_seconds is not None
        _require(both, "its tag cats.costs holds the work of the machine without that of the attempt")
    try:
        totals(text)
    except (ValueError, RecursionError, OverflowError) as error:  # numbers of more digits than Python reads
        raise OddError("its tag cats.costs is not a list of costs") from error


def _check_figures(metrics: Mapping[str, Any]) -> None:
    for name, value in metrics.items():
        if not name.startswith(READ):
            continue
        real = isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)
        _require(real and abs(value) <= HIGHEST, f"its metric {_shown(name)} is {_said(value)}")
        known = METRICS.get(name.removeprefix("test_")) or IMPORTED.get(name.removeprefix("test_"))
        if known is not None and name.startswith("test_"):
            low, high = known.bounds
            _require(
                low - SLACK <= value <= high + SLACK,
                f"its metric {_shown(name)} is {value:g}, which is outside {low:g} to {high:g}",
            )


def _check_settings(params: Mapping[str, Any]) -> None:
    for name, value in params.items():
        wanted = SUBSAMPLE if name.startswith("subsample.") else SETTINGS.get(name)
        _require(wanted is None or _is(wanted, value), f"its parameter {_shown(name)} is {_said(value)}")


def _json(kind: "TypeAdapter[Any]", text: str, otherwise: str) -> Any:
    try:
        return kind.validate_json(text, strict=True)
    except ValidationError as error:
        raise OddError(otherwise) from error


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _require(met: object, otherwise: str) -> None:
    if not met:
        raise OddError(otherwise)


def _said(value: object) -> str:
    return "missing" if value is None else f"'{_shown(value)}'"


def _shown(value: object, most: int = LONGEST) -> str:
    """A value on one line, without control characters, shortened."""
    return plain(shortened(str(value), most))


def figures_of(run: "Run") -> dict[str, Any]:
    """Settings and metrics of a run by their names in tables, each of the type that its column has in all runs.

    A parameter that is called like a figure is left out, and so is a metric that is called like a setting or is no number.
    """
    tags, taken = run.data.tags, {"source", "target", "backbone", "measures", *SETTINGS}
    settings = {n: value for n, value in settings_of(run.data.params, tags).items() if not n.startswith(FIGURES)}
    names = figure_names(run.data.metrics, curves_of(tags))
    numbers = {
        names[name]: value
        for name, value in run.data.metrics.items()
        if name in names and names[name] not in taken and _number(value) and not _in_percent(name, value, tags)
    }
    return {**settings, **numbers}


def _in_percent(name: str, value: object, tags: Mapping[str, str]) -> bool:
    """Whether a figure was imported in percent by a version that did not know its bounds; the run counts without the figure."""
    return name == "test_ece" and "cats.imported" in tags and isinstance(value, float) and 1 + SLACK < value <= 100


def _number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)
