"""The notebooks of docs/notebooks: `python -m tests.support.notebooks` runs all of them and writes their outputs again."""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tests.support import processes
from tests.support.databases import PLACE
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "notebooks"
# Ids of runs; times; seconds and energy, which a row of a frame has behind its date.
CHANGING = re.compile(r"\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00|\d\.\d+e-\d+")
ASKING = """
import os, sys
from tests.support import databases, processes
os.environ[processes.FORKS] = sys.argv[1]
own = {name: value for name, value in os.environ.items() if name != processes.FORKS} | {databases.PLACE: sys.argv[2]}
kernel = processes.start(sys.argv[3:], env=own, start_new_session=True)
try:
    sys.exit(kernel.wait())
finally:
    kernel.kill()
"""
KERNEL = """
import matplotlib, pandas, runpy
pandas.set_option("display.max_columns", 20)  # as where a notebook imports it first; so too the next line
matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
"""
KEPT = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Forks(AsyncKernelManager):
    """Kernels are forks of the warm process: what jupyter_client starts asks for one, and ends when that does."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = ["-c", KERNEL, "-f", "{connection_file}"]
        asked = [processes.address(), os.environ[PLACE], *command]
        return KernelSpec(argv=[sys.executable, "-c", ASKING, *asked], display_name="fork")


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


def executed(path: Path, folder: Path, manager: type = AsyncKernelManager) -> Any:
    """The notebook, run from top to bottom in an empty working directory. Raises CellExecutionError where a cell fails.

    `manager`: starts the kernel; `Forks` does so without the seven seconds of imports that each kernel begins with.
    """
    notebook: Any = nbformat.read(path, as_version=4)
    work = folder / "work"
    work.mkdir()
    resources = {"metadata": {"path": str(work)}}
    how: Any = {"kernel_name": "python3", "kernel_manager_class": manager, "resources": resources}
    how["coalesce_streams"] = True  # a slow command would else print in more pieces than a fast one
    client = NotebookClient(notebook, timeout=240, record_timing=False, **how)
    client.execute(env=environment(folder))
    notebook.metadata = KEPT
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    return notebook


def shown(notebook: Any) -> list[str]:
    """What the cells of a notebook show, as texts: without what differs from run to run, such as ids, times and pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text") or output["data"]["text/plain"] for output in outputs]
    return [re.sub(r"\s+", " ", CHANGING.sub("#", text)).strip() for text in texts]


if __name__ == "__main__":
    for each in sorted(FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as place:
            nbformat.write(executed(each, Path(place)), each)
