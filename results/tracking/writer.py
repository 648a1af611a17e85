"""Sends the records of an outbox to an MLflow experiment, one run per attempt.

A run is created only when its record is in the outbox. A process that dies leaves at worst a run whose record is still there:
the next delivery finds the run by its attempt and completes it. No run stays RUNNING.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.record import Outcome, Record
from results.text.counting import each_counted
from results.tracking.connection import FAILURES, reason_of
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease, LostError
from results.tracking.outbox import Outbox, examine
from results.tracking.send import ABANDONED, RefusedError, send

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Writer:
    """Writes the records of one experiment.

    Attributes:
        tracking: the experiment.
        outbox: the records that wait to be written.
        lease: the right to write to the experiment, checked before every record. Without a lease every record is written, and
            its key is always searched for runs that another process may have written meanwhile.
        refused: sentences about the records that were set aside, because they are damaged or MLflow refuses them.
        away: why the last delivery failed, which the driver says once and not for every record; empty if it did not fail.
    """

    tracking: Experiment
    outbox: Outbox
    lease: Lease | None = None
    refused: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)

    def tidy(self) -> None:
        """Take back what was set aside, to be tried once more, and set aside what is damaged. Raises CatsError."""
        self.outbox.take_back()
        self.outbox.tidy(self._note)

    def deliver(self, shelter: Callable[[], AbstractContextManager[None]] = nullcontext) -> int:
        """Send every record that waits; what MLflow has taken leaves the outbox. Returns how many records were sent.

        A record that is damaged, or that MLflow refuses twice, is set aside, and those behind it are sent. Where it is unclear
        whether MLflow refuses this record or cannot be reached, the next record decides.

        Args:
            shelter: makes the context in which each record is sent; it may delay Ctrl-C until the record is whole.

        Raises:
            LostError: if another driver holds the experiment.
            CatsError: if MLflow cannot be reached, or if MLflow or the disk refuses all records.
        """
        sent, doubt = 0, None
        for path, outcome in each_counted("sending records", self.outbox.whole(self._note), self.outbox.count, "records"):
            with shelter():
                if self.lease is not None:
                    self.lease.check()
                try:
                    self._send(path, outcome)
                except RefusedError as refused:
                    self._set_aside(path, outcome, refused)
                    continue
                except LostError:
                    raise
                except CatsError as error:
                    if doubt is not None:
                        raise doubt[2] from error
                    doubt = path, outcome, error
                    continue
                self.outbox.remove(path)
                if doubt is not None:  # MLflow takes others
                    self._set_aside(*doubt)
                    doubt = None
            sent += 1
        if doubt is not None:
            raise doubt[2]
        return sent

    def _set_aside(self, path: Path, outcome: Outcome, reason: CatsError) -> None:
        self._note(self.outbox.set_aside(path, str(reason)))
        close_attempt(self.tracking, outcome.record)

    def _send(self, path: Path, outcome: Outcome) -> None:
        """Send one record, twice if MLflow refuses it. Raises RefusedError if the record cannot be sent, but others can."""
        # A pretraining whose weights were lost is made again, and its key may have a finished run already.
        new = self.outbox.first_try(path) and outcome.record.kind != "pretraining"
        try:
            if not new:
                examine(outcome)
        except CatsError as damaged:
            raise RefusedError(str(damaged)) from damaged
        if not new:
            outcome = self.outbox.protect(outcome)
        try:
            send(self.tracking, outcome, first=new, alone=self._alone)
        except RefusedError as refused:
            if not is_active(self.tracking):  # then MLflow refuses every record
                raise CatsError(str(refused)) from refused
            send(self.tracking, outcome, alone=self._alone)

    def _note(self, sentence: str) -> None:
        self.refused.append(sentence)
        log.warning("%s", sentence)

    def _alone(self) -> bool:
        return self.lease is not None and self.lease.alone()


def is_active(tracking: Experiment) -> bool:
    """Whether the experiment can be read now and was not deleted."""
    try:
        return bool(tracking.client.get_experiment(tracking.experiment_id).lifecycle_stage == "active")
    except FAILURES:
        return False


def close_attempt(tracking: Experiment, record: Record) -> None:
    """End the run of a record that MLflow has taken in part; it is completed if the record is sent again."""
    with suppress(CatsError, *FAILURES):
        for run in tracking.runs("attributes.status = 'RUNNING' and tags.`cats.kind` != ''"):
            if run.data.tags.get("cats.attempt") == record.attempt:
                close_run(tracking, run.info.run_id)


def close_run(tracking: Experiment, run_id: str) -> None:
    """End the run of a process that died, with the reason. Raises what MLflow raises."""
    tracking.client.set_tag(run_id, "cats.reason", ABANDONED)
    tracking.client.set_terminated(run_id, "KILLED")


def close_abandoned(tracking: Experiment) -> int:
    """End the runs of dead processes, which MLflow shows as RUNNING. Returns how many there were.

    A run whose record still waits in an outbox is completed when the record is sent. Raises CatsError if MLflow refuses.
    """
    running = list(tracking.runs("attributes.status = 'RUNNING' and tags.`cats.kind` != ''"))
    try:
        for run in running:
            close_run(tracking, run.info.run_id)
    except (MlflowException, OSError) as error:
        raise CatsError(
            f"MLflow at {tracking.shown} could not close the runs of dead processes: {reason_of(error, tracking.name)}"
        ) from error
    return len(running)
