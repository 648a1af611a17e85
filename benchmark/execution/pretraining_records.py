"""Store the weights of a pretraining together with its record, so that the record survives a driver that dies.

A pretraining whose weights exist is never run again, so a lost record would stay lost. Therefore the record is stored before
the weights, beside their place, and stays there until a driver has it in its outbox. The next driver of the
experiment adopts records that another driver left behind.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmark.core.paths import pretrained_folder, pretraining_records_folder
from benchmark.machine.cancellation import stop_requested
from benchmark.specs.start import Start, is_pretrained, pretrained_path, weights_path
from results.error import CatsError
from results.files.atomic import disk_error, draft_path, move_into_place, remove
from results.files.kept import checksum_of, damage, keep_checksum
from results.files.lock import locked_if_free
from results.files.sealed import make_way
from results.record import Outcome
from results.tracking.outbox import Outbox

log = logging.getLogger(__name__)
POLL_SECONDS = 0.5  # between two looks at whether another process has ended a pretraining
SIGN_SECONDS = 5.0  # between two signs of life of the process that makes the weights
SILENT_SECONDS = 120.0  # without a sign of life, after which a waiting process makes the weights itself
NO_WEIGHTS = "its process died before the weights were stored"


def made_once(start: Start, experiment: str, make: Callable[[], Outcome]) -> list[Outcome]:
    """Make the weights of a pretraining unless another process of this CATS_HOME makes them now; this one then waits for it.

    A process that gives no sign of life for SILENT_SECONDS, for example because it was stopped, is waited for no longer.

    Returns the record that the other process stored if no driver of the experiment has taken it, because the driver may have
    given that process up. Returns no outcome if there is none, or if this process was asked to stop while it waited.
    """
    lock = pretrained_folder() / f".{start.key}.lock"
    holder: Holder | None = None
    while holder is None or not stop_requested():
        with ExitStack() as stack:
            try:
                lock.parent.mkdir(parents=True, exist_ok=True)
                free = stack.enter_context(locked_if_free(lock))
            except OSError:  # the disk will refuse the weights too, and the outcome says so
                return [make()]
            if free or (holder is not None and holder.silent()):
                stack.enter_context(signs_of_life(lock))
                made = _stored(start, experiment) if is_pretrained(start) else [make()]
                with suppress(OSError):
                    lock.unlink(missing_ok=True)
                return made
        if holder is None:
            log.warning("another process pretrains %s for %s; this one waits for the weights", start.source, start.backbone)
            holder = Holder(lock)
        time.sleep(POLL_SECONDS)
    return []


class Holder:
    """The process that holds a lock, as its signs of life show it to one that waits."""

    def __init__(self, lock: Path) -> None:
        self._lock, self._sign, self._since = lock, self._latest(lock), time.monotonic()

    def silent(self) -> bool:
        """Whether the latest sign of life came more than SILENT_SECONDS ago; the clock of another machine does not matter."""
        sign = self._latest(self._lock)
        if sign != self._sign:
            self._sign, self._since = sign, time.monotonic()
        return time.monotonic() - self._since > SILENT_SECONDS

    @staticmethod
    def _latest(lock: Path) -> int:
        with suppress(OSError):
            return lock.stat().st_atime_ns
        return 0


@contextmanager
def signs_of_life(lock: Path) -> Iterator[None]:
    """Set the access time of a lock again and again until the block ends.

    Every process that tries the lock changes the time of modification, but not that of access.
    """
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(SIGN_SECONDS):
            with suppress(OSError):
                os.utime(lock)

    thread = threading.Thread(target=show, name="cats pretraining lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _stored(start: Start, experiment: str) -> list[Outcome]:
    """The finished record of a pretraining that no driver of the experiment has taken; none if the disk cannot be read."""
    with suppress(CatsError, OSError):
        for _, outcome in _records():
            if (outcome.record.key, outcome.record.experiment) == (start.key, experiment):
                return [outcome]
    return []


def weights_draft(start: Start) -> Path:
    """The file to which this process writes weights before they move into place; two processes may train the same weights."""
    return draft_path(pretrained_path(start))


def keep_weights(draft: Path, start: Start, outcome: Outcome) -> Outcome:
    """Store the record, then move the weights from `draft` into place. Returns a failed outcome if the disk refuses either.

    Weights that another process has put there meanwhile stay, because cells may have started from them.
    """
    if is_pretrained(start):
        remove(draft)
        return outcome
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
