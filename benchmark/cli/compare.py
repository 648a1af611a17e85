"""`cats compare`: compares two sources on one target."""

from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, ExperimentArgument, MetricOption, TrackingOption
from benchmark.cli.terminal import print_text, say
from results.text.plain import json_text

app = typer.Typer()


class ComparisonFormat(StrEnum):
    """How to print a comparison."""

    sentence = "sentence"
    json = "json"


@app.command()
def compare(
    one: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of a source.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Name of another source.")],
    plan: ExperimentArgument,
    target: Annotated[str, typer.Option(help="The target on which the sources are compared.")],
    metric: MetricOption = None,
    rule: Annotated[str | None, typer.Option(help="Rule that chooses among grid points; by default the plan's.")] = None,
    backbone: Annotated[str | None, typer.Option(help="The backbone; needed if the runs have several.")] = None,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[ComparisonFormat, typer.Option("--format", help="How to print the result.")] = ComparisonFormat.sentence,
) -> None:
    """Compare two sources on a target: paired difference with interval and p value. Reads MLflow only, no data."""
    from benchmark.cli.query import reader_of
    from results.board.board import judged_runs, version_notes
    from results.board.compare import compare as compare_sources
    from results.board.standings import without_odd_runs
    from results.error import CatsError, nearest
    from results.tracking.frame import left_out
    from results.tracking.predictions import of_trusted_places

    reader = reader_of(plan, tracking_uri, metric, rule)
    frame = reader.frame()
    runs = judged_runs(frame, reader.query)
    for note in [*left_out(frame), *version_notes(frame, reader.query)]:
        say(note)
    if backbone is not None:
        known = sorted(runs["backbone"].unique())
        if backbone not in known:
            raise CatsError(f"no finished run has the backbone '{backbone}'{nearest(backbone, known)}")
        runs = runs[runs["backbone"] == backbone]

    read, chosen = of_trusted_places(reader.predictions, say), reader.query.metric
    comparison, _ = without_odd_runs(runs, lambda left: compare_sources(left, chosen, (one, other), target, read), say)
    print_text(json_text(comparison.to_dict()) if form is ComparisonFormat.json else comparison.verdict)
