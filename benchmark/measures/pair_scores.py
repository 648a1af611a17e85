"""The scores of one pair: its record's key, and the attempt that computes the measures one after the other.

Scores are stored under CATS_HOME by the digest of everything that decides them, so another measure in a plan, or new cells on
the board, cost only what they change. If files or weights are not on this machine, the record says so, the score is not stored,
and the pair is tried again in the next call. An undefined score is a result.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from benchmark.data.identity import data_digest
from benchmark.data.origin import counted_facts, declared_facts
from benchmark.execution.attempt import Attempt, Result
from benchmark.machine.meter import Meter
from benchmark.measures.code_digest import code_digest
from benchmark.measures.failure import failure
from benchmark.measures.fetching import Gathered, Gatherer
from benchmark.measures.inputs import MeasureInputs, ScoreSettings
from benchmark.measures.score_cache import load_score, save_score
from benchmark.specs import catalogue
from benchmark.specs.job import pretrainings
from benchmark.specs.measure import Measure, Score
from benchmark.specs.needs import NUMBERS
from benchmark.specs.plan import Plan
from benchmark.specs.start import Start
from results.error import CatsError, DiskError
from results.files.atomic import NO_SPACE
from results.files.digest import digest
from results.record import Outcome

log = logging.getLogger(__name__)
Ranks = Mapping[str, Mapping[str, float]]  # target → row of the board → mean rank on the other targets


def measures_of(plan: Plan) -> dict[str, Measure]:
    """The measures that a plan names, by their names in the plan; all existing ones if it names none. Raises CatsError."""
    return {name: catalogue.measure(name) for name in plan.measures or catalogue.names("similarity")}


@dataclass(frozen=True)
class Pair:
    """A source and a target with the inputs of measures. leak: one sentence about the images they share, or None."""

    source: str
    target: str
    inputs: MeasureInputs
    leak: str | None

    def __str__(self) -> str:
        return f"{self.source} → {self.target}, {self.inputs.start.backbone}"


def pair_of(setting: ScoreSettings, elsewhere: Ranks, names: tuple[str, str, str]) -> Pair:
    """The pair with these names of source, target and backbone."""
    resolved, (source, target, backbone) = setting.plan, names
    # A board of several backbones calls its rows "source on backbone".
    ranks = {name.removesuffix(f" on {backbone}"): rank for name, rank in elsewhere.get(target, {}).items()}
    start = resolved.starts[source, backbone][resolved.plan.seeds[0]]
    inputs = MeasureInputs(setting, setting.target(target), start, ranks)
    return Pair(source, target, inputs, resolved.leaks.get((source, target)))


def missing_pretrainings(inputs: MeasureInputs, measures: Mapping[str, Measure]) -> list[Start]:
    """The pretrainings of a pair, also that of the neutral network if a measure needs it and it is possible."""
    needed = pretrainings(inputs.start)
    if any("neutral" in need for measure in measures.values() for need in measure.needs):
        try:
            needed += pretrainings(inputs.neutral)
        except CatsError:
            # the scores of the measures that need the network hold the reason
            log.info("there is no neutral network for %s", inputs.start.backbone)
    return list({start.key: start for start in needed}.values())


@dataclass(frozen=True)
class PairWork:
    """The measures of one pair."""

    pair: Pair
    measures: Mapping[str, Measure]

    @cached_property
    def keys(self) -> dict[str, str | None]:
        """The key of each measure's score; None if its inputs have no digest."""
        return {name: self._key(measure) for name, measure in self.measures.items()}

    @cached_property
    def attempt(self) -> Attempt:
        """The attempt, before it begins."""
        inputs, setting = self.pair.inputs, self.pair.inputs.setting
        settings = {"measures": ";".join(self.measures), "images": str(setting.most), "draws": str(setting.draws)}
        settings |= {"neutral": setting.neutral, "size": str(setting.recipe.size), "shares": setting.shares}
        facts = {"data": data_digest(inputs.target.dataset), "start": inputs.start.key}
        facts |= declared_facts(inputs.target.dataset) | counted_facts(inputs.target.images)
        if self.pair.leak is not None:
            facts["leak"] = self.pair.leak
        names = {"source": self.pair.source, "target": self.pair.target, "backbone": inputs.start.backbone}
        names["seed"] = str(setting.plan.plan.seeds[0])
        key = digest(["score", self.pair.target, list(self.keys.values())])
        return Attempt("score", key, digest(settings), names, settings, setting.plan.plan.experiment, facts)

    def outcome(self, gatherer: Gatherer) -> Outcome:
        """Compute what is not stored yet. Raises nothing: failures and Ctrl-C are in the record."""
        setting = self.pair.inputs.setting
        meter = Meter(setting.plan.plan.country, setting.device)
        return self.attempt.run(meter, lambda: self._results(meter, gatherer))

    def _key(self, measure: Measure) -> str | None:
        try:
            return digest([self.pair.inputs.identity(measure.needs), code_digest(measure), sorted(measure.options.items())])
        except CatsError:
            return None

    def _results(self, meter: Meter, gatherer: Gatherer) -> Iterator[Result]:
        """Yield the scores so far after each measure: computed now, or read from the cache.

        If an input is not on this machine, the last result is incomplete, and the pair is scored again once the input is there.
        """
        stored = {name: load_score(key) for name, key in self.keys.items() if key is not None}
        new = {name: measure for name, measure in self.measures.items() if stored.get(name) is None}
        needs = {need for measure in new.values() for need in measure.needs}
        found = gatherer.gather(self.pair.inputs, needs, meter) if new else Gathered()
        found.inputs |= {need: _fixed(found.inputs[need]) for need in NUMBERS & found.inputs.keys()}
        figures: dict[str, float] = {}
        reasons: dict[str, str] = {}
        with threadpool_limits(1):  # threads of few images wait for each other longer than they compute
            for name, measure in self.measures.items():
                before = stored.get(name)
                if before is not None:
                    score, figures[f"seconds_measure_{name}"] = before
                else:
                    score = self._score(name, measure, found, meter)
                figures[f"measure_{name}"] = score.value
                if score.low is not None and score.high is not None:
                    figures |= {f"measure_{name}_low": score.low, f"measure_{name}_high": score.high}
                if score.reason is not None:
                    reasons[name] = score.reason
                yield Result(validation=dict(figures))
        incomplete = "; ".join(f"{need}: {found.absent[need]}" for need in sorted(needs & found.absent.keys())) or None
        yield Result(facts={"reasons": json.dumps(reasons)}, validation=figures, incomplete=incomplete)

    def _score(self, name: str, measure: Measure, found: Gathered, meter: Meter) -> Score:
        reasons = {**found.undefined, **found.absent}
        missing = [reasons[need] for need in measure.needs if need in reasons]
        if missing:
            return Score(float("nan"), reason=missing[0])
        try:
            with meter.phase(f"measure_{name}"):
                given = {need: found.inputs[need] for need in measure.needs}
                score = self.pair.inputs.noted(measure.score(given, self.pair.inputs.draws), measure.needs)
        except Exception as error:  # a failing measure, perhaps of another author, must not stop the others
            full = isinstance(error, OSError) and error.errno in NO_SPACE
            if full or isinstance(error, DiskError | MemoryError):  # says nothing of the measure: the attempt is repeated
                raise
            log.info("measure %s failed", name, exc_info=True)
            return Score(float("nan"), reason=failure(error))
        key = self.keys[name]
        if key is not None:
            save_score(key, score, meter.costs[-1].seconds)
        return score


def _fixed(numbers: np.ndarray) -> np.ndarray:
    """Float64 that nobody can write, so that measures share what they compute of it (benchmark.measures.cache_last)."""
    made = np.array(numbers, dtype=np.float64)
    made.flags.writeable = False
    return made
