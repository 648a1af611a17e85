"""The commands that hand classifiers and weights to other programs: export, register, publish."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli import completion
from benchmark.cli.numbers import SEED
from benchmark.cli.options import DATABASE, ModelArgument, TrackingOption
from benchmark.cli.terminal import print_line
from results.files.output import require_place
from results.text.hidden import shown

SERVED = "--env-manager local -h 127.0.0.1 -p 5001"  # MLflow's own choice, 5000, is the port of its tracking server

app = typer.Typer()


@app.command()
def export(
    model: ModelArgument,
    form: Annotated[
        str, typer.Argument(metavar="FORMAT", help="Format: onnx, torch (torch.export, .pt2) or mlflow (a folder to serve).")
    ],
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="File or folder that is written; by default inside MODEL.")
    ] = None,
) -> None:
    """Export a kept classifier to ONNX, torch.export or MLflow, run the export, and compare its probabilities."""
    if to is not None:
        require_place(to, "the export", folder=form == "mlflow")
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.models.export import export as export_model
    from benchmark.models.export import require_format
    from benchmark.models.model import read_model

    require_format(form)
    made = export_model(read_model(model), form, to)
    print_line(
        f"wrote {made.path}; on {made.images}, its probabilities differ from the classifier's by at most "
        f"{made.largest:.1e} ({made.tolerance:.0e} is allowed)"
    )
    if form == "mlflow":
        print_line(f"next: mlflow models serve -m {made.path} {SERVED}")


@app.command()
def register(
    model: ModelArgument,
    name: Annotated[str | None, typer.Option(help="Name of the registered model; by default that of the classifier.")] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Put a kept classifier into MLflow's model registry, from where `mlflow models serve` answers requests."""
    from benchmark.machine.shared_cores import share_cores

    share_cores()  # before torch is loaded

    from benchmark.models.model import read_model
    from benchmark.models.registration import register as register_model

    made = register_model(read_model(model), tracking_uri, name)
    print_line(f"{model} is {made} on {shown(tracking_uri)}; next: mlflow models serve -m {made} {SERVED}")


@app.command()
def publish(
    source: Annotated[
        str,
        typer.Argument(
            autocompletion=completion.sources,
            help="Name of a source that was pretrained here.",
        ),
    ],
    backbone: Annotated[str, typer.Option(help="The backbone that was pretrained.")],
    plan: Annotated[str | None, typer.Option(help="The plan that pretrained it; by default the source's own settings.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the registered model; by default SOURCE-BACKBONE.")] = None,
    seed: Annotated[
        int | None, typer.Option(parser=SEED, help="Seed of the pretraining, if the plan has one for every seed.")
    ] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Put the pretrained weights of a source into MLflow's model registry, where other plans and users find them."""
    from benchmark.entries.publish import publish as publish_weights

    made = publish_weights(source, backbone, tracking_uri, plan, name, seed)
    print_line(f"{source} for {backbone} is {made} on {shown(tracking_uri)}; write this name into the sources of a plan")
