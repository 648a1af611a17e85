"""Makes the cells of a plan as `cats run` does, and says no more of each than a point on the standard error."""

import sys

import pandas as pd

from benchmark.execution.engine import Local
from benchmark.execution.records import outbox_of
from benchmark.execution.resolution import resolve_plan
from benchmark.execution.runner import run
from benchmark.execution.watch import Run, Watch
from benchmark.specs.plan import Plan
from results.tracking.experiment import Experiment
from results.tracking.writer import Writer


def cells_of(plan: Plan, uri: str) -> tuple[Run, pd.DataFrame]:
    """How the run ended, and the attempts at the cells of the plan (see Experiment.frame) in its experiment at `uri`."""
    tracking = Experiment(uri, plan.experiment)
    quiet = Watch(lambda _: None, lambda _, __: print(".", end="", file=sys.stderr, flush=True))
    resolved = resolve_plan(plan, uri)
    state = run(resolved, Writer(tracking, outbox_of(uri, plan.experiment)), Local(), quiet)
    frame = tracking.frame()
    return state, frame[(frame["kind"] == "cell") & frame["key"].isin([cell.key for cell in resolved.cells()])]
