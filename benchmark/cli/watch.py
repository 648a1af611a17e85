"""`cats watch`: have the images changed since a classifier was kept?"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.numbers import number
from benchmark.cli.options import Device, DeviceOption, InputsArgument, ModelArgument, checked_address
from benchmark.cli.places import a_file
from benchmark.cli.terminal import print_sentence, print_table, print_text, say
from results.text.counts import how_many

if TYPE_CHECKING:
    from benchmark.models.change_text import ChangeText
    from benchmark.models.manifest import Manifest
    from benchmark.models.model import Model
    from results.tracking.experiment import Experiment

app = typer.Typer()
MOST_NAMED = 10  # files that could not be read; further ones are counted


def _level(value: str | float) -> float:
    """The rate of false alarms that a user accepts."""
    level = number(value)
    if not 0.001 <= level <= 0.2:
        raise typer.BadParameter(f"{level:g} is not a share of false alarms from 0.001 to 0.2")
    return level


@app.command()
def watch(
    model: ModelArgument,
    inputs: InputsArgument,
    path: Annotated[str, typer.Option(help="Column of the table that names the pictures.")] = "",
    group: Annotated[str, typer.Option(help="Column of the table that names the patient of each picture.")] = "",
    part: Annotated[str, typer.Option("--target-part", help="Part of a target: train, val, test or all.")] = "test",
    level: Annotated[
        float,
        typer.Option(
            "--false-alarms", parser=_level, help="Probability of an alarm if nothing has changed, over all tests together."
        ),
    ] = 0.05,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", callback=a_file("the figures"), help="File for all figures as JSON.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    history: Annotated[
        Path | None,
        typer.Option(
            callback=a_file("the history", "; name another file with --history, or give --no-history"),
            help="File to which the call is added; by default MODEL.watch.jsonl beside the folder.",
        ),
    ] = None,
    keep_history: Annotated[
        bool,
        typer.Option("--keep-history/--no-history", help="Add the call to the history and draw its picture, a PNG beside it."),
    ] = True,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            envvar="MLFLOW_TRACKING_URI",
            help="Address of an MLflow server or database that gets a run of kind watch; by default none does.",
            callback=checked_address,
        ),
    ] = None,
    experiment: Annotated[str, typer.Option(help="MLflow experiment of the run.")] = "watch",
    log: Annotated[bool, typer.Option("--log/--no-log", help="Log the call to MLflow if an address is known.")] = True,
    device: DeviceOption = Device.auto,
) -> None:
    """Compare new images with those of a kept classifier; the exit code is 0 if no change is found, 1 if one is."""
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.machine.device import device_of
    from benchmark.machine.signals import exit_code, stop_on_signal
    from benchmark.models.change_history import PICTURE, append, draw_history, line_of, place_of, require_writable
    from benchmark.models.manifest import WEIGHTS
    from benchmark.models.model import read_model
    from results.tracking.experiment import Experiment

    place = (history or place_of(model)) if keep_history else None
    if place is not None:
        require_writable(place)
    kept = read_model(model, str(device_of(device.value)))
    tracking = Experiment(tracking_uri, experiment) if tracking_uri and log else None
    try:
        with stop_on_signal():
            text = _compare(kept, inputs, (path, group, part), level)
    except KeyboardInterrupt:
        say("stopped; nothing is written")
        raise typer.Exit(exit_code()) from None
    _print(text, output, as_json=as_json)
    if place is not None:
        picture = place.with_suffix(PICTURE)
        lines = append(place, line_of(text.change, kept.manifest.digests[WEIGHTS], time.time(), text.broken))
        draw_history(lines, picture)
        say(f"added to {place}, call {len(lines)}; drawn in {picture}")
    if tracking is not None:
        say(f"logged to MLflow as run {_log(tracking, text, kept.manifest)}")
    if text.change.changed:
        raise typer.Exit(1)


def _compare(kept: "Model", inputs: Sequence[str], where: tuple[str, str, str], level: float) -> "ChangeText":
    """Read the new images and compare them. where: the options --path, --group, --target-part. Raises CatsError."""
    from benchmark.cli.predict import incoming_for
    from benchmark.cli.progress import PictureProgress
    from benchmark.machine.threads import usable_cores
    from benchmark.models.change import MOST, find_change, require_enough
    from benchmark.models.change_text import ChangeText
    from benchmark.models.distance import Distance
    from benchmark.models.incoming_groups import with_groups
    from benchmark.models.incoming_target import way_to_more
    from benchmark.models.sampling import new_sample, reference_sample

    path, group, part = where
    distance = Distance.of(kept.reference)
    reference = reference_sample(kept, distance)
    incoming = incoming_for(list(inputs), path, part, kept.manifest)
    if group:
        incoming = with_groups(incoming, Path(inputs[0]), group)
    for note in incoming.notes:
        say(note)
    require_enough(len(incoming), len(reference), way_to_more(inputs, part, incoming))  # before anything is read
    with PictureProgress(min(len(incoming), MOST)) as bar:
        new = new_sample(kept, distance, incoming, usable_cores(), bar.advance)
    _name_broken(new.broken)
    for note in new.notes:
        say(note)
    change = find_change(new.sample, reference, level)
    grouped = new.sample.groups is not None, reference.groups is not None
    return ChangeText(change, kept.manifest.classes, len(new.broken), new.given, grouped)


def _name_broken(broken: Sequence[tuple[str, str]]) -> None:
    if not broken:
        return
    say(f"{how_many(len(broken), 'file cannot be used and is', 'files cannot be used and are')} left out:")
    for name, reason in broken[:MOST_NAMED]:
        say(f"  {reason if name in reason else f'{name}: {reason}'}")
    if len(broken) > MOST_NAMED:
        say(f"  and {len(broken) - MOST_NAMED:,} more")


def _print(text: "ChangeText", file: Path | None, *, as_json: bool) -> None:
    from results.files.output import output
    from results.text.plain import json_text

    if as_json:
        print_text(json_text(text.to_dict()))
    else:
        print_sentence(text.sentence())
        print_table(text.table())
    if file is not None:
        with output(file, "the figures") as draft:
            draft.write_text(json_text(text.to_dict()) + "\n", encoding="utf-8")


def _log(tracking: "Experiment", text: "ChangeText", manifest: "Manifest") -> str:
    from results.tracking.log_watch import log_watch

    change = text.change
    params = {"model": manifest.name, "key": manifest.key, "level": f"{change.level:g}"}
    figures: dict[str, float] = {
        "changed": change.changed, "images": change.new, "reference": change.reference, "broken": text.broken,
        "unlike": change.unlike,
    }  # fmt: skip
    for finding in change.findings:
        figures |= {f"{finding.test}_p": finding.p, f"{finding.test}_adjusted_p": finding.adjusted}
        figures[f"{finding.test}_effect"] = finding.effect
    return log_watch(tracking, params, figures)
