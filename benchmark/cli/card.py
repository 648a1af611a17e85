"""The command that writes the model card of a kept classifier."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import ModelArgument
from benchmark.cli.places import a_file
from benchmark.cli.terminal import print_line

app = typer.Typer()


@app.command()
def card(
    model: ModelArgument,
    to: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=a_file("the card"), help="File that is written; by default README.md inside MODEL."
        ),
    ] = None,
) -> None:
    """Write the model card of a kept classifier: use, data, licences, scores, calibration, leakage, energy, and limits."""
    from benchmark.models.card import write_card

    print_line(f"wrote {write_card(model, to)}; read it, and add what only you know: who may use the classifier, and on whom")
