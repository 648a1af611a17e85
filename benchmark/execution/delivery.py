"""What jobs leave goes to the outbox, and from there to MLflow, whatever fails or stops meanwhile."""

import logging
from collections.abc import Callable, Iterable, Iterator

from benchmark.execution.engine import RunControl
from benchmark.execution.pretraining_records import discard_record
from benchmark.machine.signals import delay_signals
from results.error import CatsError
from results.record import Outcome
from results.tracking.lease import LostError
from results.tracking.outbox import Outbox
from results.tracking.writer import Writer

log = logging.getLogger(__name__)


def drain(made: Iterator[list[Outcome]], control: RunControl, take: Callable[[list[Outcome]], None]) -> bool:
    """Take all that an engine leaves; after Ctrl-C or a fault, what it has left by the time it has ended.

    Returns whether Ctrl-C came. Raises what went wrong first.
    """
    interrupted, fault = False, None
    while True:
        try:
            for outcomes in made:
                take(outcomes)
            break
        except KeyboardInterrupt:
            interrupted = control.stop_requested = True
        except BaseException as error:  # noqa: BLE001 - raised below
            control.stop_requested = True
            fault = fault or error
    if fault is not None:
        raise fault
    return interrupted


def hand_over(outcomes: Iterable[Outcome], writer: Writer) -> None:
    """Keep what a job left, and send it with all that waits."""
    store(outcomes, writer.outbox)
    deliver(writer)


def store(outcomes: Iterable[Outcome], outbox: Outbox) -> None:
    """Put what a job left into the outbox; Ctrl-C waits until all of it is there.

    Raises CatsError if the disk refuses one of them, after it has been given the others.
    """
    refused: CatsError | None = None
    with delay_signals():
        for outcome in outcomes:
            try:
                outbox.put(outcome)
                discard_record(outcome)
            except CatsError as error:
                refused = refused or error
        if refused is not None:
            raise refused


def deliver(writer: Writer) -> None:
    """Send what waits; if MLflow does not take it now, it stays in the outbox and the work goes on.

    Raises LostError if another driver has taken over: what waits is sent when that one has ended.
    """
    try:
        writer.deliver(delay_signals)
    except LostError:
        raise
    except CatsError as error:
        log.warning("%s; it waits in the outbox, `cats sync` sends it later", error)
