"""The command that uses a kept classifier on new pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import Device, DeviceOption, InputsArgument, ModelArgument
from benchmark.cli.places import a_file
from benchmark.cli.terminal import print_line, say
from results.error import CatsError

if TYPE_CHECKING:
    from benchmark.models.incoming import Incoming
    from benchmark.models.manifest import Manifest
    from benchmark.models.model import Model
    from benchmark.models.prediction_run import Summary

app = typer.Typer()


@app.command()
def predict(
    model: ModelArgument,
    inputs: InputsArgument,
    to: Annotated[
        Path,
        typer.Option("--output", "-o", callback=a_file("the predictions"), help="File that is written, .csv or .parquet."),
    ] = Path("predictions.csv"),
    path: Annotated[str, typer.Option(help="Column of the table that names the pictures.")] = "",
    part: Annotated[str, typer.Option("--target-part", help="Part of a target: train, val, test or all.")] = "test",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    device: DeviceOption = Device.auto,
) -> None:
    """Use a kept classifier on pictures: probabilities, classes, and which pictures are unlike its training images."""
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.models.prediction_file import require_place

    require_place(to, overwrite=overwrite)

    from benchmark.machine.device import device_of
    from benchmark.machine.threads import usable_cores
    from benchmark.models.model import read_model
    from benchmark.models.prediction_run import Place, predict_to_file

    kept = read_model(model, str(device_of(device.value)))
    incoming = incoming_for(inputs, path, part, kept.manifest)
    for note in (*incoming.unscored, *incoming.notes):
        say(note)
    place = Place(to, overwrite)
    summary = with_progress(kept, len(incoming), lambda done: predict_to_file(kept, incoming, place, usable_cores(), done))
    print_line(f"wrote {to}")
    if summary.broken:
        what = "volumes" if kept.manifest.reading.of_volumes else "pictures"
        say(f"{summary.broken:,} of {len(incoming):,} {what} cannot be used; {to} says why, in the column reason:")
        for reason in summary.reasons:
            say(f"  {reason}")
        raise typer.Exit(1)


def with_progress(kept: "Model", total: int, use: Callable[[Callable[[int], None]], "Summary"]) -> "Summary":
    """Use a classifier on pictures under a progress bar, and print what a person must know of the result and its energy.

    use: takes what counts pictures that are done. Ends the command if it is stopped.
    """
    from benchmark.cli.progress import PictureProgress
    from benchmark.machine.meter import Meter
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.models.energy import energy_sentence
    from benchmark.models.prediction_run import sentences_about

    meter = Meter("NLD", str(kept.network.head.weight.device))
    try:
        with stop_on_signal(), meter.phase("prediction"), PictureProgress(total) as bar:
            summary = use(bar.advance)
    except KeyboardInterrupt:
        say("stopped; nothing is written")
        raise typer.Exit(exit_code()) from None
    for sentence in (*sentences_about(summary, kept, total), energy_sentence(meter.costs)):
        print_line(sentence)
    return summary


def incoming_for(inputs: list[str], path: str, part: str, manifest: "Manifest") -> "Incoming":
    """The pictures of all inputs. Raises CatsError if there are none, or if a name is neither a path nor a target."""
    from benchmark.models.incoming_path import incoming_of, joined
    from benchmark.models.incoming_target import incoming_of_target
    from benchmark.specs.catalogue import names

    if len(inputs) == 1 and not Path(inputs[0]).exists() and inputs[0] in names("targets"):
        return incoming_of_target(inputs[0], part, manifest)
    if part != "test":
        raise CatsError(f"--target-part can be used with a target only; {inputs[0]} is none")
    volumes = manifest.reading.of_volumes
    return joined([incoming_of(Path(each), manifest.classes, path, volumes=volumes) for each in inputs])
