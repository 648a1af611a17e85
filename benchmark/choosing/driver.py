"""Makes the cells of a choice, batch after batch, through the runner that every plan goes through."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from benchmark.choosing.finalists import NUMBER, finalists
from benchmark.choosing.steps import Chooser
from benchmark.choosing.trials import Tried, others_in, trials_of, tried_in
from benchmark.execution.budget.guard import Guard
from benchmark.execution.engine import Engine
from benchmark.execution.network_store import remove_networks
from benchmark.execution.records import frame_of
from benchmark.execution.runner import Past, guard_of, run
from benchmark.execution.watch import Run, Watch
from benchmark.specs.budget import Budget as Limits
from benchmark.specs.budget import with_unit
from benchmark.specs.cell import Cell
from benchmark.specs.job import jobs_of
from results.choosing.policy import Budget
from results.choosing.stopping import MOST
from results.error import CatsError
from results.record import Record
from results.tracking.writer import Writer


@dataclass
class Driver:
    """Runs a choice until it has ended, its budget is used up or the user stops it.

    Attributes:
        chooser: decides what is made next.
        engine, workers: what makes cells, and how many at a time.
        watch: callbacks that show the progress.
        guard: of the budget, once a cell is to be made.
        state: what this call has done; its cells are the most that the choice will make.
        tried: everything that is known, once it was read.
        ended: why no further cell is made, in words.
        stopped_by_budget: whether the choice would go on if its budget were larger. limit: the name of the limit that has ended
            it; empty where it is not known which of several.
    """

    chooser: Chooser
    engine: Engine
    workers: int
    watch: Watch
    guard: Guard | None = None
    state: Run = field(default_factory=lambda: Run(cells=0, done=0))
    tried: tuple[Tried, ...] = ()
    ended: str = ""
    stopped_by_budget: bool = False
    limit: str = ""
    _failed: dict[str, Record] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def read(self, past: Past) -> None:
        """Read what has been tried, from the runs of the experiment, from records that wait, and from failures of this call."""
        records = [*past.waiting, *self._failed.values()]
        self.tried = tried_in(past.frame, records, self.chooser.arms.by_key)

    def next_cells(self) -> tuple[Cell, ...]:
        """What is to be made now; nothing if the choice has ended, and then `ended` says why."""
        step = self.chooser.step(trials_of(self.tried), self._left(), self.workers)
        self.ended = step.ended
        return step.cells

    def open_budget(self, past: Past) -> bool:
        """Look at what the budget has left for the next cells. Returns whether it holds one of them.

        Raises CatsError if the budget cannot be kept here, or if it holds no cell and nothing has been tried yet.
        """
        plan, cells = self.chooser.arms.resolved.plan, self.next_cells()
        self.guard = guard_of(self.chooser.arms.resolved, past, self.engine, self.watch)
        if plan.budget.limits:
            other, runs = others_in(past.frame, past.waiting, self.chooser.arms.keys)
            self.guard.spent, self.guard.finished = self.guard.spent + other, self.guard.finished + runs
        gone = [limit for limit, left in self.guard.left().items() if not left]
        if gone and self.tried:
            self._end_by(f"the budget of {with_unit(gone[0], plan.budget.limits[gone[0]])} is used up", gone[0])
            return False
        if not plan.budget.limits:
            return True
        self.guard.require()
        try:
            for sentence in self.guard.project(partial(jobs_of, cells, plan.experiment, plan.country)):
                self.watch.announce(sentence)
        except CatsError as refusal:
            if not self.tried:
                raise
            self._end_by(str(refusal), *(plan.budget.limits if len(plan.budget.limits) == 1 else ()))
            return False
        return True

    def run(self, writer: Writer, *, going_on: bool) -> None:
        """Send the records that wait, then, `going_on`, make cells until the choice has ended; `open_budget` comes before.

        Raises CatsError for whatever stops a run at its start, and if cells leave no record.
        """
        self.state.done, self.state.cells = len(self.tried), self._most()
        self.state.pairs = self.chooser.arms.resolved
        counting = replace(self.watch, ended=self._count, announce=self._announce)
        if not going_on:
            run(self.chooser.arms.some(()), writer, self.engine, counting, guard=self.guard or Guard(Limits()))
        while going_on and (cells := self.next_cells()):
            before = set(self._known_keys())
            some = run(self.chooser.arms.some(cells), writer, self.engine, counting, guard=self.guard)
            self.state.waiting, self.state.refused, self.state.unkept = some.waiting, some.refused, some.unkept
            self.state.interrupted |= some.interrupted
            self.read(Past(frame_of(writer.tracking), waiting=[outcome.record for _, outcome in writer.outbox]))
            self._forget_networks()
            if self.state.interrupted or some.unkept:
                return
            if some.budget:
                self._end_by(self._used_up(), some.limit)
                return
            if not set(self._known_keys()) - before:
                raise CatsError(
                    f"{cells[0]} left no record that can be read; see the messages above, and call the command again"
                )

    def _announce(self, sentence: str) -> None:
        """Say a sentence once, although every batch of cells would say it."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.watch.announce(sentence)

    def _count(self, record: Record, _: Run) -> None:
        self.state.count(record)
        if record.kind == "cell" and record.status == "failed":
            self._failed[record.key] = record
        self.watch.ended(record, self.state)

    def _known_keys(self) -> Sequence[str]:
        return [each.key for each in self.tried]

    @property
    def most_cells(self) -> int:
        """The most runs that the choice makes without a budget: of sources with settings, then of further seeds."""
        arms = self.chooser.arms
        seeds = NUMBER * (len(arms.resolved.plan.seeds) - 1)
        return min(MOST, len(arms.sources) * len(arms.settings.table)) + seeds

    def _most(self) -> int:
        most = self.most_cells
        return max(len(self.tried) + 1, min(most, self.chooser.arms.resolved.plan.budget.cells or most))

    def _left(self) -> Budget:
        if self.guard is None:
            limits = self.chooser.arms.resolved.plan.budget
            return Budget(limits.kwh, limits.hours, limits.cells)
        left = self.guard.left()
        cells = left.get("cells")
        return Budget(left.get("kwh"), left.get("hours"), None if cells is None else int(cells))

    def _end_by(self, why: str, limit: str = "") -> None:
        """The choice has ended for want of a larger budget, of which `limit` was reached."""
        self.ended, self.stopped_by_budget, self.limit = why, True, limit

    def _used_up(self) -> str:
        assert self.guard is not None
        assert self.guard.stopped is not None
        limit = self.guard.stopped[0]
        return f"the budget of {with_unit(limit, self.guard.budget.limits[limit])} holds no further run"

    def _forget_networks(self) -> None:
        """Remove the stored networks of all runs but the finalists', one of which will be kept."""
        arms = self.chooser.arms
        if arms.resolved.plan.keep == "none":
            return
        best = set(finalists(trials_of(self.tried), arms.resolved.plan.seeds[0]))
        remove_networks(each.key for each in self.tried if each.trial.arm not in best)
