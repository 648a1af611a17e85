"""`cats cost`: shows the energy and the emissions of an experiment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import TARGETS
from benchmark.cli.options import DATABASE, ExperimentArgument, Format, FreshOption, TrackingOption
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say
from results.error import CatsError

if TYPE_CHECKING:
    from results.cost.tradeoff import Tradeoff

app = typer.Typer()
PICTURES = (".png", ".svg")


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
    picture: Annotated[Path | None, typer.Option(help="File (.png or .svg) for a plot of regret against kWh.")] = None,
    images: Annotated[
        bool, typer.Option(help="Include test-set sampling variance in the intervals (reads every run's predictions).")
    ] = True,
    fresh: FreshOption = False,
) -> None:
    """Show the energy and CO2e of an experiment by phase, source, target and measure, and the regret that they avoid."""
    from benchmark.cli.query import country_of, reader_of
    from results.board.board import version_notes
    from results.board.request import Judging, runs_of_selection
    from results.board.versions import scores_of_one_version
    from results.cost.bill import make_bill
    from results.cost.text import CostText
    from results.cost.tradeoff import make_tradeoff
    from results.tracking.frame import left_out

    if picture is not None and picture.suffix not in PICTURES:
        raise CatsError(f"a picture cannot be written to '{picture.name}'; its name must end with {' or '.join(PICTURES)}")
    reader = reader_of(plan, tracking_uri, metric)
    frame = reader.frame(fresh=fresh)
    runs = runs_of_selection(frame, reader.query.selection)
    bill = make_bill(runs, reader.query.experiment, over)
    for sentence in [*left_out(frame), *country_of(plan)]:
        say(sentence)
    try:
        tradeoff = make_tradeoff(runs, bill, reader.query, Judging(reader.images(fresh=fresh) if images else None), say)
        for note in [*version_notes(runs, reader.query), *scores_of_one_version(runs, reader.query.selection)[1]]:
            say(note)
    except CatsError as error:
        if picture is not None or metric is not None:
            raise
        tradeoff = None
        say(str(error))
    if picture is not None and tradeoff is not None:
        _draw(tradeoff, picture)
    print_as(CostText(bill, tradeoff), form)


def _draw(tradeoff: "Tradeoff", picture: Path) -> None:
    from results.cost.tradeoff_plot import draw_tradeoff
    from results.files.output import output

    with output(picture, "the picture") as draft:
        draw_tradeoff(tradeoff, draft)
