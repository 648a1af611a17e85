"""`cats cost`: shows the energy and the emissions of an experiment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import TARGETS
from benchmark.cli.options import DATABASE, ExperimentArgument, Format, FreshOption, ImagesOption, TrackingOption, TrainOption
from benchmark.cli.places import a_picture
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say

if TYPE_CHECKING:
    from results.cost.tradeoff import Tradeoff

app = typer.Typer()


@app.command()
def cost(
    plan: ExperimentArgument,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
    metric: Annotated[str | None, typer.Option(help="Metric of the regret; by default the plan's.")] = None,
    over: Annotated[
        int | None,
        typer.Option(parser=TARGETS, help="Number of targets that share a pretraining; by default all of the experiment."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=a_picture, help="File (.png, .svg or .pdf) for a plot of regret against energy."
        ),
    ] = None,
    images: ImagesOption = True,
    train: TrainOption = None,
    fresh: FreshOption = False,
) -> None:
    """Show the energy and CO2e of an experiment by phase, source, target and measure, and the regret that they avoid."""
    from benchmark.answers.judged import Terms, cost_of
    from benchmark.answers.query import country_of
    from benchmark.cli.query import reader_of
    from results.cost.text import CostText

    reader = reader_of(plan, tracking_uri, metric).of_size(train)
    for sentence in country_of(plan):
        say(sentence)
    asked = picture is not None or metric is not None or train is not None
    bill, tradeoff = cost_of(reader, Terms(images, fresh=fresh), over, one_size=train is not None, regret=asked)
    if picture is not None and tradeoff is not None:
        _draw(tradeoff, picture)
    print_as(CostText(bill, tradeoff), form)


def _draw(tradeoff: "Tradeoff", picture: Path) -> None:
    from results.cost.tradeoff_plot import draw_tradeoff
    from results.files.output import output

    with output(picture, "the picture") as draft:
        draw_tradeoff(tradeoff, draft)
