"""`cats compare`: compares two sources on one target."""

from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.options import DATABASE, ExperimentArgument, MetricOption, RuleOption, TrackingOption, TrainOption
from benchmark.cli.terminal import print_sentence, print_text
from results.text.plain import json_text

app = typer.Typer()


class ComparisonFormat(StrEnum):
    """How to print a comparison."""

    sentence = "sentence"
    json = "json"


@app.command()
def compare(
    one: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            autocompletion=completion.sources,
            help="Name of a source, or 'SOURCE on BACKBONE'.",
        ),
    ],
    other: Annotated[str, typer.Argument(metavar="OTHER", autocompletion=completion.sources, help="Name of another one.")],
    plan: ExperimentArgument,
    target: Annotated[
        str,
        typer.Option(
            autocompletion=completion.targets,
            help="The target on which the sources are compared.",
        ),
    ],
    metric: MetricOption = None,
    rule: RuleOption = None,
    backbone: Annotated[str | None, typer.Option(help="Compare on this backbone; needed if both sources have several.")] = None,
    train: TrainOption = None,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[ComparisonFormat, typer.Option("--format", help="How to print the result.")] = ComparisonFormat.sentence,
) -> None:
    """Compare two sources on a target: paired difference with interval and p value. Reads MLflow only, no data."""
    from benchmark.answers.judged import comparison_of
    from benchmark.cli.query import reader_of

    reader = reader_of(plan, tracking_uri, metric, rule).of_size(train)
    comparison = comparison_of(reader, (one, other), target, backbone)
    if form is ComparisonFormat.json:
        print_text(json_text(comparison.to_dict()))
    else:
        print_sentence(comparison.verdict)
