"""Store the weights of a pretraining together with its record, so that the record survives a driver that dies.

A pretraining whose weights exist is never run again, so a lost record would stay lost. Therefore the record is stored before
the weights, beside their place, and stays there until a driver has it in its outbox. The next driver of the
experiment adopts records that another driver left behind.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmark.core.paths import pretrained_folder, pretraining_records_folder
from benchmark.machine.cancellation import stop_requested
from benchmark.specs.start import Start, is_pretrained, pretrained_path, weights_path
from results.atomic import disk_error, draft_path, move_into_place, remove
from results.error import CatsError
from results.kept import checksum_of, damage, keep_checksum
from results.lock import locked_if_free
from results.record import Outcome
from results.sealed import make_way
from results.tracking.outbox import Outbox

log = logging.getLogger(__name__)
POLL_SECONDS = 0.5  # between two looks at whether another process has ended a pretraining
NO_WEIGHTS = "its process died before the weights were stored"


def made_once(start: Start, make: Callable[[], Outcome]) -> list[Outcome]:
    """Make the weights of a pretraining unless another process of this CATS_HOME makes them now; this one then waits for it.

    Returns no outcome if another process has made them, or if this one was asked to stop while it waited.
    """
    lock, waits = pretrained_folder() / f".{start.key}.lock", False
    while not (waits and stop_requested()):
        with ExitStack() as stack:
            try:
                lock.parent.mkdir(parents=True, exist_ok=True)
                free = stack.enter_context(locked_if_free(lock))
            except OSError:  # the disk will refuse the weights too, and the outcome says so
                return [make()]
            if free:
                made = [] if is_pretrained(start) else [make()]
                with suppress(OSError):
                    lock.unlink(missing_ok=True)
                return made
        if not waits:
            log.warning("another process pretrains %s for %s; this one waits for the weights", start.source, start.backbone)
        waits = True
        time.sleep(POLL_SECONDS)
    return []


def weights_draft(start: Start) -> Path:
    """The file to which this process writes weights before they move into place; two processes may train the same weights."""
    return draft_path(pretrained_path(start))


def keep_weights(draft: Path, start: Start, outcome: Outcome) -> Outcome:
    """Store the record, then move the weights from `draft` into place. Returns a failed outcome if the disk refuses either."""
    try:
        _records().put(outcome)
        path = pretrained_path(start)
        keep_checksum(path, checksum_of(draft))
        make_way(path)
        move_into_place(draft, path, durable=True)
    except (CatsError, OSError) as error:
        remove(draft)
        with suppress(CatsError):
            discard_record(outcome)
        sentence = disk_error("pretrained weights", draft.parent, error) if isinstance(error, OSError) else error
        return _failed(outcome, str(sentence))
    return outcome


def discard_record(outcome: Outcome) -> None:
    """Remove the stored record of a pretraining once a driver has it in its outbox."""
    if outcome.record.kind == "pretraining":
        _records().discard(outcome)


def adopt(outbox: Outbox, experiment: str) -> None:
    """Move the records that other drivers of the experiment left behind into an outbox."""
    records = _records()
    records.tidy(log.warning)
    for path, outcome in records:
        if outcome.record.experiment != experiment:
            continue
        if damage(weights_path(outcome.record.key)) is None:
            outbox.adopt(path)
        else:
            outbox.put(_failed(outcome, NO_WEIGHTS))
            records.remove(path)


def _records() -> Outbox:
    return Outbox(pretraining_records_folder())


def _failed(outcome: Outcome, reason: str) -> Outcome:
    return Outcome(outcome.record.model_copy(update={"status": "failed", "reason": reason}))
