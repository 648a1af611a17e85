"""`cats score`: scores sources by measures of transferability."""

from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.again import named, resume
from benchmark.cli.numbers import whole
from benchmark.cli.options import (
    DATABASE,
    RECORDS_WAIT,
    Device,
    DeviceOption,
    Format,
    LearnOption,
    PlanArgument,
    TrackingOption,
)
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say

app = typer.Typer()


class Shares(StrEnum):
    """What resamples do with the shares of the classes."""

    held = "held"
    drawn = "drawn"


@app.command()
def score(
    plan: PlanArgument,
    tracking_uri: TrackingOption = DATABASE,
    device: DeviceOption = Device.auto,
    images: Annotated[
        int, typer.Option("--sample", parser=whole(10, 10**6), help="Largest number of images of each target and source.")
    ] = 1000,
    draws: Annotated[int, typer.Option(parser=whole(10, 10**5), help="Number of bootstrap resamples for each interval.")] = 50,
    neutral: Annotated[
        str,
        typer.Option(
            autocompletion=completion.sources,
            help="Source whose network embeds both data sets when their images are compared.",
        ),
    ] = "imagenet",
    workers: Annotated[
        int | None,
        typer.Option(
            parser=whole(1, 1000),
            help="Number of processes that score pairs side by side, one thread each; without it as many as cores and free "
            "memory allow. No score depends on it.",
        ),
    ] = None,
    shares: Annotated[
        Shares,
        typer.Option(
            help="Whether resamples hold the shares of the classes, or draw them as new images would (wider intervals)."
        ),
    ] = Shares.held,
    learn_from: LearnOption = None,
    form: Annotated[Format, typer.Option("--format", help="How to print the result.")] = Format.table,
) -> None:
    """Score every source on every target by measures of transferability, without training; a new call resumes."""
    from benchmark.answers.run import waiting
    from benchmark.answers.score import How, require_teachers, score_pairs, scores_after, sentences_of
    from benchmark.cli.progress import door
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.specs.plan import load_plan

    how = How(tracking_uri, device.value, images, draws, neutral, workers, shares.value)
    loaded = load_plan(plan)
    require_teachers(loaded, tracking_uri, learn_from or [])
    try:
        with stop_on_signal():
            state, resolved = score_pairs(loaded, how, door())
    except KeyboardInterrupt:
        say(f"stopped; nothing finished is lost. {resume()}")
        raise typer.Exit(exit_code()) from None
    for sentence in sentences_of(state, resolved):
        say(sentence)
    if state.interrupted:
        say(f"stopped; nothing finished is lost. {resume()}")
        raise typer.Exit(exit_code())
    for sentence in waiting(state, named(plan)):
        say(sentence)
    if state.waiting or state.refused:  # a table without these records would be incomplete
        raise typer.Exit(RECORDS_WAIT)
    if state.done + state.made:
        text, notes = scores_after(resolved, tracking_uri, plan, learn_from or [])
        for sentence in notes:
            say(sentence)
        print_as(text, form)
    if state.failed:
        raise typer.Exit(1)
