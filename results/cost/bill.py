"""What an experiment cost: energy and CO2e by phase, hardware and provenance, by source, target and measure; and what was lost.

Counted, modelled and missing figures are kept apart: energy that could not be measured is never zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from results.board.candidates import Candidate, labels, row_names
from results.board.request import maker_of
from results.board.versions import without_record
from results.cost.amount import Amount, add, amount_of
from results.cost.gpu_check import GpuCheck, compare_gpu_readings
from results.cost.machine import MachineUse, machine_use
from results.error import CatsError
from results.metrics import METRICS
from results.tracking.cost_columns import hardware as kinds_of
from results.tracking.cost_columns import unpacked

# Tailpipe CO2 of a typical passenger vehicle, 400 g per mile: US EPA, EPA-420-F-23-014, June 2023.
KG_PER_KM = 0.400 / 1.609344
OWN = "measure_"  # + name: the phase of one measure


@dataclass(frozen=True)
class Bill:
    """What an experiment cost.

    Attributes:
        total, lost: amount of all attempts, and of those that did not finish. attempts, unfinished: their numbers.
        scoring, scored: amount and number of those that scored a pair; the others are at cells and pretrainings.
        repeated, twice: amount and number of attempts that did finish after another attempt at the same key.
        phases: (kind, phase, hardware) → amount. Each hardware has all the seconds of its phase.
        pretrainings: (source, backbone) → amount of all attempts.
        elsewhere: sources that start from a pretraining of which this experiment has no record. Its amount is missing in
            `pretrainings` and in what is computed from them; it is no attempt of this experiment, and in no total.
        shared_over: number of targets that a pretraining is shared over.
        sources, targets: name → amount of all attempts at its cells. Where there are several backbones, sources are candidates.
        measures: name → amount of scoring: its own phase and its share of the features.
        per_target: source → mean amount of the cells of one target, and its pretraining divided by shared_over.
        kinds: hardware, with the provenance of its figures. check: NVML's GPU readings compared with codecarbon's.
        machine: what the machine took meanwhile.
    """

    experiment: str
    total: Amount
    lost: Amount
    attempts: int
    unfinished: int
    repeated: Amount
    twice: int
    phases: dict[tuple[str, str, str], Amount]
    pretrainings: dict[tuple[str, str], Amount]
    shared_over: int
    sources: dict[str, Amount]
    targets: dict[str, Amount]
    measures: dict[str, Amount]
    per_target: dict[str, Amount]
    kinds: list[str]
    check: GpuCheck
    machine: MachineUse
    scoring: Amount
    scored: int
    elsewhere: Sequence[str] = ()

    @property
    def km_by_car(self) -> float | None:
        """How far a typical car drives for the same CO2e; None if the CO2e is not known in full."""
        return None if self.total.co2e is None else self.total.co2e / KG_PER_KM

    def pretraining_share(self) -> Amount:
        """The part of all pretrainings that the targets of this experiment pay."""
        return add(self.pretrainings.values()).share(len(self.targets) / self.shared_over)


def make_bill(frame: pd.DataFrame, experiment: str, shared_over: int | None = None) -> Bill:
    """The bill of the runs in `frame` (see results.tracking.experiment.Experiment.frame).

    `shared_over`: how many targets a pretraining serves; without it the number of targets of the experiment. Raises CatsError
    if there is no run, or if `shared_over` is below 1.
    """
    if shared_over is not None and shared_over < 1:
        raise CatsError(f"a pretraining cannot be shared over {shared_over} targets; give 1 or more")
    if not len(frame):
        raise CatsError(f"experiment '{experiment}' holds no run yet; make some with {maker_of(experiment)}")
    names = ["source", "target", "backbone", "measures", "pretraining"]
    runs = frame.reindex(columns=list(dict.fromkeys([*map(str, frame), *names])))
    runs["costs"] = unpacked(runs["costs"])
    attempts = zip(runs["costs"], runs["kind"], strict=True)
    amounts = pd.Series([_of_attempt(costs, kind) for costs, kind in attempts], runs.index, dtype=object)
    cells, twice = runs[runs["kind"] == "cell"], made_twice(runs)
    unfinished = (runs["status"] != "FINISHED") & ~twice
    targets = _by(cells["target"], amounts)
    share = shared_over or max(len(targets), 1)
    pretrained = runs[runs["kind"] == "pretraining"]
    pretrainings = _by(
        pd.Series(list(zip(pretrained["source"], pretrained["backbone"], strict=True)), pretrained.index), amounts
    )
    elsewhere = without_record(cells, runs)
    pretrainings |= {pair: add([UNMEASURED, *([pretrainings[pair]] if pair in pretrainings else [])]) for pair in elsewhere}
    pretrainings = dict(sorted(pretrainings.items()))
    several = cells["backbone"].nunique() > 1
    named = [(str(Candidate(*each)) if several else each[0], amount) for each, amount in pretrainings.items()]
    cells = cells.assign(source=labels(cells, several).where(cells["source"].notna()))
    sources = _by(cells["source"], amounts)
    return Bill(
        experiment=experiment,
        total=add(amounts),
        lost=add(amounts[unfinished]),
        attempts=len(runs),
        unfinished=int(unfinished.sum()),
        repeated=add(amounts[twice]),
        twice=int(twice.sum()),
        phases=_phases(runs),
        pretrainings=pretrainings,
        shared_over=share,
        sources=sources,
        targets=targets,
        measures=measures_of(runs),
        per_target=_per_target(cells, sources, named, share),
        kinds=kinds_of(runs),
        check=compare_gpu_readings(runs),
        machine=machine_use(runs),
        scoring=add(amounts[runs["kind"] == "score"]),
        scored=int((runs["kind"] == "score").sum()),
        elsewhere=row_names(elsewhere, several=several),
    )


def made_twice(runs: pd.DataFrame) -> pd.Series:
    """(N,) bool: which attempts at cells and pretrainings were finished after another one at the same key.

    Such an attempt is kept for its cost, as KILLED (see results.tracking.send). A cell of them has test scores and a
    pretraining a validation loss, which an interrupted attempt has not.
    """
    done = set(runs.loc[runs["status"] == "FINISHED", "key"])
    scored = runs.reindex(columns=[f"test_{name}" for name in METRICS]).notna().any(axis=1) & (runs["kind"] == "cell")
    judged = runs.reindex(columns=["val_loss"]).notna().any(axis=1) & (runs["kind"] == "pretraining")
    return (runs["status"] == "KILLED") & runs["key"].isin(done) & (scored | judged)


UNMEASURED = Amount(missing=1, figures=1, without=1)  # an attempt without a record: it cost something


def _of_attempt(costs: Sequence[Mapping[str, Any]], kind: str) -> Amount:
    amount = add(map(amount_of, costs)) if costs else UNMEASURED
    return replace(amount, without=0 if kind == "score" else min(amount.missing, 1))


def _by(names: pd.Series, amounts: pd.Series) -> dict[Any, Amount]:
    """Name → sum of its amounts. A run without a name (its process died at once) counts in the total only."""
    listed: dict[Any, list[Amount]] = {}
    for name, amount in zip(names, amounts[names.index], strict=True):
        if isinstance(name, str | tuple):
            listed.setdefault(name, []).append(amount)
    return {name: add(listed[name]) for name in sorted(listed, key=str)}


def _phases(runs: pd.DataFrame) -> dict[tuple[str, str, str], Amount]:
    listed: dict[tuple[str, str, str], list[Amount]] = {}
    for kind, costs in zip(runs["kind"], runs["costs"], strict=True):
        for cost in costs:
            for hardware in cost["energy"]:
                listed.setdefault((str(kind), cost["phase"], hardware), []).append(amount_of(cost, hardware))
    return {key: add(amounts) for key, amounts in sorted(listed.items())}


def measures_of(runs: pd.DataFrame) -> dict[str, Amount]:
    """Measure → amount of all scorings: its own phase, and an equal share of the features that the measures of a run use.

    An attempt that failed before any measure began is shared by all measures that it was to compute.
    """
    listed: dict[str, list[Amount]] = {}
    scored = runs[runs["kind"] == "score"]
    for costs, names in zip(scored["costs"], scored.get("measures", pd.Series(None, index=scored.index)), strict=True):
        own = {cost["phase"].removeprefix(OWN): cost for cost in costs if cost["phase"].startswith(OWN)}
        users = list(own) or (names.split(";") if isinstance(names, str) else [])
        common = add(amount_of(cost) for cost in costs if not cost["phase"].startswith(OWN))
        for name in users:
            mine = [] if costs else [UNMEASURED]
            mine += [amount_of(own[name])] if name in own else []
            listed.setdefault(name, []).append(add([*mine, common.share(1 / len(users))]))
    return {name: add(amounts) for name, amounts in sorted(listed.items())}


def _per_target(
    cells: pd.DataFrame, sources: Mapping[str, Amount], pretrainings: Sequence[tuple[str, Amount]], share: int
) -> dict[str, Amount]:
    counts = cells.groupby("source")["target"].nunique()
    return {
        source: add([
            amount.share(1 / int(counts[source])), *(a.share(1 / share) for name, a in pretrainings if name == source)
        ])
        for source, amount in sources.items()
    }  # fmt: skip
