"""`cats merge`: runs of archives and of other databases, into one MLflow database."""

from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import DATABASE, TrackingOption
from benchmark.cli.terminal import print_line, say
from results.text.counts import how_many

if TYPE_CHECKING:
    from benchmark.answers.share import MergedPlace

MOST = 8  # sentences about the runs of one place

app = typer.Typer()


@app.command()
def merge(
    archives: Annotated[
        list[str],
        typer.Argument(metavar="ARCHIVE|DATABASE", help="Files of `cats archive`, sqlite files, or addresses of MLflow."),
    ],
    experiment: Annotated[
        str | None, typer.Option(help="The experiment that receives all runs; by default each its own.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="Merge only the runs of the experiment of this name.")] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Add the runs of archives and other databases to MLflow. Each attempt is added once; a second merge adds nothing."""
    from benchmark.answers.share import merge_places

    found = False
    for place in merge_places(archives, tracking_uri, say, experiment, only):
        found = True
        _say_conflicts(place)
        print_line(f"{place.where} into {place.into} on {place.on}: {', '.join(_parts(place))}")
    if not found:
        say("there is no run of cats in what is to be merged")


def _say_conflicts(place: "MergedPlace") -> None:
    said = [each.said for each in place.runs if each.said is not None]
    for sentence in said[:MOST]:
        say(sentence)
    if len(said) > MOST:
        more = len(said) - MOST
        differ, are = ("differs", "is") if more == 1 else ("differ", "are")
        say(f"{how_many(more, 'more run')} {differ} in a similar way or {are} left out for a similar reason")


def _finished_before(runs: int) -> str:
    one = "is of a cell that had been finished before, and does not count"
    return one if runs == 1 else "are of cells that had been finished before, and do not count"


def _parts(place: "MergedPlace") -> list[str]:
    again, bare = sum(each.again for each in place.runs), sum(each.bare for each in place.runs)
    return [
        f"{place.count('added')} added",
        f"{place.count('there')} existed already",
        *([f"{again} of the added ones {_finished_before(again)}"] if again else []),
        *([f"{place.count('odd')} left out"] if place.count("odd") else []),
        *([f"{bare} of the added cells came without predictions"] if bare else []),
    ]
