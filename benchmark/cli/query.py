"""What a command about results is asked for: a plan, or the name of an MLflow experiment."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmark.execution.records import images_of, read_of, runs_of
from benchmark.execution.resolution import resolve_pairs
from benchmark.execution.selection import selection_of
from benchmark.specs.plan import Plan, load_plan, plan_names
from benchmark.specs.resolved import PlanPairs
from results.board.request import RunQuery, Selection
from results.error import CatsError
from results.statistics.influence import ReadPredictions, TestImageInfluence
from results.tracking.change_counter import is_missing
from results.tracking.uri import shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Asked:
    """Which runs, and how they are judged. `wanted` is None for a whole experiment."""

    uri: str
    experiment: str
    metric: str
    rule: str
    wanted: Selection | None

    def frame(self, *, fresh: bool = False) -> "pd.DataFrame":
        """The runs, see benchmark.execution.records. Raises CatsError if there is no such experiment."""
        return runs_of(self.uri, self.experiment, fresh=fresh)

    @property
    def query(self) -> RunQuery:
        """Which runs count, as results.board takes it."""
        return RunQuery(self.experiment, self.metric, self.rule, self.wanted)

    def images(self, *, fresh: bool = False) -> TestImageInfluence:
        """What the test images of a target do to its runs."""
        return images_of(self.uri, self.experiment, fresh=fresh)

    @property
    def read(self) -> ReadPredictions:
        """Gives the predictions of a run; the last ones are kept in memory."""
        return lru_cache(maxsize=256)(read_of(self.uri, self.experiment))


def asked(given: str | PlanPairs, tracking_uri: str, metric: str | None = None, rule: str | None = None) -> Asked:
    """Metric and rule are the plan's unless others are named. Raises CatsError if there is no such plan or database.

    `given`: a plan file, the name of a shipped plan or of an experiment, or the pairs of a plan that has been resolved.
    """
    plan: Plan | None = None
    if isinstance(given, str) and (given in plan_names() or given.endswith((".yaml", ".yml"))):
        plan = load_plan(given)
    if is_missing(tracking_uri):
        raise CatsError(f"there is no database {shown(tracking_uri)}; make one with `cats run`, or name it with --tracking-uri")
    if plan is not None:
        given = resolve_pairs(plan, tracking_uri)
    if isinstance(given, str):
        return Asked(tracking_uri, given, metric or "auc", rule or "min_val_loss", None)
    plan = given.plan
    return Asked(tracking_uri, plan.experiment, metric or plan.metric, rule or plan.rule, selection_of(given))
