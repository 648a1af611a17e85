"""Pairs are scored side by side in processes of one thread each.

No key depends on how many processes there are, and a score only in its last digits: networks sum float32 numbers in the order
of their threads, and torch may have several threads where one process scores all pairs.
"""

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

import psutil

from benchmark.execution.dispatch.assignment import reduced
from benchmark.execution.dispatch.time_sharing import FairShare
from benchmark.machine.threads import usable_cores
from benchmark.measures.inputs import ScoreSettings
from benchmark.measures.pair_scores import PairWork, Ranks
from benchmark.measures.score_process import packed, serve
from results.record import Outcome

ENOUGH = 2  # pairs for each process, at least: starting one takes some seconds
PATIENCE = 20.0  # seconds that a process gets to end its attempt after Ctrl-C
BASE, NUMBERS = 1.5 * 2**30, 200_000  # bytes of a process, and of the numbers of an image in it
Content = tuple[ScoreSettings, Ranks]
COPIES = 30  # bytes of a pixel: images as floats of target and source, and what gradients of batches need


def number_of_processes(most: int, size: int) -> int:
    """One for each core that this process may use, but only as many as the free memory holds.

    most: how many images of a target or a source are used. size: of their sides, in pixels.
    """
    each = BASE + most * (NUMBERS + COPIES * size**2)
    return max(1, min(usable_cores(), int(psutil.virtual_memory().available / each)))


def side_by_side(works: Sequence[PairWork], given: Content, number: int, begins: Callable[[str], None]) -> Iterator[Outcome]:
    """The outcomes of the pairs, in the order in which they end. After Ctrl-C those that are running end as interrupted."""
    pool = _Pool(works, packed(*given), number, begins)
    try:
        while pool.busy:
            try:
                outcome = pool.next()
            except KeyboardInterrupt:
                yield from pool.interrupted()
                return
            if outcome is not None:
                yield outcome
    finally:
        pool.close()


class _Worker:
    """One process and the work that it does. at: time.monotonic() when the work began. last: its source and backbone."""

    def __init__(self, content: Any) -> None:
        fresh = multiprocessing.get_context("spawn")
        self.channel, there = fresh.Pipe()
        self.process = fresh.Process(target=serve, args=(there,), daemon=True)
        self.process.start()
        there.close()
        with suppress(OSError):  # it has died; its end is noticed as that of its first work
            self.channel.send(content)
        self.work: PairWork | None = None
        self.last: tuple[str, str] | None = None
        self.at = self.started = 0.0

    def received(self) -> Outcome | None:
        """What it found; None if it is no longer there."""
        with suppress(EOFError, OSError):
            outcome: Outcome = self.channel.recv()
            return outcome
        self.process.join(PATIENCE)
        return None


class _Pool:
    """The processes, and the works that wait for one of them."""

    def __init__(self, works: Sequence[PairWork], content: Any, number: int, begins: Callable[[str], None]) -> None:
        self.waiting, self.content, self.begins, self.shares = list(works), content, begins, FairShare()
        self.workers = [_Worker(content) for _ in range(number)]
        for worker in self.workers:
            self._give(worker)

    @property
    def busy(self) -> list[_Worker]:
        """The processes that have a work."""
        return [worker for worker in self.workers if worker.work is not None]

    def next(self) -> Outcome | None:
        """The outcome of a work that has ended within half a second, if there is one; its process begins another one."""
        by_channel: dict[Any, _Worker] = {worker.channel: worker for worker in self.busy}
        ready = wait(list(by_channel), timeout=0.5)  # short: a Ctrl-C just before a long wait would be noticed at its end only
        if not ready:
            return None
        worker = by_channel[ready[0]]
        outcome = self._ended(worker, worker.received())
        if worker.process.exitcode is not None:
            self.workers[self.workers.index(worker)] = worker = _Worker(self.content)
        self._give(worker)
        return outcome

    def interrupted(self) -> Iterator[Outcome]:
        """Stop all attempts that are running; their outcomes."""
        running, until = self.busy, time.monotonic() + PATIENCE
        for worker in running:
            worker.process.terminate()
        for worker in running:
            said = worker.received() if worker.channel.poll(max(0.0, until - time.monotonic())) else None
            yield self._ended(worker, said, stopped=True)

    def close(self) -> None:
        """End all processes."""
        for worker in self.workers:
            if worker.work is None:
                with suppress(OSError):
                    worker.channel.send(None)
            else:
                worker.process.terminate()
        for worker in self.workers:
            worker.process.join(5)
            worker.process.kill()
            worker.channel.close()

    def _give(self, worker: _Worker) -> None:
        """The next work: of the same network if possible, whose weights are loaded, and with images that no other needs now."""
        if not self.waiting:
            return
        others = [each.work.pair for each in self.busy if each.work is not None]

        def cost(work: PairWork) -> tuple[bool, bool, bool]:
            pair = work.pair
            network = pair.source, pair.inputs.start.backbone
            taken = network in {(one.source, one.inputs.start.backbone) for one in others}
            return network != worker.last, taken, pair.target in {one.target for one in others}

        work = min(self.waiting, key=cost)
        self.waiting.remove(work)
        pair = work.pair
        worker.work, worker.last = work, (pair.source, pair.inputs.start.backbone)
        worker.at, worker.started = time.monotonic(), time.time()
        self.shares.begin("machine", worker, worker.at)
        self.begins(str(pair))
        with suppress(OSError):  # it has died; its end is noticed as that of the work
            worker.channel.send((pair.source, pair.target, pair.inputs.start.backbone))

    def _ended(self, worker: _Worker, outcome: Outcome | None, *, stopped: bool = False) -> Outcome:
        work, worker.work = worker.work, None
        assert work is not None
        now = time.monotonic()
        share = self.shares.end("machine", worker, now - worker.at, now)
        when = (worker.started, now - worker.at)
        if outcome is not None:
            cuda = work.pair.inputs.setting.device.startswith("cuda")
            return reduced([outcome], [share, share if cuda else 1.0])[0]
        if stopped:
            return work.attempt.cut_off(when, ("cpu", "ram"), 1)
        return work.attempt.lost(_why(worker.process.exitcode), when)


def _why(code: int | None) -> str:
    """Why a process gave no outcome: its exit code, or the signal that ended it."""
    begin = "the process that scored the pair ended early"
    if code is not None and code < 0 and -code in set(signal.Signals):
        return f"{begin} ({signal.Signals(-code).name}), perhaps for want of memory; --workers 1 needs least of it"
    return f"{begin} (exit code {code}); its own message stands above"
