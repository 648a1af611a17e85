"""Sends the records of an outbox to an MLflow experiment, one run per attempt.

A run is created only when its record is in the outbox. A process that dies leaves at worst a run whose record is still there:
the next delivery finds the run by its attempt and completes it. No run stays RUNNING.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.tracking.connection import reason_of
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease
from results.tracking.outbox import Outbox, examine
from results.tracking.send import ABANDONED, send


@dataclass(frozen=True)
class Writer:
    """Writes the records of one experiment.

    Attributes:
        tracking: the experiment.
        outbox: the records that wait to be written.
        lease: the right to write to the experiment, checked before every record. Without a lease every record is written, and
            its key is always searched for runs that another process may have written meanwhile.
    """

    tracking: Experiment
    outbox: Outbox
    lease: Lease | None = None

    def deliver(self, shelter: Callable[[], AbstractContextManager[None]] = nullcontext) -> int:
        """Send every record that waits; what MLflow has taken leaves the outbox. Returns how many records were sent.

        Args:
            shelter: makes the context in which each record is sent; it may delay Ctrl-C until the record is whole.

        Raises:
            LostError: if another driver holds the experiment.
            CatsError: if MLflow or the disk refuses.
        """
        sent = 0
        for path, outcome in self.outbox:
            with shelter():
                if self.lease is not None:
                    self.lease.check()
                new = self.outbox.first_try(path)
                if not new:
                    examine(outcome)
                send(self.tracking, outcome, first=new, alone=self._alone)
                self.outbox.remove(path)
            sent += 1
        return sent

    def _alone(self) -> bool:
        return self.lease is not None and self.lease.alone()


def close_abandoned(tracking: Experiment) -> int:
    """End the runs of dead processes, which MLflow shows as RUNNING. Returns how many there were.

    A run whose record still waits in an outbox is completed when the record is sent. Raises CatsError if MLflow refuses.
    """
    running = list(tracking.runs("attributes.status = 'RUNNING' and tags.`cats.kind` != ''"))
    try:
        for run in running:
            tracking.client.set_tag(run.info.run_id, "cats.reason", ABANDONED)
            tracking.client.set_terminated(run.info.run_id, "KILLED")
    except (MlflowException, OSError) as error:
        raise CatsError(f"MLflow at {tracking.shown} could not close the runs of dead processes: {reason_of(error)}") from error
    return len(running)
