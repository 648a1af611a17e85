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
        cells: number of cells of the plan (of pairs, when they are scored).
        done: cells finished before this call. made: cells finished in this call.
        failed: records of attempts of this call that failed.
        waiting: number of records in the outbox.
        pairs: the plan with the leaks that this call has found; None when pairs are scored.
        interrupted: whether Ctrl-C ended it.
        budget: why it stopped before all was done, one sentence, if a budget is used up.
        unkept: why the budget could not be kept, one sentence.
    """

    cells: int
    done: int
    made: int = 0
    failed: list[Record] = field(default_factory=list)
    waiting: int = 0
    pairs: PlanPairs | None = None
    interrupted: bool = False
    budget: str | None = None
    unkept: str | None = None

    def count(self, record: Record) -> None:
        """Count a record of this call."""
        if record.status == "failed":
            self.failed.append(record)
        elif record.kind == "cell" and record.status == "finished":
            self.made += 1
        self.interrupted |= record.status == "interrupted"


@dataclass(frozen=True)
class Watch:
    """Callbacks of a run.

    Attributes:
        begins: called with a description before a piece of work.
        ended: called with its record, and the state that counts it, after a piece of work.
        announce: called with a sentence for the user.
    """

    begins: Callable[[str], None]
    ended: Callable[[Record, Run], None]
    announce: Callable[[str], None] = log.info
