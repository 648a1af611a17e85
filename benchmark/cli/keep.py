"""The command that keeps the network of a cell as a classifier."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import number
from benchmark.cli.options import DATABASE, Device, DeviceOption, PlanArgument, TrackingOption, TrainOption
from benchmark.cli.terminal import print_line, say
from benchmark.models.place import MODELS, default_folder
from results.error import CatsError
from results.files.output import require_place

if TYPE_CHECKING:
    from benchmark.models.manifest import Manifest
    from benchmark.specs.cell import Cell
    from benchmark.specs.resolved import ResolvedPlan

app = typer.Typer()


def _kept_at(folder: Path | None) -> Path | None:
    """Look at the place of the classifier, the default one too, before anything is trained."""
    require_place(folder or MODELS, "the classifier", folder=True)
    return folder


@app.command()
def keep(
    plan: PlanArgument,
    source: Annotated[
        str | None,
        typer.Option(
            autocompletion=completion.sources,
            help="Source of the cell; by default the first of the board.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            autocompletion=completion.targets,
            help="Target of the cell; needed if the plan has several.",
        ),
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="Backbone of the cell; by default the first of the board.")] = None,
    seed: Annotated[
        str | None, typer.Option(help="Seed of the cell; by default the one with the smallest validation loss.")
    ] = None,
    train: TrainOption = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            callback=_kept_at,
            help="Folder of the classifier; by default models/TARGET-SOURCE-BACKBONE-SEED, with --train N also -trainN.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            parser=number, help="Largest difference from the record's probabilities; by default 1e-6, or 0.01 elsewhere."
        ),
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
    device: DeviceOption = Device.auto,
) -> None:
    """Keep the network of a finished cell as a classifier: a folder with weights, preprocessing, thresholds and scores."""
    from results.tracking.change_counter import is_missing

    if is_missing(tracking_uri):  # before torch is loaded, which takes seconds
        from benchmark.answers.query import no_database

        raise CatsError(no_database(plan, tracking_uri))

    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.cli.query import reader_of
    from benchmark.execution.resolution import resolve_plan
    from benchmark.machine.device import device_of
    from benchmark.machine.meter import Meter
    from benchmark.models.choice import chosen_run
    from benchmark.models.energy import energy_sentence
    from benchmark.models.keep import keep as keep_cell
    from benchmark.models.recorded import recorded_of
    from benchmark.specs.plan import load_plan
    from results.board.request import Judging

    resolved = resolve_plan(load_plan(plan), tracking_uri)
    reader = reader_of(resolved, tracking_uri).of_size(train)
    wanted = {"source": source, "target": target, "backbone": backbone, "seed": seed}
    chosen = chosen_run(reader.frame(), reader.query, Judging(reader.images()), wanted)
    cell = _cell_of(resolved, str(chosen.run["key"]), plan)
    for sentence in chosen.notes:
        say(sentence)
    meter = Meter(resolved.plan.country, str(device_of(device.value)))
    recorded = recorded_of(tracking_uri, resolved.plan.experiment, chosen)
    folder = to or default_folder(cell, train)
    made = keep_cell(cell, recorded, folder, meter, tolerance)
    _report(folder, made)
    if made.comparison is not None and made.comparison.made_again:
        say(f"this training is in no record; {energy_sentence(meter.costs)}")
    for sentence in (each for each in made.notes if each not in chosen.notes):
        say(f"note: {sentence}")
    say(f"next: cats predict {folder} PICTURES; `cats explain` and `cats watch` take the folder too")


def _cell_of(resolved: "ResolvedPlan", key: str, plan: str) -> "Cell":
    for cell in resolved.cells():
        if cell.key == key:
            return cell
    raise CatsError(
        f"the cell that was chosen is no cell of {plan} any more: its data, its weights or the trainer of cats have "
        f"changed since it was made; `cats run {plan}` makes it as it is now"
    )


def _report(folder: Path, made: "Manifest") -> None:
    compared = made.comparison
    assert compared is not None
    how = "trained again" if compared.made_again else "as it was stored"
    same = compared.precision == "float32"  # the number format in which the classifier is used
    largest = max(compared.largest, compared.largest_float32) if same else compared.largest
    used = "" if same else f"; in float32, as the classifier is used, they differ by up to {compared.largest_float32:.1e}"
    print_line(
        f"{folder}: {made.names['source']} → {made.names['target']}, {made.names['backbone']}, seed {made.names['seed']}; the "
        f"network was {how}; in {compared.precision} its probabilities differ from the record by at most {largest:.1e} "
        f"({compared.tolerance:.0e} is allowed){used}"
    )
