"""The command about energy and carbon."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import DATABASE, Format, FreshOption, TrackingOption, say
from benchmark.cli.printing import print_as
from results.error import CatsError

if TYPE_CHECKING:
    from results.cost.tradeoff import Tradeoff

app = typer.Typer()
PICTURES = (".png", ".svg")


@app.command()
def cost(
    plan: Annotated[str, typer.Argument(metavar="PLAN|EXPERIMENT", help="A plan, or the name of an MLflow experiment.")],
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    metric: Annotated[str | None, typer.Option(help="Another metric than the plan's for regret.")] = None,
    over: Annotated[
        int | None, typer.Option(help="Number of targets that share a pretraining; by default those of the experiment.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw regret against kWh into this file (.png or .svg).")] = None,
    fresh: FreshOption = False,
) -> None:
    """Show what an experiment cost: energy and CO2e by phase, source, target and measure; and the regret it avoids."""
    from benchmark.cli.query import reader_of
    from results.board.request import runs_of_selection
    from results.cost.bill import make_bill
    from results.cost.text import CostText
    from results.cost.tradeoff import make_tradeoff

    if picture is not None and picture.suffix not in PICTURES:
        raise CatsError(f"a picture cannot be written as '{picture.name}'; its name ends with {' or '.join(PICTURES)}")
    reader = reader_of(plan, tracking_uri, metric)
    frame = reader.frame(fresh=fresh)
    runs = runs_of_selection(frame, reader.query.selection)
    bill = make_bill(runs, reader.query.experiment, over)
    try:
        tradeoff = make_tradeoff(runs, bill, reader.query)
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

    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        draw_tradeoff(tradeoff, picture)
    except OSError as error:
        raise CatsError(f"cannot write the picture {picture}: {error.strerror}") from error
