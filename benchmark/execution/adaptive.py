"""The jobs of `cats run --adaptive`: one seed of every source and target first, then seeds where an answer is open.

What comes next is a function of the attempts alone, so that an interrupted plan goes on as if nothing had happened. A seed is
asked for only when all contenders of its target have been tried with the seeds before it; up to the first look no answer is
possible, so that these seeds are asked for together.
"""

import threading
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark.specs.cell import Cell, points_of
from benchmark.specs.job import Job, jobs_of
from benchmark.specs.resolved import PlanCells, ResolvedPlan
from results.board.rules import COLUMNS
from results.board.terms import terms_of
from results.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from results.board.adaptive import Contest

FIGURES = ("val_loss", "val_auc")  # by which rules choose among points


def unneeded_note(resolved: ResolvedPlan, frame: "pd.DataFrame | None") -> list[str]:
    """The sentence of `cats plan` about the cells that `cats run --adaptive` has left out; nothing if there are none."""
    if frame is None or not len(frame):
        return []
    keys = {cell.key for cell in resolved.cells()}
    terms = terms_of(frame[frame["key"].isin(keys)])
    count = 0 if terms is None else AdaptiveJobs(replace(resolved, terms=terms), frame, []).unneeded()
    are, them = ("is", "it") if count == 1 else ("are", "them")
    note = f"{count} of the cells to make {are} needed for no answer: `cats run --adaptive` leaves {them} out"
    return [note] if count else []


class _Unit(NamedTuple):
    """What must be known of a cell to decide whether it is needed; a plan may have more cells than fit into memory."""

    source: tuple[str, str]
    seed: str


@dataclass
class _Field:
    """Cells that are compared, by their keys: those of one target with one subsample.

    With the attempts at them: finished ones, and those of this call that failed.
    """

    target: str
    sources: Sequence[tuple[str, str]]
    points: frozenset[str]
    units: dict[str, _Unit] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    contest: "Contest | None" = None  # None: the rows have changed


