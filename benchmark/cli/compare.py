"""The command that compares two sources."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, TrackingOption, print_line

app = typer.Typer()


class ComparisonFormat(StrEnum):
    """How to print a comparison."""

    sentence = "sentence"
    json = "json"


@app.command()
def compare(
    one: Annotated[str, typer.Argument(metavar="SOURCE", help="A source.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another source.")],
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    target: Annotated[str, typer.Option(help="The target on which they are compared.")],
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's.")] = None,
    rule: Annotated[str | None, typer.Option(help="Choose among grid points by another rule than the plan's.")] = None,
    backbone: Annotated[str | None, typer.Option(help="The backbone, if the runs have several.")] = None,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[ComparisonFormat, typer.Option("--format", help="How to print it.")] = ComparisonFormat.sentence,
) -> None:
    """Say whether one source is better than another on a target: paired difference, interval, p. Needs MLflow only."""
    from benchmark.cli.query import reader_of
    from results.board.board import judged_runs
    from results.board.compare import compare as compare_sources
    from results.error import CatsError, nearest

    reader = reader_of(plan, tracking_uri, metric, rule)
    runs = judged_runs(reader.frame(), reader.query)
    if backbone is not None:
        known = sorted(runs["backbone"].unique())
        if backbone not in known:
            raise CatsError(f"no finished run has the backbone '{backbone}'{nearest(backbone, known)}")
        runs = runs[runs["backbone"] == backbone]

    comparison = compare_sources(runs, reader.query.metric, (one, other), target, reader.predictions)
    print_line(json.dumps(comparison.to_dict(), indent=2) if form is ComparisonFormat.json else comparison.verdict)
