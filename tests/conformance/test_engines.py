"""Every engine keeps the promises of the protocol, and an engine that breaks one is found out."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from benchmark.execution.cluster.engine import Dask
from benchmark.execution.engine import Local
from benchmark.execution.engine_conformance import CHECKS, BrokenPromiseError
from tests.support.processes import forked_workers
from tests.support.thread_engine import ThreadEngine

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("decoded_once")]

ENGINES = [
    pytest.param(Local("cpu"), 1, id="local"),
    pytest.param(Local("cpu"), 2, id="local packed"),
    pytest.param(ThreadEngine(), 2, id="thread"),
    pytest.param(Dask("cpu", None, 2), 2, id="dask", marks=[pytest.mark.cluster, pytest.mark.slow]),
]


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(("engine", "pack"), ENGINES)
def test_every_engine_keeps_its_promises(engine, pack, name):
    with forked_workers() if engine.remote else nullcontext():
        CHECKS[name](engine, pack=pack)


@dataclass(frozen=True)
class Faulty:
    """An engine that changes what Local does."""

    device: str = "cpu"
    remote: ClassVar[bool] = False


class Twice(Faulty):
    def outcomes(self, jobs, control):
        for outcomes in Local(self.device).outcomes(jobs, control):
            yield outcomes
            yield outcomes


class Unasked(Faulty):
    def outcomes(self, jobs, control):
        from benchmark.execution.execute import make

        for job in jobs:
            yield make(job, self.device)


class Backwards(Faulty):
    def outcomes(self, jobs, control):
        yield from reversed(list(Local(self.device).outcomes(jobs, control)))


class Expensive(Faulty):
    """Counts the time of everything twice."""

    def outcomes(self, jobs, control):
        for outcomes in Local(self.device).outcomes(jobs, control):
            yield [replace(o, record=o.record.model_copy(update={"costs": tuple(o.record.costs) * 50})) for o in outcomes]


class Forgetful(Faulty):
    """Does not ask again for the rest of a job."""

    def outcomes(self, jobs, control):
        for job in jobs:
            yield from Local(self.device).outcomes([job], ForgetfulControl(control))


class ForgetfulControl:
    def __init__(self, control):
        self._control, self._asked = control, False

    @property
    def stopping(self):
        return self._control.stopping

    def admit(self, job):
        asked, self._asked = self._asked, True
        return None if asked else self._control.admit(job)


@pytest.mark.parametrize(
    ("engine", "name", "sentence"),
    [
        (Twice(), "complete run", "outcomes came"),
        (Unasked(), "refusal", "a job ran that was not admitted"),
        (Backwards(), "complete run", "came before a pretraining that it needs"),
        (Expensive(), "complete run", "seconds, but .* passed"),
        (Forgetful(), "partial admission", "3 cells and pretrainings were to run once, 2 outcomes came"),
    ],
)
def test_a_broken_promise_is_found(engine, name, sentence):
    with pytest.raises(BrokenPromiseError, match=sentence):
        CHECKS[name](engine, pack=2)
