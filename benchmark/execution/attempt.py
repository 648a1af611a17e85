"""One attempt at a cell, a pretraining or the scores of a pair: it does the work and leaves a record, however the work ends."""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Literal

import pandas as pd

from benchmark.core.checkpoint_files import seconds_of_attempt
from benchmark.execution.privacy import comes_from_data, private_data
from benchmark.machine.environment import environment
from benchmark.machine.meter import Meter
from results.error import CatsError
from results.record import STOPPED, Cost, Energy, Outcome, Record
from results.text.hidden import shown

log = logging.getLogger(__name__)
OURS = ("benchmark", "results", "sources", "targets", "similarity")  # our packages
DEEPEST = 20  # places of an error that a record names, the innermost ones
Status = Literal["finished", "failed", "interrupted"]


@dataclass(frozen=True)
class Result:
    """The results of an attempt so far; see results.record.Record for the fields.

    Attributes:
        incomplete: which input was missing, so that some results are missing too; None if all are there. Such an attempt is
            finished, but its record has a different key, so that the work is done again once the input is there.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    validation: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, list[float]] = field(default_factory=dict)
    predictions: pd.DataFrame | None = None
    validation_predictions: pd.DataFrame | None = None
    incomplete: str | None = None


Work = Callable[[], Iterator[Result]]  # yields the results so far, any number of times; the last ones are the outcome


@dataclass(frozen=True)
class Attempt:
    """The work that an attempt will do, described before it begins; see results.record.Record for the fields."""

    kind: Literal["cell", "pretraining", "score"]
    key: str
    point: str
    names: Mapping[str, str]
    settings: Mapping[str, str]
    experiment: str
    facts: Mapping[str, str] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()

    def run(self, meter: Meter, work: Work) -> Outcome:
        """Do the work. Raises nothing: the record says how the work ended, and holds the results so far."""
        started, reason, quotes_data = time.time(), None, False
        begun = time.monotonic()  # the clock of time.time() may be set during the work
        status: Status = "finished"
        result = Result()
        try:
            for latest in work():
                result = latest
        except KeyboardInterrupt:
            status, reason = "interrupted", STOPPED
        except CatsError as error:
            status, reason, quotes_data = "failed", str(error), comes_from_data(error)
        except Exception as error:
            quotes_data, trace = comes_from_data(error), places(error.__traceback__)
            if quotes_data and private_data(self.names):  # neither its text nor a line of code, which may quote names
                log.info("%s failed: %s\n%s", self.names, type(error).__name__, trace)
            else:
                log.info("%s failed", self.names, exc_info=True)
            status, reason = "failed", f"{type(error).__name__}: {error}"
            result = replace(result, facts={**result.facts, "traceback": trace})
        costs, machine = (*meter.carried, *meter.costs), environment(meter.device) | meter.facts
        seconds = time.monotonic() - begun
        record = self._record(status, reason, (started, seconds), costs, machine, result)
        if status != "finished":
            return Outcome(record, quotes_data=quotes_data)
        return Outcome(record, result.predictions, result.validation_predictions)

    def lost(self, reason: str, when: tuple[float, float], together: int = 1) -> Outcome:
        """The outcome of an attempt that failed and returned nothing, for example because its worker died.

        Its time is known; its energy is not, and no hardware is named. Arguments as in cut_off().
        """
        return Outcome(self._record("failed", reason, when, (self._unmeasured(when, (), together),), {}))

    def cut_off(
        self, when: tuple[float, float], hardware: Iterable[str], together: int, reason: str = STOPPED
    ) -> Outcome:  # fmt: skip
        """The outcome of an attempt that a worker did not end, by a shutdown or its own end: duration known, energy missing.

        The time up to its last checkpoint is left to the attempt that goes on from there, which counts it with its energy.

        `when`: its start, seconds since 1970, and its duration in seconds. `together`: the number of attempts that ran side by
        side; each gets an equal part of the time.
        """
        return Outcome(self._record("interrupted", reason, when, (self._unmeasured(when, hardware, together),), {}))

    def _unmeasured(self, when: tuple[float, float], hardware: Iterable[str], together: int) -> Cost:
        missing = {name: Energy(kwh=None, provenance="missing") for name in hardware}
        phase = {"pretraining": "pretraining", "cell": "training", "score": "features"}[self.kind]
        whole = when[1] if together > 1 else None
        seconds = max(0.0, when[1] / together - seconds_of_attempt(self.key, when[0]))
        return Cost(phase=phase, seconds=seconds, energy=missing, shared_seconds=whole)

    def _record(
        self, status: Status, reason: str | None, when: tuple[float, float], costs: tuple[Cost, ...],
        machine: dict[str, str], result: Result | None = None,
    ) -> Record:  # fmt: skip
        (started, seconds), result = when, result or Result()
        key, attempt, facts = self.key, uuid.uuid4().hex, {**self.facts, **result.facts}
        if result.incomplete is not None:
            key, facts["incomplete"] = f"{self.key}-incomplete-{attempt}", result.incomplete
        return Record(
            kind=self.kind, key=key, attempt=attempt, experiment=self.experiment, status=status,
            reason=reason and shown(reason), point=self.point, names=dict(self.names), settings=dict(self.settings),
            defaults=self.defaults, facts=facts, scores=dict(result.scores),
            validation=dict(result.validation), curves=dict(result.curves), costs=costs, environment=machine,
            started=started, ended=started + seconds,
        )  # fmt: skip


def places(trace: TracebackType | None) -> str:
    """The places in the code that led to an error, one per line, without the folders of this machine and without any value."""
    frames = list(extract_tb(trace))[-DEEPEST:]
    return "\n".join(f"{_of_package(frame.filename)}, line {frame.lineno}, in {frame.name}" for frame in frames)


def _of_package(file: str) -> str:
    """The path of a file of code from its package on; of other files the name."""
    parts = Path(file).parts
    starts = [n + 1 for n, part in enumerate(parts) if part == "site-packages"]
    starts += [n for n, part in enumerate(parts) if part in OURS and n + 1 < len(parts)]
    return "/".join(parts[starts[0] if starts else -1 :])
