"""`cats replay`: judges ways of choosing on the runs of a finished experiment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import number, whole
from benchmark.cli.options import (
    DATABASE,
    ExperimentArgument,
    Format,
    FreshOption,
    MetricOption,
    TrackingOption,
    TrainOption,
)
from benchmark.cli.places import a_picture
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say
from results.choosing import EPSILON
from results.error import CatsError, nearest

if TYPE_CHECKING:
    from results.choosing.matrix import Matrix
    from results.choosing.replay import Replayed

app = typer.Typer()
RELABELLINGS = whole(1, 1000)


@app.command()
def replay(
    plan: ExperimentArgument,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A policy to judge, may be repeated; the first is compared with the others. By default all."),
    ] = None,
    relabellings: Annotated[
        int, typer.Option(parser=RELABELLINGS, help="How often replicates exchange their names at random.")
    ] = 40,
    leave_family: Annotated[
        bool, typer.Option("--leave-family", help="Leave out the family of each target, too, not the target alone.")
    ] = False,
    family: Annotated[
        list[str] | None,
        typer.Option(help="NAME=TARGET,TARGET: targets of one family; by default what the entries of the targets declare."),
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="A source to leave out altogether, may be repeated.")] = None,
    hide: Annotated[
        list[str] | None, typer.Option(help="A candidate whose runs on other targets are hidden, may be repeated.")
    ] = None,
    eps: Annotated[
        float, typer.Option(parser=number, help="How near to the best source is near enough, in the metric.")
    ] = EPSILON,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=a_picture,
            help="File (.png, .svg or .pdf) for a plot of regret against the share that was spent.",
        ),
    ] = None,
    metric: MetricOption = None,
    tracking_uri: TrackingOption = DATABASE,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
    train: TrainOption = None,
    fresh: FreshOption = False,
) -> None:
    """Judge policies of choosing a source on a finished experiment: each target is left out and chosen for from the others."""
    from benchmark.cli.query import reader_of
    from benchmark.specs.family import declared_families, stated_families
    from results.choosing.policy import DEFAULT, POLICIES, policy_named
    from results.choosing.reading import matrix_of
    from results.choosing.replay import ReplayQuestion
    from results.choosing.replay import replay as judge
    from results.choosing.replay_text import ReplayText
    from results.tracking.frame import left_out

    if not 0 <= eps < float("inf"):
        raise CatsError(f"--eps is {eps:g}; give a distance of 0 or more in the metric, such as {EPSILON:g}")
    every = [DEFAULT, *(name for name in POLICIES.names() if name != DEFAULT)]
    chosen = tuple(dict.fromkeys(policy or every))
    for name in chosen:
        policy_named(name)
    reader = reader_of(plan, tracking_uri, metric).of_size(train)
    frame = reader.frame(fresh=fresh)
    for sentence in left_out(frame):
        say(sentence)
    cells = frame[frame["kind"] == "cell"] if len(frame) else frame
    targets = sorted(set(cells["target"].dropna().astype(str))) if len(cells) else []
    families = {**declared_families(targets), **stated_families(family or [], targets)}
    matrix = _without(matrix_of(frame, reader.query, families), without or [])
    for source in hide or []:
        _require(source, matrix, "--hide")
    question = ReplayQuestion(chosen, relabellings, leave_family, tuple(hide or ()), eps)
    found = judge(matrix, question)
    if picture is not None:
        _draw(found, reader.query.experiment, picture)
    print_as(ReplayText(found, reader.query.experiment), form)


def _draw(found: "Replayed", experiment: str, picture: Path) -> None:
    from results.choosing.replay_plot import draw_replay
    from results.files.output import output

    with output(picture, "the picture") as draft:
        draw_replay(found, experiment, draft)


def _without(matrix: "Matrix", sources: list[str]) -> "Matrix":
    for source in sources:
        _require(source, matrix, "--without")
    return matrix.of_sources([source not in sources for source in matrix.sources])


def _require(source: str, matrix: "Matrix", option: str) -> None:
    if source not in matrix.sources:
        raise CatsError(f"{option} names the source '{source}', which has no run{nearest(source, matrix.sources)}")
