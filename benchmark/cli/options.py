"""Arguments and functions that several commands share."""

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import number
from results.error import CatsError
from results.tracking import uri

ExperimentArgument = Annotated[
    str,
    typer.Argument(
        metavar="PLAN|EXPERIMENT",
        help="A plan, or the name of an MLflow experiment.",
        autocompletion=completion.plans_and_experiments,
    ),
]
LearnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--learn-from",
        metavar="NAME",
        help="Also show `learned`: a ranker fitted on the board and the scores of this plan or experiment. May be repeated; no "
        "target is ordered by its own results, or by those of its family.",
        autocompletion=completion.plans_and_experiments,
    ),
]
MetricOption = Annotated[str | None, typer.Option(help="Metric of the test images; by default the plan's.")]
ModelArgument = Annotated[Path, typer.Argument(help="Folder of a kept classifier.")]
InputsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT", help="A folder, archive, CSV or Parquet table, pictures, DICOM or NIfTI files, or a target."
    ),
]
PlanArgument = Annotated[
    str,
    typer.Argument(
        metavar="PLAN",
        help="A plan file, or the name of a shipped plan (see `cats list plans`).",
        autocompletion=completion.plans,
    ),
]


def checked_address(address: str | None) -> str | None:
    """Refuse an address that cannot be right before anything of it is printed: it may hold a password."""
    if address is not None:
        uri.check(address)
    return address


TrackingOption = Annotated[
    str,
    typer.Option(
        "--tracking-uri",
        envvar="MLFLOW_TRACKING_URI",
        help="Address of the MLflow server or database.",
        callback=checked_address,
    ),
]
DATABASE = uri.DATABASE
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Read every run again, also finished runs; needed after a run was edited by hand.")
]

KwhOption = Annotated[
    float | None, typer.Option("--kwh", parser=number, help="Budget: kWh of all attempts, including earlier calls.")
]
HoursOption = Annotated[float | None, typer.Option("--hours", parser=number, help="Budget: wall-clock hours of this call.")]
CO2eOption = Annotated[
    float | None, typer.Option("--co2e-kg", parser=number, help="Budget: kg CO2e of all attempts, including earlier calls.")
]


class Device(StrEnum):
    """The device for training."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


DeviceOption = Annotated[Device, typer.Option(help="Device to use; auto is a GPU if there is one, else the CPU.")]


class Gap(StrEnum):
    """The rank that a pair without a run gets in the mean ranks."""

    worst = "worst"
    median = "median"


def _noise(noise: float | None) -> float | None:
    """Refuse a negative, infinite or NaN noise: all sources tie within infinite noise, and no difference compares with NaN."""
    if noise is not None and not 0 <= noise < math.inf:
        raise CatsError(f"--noise is {noise}; give a finite difference of 0 or more in the metric, such as 0.02")
    return noise


RuleOption = Annotated[
    str | None, typer.Option(help="Rule that chooses among grid points, also oracle_test; by default the plan's.")
]
ImagesOption = Annotated[
    bool,
    typer.Option(
        "--test-variance/--no-test-variance",
        help="Include the sampling error of the test images in the intervals; this reads every run's predictions.",
    ),
]
NoiseOption = Annotated[
    float | None,
    typer.Option(callback=_noise, parser=number, help="Known noise of the metric; differences up to this value are ties."),
]
ImputeOption = Annotated[Gap | None, typer.Option(help="Rank that a pair without a run gets in the mean ranks.")]


TrainOption = Annotated[
    str | None,
    typer.Option("--train", help="Number of training images, or `all`; by default the largest that the plan states."),
]


RECORDS_WAIT = 3  # exit code: the work is done, and records of it have not reached MLflow


class Format(StrEnum):
    """How to print a result."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
