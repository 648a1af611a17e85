"""Runs a plan: drops the keys that are done, has an engine make the rest, hands every record to outbox and MLflow."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from benchmark.execution.budget.forecast import forecast_of
from benchmark.execution.budget.guard import Guard
from benchmark.execution.delivery import deliver, drain, store
from benchmark.execution.engine import Engine, RunControl
from benchmark.execution.leakage import compared, leak_sentences
from benchmark.execution.prepare import check_compiler, check_names, prepare
from benchmark.execution.pretraining_records import adopt
from benchmark.execution.records import finished_in, frame_of
from benchmark.execution.watch import Run, Watch
from benchmark.machine.signals import signal_received
from benchmark.specs.cell import Cell
from benchmark.specs.job import Job, jobs_of
from benchmark.specs.resolved import ResolvedPlan
from results.error import CatsError
from results.record import Outcome
from results.tracking.writer import Writer, close_abandoned

log = logging.getLogger(__name__)


def run(plan: ResolvedPlan, writer: Writer, engine: Engine, watch: Watch, pack: int = 1) -> Run:
    """Make every cell of the plan that no run of the experiment has finished.

    Before the first cell starts, the data and weights of all cells are read, and pairs that share images are left out (see
    execution.leakage). What fails later is recorded, and the run goes on.

    Args:
        plan: see execution.resolution.
        writer: the outbox where records wait, and the experiment to which they are sent.
        engine: runs the jobs.
        watch: is told what happens.
        pack: at most so many cells that differ only in the seed are made at the same time.

    Raises:
        CatsError: something is wrong with names, data or weights, or MLflow or the disk refuse at the start.
    """
    written = plan.written
    guard = Guard(written.budget)
    tracking, outbox = writer.tracking, writer.outbox
    adopt(outbox, written.experiment)
    waiting = {outcome.record.key for _, outcome in outbox if outcome.record.status == "finished"}
    deliver(writer)
    close_abandoned(tracking)
    frame = frame_of(tracking)
    finished = finished_in(frame) | waiting
    if plan.pairs.unknown and any((cell.source, cell.target) in plan.pairs.unknown for cell in OpenCells(plan.cells, finished)):
        check_names(written)
        plan = replace(plan, pairs=compared(plan.pairs, watch.begins))
    state = _counted(plan, finished)
    if state.done < state.cells:
        todo = OpenCells(plan.cells, finished)
        check_names(written)
        if not engine.remote:  # remote workers check it themselves
            check_compiler(todo, engine.device)
        prepare(todo, watch)
        jobs = partial(jobs_of, todo, written.experiment, written.country, pack)
        if written.budget.limits:
            every = OpenCells(plan.cells, set())
            if written.budget.needs_forecast:
                guard.forecast = forecast_of(frame, engine.device, written.country, calibrates=True)
                guard.forecast.announce, guard.forecast.remote = watch.begins, engine.remote
            guard.read(every, frame, [outcome.record for _, outcome in outbox])
            guard.require()
            for sentence in guard.look(jobs):
                watch.told(sentence)
        del frame  # it may be large, and a run may take days
        Work(writer, guard, watch, state).do(engine, jobs())
    state.waiting = sum(1 for _ in outbox)
    try:
        state.budget = guard.close()
    except CatsError as error:  # what was made and what failed is reported all the same
        state.unkept = str(error)
    return state


def _counted(plan: ResolvedPlan, finished: set[str]) -> Run:
    """The state of a run before its first cell. Raises CatsError if the plan has no cell."""
    state = Run(cells=0, done=0, pairs=plan.pairs)
    for cell in plan.cells():
        state.cells += 1
        state.done += cell.key in finished
    if not state.cells:
        raise CatsError(f"plan '{plan.written.experiment}' has no cell left: {'; '.join(leak_sentences(plan.pairs))}")
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
    """The cells that are not finished. They are listed again in every loop: a plan may have more of them than fit into memory.

    Attributes:
        cells: lists all cells of a plan. finished: keys.
    """

    cells: Callable[[], Iterator[Cell]]
    finished: set[str]

    def __iter__(self) -> Iterator[Cell]:
        return (cell for cell in self.cells() if cell.key not in self.finished)
