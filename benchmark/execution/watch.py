"""Run (state of a call), Watch (progress callbacks)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from results.record import Record

log = logging.getLogger(__name__)


@dataclass
class Run:
    """What one call of `run` has done so far.

    Attributes:
        cells: of the plan. done: finished before this call. made, failed: in this call. waiting: records in the outbox.
        leaks: what the guard says, one sentence per reason.
        budget: why it stopped before all was done, one sentence, if a budget is used up. unkept: why it could not be kept.
    """

    cells: int
    done: int
    made: int = 0
    failed: list[Record] = field(default_factory=list)
    waiting: int = 0
    leaks: list[str] = field(default_factory=list)
    interrupted: bool = False
    budget: str | None = None
    unkept: str | None = None

    def count(self, record: Record) -> None:
        """One more record."""
        if record.status == "failed":
            self.failed.append(record)
        elif record.kind == "cell" and record.status == "finished":
            self.made += 1
        self.interrupted |= record.status == "interrupted"


@dataclass(frozen=True)
class Watch:
    """Who is told what happens: `begins` before a piece of work, `ended` after it, `told` a sentence to be read."""

    begins: Callable[[str], None]
    ended: Callable[[Record, Run], None]
    told: Callable[[str], None] = log.info
