"""Reads the runs of a plan, or of a whole MLflow experiment, for the command or the notebook that shows results."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmark.execution.records import images_of, read_of, runs_of, validation_of
from benchmark.execution.resolution import resolve_pairs
from benchmark.execution.selection import selection_of
from benchmark.specs.plan import Plan, assumed_country, is_plan, load_plan, plan_names
from benchmark.specs.resolved import PlanPairs
from results.board.request import RunQuery, maker_of
from results.board.sizes import size_text, stated_size
from results.error import CatsError, NoExperimentError, first_of, near_name
from results.metrics import METRICS
from results.statistics.influence import ReadPredictions, TestImageInfluence
from results.text.hidden import shown
from results.tracking.change_counter import is_missing

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunReader:
    """Reads the runs that a query is about, from the MLflow server or database at `uri`; `say` gets sentences for the user."""

    uri: str
    query: RunQuery
    say: Callable[[str], None] = log.warning

    def of_size(self, train: str | None) -> "RunReader":
        """Return the reader of the runs with one number of training images; with None of those that the query is about.

        Raises CatsError for what is no number, and for a number that the plan does not state.
        """
        if train is None:
            return self
        size, selection = stated_size(train), self.query.selection
        if selection is None or size in selection.sizes:
            return replace(self, query=self.query.of_size(size))
        if list(selection.numbers) == [size]:
            return self
        known = ", ".join(map(size_text, selection.numbers))
        if size in selection.numbers:
            raise CatsError(
                f"--train chooses from a list of the plan; here the targets' entries state numbers of their own: {known}"
            )
        raise CatsError(f"--train is {size_text(size)}, and the plan states no cells with that number; it states {known}")

    def frame(self, *, fresh: bool = False) -> "pd.DataFrame":
        """Return all runs of the experiment (see Experiment.frame). Raises CatsError if there is no such experiment.

        A metric that is younger than some runs is computed from their predictions.
        """
        try:
            frame = runs_of(self.uri, self.query.experiment, fresh=fresh)
        except NoExperimentError as error:
            plan = self.query.selection is not None
            raise NoExperimentError(no_experiment(error, None if plan else self.query.experiment)) from error
        known = METRICS.get(self.query.metric)
        if known is None or not known.recomputed:
            return frame
        from results.board.recomputed import with_recomputed
        from results.tracking.predictions import of_trusted_places

        return with_recomputed(frame, self.query.of_every_size, of_trusted_places(self.predictions, self.say))

    def images(self, *, fresh: bool = False) -> TestImageInfluence:
        """Return the influence of each test image of a target on the metric of its runs."""
        return images_of(self.uri, self.query.experiment, fresh=fresh)

    @property
    def predictions(self) -> ReadPredictions:
        """A function that reads the predictions of a run and caches the most recent ones in memory."""
        return lru_cache(maxsize=256)(read_of(self.uri, self.query.experiment))

    @property
    def validation_predictions(self) -> ReadPredictions:
        """A function that reads the predictions that a run left of its validation images."""
        return validation_of(self.uri, self.query.experiment)


def country_of(subject: str) -> list[str]:
    """Return the sentence that a plan names no country; nothing for an experiment, whose runs may be of several plans."""
    if not is_plan(subject):
        return []
    plan = load_plan(subject)
    return assumed_country(plan.country, plan.model_fields_set)


def no_experiment(error: CatsError, name: str | None) -> str:
    """The sentence about runs that are not there: of a plan that was not run (None), or of a name of nothing."""
    if name is None:
        return f"nothing of the plan has been run: {error}; `cats run` runs it, or --tracking-uri names another database"
    if "did you mean" in str(error):
        return str(error)
    made = maker_of(name) == "`cats choose`"  # `cats choose` was not run for this target yet
    return f"{error}; `cats choose` makes such an experiment" if made else f"{error}; {plans_near(name)}"


def require_experiment(tracking_uri: str, name: str) -> None:
    """Raises CatsError, with the nearest name, if there is no such experiment."""
    from results.tracking.change_counter import is_missing
    from results.tracking.experiment import Experiment

    if is_missing(tracking_uri):
        raise CatsError(no_database(name, tracking_uri))
    try:
        Experiment(tracking_uri, name, create=False)
    except NoExperimentError as error:
        raise NoExperimentError(no_experiment(error, name)) from error


def no_database(subject: object, tracking_uri: str) -> str:
    """The sentence about a database that does not exist, in which runs of a plan or an experiment would be."""
    missing = f"there is no database {shown(tracking_uri)}; `cats run` creates one, or --tracking-uri names another"
    wrong = isinstance(subject, str) and not is_plan(subject)
    return f"{missing}; no plan is called '{subject}' either; {plans_near(subject)}" if wrong else missing


def plans_near(name: object) -> str:
    """The end of a sentence about a name of nothing: the nearest shipped plan, else all of them."""
    near = near_name(name, plan_names())
    return f"plans are {first_of(plan_names())}" if near is None else f"did you mean the plan '{near}'?"


def reader_of(
    subject: str | Plan | PlanPairs, tracking_uri: str, metric: str | None = None, rule: str | None = None
) -> RunReader:
    """Return the reader of the runs of a plan or an experiment.

    Args:
        subject: a plan file, the name of a shipped plan or of an experiment, a plan, or a plan that has been resolved.
        tracking_uri: address of the MLflow server or database.
        metric: a metric to use instead of the plan's.
        rule: a rule to use instead of the plan's.

    Raises:
        CatsError: there is no such plan or no such database.
    """
    if isinstance(subject, str) and is_plan(subject):
        subject = load_plan(subject)
    if is_missing(tracking_uri):
        raise CatsError(no_database(subject, tracking_uri))
    if isinstance(subject, str):
        return RunReader(tracking_uri, RunQuery(subject, metric or "auc", rule or "min_val_loss"))
    pairs = subject if isinstance(subject, PlanPairs) else resolve_pairs(subject, tracking_uri)
    plan = pairs.plan
    query = RunQuery(plan.experiment, metric or plan.metric, rule or plan.rule, selection_of(pairs))
    return RunReader(tracking_uri, query)
