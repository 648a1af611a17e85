"""Check that an engine keeps the promises of benchmark.execution.engine.Engine, by running tiny cells on the CPU or GPU.

For tests of an engine. Each check needs an empty CATS_HOME, and the main thread, because one check sends Ctrl-C:

    from benchmark.execution.engine_conformance import CHECKS

    @pytest.mark.parametrize("name", CHECKS)
    def test_my_engine(name):
        CHECKS[name](MyEngine(), pack=2)
"""

import signal
import threading
import time
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from benchmark.execution.delivery import drain
from benchmark.execution.engine import Engine, RunControl
from benchmark.execution.resolution import resolve_plan
from benchmark.machine.signals import stop_on_signal
from benchmark.specs.job import Job, jobs_of
from benchmark.specs.plan import Plan
from results.error import CatsError
from results.record import Outcome
from results.text.counts import how_many

NO_SERVER = "sqlite:///none.db"  # no source of these plans is looked up there
END_SECONDS = 60.0  # within which an engine must end after a stop
QUIET_SECONDS = 1.0  # for which nothing may start after the iterator was closed
TINY: dict[str, Any] = {
    "experiment": "conformance", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": 3,
    "recipe": {"size": 8, "epochs": 1}, "pretraining": {"size": 8, "epochs": 1}, "subsample": {"train": 16, "val": 16},
}  # fmt: skip
FAILS = {"recipe": {"size": 8, "protocol": "knn", "k": [500]}}  # there are only 16 training images
LONG = {"recipe": {"size": 8, "epochs": 1_000_000}}


class BrokenPromiseError(CatsError):
    """An engine breaks promises; the message has one clause for each."""


class _Recorder:
    """Records the questions and results of an engine. `admit` decides, given the number of admitted, unbooked jobs."""

    def __init__(self, admit: Callable[[Job, int], Job | None] = lambda job, _: job) -> None:
        self.control = RunControl(self._admit)
        self.admitted: list[tuple[Job, float]] = []
        self.returned: list[tuple[list[Outcome], float]] = []
        self.asked_late = threading.Event()
        self.closed = False
        self._refused_since: float | None = None
        self._decide, self._booked, self._lock = admit, 0, threading.Lock()

    def _admit(self, job: Job) -> Job | None:
        with self._lock:
            if self.closed or self.control.stopping:
                self._refuse()
                return None
            admitted = self._decide(job, len(self.admitted) - self._booked)
            if admitted is not None:
                self.admitted.append((admitted, time.monotonic()))
            return admitted

    def _refuse(self) -> None:
        """Note a question after a stop. Only a late one is wrong: the engine may have been about to ask when the stop came."""
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        if self.closed or now - self._refused_since > QUIET_SECONDS:
            self.asked_late.set()

    def take(self, outcomes: list[Outcome]) -> None:
        """Record and book the outcomes of one job."""
        with self._lock:
            self.returned.append((outcomes, time.monotonic()))
            self._booked += 1

    def run(self, engine: Engine, jobs: list[Job]) -> None:
        """Run all jobs to their end."""
        for outcomes in engine.outcomes(iter(jobs), self.control):
            self.take(outcomes)

    @property
    def keys(self) -> list[str]:
        """The keys of all outcomes, in the order in which they came."""
        return [outcome.record.key for outcomes, _ in self.returned for outcome in outcomes]


def check_complete_run(engine: Engine, pack: int = 1) -> None:
    """Every job runs once, after the pretrainings it needs; a failure is an outcome; costs are those of the job alone."""
    chained = {"sources": ["digits"], "allow_leakage": True, "seeds": 2}
    jobs = [*_jobs(pack, **chained), *_jobs(pack, **FAILS, seeds=1), *_jobs(pack)]
    if not any(job.start for job in jobs):
        raise CatsError("this check needs an empty CATS_HOME: the pretraining of an earlier check is still there")
    recorder = _Recorder()
    recorder.run(engine, jobs)
    failing = {cell.key for job in _jobs(pack, **FAILS, seeds=1) for cell in job.cells}
    _require(
        *_once(recorder, jobs), *_in_order(recorder, jobs), *_costs_add_up(recorder),
        *_statuses(recorder, {key: "failed" if key in failing else "finished" for job in jobs for key in job.keys}),
    )  # fmt: skip


def check_partial_admission(engine: Engine, pack: int = 1) -> None:
    """A job that is not admitted waits for bookings, and the rest of a job that was admitted in part runs too."""
    recorder = _Recorder(lambda job, unbooked: None if unbooked else replace(job, cells=job.cells[:1]))
    jobs = _jobs(max(pack, 2))
    recorder.run(engine, jobs)
    _require(*_once(recorder, jobs))


def check_refusal(engine: Engine, pack: int = 1) -> None:
    """If nothing is admitted, nothing runs and the iterator ends."""
    recorder = _Recorder(lambda *_: None)
    recorder.run(engine, _jobs(pack))
    _require(*["a job ran that was not admitted"] * bool(recorder.returned))