class AdaptiveJobs:
    """An iterator over the jobs that are needed by what is known so far.

    After its end it may have jobs again, once another record has been counted. It may be used from any thread.
    """

    def __init__(self, resolved: ResolvedPlan, frame: "pd.DataFrame", waiting: Sequence[Record], pack: int = 1) -> None:
        """See the class.

        Args:
            resolved: the plan, with terms and with the leaks of all pairs.
            frame: all runs of the experiment.
            waiting: records in the outbox.
            pack: the largest number of cells in a job.
        """
        assert resolved.terms is not None
        self.resolved, self.terms, self._pack = resolved, resolved.terms, pack
        plan, targets = resolved.plan, resolved.targets
        self._fields = {
            (name, subsample): _Field(name, self._ranked(name), points_of(resolved.points, plan.rule, subsample))
            for name in plan.targets
            for subsample in targets[name].used(plan.subsample)
        }
        self._seeds = [str(seed) for seed in resolved.plan.seeds]
        self._given, self._queue, self._lock = set[str](), deque[Job](), threading.Lock()
        self._tried = set[str]()
        for cell in PlanCells(resolved):
            self._fields[cell.target, cell.subsample].units[cell.key] = _Unit((cell.source, cell.backbone), str(cell.seed))
        self._read(frame)
        for record in waiting:
            if record.status == "finished":
                self.count(record)

    def __iter__(self) -> Iterator[Job]:
        return self

    def __next__(self) -> Job:
        """The next job. Raises StopIteration while none is needed."""
        with self._lock:
            if not self._queue:
                self._queue.extend(self._jobs(self._batch()))
            if not self._queue:
                raise StopIteration
            return self._queue.popleft()

    @property
    def ended(self) -> bool:
        """Whether no job is needed by what is known so far."""
        with self._lock:
            if not self._queue:
                self._queue.extend(self._jobs(self._batch()))
            return not self._queue

    def count(self, record: Record) -> None:
        """Take note of an attempt that has ended."""
        with self._lock:
            here = self._field_of(record.names.get("target", ""), record.key)
            if here is None or record.status == "interrupted" or record.key in self._tried:
                return
            self._tried.add(record.key)
            scores = {f"test_{name}": value for name, value in record.scores.items() if name == self.terms.metric}
            figures = {name: record.validation[name] for name in FIGURES if name in record.validation}
            names = {name: record.names[name] for name in COLUMNS}
            state = {"status": record.status.upper(), "started": record.started * 1000, "key": record.key}
            here.rows.append({**names, "point": record.point, **state, **figures, **scores})
            here.contest = None

    def unneeded(self) -> int:
        """The number of cells that are not finished, have not failed in this call, and that no answer needs."""
        with self._lock:
            return sum(
                key not in self._tried and unit.seed != self._seeds[0] and unit not in wanted
                for here in self._fields.values()
                for wanted in [self._contest(here).wanted()]
                for key, unit in here.units.items()
            )

    def _field_of(self, target: str, key: str) -> _Field | None:
        """The field that has a cell; None if the plan has no such cell."""
        return next((here for (name, _), here in self._fields.items() if name == target and key in here.units), None)

    def _ranked(self, target: str) -> list[tuple[str, str]]:
        """The candidates that are compared: pairs that share images never are."""
        leaks = self.resolved.leaks
        return [each for each in self.resolved.candidates if (each.source, target) not in leaks]

    def _read(self, frame: "pd.DataFrame") -> None:
        """Take note of the finished cells of the plan among the runs of the experiment."""
        if not len(frame):
            return
        finished = frame[frame["status"] == "FINISHED"]
        known = set(finished["key"])
        mine = {key for here in self._fields.values() for key in here.units if key in known}
        score = f"test_{self.terms.metric}"
        columns = [*COLUMNS, "point", "status", "started", "key", *FIGURES, score]
        for row in finished[finished["key"].isin(mine)].reindex(columns=columns).to_dict("records"):
            here = self._field_of(row["target"], row["key"])
            if here is not None:
                here.rows.append({str(name): value for name, value in row.items()})
        self._tried |= mine

    def _contest(self, here: _Field) -> "Contest":
        import pandas as pd

        from results.board.adaptive import Contest

        if here.contest is None:
            attempts = pd.DataFrame(here.rows, columns=None if here.rows else [*COLUMNS, "point", "status", "started", "key"])
            here.contest = Contest(here.target, here.sources, self._seeds, here.points, attempts, self.terms)
        return here.contest

    def _batch(self) -> list[Cell]:
        """The cells that are asked for next, of one target; empty while none is needed."""
        for here in self._fields.values():
            if first := {key for key, unit in self._open(here) if unit.seed == self._seeds[0]}:
                return self._cells(here, first)
        ranked = []
        for place, here in enumerate(self._fields.values()):
            contest = self._contest(here)
            progress, design = contest.progress, contest.design
            if progress.best is None:
                horizon = max(design.first, progress.seeds + 1)
                ranked.append((progress.seeds >= design.first, progress.nearness, place, horizon, here))
        for *_, horizon, here in sorted(ranked, key=lambda each: each[:3]):
            wanted, now = self._contest(here).wanted(), self._seeds[:horizon]
            if more := {key for key, unit in self._open(here) if unit.seed in now and unit in wanted}:
                return self._cells(here, more)
        return []

    def _open(self, here: _Field) -> Iterator[tuple[str, _Unit]]:
        """The cells of a target that have not been tried and were not given out."""
        return ((key, unit) for key, unit in here.units.items() if key not in self._tried and key not in self._given)

    def _cells(self, here: _Field, keys: Collection[str]) -> list[Cell]:
        plan = self.resolved.plan.model_copy(update={"targets": (here.target,)})
        return [cell for cell in PlanCells(replace(self.resolved, plan=plan)) if cell.key in keys]

    def _jobs(self, cells: Sequence[Cell]) -> Iterator[Job]:
        """The jobs of cells that are given out now; a pretraining is given out once."""
        plan = self.resolved.plan
        for job in jobs_of(cells, plan.experiment, plan.country, self._pack):
            if job.start is None or job.key not in self._given:
                self._given |= job.keys
                yield job
