"""`cats choose`: finds the source for a target within a budget, trains it, and keeps the network."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.again import larger, named, resume
from benchmark.cli.engine import LOCAL, EngineOption, SchedulerOption, WorkersOption
from benchmark.cli.lists import ListsCommand
from benchmark.cli.numbers import LIMIT, SEED, whole
from benchmark.cli.options import DATABASE, RECORDS_WAIT, Device, DeviceOption, Format, HoursOption, KwhOption, TrackingOption
from benchmark.cli.printing import print_as
from benchmark.cli.terminal import say
from benchmark.models.place import MODELS
from results.error import CatsError
from results.files.output import require_place
from results.text.hidden import shown

app = typer.Typer()
NONE = "none"


def _kept_at(folder: str | None) -> str | None:
    """Look at the place of the classifier, the default one too, before hours of work."""
    if folder != NONE:
        require_place(MODELS if folder is None else Path(folder), "the classifier", folder=True)
    return folder


@app.command(cls=ListsCommand)
def choose(
    target: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.targets,
            help="Name of a target, also of one that `cats new` has written.",
        ),
    ],
    sources: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=completion.sources,
            help="Sources to choose among, one after the other (--sources imagenet scratch) or each with --sources; by default "
            "those whose weights for the backbone lie on this machine, and where none do, those that can be fetched.",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            help="Backbone; by default the one for which most sources have a file of weights here, else mobilenetv2_100."
        ),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            autocompletion=completion.recipes,
            help="Shipped recipe, or a YAML file of recipe keys; the settings that are tried are changes of it.",
        ),
    ] = "fast",
    kwh: KwhOption = None,
    hours: HoursOption = None,
    cells: Annotated[
        int | None,
        typer.Option("--cells", parser=LIMIT, help="Budget: number of finished runs, including those of earlier calls."),
    ] = None,
    policy: Annotated[str, typer.Option(help="Policy that chooses what is tried next.")] = "race",
    prior: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPERIMENT",
            autocompletion=completion.experiments,
            help="Experiments whose runs speak for the sources, beside the public runs, one after the other or each with "
            "--prior; by default all that fit. 'none' takes no runs at all.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(parser=SEED, help="Seed of all runs, and the first one of the finalists.")] = 0,
    seeds: Annotated[
        int, typer.Option(parser=whole(1, 100), help="Number of seeds that the finalists get if the budget allows.")
    ] = 3,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER|none",
            callback=_kept_at,
            help="Folder of the kept classifier; by default models/TARGET; 'none' keeps none.",
        ),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(
            help="MLflow experiment of the records; by default choose-TARGET, and -RECIPE behind it where you name one."
        ),
    ] = None,
    country: Annotated[str, typer.Option(help="Country whose electricity is used, three capital letters.")] = "NLD",
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.table,
    tracking_uri: TrackingOption = DATABASE,
    device: DeviceOption = Device.auto,
    engine: EngineOption = LOCAL,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
) -> None:
    """Find the source from which to transfer to a target: try few runs within a budget, and keep the best network."""
    from benchmark.answers.choose import How, answer, sentences_of, tried
    from benchmark.choosing.question import Question
    from benchmark.specs.budget import Budget

    budget = Budget().replaced({"kwh": kwh, "hours": hours, "cells": cells})
    question = Question(
        target, tuple(sources or ()), backbone, recipe, policy, tuple(range(seed, seed + seeds)), budget, experiment or "",
        country, output != NONE,
    )  # fmt: skip
    question.require_names()  # before torch is loaded, which takes seconds

    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.cli.progress import door
    from benchmark.execution.engine import EngineOptions
    from benchmark.machine.signals import exit_code, stop_on_signal
    from results.choosing.choice_text import ChoiceText

    options = EngineOptions(device.value, scheduler, workers, tracking_uri=tracking_uri)
    how = How(options, engine, prior or None, output)
    try:
        with stop_on_signal():
            driver = tried(question, how, door())
            if driver.state.interrupted:
                raise KeyboardInterrupt
            for sentence in sentences_of(driver):
                say(sentence)
            choice, refused = answer(question, driver, how, door())
    except KeyboardInterrupt:
        say(f"stopped; nothing finished is lost. {resume()}")
        raise typer.Exit(exit_code()) from None
    print_as(ChoiceText(choice), form)
    if driver.limit:
        say(larger(driver.limit, budget.limits[driver.limit]))
    name = choice.experiment
    if choice.spent.runs or driver.tried:  # else there is nothing to show
        to = named(name)
        commands = f"`cats board {to}`, `cats cost {to}`, `cats report {to}`"
        say(f"records in {shown(tracking_uri)}, experiment {name}: {commands}")
    if refused:
        raise CatsError(refused)
    if driver.state.waiting or driver.state.refused:
        raise typer.Exit(RECORDS_WAIT)
    if not any(each.trial.val_loss is not None for each in driver.tried):
        raise typer.Exit(1)
