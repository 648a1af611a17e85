"""`cats curve`: shows how the test metric of each source grows with the training images, and where its advantage ends."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.options import (
    DATABASE,
    ExperimentArgument,
    Format,
    FreshOption,
    ImagesOption,
    MetricOption,
    RuleOption,
    TrackingOption,
)
from benchmark.cli.places import a_picture
from benchmark.cli.printing import print_as

if TYPE_CHECKING:
    from results.data_size.curves import DataSizes

app = typer.Typer()


@app.command()
def curve(
    plan: ExperimentArgument,
    baseline: Annotated[
        str,
        typer.Option(
            autocompletion=completion.sources,
            help="The source with which the others are compared, on the same backbone.",
        ),
    ] = "scratch",
    metric: MetricOption = None,
    rule: RuleOption = None,
    picture: Annotated[
        Path | None,
        typer.Option("--output", "-o", callback=a_picture, help="File (.png, .svg or .pdf) for a drawing of the curves."),
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
    images: ImagesOption = True,
    fresh: FreshOption = False,
) -> None:
    """Show up to how many training images each source helps, and how many images it is worth. Reads MLflow only, no data."""
    from benchmark.answers.judged import Terms, curves_of
    from benchmark.cli.query import reader_of
    from results.data_size.text import CurveText

    made = curves_of(reader_of(plan, tracking_uri, metric, rule), Terms(images, fresh=fresh), baseline)
    if picture is not None:
        _draw(made, picture)
    print_as(CurveText(made), form)


def _draw(made: "DataSizes", picture: Path) -> None:
    from results.data_size.plot import draw_curves
    from results.files.output import output

    with output(picture, "the picture") as draft:
        draw_curves(made, draft)
