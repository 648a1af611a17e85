"""The command that exports a kept classifier to files for programs without cats."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.terminal import print_line

app = typer.Typer()
ModelArgument = Annotated[Path, typer.Argument(help="Folder of a kept classifier.")]


@app.command()
def export(
    model: ModelArgument,
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="Format of the file: onnx, or torch (torch.export, .pt2).")],
    to: Annotated[Path | None, typer.Option(help="File that is written; by default inside MODEL.")] = None,
) -> None:
    """Export a kept classifier to ONNX or torch.export, run the file, and compare its probabilities with the classifier's."""
    from benchmark.models.export import export as export_model
    from benchmark.models.export import require_format
    from benchmark.models.model import read_model

    require_format(form)
    made = export_model(read_model(model), form, to)
    print_line(
        f"wrote {made.path}; on {made.images} drawn images its probabilities differ from the classifier's by at most "
        f"{made.largest:.1e} ({made.tolerance:.0e} is allowed)"
    )
