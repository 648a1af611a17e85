"""`cats diff`: how one board differs from another, and why."""

from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, Format, ImagesOption, TrackingOption
from benchmark.cli.printing import print_as
from results.error import CatsError

app = typer.Typer()


@app.command()
def diff(
    before: Annotated[
        str,
        typer.Argument(metavar="BOARD", help="A board.json, a file of `cats archive`, a plan, or the name of an experiment."),
    ],
    after: Annotated[str, typer.Argument(metavar="BOARD", help="The board to compare with it.")],
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
    metric: Annotated[
        str | None, typer.Option(help="Metric of plans and experiments; by default that of the board they are compared with.")
    ] = None,
    images: ImagesOption = True,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Show which ranks, ties and figures differ between two boards, and why: data, trainer, seeds, recipe or versions."""
    from benchmark.answers.boards import boards_at, is_file
    from benchmark.cli.terminal import say
    from results.sharing.diff import difference
    from results.sharing.diff_text import DifferenceText

    if metric is not None and is_file(before) and is_file(after):
        raise CatsError("--metric is for plans and experiments; a file holds a board of one metric")
    found = boards_at((before, after), tracking_uri, say, metric, images=images)
    print_as(DifferenceText(difference(*found, (before, after))), form)
