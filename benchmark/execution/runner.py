"""Runs a plan: an engine runs the cells that are not finished, and every record goes to the outbox and to MLflow."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from benchmark.core.checkpoint_files import mark_recorded
from benchmark.core.leftovers import sweep_home
from benchmark.execution.adaptation import check_adaptations
from benchmark.execution.adaptive import AdaptiveJobs
from benchmark.execution.adaptive_terms import with_terms
from benchmark.execution.budget.forecast import forecast_of
from benchmark.execution.budget.guard import Guard
from benchmark.execution.delivery import deliver, drain, store
from benchmark.execution.engine import Engine, RunControl
from benchmark.execution.enough_to_train import require_enough_images
from benchmark.execution.fit import check_sizes, plan_uses
from benchmark.execution.leakage import require_cells, search_open
from benchmark.execution.prepare import check_compiler, check_names, prepare, require_same_splits, require_sizes, with_split
from benchmark.execution.pretraining_records import adopt
from benchmark.execution.privacy import other_keys, prepare_key
from benchmark.execution.records import finished_in, frame_of
from benchmark.execution.watch import Run, Watch
from benchmark.machine.signals import signal_received
from benchmark.specs.candidates import backbones_in, brought_by
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, jobs_of
from benchmark.specs.resolved import PlanCells, PlanPairs, ResolvedPlan
from results.error import CatsError
from results.record import Outcome, Record
from results.tracking.frame import left_out
from results.tracking.writer import Writer, close_abandoned

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def look(resolved: ResolvedPlan, finished: set[str], engine: Engine, watch: Watch) -> ResolvedPlan:
    """Look at the names, images and weights of all open cells, and return the plan with the leaks of all pairs.

    Raises CatsError for whatever would refuse the plan, before a new experiment is created, so that no empty one is left.
    """
    todo = OpenCells(PlanCells(resolved), finished)
    if next(iter(todo), None) is not None:
        check_names(resolved.plan.country, backbones_in(resolved.candidates), brought_by(resolved.sources))
        prepare_key(resolved.sources, resolved.targets)
        uses = list(plan_uses(resolved))
        check_sizes(uses)
        check_adaptations(resolved.points, resolved.starts)
        resolved = search_open(resolved, todo, watch.begins)
        todo = OpenCells(PlanCells(resolved), finished)
        if not engine.remote:  # each remote worker checks its own compiler
            check_compiler(todo, engine.device)
        require_sizes(resolved.plan.subsample, resolved.targets, resolved.points[0].size)
        require_enough_images(todo, watch.begins)
        prepare(todo, watch)
        check_sizes(uses, fetch=True)
        check_adaptations(resolved.points, resolved.starts, fetch=True)
    require_cells(PlanCells(resolved), resolved.plan.experiment, resolved.leaks)
    return resolved


@dataclass(frozen=True)
class Past:
    """What has been run before: the runs of the experiment, the keys of finished cells, and the records that wait."""

    frame: "pd.DataFrame | None" = None
    finished: frozenset[str] = frozenset()
    waiting: Sequence[Record] = ()


def afford(resolved: ResolvedPlan, past: Past, engine: Engine, watch: Watch, pack: int = 1) -> Guard:
    """The guard of the plan's budget, with what is spent; announces what the open cells are expected to cost.

    Raises CatsError if the budget cannot be kept here, or if it does not hold even the first cell. Like `look` it comes before
    a new experiment is created.
    """
    plan = resolved.plan
    todo = OpenCells(PlanCells(resolved), set(past.finished))
    if not plan.budget.limits or next(iter(todo), None) is None:
        return Guard(plan.budget)
    guard = guard_of(resolved, past, engine, watch)
    guard.require()
    for sentence in guard.project(partial(jobs_of, todo, plan.experiment, plan.country, pack)):
        watch.announce(sentence)
    return guard


def guard_of(resolved: ResolvedPlan, past: Past, engine: Engine, watch: Watch) -> Guard:
    """The guard of the plan's budget, with what the cells of the plan have cost. Raises CatsError if that cost is unknown."""
    plan, guard = resolved.plan, Guard(resolved.plan.budget)
    if plan.budget.needs_forecast:
        guard.forecast = forecast_of(past.frame, engine.device, plan.country, calibrates=True)
        guard.forecast.announce, guard.forecast.remote = watch.begins, engine.remote
    guard.read(PlanCells(resolved), past.frame, past.waiting)
    return guard


def examine(resolved: ResolvedPlan, past: Past, engine: Engine, watch: Watch, pack: int = 1) -> tuple[ResolvedPlan, Guard]:
    """What `look` and `afford` find, before a new experiment is created."""
    resolved = look(resolved, set(past.finished), engine, watch)
    return resolved, afford(resolved, past, engine, watch, pack)


