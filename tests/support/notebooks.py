"""The notebooks of docs/notebooks: `python -m tests.support.notebooks` runs all of them and writes their outputs again."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "notebooks"
KEPT = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def environment(folder: Path) -> dict[str, str]:
    """What a kernel gets: nothing of this machine but the code, so that a notebook works wherever cats-bench is installed."""
    own = {"CATS_HOME": "home", "IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "jupyter"}
    outside = {name for name in os.environ if name.startswith(("CATS_", "MLFLOW_", "JUPYTER_", "IPYTHON", "JPY_"))}
    inside = {name: value for name, value in os.environ.items() if name not in outside}
    paths = {name: str(folder / place) for name, place in own.items()}
    return {
        **inside,
        **paths,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CATS_ENTRIES": "entries",
    }


def executed(path: Path, folder: Path) -> Any:
    """The notebook, run from top to bottom in an empty working directory. Raises CellExecutionError where a cell fails."""
    notebook: Any = nbformat.read(path, as_version=4)
    work = folder / "work"
    work.mkdir()
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(work)}}
    )
    client.execute(env=environment(folder))
    notebook.metadata = KEPT
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    return notebook


if __name__ == "__main__":
    for each in sorted(FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as place:
            nbformat.write(executed(each, Path(place)), each)
