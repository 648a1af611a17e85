"""Arguments and functions that several commands share."""

import math
import sys
from enum import StrEnum
from typing import Annotated

import typer

from results.error import CatsError

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="A plan file, or the name of a shipped plan.")]
TrackingOption = Annotated[
    str, typer.Option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", help="MLflow's tracking server or database.")
]
DATABASE = "sqlite:///mlflow.db"
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Read every run again, also those that ended; needed if one was edited by hand.")
]

KwhOption = Annotated[float | None, typer.Option("--kwh", help="Budget: kWh of all attempts, including earlier calls.")]
HoursOption = Annotated[float | None, typer.Option("--hours", help="Budget: hours of this call.")]
CO2eOption = Annotated[
    float | None, typer.Option("--co2e-kg", help="Budget: kg CO2e of all attempts, including earlier calls.")
]


class Device(StrEnum):
    """Where to train."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Gap(StrEnum):
    """The rank that a pair without a run gets in the mean ranks."""

    worst = "worst"
    median = "median"


def _noise(noise: float | None) -> float | None:
    """Refuse a negative, infinite or NaN value: with infinite noise all sources would tie, and no value compares with NaN."""
    if noise is not None and not 0 <= noise < math.inf:
        raise CatsError(f"--noise is {noise}; give a finite difference of 0 or more in the metric, such as 0.02")
    return noise


RuleOption = Annotated[str | None, typer.Option(help="Choose among grid points by another rule; oracle_test too.")]
NoiseOption = Annotated[float | None, typer.Option(callback=_noise, help="A difference known to be noise; up to it is a tie.")]
ImputeOption = Annotated[Gap | None, typer.Option(help="What a pair without a run counts as in the mean ranks.")]


class Format(StrEnum):
    """How to print a result."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


def print_line(text: str) -> None:
    """Print a result to the standard output."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """Print what happens to the standard error."""
    sys.stderr.write(text + "\n")
