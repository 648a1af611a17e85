"""Runs a plan: drops the keys that are done, has an engine make the rest, hands every record to outbox and MLflow."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmark.execution.budget.forecast import forecast_of
from benchmark.execution.budget.guard import Guard
from benchmark.execution.delivery import deliver, drain, store
from benchmark.execution.engine import Engine, RunControl
from benchmark.execution.leakage import find_leaks, leak_sentences
from benchmark.execution.prepare import check_compiler, check_names, prepare
from benchmark.execution.pretraining_records import adopt
from benchmark.execution.records import finished_in, frame_of
from benchmark.execution.watch import Run, Watch
from benchmark.machine.signals import signal_received
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, jobs_of
from benchmark.specs.resolved import PlanPairs, ResolvedPlan
from results.error import CatsError
from results.record import Outcome
from results.tracking.writer import Writer, close_abandoned

log = logging.getLogger(__name__)


def run(resolved: ResolvedPlan, writer: Writer, engine: Engine, watch: Watch, pack: int = 1) -> Run:
    """Make every cell of the plan that no run of the experiment has finished.

    Before the first cell starts, the data and weights of all cells are read, and pairs that share images are left out (see
    execution.leakage). What fails later is recorded, and the run goes on.

    Args:
        resolved: the plan, see execution.resolution.
        writer: the outbox where records wait, and the experiment to which they are sent.
        engine: runs the jobs.
        watch: its callbacks report the progress.
        pack: at most so many cells that differ only in the seed are made at the same time.

    Raises:
        CatsError: something is wrong with names, data or weights, or MLflow or the disk refuse at the start.
    """
    plan = resolved.plan
    guard = Guard(plan.budget)
    tracking, outbox = writer.tracking, writer.outbox
    adopt(outbox, plan.experiment)
    waiting = {outcome.record.key for _, outcome in outbox if outcome.record.status == "finished"}
    deliver(writer)
    close_abandoned(tracking)
    frame = frame_of(tracking)
    finished = finished_in(frame) | waiting
    cells = resolved.cells()
    if resolved.unknown and any((cell.source, cell.target) in resolved.unknown for cell in OpenCells(cells, finished)):
        check_names(plan.country, plan.backbones)
        resolved = find_leaks(resolved, watch.begins)
        cells = resolved.cells()
    state = _state_before(resolved, cells, finished)
    if state.done < state.cells:
        todo = OpenCells(cells, finished)
        check_names(plan.country, plan.backbones)
        if not engine.remote:  # remote workers check it themselves
            check_compiler(todo, engine.device)
        prepare(todo, watch)
        jobs = partial(jobs_of, todo, plan.experiment, plan.country, pack)
        if plan.budget.limits:
            if plan.budget.needs_forecast:
                guard.forecast = forecast_of(frame, engine.device, plan.country, calibrates=True)
                guard.forecast.announce, guard.forecast.remote = watch.begins, engine.remote
            guard.read(cells, frame, [outcome.record for _, outcome in outbox])
            guard.require()
            for sentence in guard.project(jobs):
                watch.announce(sentence)
        del frame  # it may be large, and a run may take days
        Work(writer, guard, watch, state).do(engine, jobs())
    state.waiting = sum(1 for _ in outbox)
    try:
        state.budget = guard.close()
    except CatsError as error:  # what was made and what failed is reported all the same
        state.unkept = str(error)
    return state


def _state_before(pairs: PlanPairs, cells: Iterable[Cell], finished: set[str]) -> Run:
    """The state of a run before its first cell. Raises CatsError if the plan has no cell."""
    state = Run(cells=0, done=0, pairs=pairs)
    for cell in cells:
        state.cells += 1
        state.done += cell.key in finished
    if not state.cells:
        reasons = leak_sentences(pairs.leaks, allowed=pairs.plan.allow_leakage)
        raise CatsError(f"plan '{pairs.plan.experiment}' has no cell to run: {'; '.join(reasons)}")
    return state


@dataclass
class Work:
    """What the runner does with an engine: lets its jobs begin, keeps what they leave, sends it."""

    writer: Writer
    guard: Guard
    watch: Watch
    state: Run

    def __post_init__(self) -> None:
        self.control = RunControl(self._admit)

    def do(self, engine: Engine, jobs: Iterable[Job]) -> None:
        """All jobs, or as many as a budget or Ctrl-C allows."""
        stop = drain(engine.outcomes(jobs, self.control), self.control, self._take)
        self.state.interrupted |= stop
        if self.control.stopping:
            deliver(self.writer)

    def _admit(self, job: Job) -> Job | None:
        fitting = self.guard.admit(job)
        if fitting is not None:
            self.watch.begins(str(fitting))
        return fitting

    def _take(self, outcomes: list[Outcome]) -> None:
        store(outcomes, self.writer.outbox)
        for outcome in outcomes:
            self.state.count(outcome.record)
            self.guard.count(outcome.record)
            self.watch.ended(outcome.record, self.state)
        self.state.interrupted |= signal_received()
        self.control.stop_requested |= self.state.interrupted
        if not self.control.stopping:  # else all that is left comes to the disk first
            deliver(self.writer)


@dataclass(frozen=True)
class OpenCells:
    """The cells that are not finished.

    Attributes:
        cells: all of a plan. finished: keys.
    """

    cells: Iterable[Cell]
    finished: set[str]

    def __iter__(self) -> Iterator[Cell]:
        return (cell for cell in self.cells if cell.key not in self.finished)
