"""The command that writes a competition's table of answers with a kept classifier."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.options import Device, DeviceOption, ModelArgument
from benchmark.cli.places import a_file
from benchmark.cli.terminal import print_line, say
from results.text.counts import how_many

app = typer.Typer()


@app.command()
def submit(
    model: ModelArgument,
    target: Annotated[
        str,
        typer.Option(
            autocompletion=completion.targets,
            help="Target whose unlabelled pictures are answered; by default the classifier's.",
        ),
    ] = "",
    to: Annotated[
        Path, typer.Option("--output", "-o", callback=a_file("the submission"), help="File that is written, .csv.")
    ] = Path("submission.csv"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    device: DeviceOption = Device.auto,
) -> None:
    """Write the table that a competition wants for a target's unlabelled test pictures; nothing is sent anywhere."""
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.models.submission import require_place, submission_of, write_submission

    require_place(to, overwrite=overwrite)

    from benchmark.cli.predict import with_progress
    from benchmark.machine.device import device_of
    from benchmark.machine.threads import usable_cores
    from benchmark.models.model import read_manifest, read_model
    from benchmark.models.prediction_run import Place

    manifest = read_manifest(model)
    submission = submission_of(target or manifest.names["target"], manifest)
    for note in submission.incoming.notes:
        say(note)
    kept, place = read_model(model, str(device_of(device.value))), Place(to, overwrite)
    total = len(submission.ids)
    with_progress(kept, total, lambda done: write_submission(kept, submission, place, usable_cores(), done))
    print_line(f"wrote {to}, {how_many(total, 'row')} of {' and '.join(submission.form.columns)}")
