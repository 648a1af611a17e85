"""The commands that hand a kept classifier to other programs: export, register."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import DATABASE, ModelArgument, TrackingOption
from benchmark.cli.terminal import print_line
from results.text.hidden import shown

app = typer.Typer()


@app.command()
def export(
    model: ModelArgument,
    form: Annotated[
        str, typer.Argument(metavar="FORMAT", help="Format: onnx, torch (torch.export, .pt2) or mlflow (a folder to serve).")
    ],
    to: Annotated[Path | None, typer.Option(help="File or folder that is written; by default inside MODEL.")] = None,
) -> None:
    """Export a kept classifier to ONNX, torch.export or MLflow, run the export, and compare its probabilities."""
    from benchmark.models.export import export as export_model
    from benchmark.models.export import require_format
    from benchmark.models.model import read_model

    require_format(form)
    made = export_model(read_model(model), form, to)
    print_line(
        f"wrote {made.path}; on {made.images} drawn images its probabilities differ from the classifier's by at most "
        f"{made.largest:.1e} ({made.tolerance:.0e} is allowed)"
    )


@app.command()
def register(
    model: ModelArgument,
    name: Annotated[str | None, typer.Option(help="Name of the registered model; by default that of the classifier.")] = None,
    tracking_uri: TrackingOption = DATABASE,
) -> None:
    """Put a kept classifier into MLflow's model registry, from where `mlflow models serve` answers requests."""
    from benchmark.models.model import read_model
    from benchmark.models.registration import register as register_model

    made = register_model(read_model(model), tracking_uri, name)
    print_line(f"{model} is {made} on {shown(tracking_uri)}; next: mlflow models serve -m {made} --env-manager local")
