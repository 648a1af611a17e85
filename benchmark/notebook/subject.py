"""What a question of a program is about: a plan as an object, a mapping, a name or a path, or an experiment by its name."""

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmark.answers.query import RunReader, reader_of
from benchmark.core.settings import apply_settings
from benchmark.specs.plan import Plan, is_plan, load_plan, plan_from
from results.error import CatsError
from results.tracking.uri import DATABASE, check

Subject = Plan | Mapping[str, Any] | str | Path
Item = TypeVar("Item")


def plan_of(subject: Subject) -> Plan:
    """The plan, with every entry looked up that it names. Raises CatsError for what is no plan.

    The user's settings file holds as it does for the commands, since it says where entries and data are.
    """
    apply_settings()
    if isinstance(subject, str | Path):
        return load_plan(str(subject))
    if isinstance(subject, Mapping):
        return plan_from(dict(subject))
    if not isinstance(subject, Plan):
        raise CatsError(f"a plan is a name, a path, a dict or a benchmark.Plan, not {type(subject).__name__}")
    return plan_from(subject)


def plan_or_experiment(subject: Subject) -> Plan | str:
    """The plan, or the name of an experiment: a text that names no plan."""
    apply_settings()
    return subject if isinstance(subject, str) and not is_plan(subject) else plan_of(subject)


def name_of(subject: Subject) -> str:
    """How sentences name the plan or the experiment."""
    return str(subject) if isinstance(subject, str | Path) else plan_of(subject).experiment


def address(uri: str | None) -> str:
    """The address of the MLflow server or database. Raises CatsError for an address that cannot be right."""
    apply_settings()
    chosen = uri or os.environ.get("MLFLOW_TRACKING_URI") or DATABASE
    check(chosen)
    return chosen


def reader_for(
    subject: Subject, uri: str | None, metric: str | None = None, rule: str | None = None, train: str | int | None = None
) -> RunReader:
    """The reader of the runs of a plan or an experiment. `train`: one number of training images of several."""
    reader = reader_of(plan_or_experiment(subject), address(uri), metric, rule)
    return reader.of_size(None if train is None else str(train))


def several(name: str, given: Iterable[Item]) -> tuple[Item, ...]:
    """The values of an argument that takes several. Raises CatsError for one value: the letters of a text are none."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise CatsError(f"{name} is {given!r}; write a list, such as [{given!r}]")
    return tuple(given)


def noise_of(noise: float | None) -> float | None:
    """A stated noise. Raises CatsError if it is negative, infinite or NaN: all sources tie within infinite noise."""
    if noise is not None and not 0 <= noise < math.inf:
        raise CatsError(f"noise is {noise}; give a finite difference of 0 or more in the metric, such as 0.02")
    return noise
