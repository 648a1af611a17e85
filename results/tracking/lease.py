"""One driver at a time for each experiment of each tracking server; the next driver waits until the first ends or dies.

A lease holds two things. For all drivers that share CATS_HOME: the lock of a file beside the outbox, which the operating system
releases when the process ends. For all drivers that share the server: a tag of the experiment. A driver writes the tag, waits
for longer than a write takes, and reads it again (M. Fischer's algorithm, see Lamport, A Fast Mutual Exclusion Algorithm, ACM
TOCS 5, 1987). A second tag holds a counter that the driver increases; a waiting driver checks whether the counter changes, so
no clock matters.

MLflow has no compare-and-set: the write of a suspended driver may arrive after another driver has taken over. So only a claim
writes the first tag, once; neither a heartbeat nor the end of a driver does. The driver that has claimed last, and has read its
own claim after SETTLE, holds the experiment until it ends, whatever earlier drivers still write. If a process is suspended
between reading and writing the tag, its late write can displace a living driver; that driver notices before it sends its next
record, and stops.

If both send a record at that moment, `deduplicate` leaves one run of each key. It has to search for runs, which takes longer
the more runs there are. So only a driver that may not be alone searches: one that has lost the experiment while it sent, and
one that has taken the experiment from a driver that was silent, or whose counter changed between reading and writing. For this
every driver increases its counter once before its first record.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mlflow.exceptions import MlflowException

from results.error import CatsError
from results.files import lock
from results.files.atomic import remedy
from results.files.boot_id import boot_id
from results.text.counts import how_many
from results.tracking.captions import user
from results.tracking.connection import reason_of
from results.tracking.experiment import Experiment
from results.tracking.outbox import Outbox

TAG = "cats.driver"
PULSE = "cats.driver.beat"
BEAT = 10.0  # seconds between two beats
SLOWEST = 60.0  # seconds; the longest interval that a tag may ask others to wait for
MISSED = 3  # missed heartbeats after which a driver counts as dead
LOOKS = 10  # readings of the counter per heartbeat, by a waiting driver
PATIENCE = 2.0  # seconds that the last heartbeat may take at the end
SETTLE = 0.5  # seconds between writing the tag and reading it again


class LostError(CatsError):
    """Another driver holds the experiment now."""

    resumes = True


@dataclass(frozen=True)
class Holder:
    """A driver by its tag: `id` of the file it has locked, its `turn`, user, process and host, seconds between heartbeats."""

    id: str
    turn: str
    who: str
    every: float


class Lease:
    """The right to write the records of one experiment, inside `with`; the outbox is swept at its start.

    Raises CatsError if MLflow cannot be read or written at the start; later failures of MLflow are tolerated. `say` gets the
    sentence that another driver is at work, and one every lock.REMINDER_SECONDS as long as that goes on.
    """

    def __init__(self, tracking: Experiment, outbox: Outbox, say: Callable[[str], None], every: float = BEAT) -> None:
        self.tracking, self.outbox, self.every, self._say = tracking, outbox, every, say
        self._lost = self._contested = False
        self._waits: tuple[float, float] | None = None  # since when, and when that was said last, by the monotonic clock
        self._turn, self._count = uuid.uuid4().hex, 0
        self._away = 0.0  # no question to MLflow before this time of the monotonic clock
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.id = self._locked(self.outbox.folder.with_suffix(".lock"), stack)
            self._claim()
            self._pulse(ended=False)
            self.outbox.sweep()
            self._held = stack.pop_all()
        self._thread = threading.Thread(target=self._beat, name="cats lease", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(PATIENCE)
        with suppress(CatsError):  # otherwise the next driver waits until this one counts as dead
            self.check()
            self._pulse(ended=True)
        self._held.close()

    def check(self) -> None:
        """Raises LostError if another driver holds the experiment, CatsError as long as MLflow does not answer.

        Call it before every record: a driver that was suspended for long may have been taken for dead.
        """
        if time.monotonic() < self._away:
            raise CatsError(f"MLflow at {self.tracking.shown} did not answer a moment ago")
        if self._lost or not self._mine():
            self._lost = True
            raise LostError(
                f"another cats run has taken over experiment '{self.tracking.name}', because this run sent no "
                "heartbeat for too long; the results of this run wait in the outbox, so start this run again to continue"
            )

    def alone(self) -> bool:
        """True if no other driver can have written since this one began. Raises CatsError as `check` does."""
        return not self._contested and self._mine()

    def _locked(self, file: Path, stack: ExitStack) -> str:
        """Lock a file. Returns its identity: the next process that holds the file can be sure that this one has ended."""

        def waiting() -> None:
            try:
                self._tell(holder_of(*self._tags()))
            except CatsError as error:
                self._tell(None, f"; {error}")

        try:
            identity = stack.enter_context(lock.locked(file, waiting))
        except OSError as error:
            raise CatsError(f"cannot write {file}: {error.strerror}; {remedy(error)}") from error
        # On a file system without locks the tag alone keeps drivers apart.
        return uuid.uuid4().hex if identity is None else f"{boot_id()}-{identity[0]}-{identity[1]}"

    def _claim(self) -> None:
        seen: tuple[str, str] | None = None
        unmoved = 0
        while True:
            trouble = ""
            try:
                tags = self._tags()
            except CatsError as error:
                if seen is None:
                    raise
                tags, unmoved, trouble = seen, -1, f"; {error}"  # the counter of the other driver cannot be read either
            holder = holder_of(*tags)
            silent = unmoved >= MISSED * LOOKS
            if holder is None or holder.id == self.id or silent:
                who = {"user": user().get("mlflow.user"), "host": socket.gethostname(), "pid": os.getpid()}
                self._put(TAG, {"id": self.id, "turn": self._turn, **who, "every": self.every})
                time.sleep(SETTLE)
                if self._mine():
                    self._contested = silent or self._tags()[1] != tags[1]
                    return
                seen, unmoved = None, 0
                continue
            self._tell(holder, trouble)
            unmoved = unmoved + 1 if tags == seen else 0
            seen = tags
            time.sleep(holder.every / LOOKS)

    def _tell(self, holder: Holder | None, trouble: str = "") -> None:
        now = time.monotonic()
        other = f"another cats run{f' ({holder.who})' if holder is not None else ''}"
        if self._waits is None:
            self._waits = now, now
            works = f"{other} works on experiment '{self.tracking.name}'"
            self._say(f"{works}; this run waits until the other one ends, and Ctrl-C stops the waiting{trouble}")
        elif now - self._waits[1] >= lock.REMINDER_SECONDS:
            self._waits = self._waits[0], now
            minutes = how_many(round((now - self._waits[0]) / 60), "minute")
            self._say(f"this run has waited {minutes} for {other} on experiment '{self.tracking.name}'{trouble}")

    def _beat(self) -> None:
        while not self._ended.wait(self.every):
            with suppress(CatsError):
                if not self._mine():
                    self._lost = True
                    return
                self._pulse(ended=False)
                self._away = 0.0

    def _mine(self) -> bool:
        holder = holder_of(*self._tags())
        return holder is not None and holder.turn == self._turn

    def _pulse(self, *, ended: bool) -> None:
        self._count += 1
        self._put(PULSE, {"turn": self._turn, "beat": self._count, "ended": ended})

    def _put(self, tag: str, content: dict[str, object]) -> None:
        try:
            self.tracking.client.set_experiment_tag(self.tracking.experiment_id, tag, json.dumps(content))
        except (MlflowException, OSError) as error:
            raise self._absent("written", error) from error

    def _tags(self) -> tuple[str, str]:
        try:
            tags = self.tracking.client.get_experiment(self.tracking.experiment_id).tags
            return str(tags.get(TAG, "")), str(tags.get(PULSE, ""))
        except (MlflowException, OSError) as error:
            raise self._absent("read", error) from error

    def _absent(self, act: str, error: Exception) -> CatsError:
        self._away = (
            time.monotonic() + 1.5 * self.every
        )  # a heartbeat asks earlier: cells do not wait for a server that does not answer
        return CatsError(f"MLflow at {self.tracking.shown} cannot be {act}: {reason_of(error, self.tracking.name)}")


def holder_of(claim: str, pulse: str = "") -> Holder | None:
    """The driver that holds an experiment with these tags; None if no driver does."""
    try:
        driver = json.loads(claim)
        turn = str(driver.get("turn", driver["id"]))
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            last = json.loads(pulse)
            if last["ended"] is True and last["turn"] == turn:
                return None
        every = float(driver["every"])
        host, person = (_printable(each) for each in (driver["host"], driver.get("user") or ""))
        process = f"pid {int(driver['pid'])} on {host}"
        who = f"user {person}, {process}" if person else process  # drivers of older versions do not name their user
        return Holder(str(driver["id"]), turn, who, every if 0 < every < SLOWEST else SLOWEST)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _printable(text: object) -> str:
    return "".join(letter for letter in str(text) if letter.isprintable())[:80]
