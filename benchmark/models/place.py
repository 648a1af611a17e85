"""Where the folder of a kept classifier lies by default."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.specs.cell import Cell

MODELS = Path("models")


def default_folder(cell: "Cell", train: str | None = None) -> Path:
    """Where the classifier of a cell lies by default: one folder in `models`, whatever the names of the cell hold.

    train: the number of training images that a person asks for, so that classifiers of several numbers lie beside each other.
    """
    number = "" if train is None else f"-train{train}"
    return named_folder(f"{cell.target}-{cell.source}-{cell.backbone}-{cell.seed}{number}")


def named_folder(name: str) -> Path:
    """The folder in `models` for a name, in which a hyphen stands for what no folder should be called."""
    return MODELS / (re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-") or "model")
