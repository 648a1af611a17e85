"""Runs a plan: drops the keys that are done, has an engine make the rest, hands every record to outbox and MLflow."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmark.execution.budget.forecast import forecast_of
from benchmark.execution.budget.guard import Guard
from benchmark.execution.delivery import deliver, drained, keep
from benchmark.execution.engine import Engine, RunControl
from benchmark.execution.leakage import look, sentences
from benchmark.execution.prepare import check_compiler, check_names, prepare
from benchmark.execution.pretraining_records import adopt
from benchmark.execution.records import finished_in, frame_of
from benchmark.execution.watch import Run, Watch
from benchmark.machine.signals import stopped
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, jobs_of
from benchmark.specs.plan import Leaks, Plan
from results.error import CatsError
from results.record import Outcome
from results.tracking.experiment import Tracking
from results.tracking.outbox import Outbox

log = logging.getLogger(__name__)


def run(plan: Plan, tracking: Tracking, outbox: Outbox, engine: Engine, watch: Watch, pack: int = 1) -> Run:
    """Make every cell of the plan that no run of the experiment has finished.

    `pack`: how many cells that differ in the seed alone are made at once.

    Data and weights of all cells are looked at before the first one starts, and pairs that share images are left out (see
    execution.leakage). Raises CatsError if something is wrong with them, or if MLflow or the disk refuse at the start; what
    fails later is recorded and the run goes on.
    """
    guard = Guard(plan.budget)
    adopt(outbox, plan.experiment)
    waiting = {outcome.record.key for _, outcome in outbox if outcome.record.status == "finished"}
    deliver(tracking, outbox)
    tracking.close_abandoned()
    frame = frame_of(tracking)
    finished = finished_in(frame) | waiting
    found = look(plan)
    if any(cell.key not in finished and (cell.source, cell.target) in found.unknown for cell in plan.cells()):
        check_names(plan)
        found = look(plan, watch.begins)
    # Cells are made anew whenever they are gone through: a plan may have more of them than memory likes.
    todo = Todo(plan, found.leaks, finished)
    state = Run(cells=sum(1 for _ in plan.cells(found.leaks)), done=0, leaks=list(sentences(plan, found)))
    if not state.cells:
        raise CatsError(f"plan '{plan.experiment}' has no cell left: {'; '.join(state.leaks)}")
    state.done = state.cells - sum(1 for _ in todo)
    if state.done < state.cells:
        if not engine.remote:  # remote workers check it themselves
            check_compiler(todo, engine.device)
        prepare(plan, todo, watch)
        jobs = partial(jobs_of, todo, plan.experiment, plan.country, pack)
        if plan.budget.limits:
            every = Todo(plan, found.leaks, set())
            if plan.budget.needs_forecast:
                guard.forecast = forecast_of(frame, engine.device, plan.country, calibrates=True)
                guard.forecast.announce, guard.forecast.remote = watch.begins, engine.remote
            guard.read(every, frame, [outcome.record for _, outcome in outbox])
            guard.require()
            for sentence in guard.look(jobs):
                watch.told(sentence)
        del frame  # it may be large, and a run may take days
        Work(tracking, outbox, guard, watch, state).do(engine, jobs())
    state.waiting = sum(1 for _ in outbox)
    try:
        state.budget = guard.close()
    except CatsError as error:  # what was made and what failed is to be told all the same
        state.unkept = str(error)
    return state


@dataclass
class Work:
    """What the runner does with an engine: lets its jobs begin, keeps what they leave, sends it."""

    tracking: Tracking
    outbox: Outbox
    guard: Guard
    watch: Watch
    state: Run

    def __post_init__(self) -> None:
        self.control = RunControl(self._admit)

    def do(self, engine: Engine, jobs: Iterable[Job]) -> None:
        """All jobs, or as many as a budget or Ctrl-C allows."""
        stop = drained(engine.outcomes(jobs, self.control), self.control, self._take)
        self.state.interrupted |= stop
        if self.control.stopping:
            deliver(self.tracking, self.outbox)

    def _admit(self, job: Job) -> Job | None:
        fitting = self.guard.admit(job)
        if fitting is not None:
            self.watch.begins(str(fitting))
        return fitting

    def _take(self, outcomes: list[Outcome]) -> None:
        keep(outcomes, self.outbox)
        for outcome in outcomes:
            self.state.count(outcome.record)
            self.guard.count(outcome.record)
            self.watch.ended(outcome.record, self.state)
        self.state.interrupted |= stopped()
        self.control.stop_requested |= self.state.interrupted
        if not self.control.stopping:  # else all that is left comes to the disk first
            deliver(self.tracking, self.outbox)


@dataclass(frozen=True)
class Todo:
    """The cells of a plan that nobody has finished yet, gone through as often as one likes."""

    plan: Plan
    leaks: Leaks
    finished: set[str]

    def __iter__(self) -> Iterator[Cell]:
        return (cell for cell in self.plan.cells(self.leaks) if cell.key not in self.finished)