def check_stop(engine: Engine, pack: int = 1) -> None:
    """After Ctrl-C no job starts, running jobs end soon, and the outcomes of finished jobs are returned."""
    first, long = _jobs(1, seeds=1), _jobs(pack, **LONG)
    short = {key for job in first for key in job.keys}

    def admit(job: Job, _: int) -> Job | None:
        if short <= set(recorder.keys) and timer.ident is None:
            timer.start()
        return job if short <= set(recorder.keys) or job.keys == short else None  # the long jobs after the short one

    recorder, timer = _Recorder(admit), threading.Timer(1.0, _press_ctrl_c)
    with stop_on_signal():
        begun = time.monotonic()
        drain(engine.outcomes(iter([*first, *long]), recorder.control), recorder.control, recorder.take)
        seconds = time.monotonic() - begun
    timer.cancel()
    expected = dict.fromkeys(short, "finished")
    expected |= {key: "interrupted" for key in recorder.keys if key not in short}
    _require(
        *_statuses(recorder, expected),
        *["the short job that had finished was not returned"] * (not short <= set(recorder.keys)),
        *["an outcome came twice"] * (len(set(recorder.keys)) < len(recorder.keys)),
        *["a job was asked for after the stop"] * recorder.asked_late.is_set(),
        *[f"the engine ended {seconds:.0f} seconds after its start; Ctrl-C came before"] * (seconds > END_SECONDS),
    )


def check_close(engine: Engine, pack: int = 1) -> None:
    """Closing the iterator stops running jobs without waiting for their results, and no job starts afterwards."""
    recorder = _Recorder()
    outcomes: Any = engine.outcomes(iter([*_jobs(1, seeds=1), *_jobs(pack, **LONG)]), recorder.control)
    recorder.take(next(outcomes))
    begun = time.monotonic()
    outcomes.close()
    seconds, recorder.closed = time.monotonic() - begun, True
    late = recorder.asked_late.wait(QUIET_SECONDS)
    _require(
        *["a job was asked for after the iterator was closed"] * late,
        *[f"closing the iterator took {seconds:.0f} seconds"] * (seconds > END_SECONDS),
    )


CHECKS: dict[str, Callable[..., None]] = {
    "complete run": check_complete_run,
    "partial admission": check_partial_admission,
    "refusal": check_refusal,
    "stop": check_stop,
    "close": check_close,
}


def _jobs(pack: int, **changes: Any) -> list[Job]:
    plan = Plan(**TINY | changes)
    cells = resolve_plan(plan, NO_SERVER).cells()
    return list(jobs_of(cells, plan.experiment, plan.country, pack))


def _press_ctrl_c() -> None:
    if hasattr(signal, "pthread_kill") and (main := threading.main_thread().ident) is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        interrupt_main(signal.SIGINT)


def _require(*broken: str) -> None:
    if broken:
        raise BrokenPromiseError("; ".join(broken))


def _once(recorder: _Recorder, jobs: list[Job]) -> Iterator[str]:
    expected = sorted(key for job in jobs for key in job.keys)
    if sorted(recorder.keys) != expected:
        yield f"{len(expected)} cells and pretrainings were to run once, {how_many(len(recorder.keys), 'outcome')} came"
    groups = sorted(sorted(job.keys) for job, _ in recorder.admitted)
    if sorted(sorted(outcome.record.key for outcome in outcomes) for outcomes, _ in recorder.returned) != groups:
        yield "the outcomes of one admitted job did not come in one list"


def _in_order(recorder: _Recorder, jobs: list[Job]) -> Iterator[str]:
    admitted = {key: at for job, at in recorder.admitted for key in job.keys}
    ended = {outcome.record.key: outcome.record.ended for outcomes, _ in recorder.returned for outcome in outcomes}
    started = {outcome.record.key: outcome.record.started for outcomes, _ in recorder.returned for outcome in outcomes}
    for job in jobs:
        early = [key for key in job.keys & started.keys() if any(started[key] < ended.get(need, 0.0) for need in job.needs)]
        if early:
            yield f"{job} started before a pretraining that it needs had ended"
        if job.needs and not all(
            recorder.keys.index(need) < recorder.keys.index(key) for key in job.keys for need in job.needs
        ):
            yield f"{job} came before a pretraining that it needs"
        if not job.keys <= admitted.keys():
            yield f"{job} ran and was not admitted"


def _statuses(recorder: _Recorder, expected: dict[str, str]) -> Iterator[str]:
    for outcomes, _ in recorder.returned:
        for record in (outcome.record for outcome in outcomes):
            if record.status != expected.get(record.key):
                yield f"{record.kind} {record.names}: {record.status} ({record.reason}), not {expected.get(record.key)}"


def _costs_add_up(recorder: _Recorder) -> Iterator[str]:
    """The phases of a job, of cells side by side in their shares, take no longer than the job."""
    admitted = {frozenset(job.keys): at for job, at in recorder.admitted}
    for outcomes, at in recorder.returned:
        elapsed = at - admitted.get(frozenset(outcome.record.key for outcome in outcomes), 0.0)
        seconds = sum(cost.seconds for outcome in outcomes for cost in outcome.record.costs)
        names = outcomes[0].record.names
        if seconds > elapsed:
            yield f"the costs of {names} are those of {seconds:.2f} seconds, but {elapsed:.2f} passed"
        for record in (outcome.record for outcome in outcomes):
            if record.status == "finished" and not any(cost.seconds > 0 and cost.energy for cost in record.costs):
                yield f"{record.kind} {record.names} finished without costs"
