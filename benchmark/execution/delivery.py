"""Outcomes go to the outbox on disk first and from there to MLflow, so that no failure or signal in between loses any."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from benchmark.core.checkpoint_files import mark_recorded
from benchmark.execution.engine import RunControl
from benchmark.execution.pretraining_records import discard_record
from benchmark.execution.privacy import without_names
from benchmark.machine.signals import delay_signals, signal_beside_ctrl_c
from results.error import CatsError
from results.record import PROGRAM, STOPPED, Outcome
from results.text.program import program
from results.tracking.lease import LostError
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer

log = logging.getLogger(__name__)


def drain(results: Iterator[list[Outcome]], control: RunControl, take: Callable[[list[Outcome]], None]) -> bool:
    """Pass every outcome of an engine to `take`.

    After Ctrl-C or an exception the engine is asked to stop, the outcomes that it still returns are taken, and the first
    exception is raised again. Returns True if Ctrl-C came.
    """
    interrupted, failure = False, None
    while True:
        try:
            for outcomes in results:
                take(outcomes)
            break
        except KeyboardInterrupt:
            interrupted = control.stop_requested = True
        except BaseException as error:  # noqa: BLE001 - raised below
            control.stop_requested = True
            failure = failure or error
    if failure is not None:
        raise failure
    return interrupted


def hand_over(outcomes: Iterable[Outcome], writer: Writer) -> list[Outcome]:
    """Store the outcomes of a job, then send everything that waits in the outbox. Returns the outcomes as they were stored."""
    stored = store(outcomes, writer.outbox)
    deliver(writer)
    return stored


def store(outcomes: Iterable[Outcome], outbox: Outbox) -> list[Outcome]:
    """Put the outcomes of a job into the outbox; Ctrl-C is delayed until all of them are there.

    Names of private data become digests before. Returns the outcomes as they were stored. Raises CatsError if the disk refuses
    one of them, after trying to store the others.
    """
    refused: CatsError | None = None
    stored = []
    with delay_signals():
        for named in outcomes:
            try:
                outcome = _signed(without_names(named))
                stored.append(outcome)
                outbox.put(outcome)
                discard_record(outcome)
                mark_recorded(outcome.record)
            except CatsError as error:
                refused = refused or error
        if refused is not None:
            raise refused
    return stored


def _signed(outcome: Outcome) -> Outcome:
    """An outcome whose record says which command made it, and which signal stopped that; workers do not know either."""
    record, signal = outcome.record, signal_beside_ctrl_c()
    changed: dict[str, Any] = {"environment": {**record.environment, PROGRAM: program()}}
    if record.status == "interrupted" and record.reason == STOPPED and signal:
        changed["reason"] = f"stopped by the signal {signal}"
    return replace(outcome, record=record.model_copy(update=changed))


def deliver(writer: Writer) -> None:
    """Send the records that wait in the outbox. If MLflow refuses now, they stay there and the work goes on.

    A warning says so once, until MLflow takes records again.

    Raises LostError if another driver has taken over the experiment; the records are sent after that driver has ended.
    """
    try:
        writer.deliver(delay_signals)
    except LostError:
        raise
    except CatsError as error:
        log.log(logging.INFO if writer.away else logging.WARNING, "%s; the records wait in the outbox until it answers", error)
        writer.away[:] = [str(error)]
    else:
        writer.away.clear()