def run(
    resolved: ResolvedPlan, writer: Writer, engine: Engine, watch: Watch, pack: int = 1, *, guard: Guard | None = None
) -> Run:
    """Run every cell of the plan that no run of the experiment has finished; with terms, those that an answer needs.

    Before the first cell starts, the data and weights of all cells are read, and pairs that share images are left out (see
    execution.leakage). A cell that fails later is recorded as failed, and the other cells still run.

    Args:
        resolved: the plan, see execution.resolution.
        writer: the outbox where records wait, and the experiment to which they are sent.
        engine: runs the jobs.
        watch: callbacks that show the progress.
        pack: the largest number of cells that differ only in the seed and run at the same time.
        guard: the guard of the budget, if `look` and `afford` have been called for the plan, with no cell finished.

    Raises:
        CatsError: a name, a data set or weights are wrong, or MLflow or the disk refuses a record at the start.
    """
    plan = resolved.plan
    tracking, outbox = writer.tracking, writer.outbox
    sweep_home()
    adopt(outbox, plan.experiment)
    writer.tidy()
    stored = [outcome.record for _, outcome in outbox]
    for record in stored:
        mark_recorded(record)  # the driver that stored the record may have died before it could
    waiting = {record.key for record in stored if record.status == "finished"}
    deliver(writer)
    close_abandoned(tracking)
    frame = frame_of(tracking)
    for sentence in left_out(frame):
        watch.announce(sentence)
    finished = finished_in(frame) | waiting
    steered = None if resolved.terms is None else AdaptiveJobs(resolved, frame, stored, pack)
    if guard is None and not (steered and steered.ended):
        resolved = look(resolved, finished, engine, watch)
        steered = None if resolved.terms is None else AdaptiveJobs(resolved, frame, stored, pack)  # without leaking pairs
    cells = PlanCells(resolved)
    state = _state_before(resolved, cells, finished)
    if state.done < state.cells and not (steered and steered.ended):
        todo = OpenCells(cells, finished)
        require_same_splits(todo, frame)
        for sentence in other_keys(resolved.targets, frame):
            watch.announce(sentence)
        if guard is None:
            past = Past(frame, frozenset(finished), [outcome.record for _, outcome in outbox])
            guard = afford(resolved, past, engine, watch, pack)
            del past
        if guard.forecast is not None:
            guard.forecast.announce = watch.begins
        del frame  # the frame may be large, and a run may take days
        jobs = steered or jobs_of(todo, plan.experiment, plan.country, pack)
        Work(writer, guard, watch, state, steered).do(engine, map(partial(replace, keep=plan.keep != "none"), jobs))
    state.unneeded = steered.unneeded() if steered else 0
    state.waiting, state.refused = outbox.count, len(writer.refused)
    try:
        state.budget = None if guard is None else guard.close()
        state.limit = guard.stopped[0] if guard is not None and guard.stopped is not None else ""
    except CatsError as error:  # the caller first reports what has finished and what has failed
        state.unkept = str(error)
    return state


def _state_before(pairs: PlanPairs, cells: Iterable[Cell], finished: set[str]) -> Run:
    """The state of a run before its first cell."""
    state = Run(cells=0, done=0, pairs=pairs)
    for cell in cells:
        state.cells += 1
        state.done += cell.key in finished
    return state


@dataclass
class Work:
    """The runner's side of an engine: admits jobs, stores their outcomes in the outbox and sends them to MLflow.

    Attributes:
        steered: the source of the jobs, if it chooses them by the outcomes.
    """

    writer: Writer
    guard: Guard
    watch: Watch
    state: Run
    steered: AdaptiveJobs | None = None

    def __post_init__(self) -> None:
        self.control = RunControl(self._admit)

    def do(self, engine: Engine, jobs: Iterable[Job]) -> None:
        """Run all jobs, or fewer if a budget or Ctrl-C stops the run."""
        sent = map(with_split, jobs) if engine.remote else jobs
        going_on = True
        while going_on:
            before = self.state.attempts
            stop = drain(engine.outcomes(sent, self.control), self.control, self._take)
            self.state.interrupted |= stop
            # An engine that has read all jobs of an iterator may not ask again whether outcomes have brought more.
            idle = self.steered is None or self.steered.ended or self.state.attempts == before
            going_on = not (idle or self.control.stopping or self.guard.stopped)
        if self.control.stopping:
            deliver(self.writer)

    def _admit(self, job: Job) -> Job | None:
        fitting = self.guard.admit(job)
        if fitting is not None:
            self.watch.begins(str(fitting))
        return fitting

    def _take(self, outcomes: list[Outcome]) -> None:
        if self.steered is not None:
            outcomes = [with_terms(outcome, self.steered.terms) for outcome in outcomes]
        outcomes = store(outcomes, self.writer.outbox)
        if not outcomes:  # another process has made the weights
            self.guard.release()
        for outcome in outcomes:
            self.state.count(outcome.record)
            self.guard.count(outcome.record)
            if self.steered is not None:
                self.steered.count(outcome.record)
            self.watch.ended(outcome.record, self.state)
        self.state.interrupted |= signal_received()
        self.control.stop_requested |= self.state.interrupted
        if not self.control.stopping:  # when stopping, all outcomes are stored on disk before any is sent
            deliver(self.writer)


@dataclass(frozen=True)
class OpenCells:
    """The cells that are not finished.

    Attributes:
        cells: all cells of a plan.
        finished: keys of the finished cells.
    """

    cells: Iterable[Cell]
    finished: set[str]

    def __iter__(self) -> Iterator[Cell]:
        return (cell for cell in self.cells if cell.key not in self.finished)
