"""cats-bench for notebooks: the questions that the command `cats` answers, as functions that return frames, tables and plots.

    import catsbench
    catsbench.run("quickstart")       # trains what is not done yet, and shows the board
    catsbench.board("quickstart")     # which source wins on each target, and how sure that is

A plan is the name of a shipped plan, the path of a plan file, a dict with the keys of a plan, or a `catsbench.Plan`. Where an
experiment is allowed too, every other text is the name of an experiment of MLflow. `tracking_uri` is the address of the MLflow
server or database; by default MLFLOW_TRACKING_URI, else `sqlite:///mlflow.db` in the working directory, as for the commands.

- Train and score: `run`, `score`, `choose`.
- Read finished runs: `board`, `curve`, `compare`, `agree`, `cost`, `report`, and their parts: `runs`, `predictions`, `curves`.
- Other people's figures: `judge` for a table of your own, `public_runs` for those that ship.

Every result has `.frame` and `.to_frame()` (pandas), `.notes` (what the figures mean, and what is missing), `.plot(ax=None)`
(axes of matplotlib in, axes out), and shows itself in a notebook as tables with one small picture. docs/notebook.md lists the
columns of the frames. What is wrong is a `CatsError`, whose sentence is that of the command.

The functions print nothing but progress. A name is loaded when it is first used, so that importing this module loads neither
torch nor pandas nor MLflow.
"""

import importlib
import warnings
from typing import TYPE_CHECKING, Any

import results  # noqa: F401 - switches the telemetry of libraries off before any of them is loaded

if TYPE_CHECKING:
    from benchmark.notebook.attempts import curves as curves
    from benchmark.notebook.attempts import predictions as predictions
    from benchmark.notebook.attempts import runs as runs
    from benchmark.notebook.boards import agree as agree
    from benchmark.notebook.boards import board as board
    from benchmark.notebook.boards import compare as compare
    from benchmark.notebook.boards import cost as cost
    from benchmark.notebook.boards import report as report
    from benchmark.notebook.making import choose as choose
    from benchmark.notebook.making import run as run
    from benchmark.notebook.making import score as score
    from benchmark.notebook.sizes import curve as curve
    from benchmark.notebook.tables import judge as judge
    from benchmark.notebook.tables import public_runs as public_runs
    from benchmark.specs.plan import Plan as Plan
    from results.error import CatsError as CatsError
    from results.notebook.board import Board as Board
    from results.notebook.result import Result as Result

MODULES = {  # name → the module that defines it
    "Board": "results.notebook.board",
    "CatsError": "results.error",
    "Plan": "benchmark.specs.plan",
    "Result": "results.notebook.result",
    "agree": "benchmark.notebook.boards",
    "board": "benchmark.notebook.boards",
    "choose": "benchmark.notebook.making",
    "compare": "benchmark.notebook.boards",
    "cost": "benchmark.notebook.boards",
    "curve": "benchmark.notebook.sizes",
    "curves": "benchmark.notebook.attempts",
    "judge": "benchmark.notebook.tables",
    "predictions": "benchmark.notebook.attempts",
    "public_runs": "benchmark.notebook.tables",
    "report": "benchmark.notebook.boards",
    "run": "benchmark.notebook.making",
    "runs": "benchmark.notebook.attempts",
    "score": "benchmark.notebook.making",
}

# Other libraries load tqdm, which warns of a notebook without widgets, although its bars of text are enough.
warnings.filterwarnings("ignore", message="IProgress not found")


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module 'catsbench' has no attribute '{name}'")
    return getattr(importlib.import_module(MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(MODULES)
