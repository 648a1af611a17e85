"""The state of a run of a plan, and the callbacks that show its progress."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmark.specs.resolved import PlanPairs
from results.record import Record

log = logging.getLogger(__name__)


@dataclass
class Run:
    """What one call of `cats run` or `cats score` has done so far.

    Attributes:
        cells: number of cells of the plan; for `cats score`, number of pairs.
        done: number of cells that were finished before this call.
        made: number of cells that this call has finished.
        failed: records of failed attempts of this call.
        attempts: number of attempts of this call, pretrainings included.
        unneeded: number of cells that are not run because no answer needs them, see execution.adaptive.
        waiting: number of records in the outbox.
        refused: number of records that are set aside, because they are damaged or MLflow refuses them.
        pairs: the plan with the leaks that this call has found; None for `cats score`.
        interrupted: whether Ctrl-C ended the call.
        budget: a sentence that says why the call stopped early, if a budget is used up.
        limit: name of the limit of the budget that is used up.
        unkept: a sentence that says why the budget could not be kept.
    """

    cells: int
    done: int
    made: int = 0
    failed: list[Record] = field(default_factory=list)
    attempts: int = 0
    unneeded: int = 0
    waiting: int = 0
    refused: int = 0
    pairs: PlanPairs | None = None
    interrupted: bool = False
    budget: str | None = None
    limit: str = ""
    unkept: str | None = None

    def count(self, record: Record) -> None:
        """Add a record of this call to the counts."""
        self.attempts += 1
        if record.status == "failed":
            self.failed.append(record)
        elif record.kind == "cell" and record.status == "finished":
            self.made += 1
        self.interrupted |= record.status == "interrupted" and not record.given_out_again

    @property
    def complete(self) -> bool:
        """Whether every cell that is needed is finished."""
        return self.done + self.made + self.unneeded == self.cells

    def name(self, record: Record) -> str:
        """The names of an attempt, with the settings that tell the cells of a grid apart: `a → b, resnet18, lr 0.1, seed 0`."""
        pair = " → ".join(record.names[name] for name in ("source", "target") if name in record.names)
        point = self.pairs.grid_point(record.settings) if self.pairs is not None and record.kind == "cell" else ""
        parts = (pair, record.names.get("backbone"), point, f"seed {record.names['seed']}")
        return ", ".join(filter(None, parts))


@dataclass(frozen=True)
class Watch:
    """Callbacks of a run.

    Attributes:
        begins: called with a description before each piece of work.
        ended: called with the record of each piece of work and with the state, which already counts the record.
        announce: called with a sentence for the user.
    """

    begins: Callable[[str], None]
    ended: Callable[[Record, Run], None]
    announce: Callable[[str], None] = log.info
