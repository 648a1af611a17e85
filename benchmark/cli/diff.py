"""`cats diff`: how one board differs from another, and why."""

from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, Format, ImagesOption, TrackingOption
from benchmark.cli.printing import print_as

app = typer.Typer()


@app.command(rich_help_panel="Share")
def diff(
    before: Annotated[
        str,
        typer.Argument(metavar="BOARD", help="A board.json, a file of `cats archive`, a plan, or the name of an experiment."),
    ],
    after: Annotated[str, typer.Argument(metavar="BOARD", help="The board to compare with it.")],
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
    images: ImagesOption = True,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Show which ranks, ties and figures differ between two boards, and why: data, trainer, seeds, recipe or versions."""
    from benchmark.answers.boards import board_at
    from benchmark.cli.terminal import say
    from results.sharing.diff import difference
    from results.sharing.diff_text import DifferenceText

    found = [board_at(each, tracking_uri, say, images=images) for each in (before, after)]
    print_as(DifferenceText(difference(found[0], found[1], (before, after))), form)
