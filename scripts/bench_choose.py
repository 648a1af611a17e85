#!/usr/bin/env python
"""`cats choose` on real images within a tenth of all runs, then all runs, and what the choice has lost.

    .venv/bin/python scripts/bench_choose.py [TARGET ...] [--cells N] [--seeds N] [--tracking-uri URI] [--json FILE]

Six sources, four settings and --seeds seeds are the matrix of a target. First a choice is made within --cells runs, as `cats
choose TARGET --recipe scripts/choosing/small.yaml --sources ... --cells N` makes it with the public runs as prior, but with few
training images and a short pretraining, which the command does not take. Then the other runs of the matrix are made in the
same experiment. Beside the choice are ImageNet alone and all sources, each with as many runs drawn at random, and the whole
matrix; the smallest validation loss recommends a run each time. The script goes on where it was stopped. Needs CATS_DATA and
CATS_WEIGHTS.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from choosing.regret import Judge, by_chance, complete
from training.figure import printed_facts

from benchmark.choosing.background import background_of
from benchmark.choosing.choose import arms_of, run_choice, sources_for
from benchmark.choosing.driver import Driver
from benchmark.choosing.question import Question
from benchmark.choosing.steps import Chooser
from benchmark.choosing.winner import winner_among
from benchmark.execution.engine import Local
from benchmark.execution.records import images_of, outbox_of, runs_of
from benchmark.execution.runner import run
from benchmark.execution.watch import Watch
from benchmark.specs.budget import Budget as Limits
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.plan import Plan
from results.choosing.policy import Arm, Budget, Trial, policy_named
from results.text.units import three_digits
from results.tracking.experiment import Experiment
from results.tracking.writer import Writer

TARGETS = ("breastmnist", "retinamnist", "idc")
SOURCES = ("imagenet", "inat_bird", "inat_insect", "mednist", "cifar10", "scratch")
ALWAYS = "imagenet"
BACKBONE = "mobilenetv2_100"
RECIPE = Path(__file__).parent / "choosing" / "small.yaml"
SMALL = {"subsample": PlanSubsample(train=(200,), val=100), "pretraining": {"size": 32, "epochs": 2}}
COLUMNS = {"val_loss": "val_loss", "value": "test_auc", "run_id": "run_id", "kwh": "kwh"}
HEAD = ("target", "way", "runs", "energy", "recommended", "test AUC", "regret (95 %)")


@dataclass(frozen=True)
class SmallQuestion(Question):
    """A question whose runs have few images and whose pretrainings are short."""

    def plan(self, sources: tuple[str, ...], backbone: str) -> Plan:
        return super().plan(sources, backbone).model_copy(update=SMALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=TARGETS)
    parser.add_argument("--cells", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tracking-uri", default="sqlite:///choose.db")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    about = printed_facts(torch.device("cpu"))
    print()
    print(f"| {' | '.join(HEAD)} |\n| --- | --- | ---: | ---: | --- | ---: | ---: |", flush=True)
    found = {}
    for target in given.targets:
        chooser = made(target, given)
        runs, experiment = runs_in(chooser, given.tracking_uri), chooser.arms.resolved.plan.experiment
        images = images_of(given.tracking_uri, experiment)
        judge = Judge.of(complete(runs, given.seeds), f"{experiment}/{target}", "auc", images)
        found[target] = summary(target, runs, choice_among(chooser, runs, given.cells), judge)
        if given.json:
            given.json.write_text(json.dumps({**about, "found": found}, indent=2), encoding="utf-8")


def made(target: str, given: argparse.Namespace) -> Chooser:
    """Choose within the budget, then make all other runs; returns what has chosen."""
    uri, watch = given.tracking_uri, Watch(lambda _: None, lambda *_: print(".", end="", file=sys.stderr, flush=True), say)
    question = SmallQuestion(
        target, SOURCES, BACKBONE, str(RECIPE), seeds=tuple(range(given.seeds)), budget=Limits(cells=given.cells), keep=False
    )
    found = sources_for(question, uri, say)
    prior = background_of(target, (), uri, say)
    chooser = Chooser(arms_of(question, found, prior, uri, say), policy_named(question.policy), prior)
    driver = Driver(chooser, Local(), 1, watch)
    run_choice(driver, uri, say)
    say(driver.ended)
    resolved = driver.chooser.arms.resolved
    every, experiment = resolved.plan.model_copy(update={"budget": Limits()}), resolved.plan.experiment
    state = run(replace(resolved, plan=every), Writer(Experiment(uri, experiment), outbox_of(uri, experiment)), Local(), watch)
    for record in state.failed:  # a rate may be too high
        say(f"failed: {state.name(record)}: {record.reason}")
    if state.interrupted or state.waiting:
        raise SystemExit(f"{target}: stopped; the same command goes on")
    return driver.chooser


def runs_in(chooser: Chooser, uri: str) -> pd.DataFrame:
    """All finished runs of the matrix, see choosing.regret, with their setting and energy."""
    arms = chooser.arms
    frame = runs_of(uri, arms.resolved.plan.experiment)
    mine = frame[frame["key"].isin(list(arms.by_key)) & (frame["status"] == "FINISHED")].drop_duplicates("key")
    places = [arms.by_key[key] for key in mine["key"]]
    names = pd.DataFrame([(*arm, named(arm), seed) for arm, seed in places], columns=["source", "setting", "arm", "seed"])
    figures = {name: mine[column].to_numpy() for name, column in COLUMNS.items()}
    return names.assign(**figures)


def choice_among(chooser: Chooser, runs: pd.DataFrame, cells: int) -> tuple[str, list[tuple[str, int]]]:
    """The arm that is recommended within a budget, and (arm, seed) of the runs that the choice has made.

    A chooser that sees the same results asks for the same runs, so that its way is found again among all runs.
    """
    losses = {(Arm(row.source, row.setting), row.seed): float(row.val_loss) for row in runs.itertuples()}
    trials: list[Trial] = []
    while (left := cells - sum(trial.val_loss is not None for trial in trials)) > 0:
        step = chooser.step(trials, Budget(cells=left), 1)
        if not step.cells:
            break
        place = chooser.arms.by_key[step.cells[0].key]
        trials.append(Trial(*place, losses.get(place)))
    winner = winner_among(trials, chooser.arms.resolved.plan.seeds)
    if winner is None:
        raise SystemExit("no run of the choice has finished")
    return named(winner.arm), [(named(trial.arm), trial.seed) for trial in trials if trial.val_loss is not None]


def summary(target: str, runs: pd.DataFrame, choice: tuple[str, list[tuple[str, int]]], judge: Judge) -> dict[str, object]:
    """Print the rows of one target, and give them back. `choice`: see choice_among."""
    taken, tried = choice
    usable = runs[runs["arm"].isin(judge.arms)]
    if taken not in judge.arms:
        raise SystemExit(f"{target}: {taken}, which the choice takes, has not a finished run of every seed")
    own = runs.set_index(["arm", "seed"]).loc[tried, "kwh"].sum(skipna=False)
    alone, means = usable[usable["source"] == ALWAYS], usable.groupby("arm")["val_loss"].mean()
    every, size = runs["kwh"].sum(skipna=False), len(tried)
    ways: list[tuple[str, int, float, str, Mapping[str, float]]] = [
        ("`cats choose`", size, own / every, taken, {taken: 1.0}),
        (f"{ALWAYS} alone", size, size * alone["kwh"].mean() / every, "by chance", by_chance(alone, size)),
        ("random", size, size / len(runs), "by chance", by_chance(usable, size)),
        ("all runs", len(runs), 1.0, str(means.idxmin()), {str(means.idxmin()): 1.0}),
    ]
    rows = [Row(*way[:4], judge.value(way[4]), *judge.regret(way[4])) for way in ways]
    print(*(f"| {target} | {row.text()} |" for row in rows), sep="\n", flush=True)
    known = "" if judge.note is None else f"; {judge.note}"
    alike = f"not told apart from it: {', '.join(judge.ties)}" if judge.ties else "all others are told apart from it"
    score = judge.value({judge.best: 1.0})
    say(f"{target}: {len(runs)} runs, {three_digits(every)} kWh; the best is {judge.best}, {score:.3f}; {alike}{known}")
    return {"best": judge.best, "ties": judge.ties, "score": score, "tried": tried, "rows": [asdict(row) for row in rows]}


@dataclass(frozen=True)
class Row:
    """A way of choosing: how many runs and which part of the energy it takes, what it recommends, its test score and regret."""

    way: str
    runs: int
    energy: float
    takes: str
    score: float
    regret: float
    low: float
    high: float

    def text(self) -> str:
        itself = self.regret == self.low == self.high == 0
        lost = "0: it is the best itself" if itself else f"{self.regret:.3f} ({self.low:.3f} to {self.high:.3f})"
        return f"{self.way} | {self.runs} | {self.energy:.0%} | {self.takes} | {self.score:.3f} | {lost}"


def named(arm: Arm) -> str:
    return f"{arm.source} ({arm.setting})"


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
