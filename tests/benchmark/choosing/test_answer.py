"""The answer after some trials, in process: with a prior it is about the winner, and what it cannot know it says."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmark.choosing.answer import choice_of, next_best
from benchmark.choosing.driver import Driver
from benchmark.choosing.question import Question
from benchmark.choosing.steps import Chooser
from benchmark.choosing.trials import Tried, others_in
from benchmark.choosing.winner import winner_among
from benchmark.execution.runner import Past
from results.choosing.answer import answer, sure
from results.choosing.choice_text import ChoiceText, notes, sentences
from results.choosing.play import column_of, play
from results.choosing.policy import Arm, Budget, Known, Trial, policy_named
from results.choosing.prior import Prior, Setting
from tests.results.choosing.matrices import drawn
from tests.support.runs import run

QUESTION = Question("ihc", recipe="finetune")
PLAN = SimpleNamespace(seeds=(0, 1, 2), experiment="choose-ihc", metric="auc", targets=["ihc"])


def driver(trials, sources, settings, prior, policy="race"):
    """A driver that has tried these trials and makes nothing."""
    cells = {(Arm(source, name), seed): None for source in sources for name in settings for seed in PLAN.seeds}
    resolved = SimpleNamespace(plan=PLAN, candidates=[(source, "test_resnet") for source in sources])
    arms = SimpleNamespace(
        sources=sources, settings=SimpleNamespace(table=settings), resolved=resolved, keys=frozenset(),
        cells=SimpleNamespace(values=list, __contains__=cells.__contains__),
    )  # fmt: skip
    tried = tuple(Tried(trial, f"key {number}", number) for number, trial in enumerate(trials))
    return Driver(Chooser(arms, policy_named(policy), prior), None, 1, None, tried=tried, ended="it has ended")


def answered(*of):
    made = driver(*of)
    trials = [each.trial for each in made.tried]
    return choice_of(QUESTION, made, winner_among(trials, PLAN.seeds), Past(None))


@pytest.fixture(scope="module")
def played():
    """Sources, settings, a prior of eight targets, and 16 trials of a race on a ninth."""
    matrix = drawn(targets=9)
    prior = matrix.prior().without("t0")
    column = column_of(matrix, matrix.kwh, 0, "kwh", np.arange(4))
    made = play(policy_named("race"), column, prior, 0, 16).trials
    return [Trial(trial.arm, 0, trial.val_loss, 0.001, 0.1) for trial in made], column.sources, column.settings, prior


@pytest.mark.slow
def test_the_answer_with_a_prior(played):
    trials, sources, settings, prior = played
    choice = answered(*played)
    best = min(trials, key=lambda trial: trial.val_loss)
    assert (choice.taken.source, choice.taken.setting) == best.arm
    known = Known(sources, settings, prior, tuple(trials))
    assert choice.within == sure(known)
    assert (choice.strangers, choice.unstated, choice.untried) == ((), "", ())
    found = answer(known)
    rivals = {rival.name: rival for rival in choice.rivals}
    assert set(rivals) == {"race (the policy of this choice)", "leader", "random", "static"}
    own = rivals.pop("race (the policy of this choice)")
    assert (own.regret, own.minus) == (found.policy.value, None)
    for constant in found.constants:
        rival = rivals[constant.name]
        assert (rival.minus, rival.minus_low) == (constant.minus.value, constant.minus.low)
        assert own.regret - rival.regret == pytest.approx(rival.minus)
    said = " ".join(notes(choice))
    assert "the ways of choosing were replayed on the runs of the prior, 8 targets with its own 18 settings and recipes" in said
    assert (choice.seeds_to_come, choice.enough_cells) == (4, 24)  # 20 sources with settings, and two seeds of two of them
    assert (choice.near, choice.best) == (None, None)
    assert "8 targets of the prior are too few for a set of sources with 90 % confidence" in said
    assert ChoiceText(choice).markdown()


def test_the_winner_over_seeds_has_a_probability_of_its_own(played):
    """The finalist with the best first seed loses by its further seeds: what is stated is that of the other one."""
    trials, sources, settings, prior = played
    ordered = sorted(trials, key=lambda trial: trial.val_loss)
    first = ordered[0].arm
    second = next(trial.arm for trial in ordered if trial.arm.source != first.source)
    further = [Trial(first, 1, 9.0), Trial(second, 1, 0.5), Trial(first, 2, 9.0), Trial(second, 2, 0.5)]
    choice = answered([*trials, *further], sources, settings, prior)
    assert (choice.taken.source, choice.taken.setting) == second
    assert (choice.seeds_to_come, choice.enough_cells) == (0, 0)
    known = Known(sources, settings, prior, (*trials, *further))
    assert choice.within == answer(known, taken=second).within
    assert 0 < choice.within < 1


def test_of_sources_that_the_prior_does_not_know_nothing_is_claimed(played):
    trials, sources, settings, prior = played
    choice = answered(trials, (*sources, "new", "newer"), settings, prior)
    assert choice.strangers == choice.untried == ("new", "newer")
    text = " ".join(sentences(choice))
    assert "Never tried: new, newer." in text
    assert "P(within .005 of the best of the sources that the prior knows) = " in text
    taken = answered([*trials, Trial(Arm("new", next(iter(settings))), 0, 0.0)], (*sources, "new"), settings, prior)
    assert (taken.taken.source, taken.within) == ("new", None)
    assert taken.unstated == "the prior does not know the source new"


@pytest.mark.slow
def test_the_sets_have_their_confidence():
    matrix = drawn(targets=12)
    prior = matrix.prior().without("t0")
    settings = {setting.name: setting for setting in prior.settings}
    choice = answered([Trial(Arm("s0", next(iter(settings))), 0, 0.5)], (*prior.sources, "new"), settings, prior)
    assert (choice.near.level, choice.near.targets) == (0.9, 11)
    assert "Of the sources that the prior knows, the best is among " in " ".join(sentences(choice))


def test_without_a_prior_the_reason_is_said():
    settings = {"default": Setting.of({})}
    choice = answered([Trial(Arm("a", "default"), 0, 0.5, None, 0.5)], ("a", "b"), settings, Prior.empty())
    assert "P(within .005) is not stated: the prior holds 0 targets" in " ".join(sentences(choice))
    assert (choice.within, choice.rivals, choice.strangers, choice.untried) == (None, (), (), ("b",))
    assert choice.spent.share == pytest.approx(0.5)  # of two runs of half an hour each
    assert (choice.spent.tried_kwh, choice.spent.tried_hours) == (None, 0.5)


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        (4, "no further run: this choice has ended before its budget"),
        (20, "no further run: more runs of these sources bought nothing on public targets"),
        (24, "every source was tried with every setting: name more with --sources, or a recipe with more settings"),
    ],
)
def test_what_twice_the_budget_would_buy(runs, sentence):
    settings = {name: Setting.of({"lr": name}) for name in map(str, range(1, 9))}
    arms = [Arm(source, name) for source in "abc" for name in settings]
    made = driver([Trial(arm, 0, 0.5) for arm in arms[:runs]], tuple("abc"), settings, Prior.empty())
    assert next_best(made, None) == sentence


@pytest.mark.parametrize(
    ("arms", "named"),
    [
        ([("a", "default"), ("b", "lr=1")], "a and b (lr=1)"),
        ([("a", "default"), ("a", "lr=1")], "the settings default and lr=1 of a"),
    ],
)
def test_finalists_that_tie_would_get_more_seeds(arms, named):
    settings = {"default": Setting.of({}), "lr=1": Setting.of({"lr": "1"})}
    trials = [Trial(Arm(*arm), seed, 0.5) for arm in arms for seed in PLAN.seeds]
    made = driver(trials, ("a", "b"), settings, Prior.empty())
    assert next_best(made, winner_among(trials, PLAN.seeds)) == f"more seeds of {named}: --seeds 6"


def test_runs_of_other_sources_count_in_what_was_spent_and_nowhere_else():
    """Three runs of 0.003 kWh and a second each; one has the key of a cell of this call."""
    frame = pd.DataFrame([run("a", "ihc", 0, 0.8), run("b", "ihc", 0, 0.8), run("c", "ihc", 0, 0.8, status="FAILED")])
    amount, finished = others_in(frame, [], {"a-ihc-0"})
    assert (amount.kwh, amount.seconds, finished) == (pytest.approx(0.006), 2.0, 1)
    settings = {"default": Setting.of({})}
    made = driver([Trial(Arm("a", "default"), 0, 0.2, 0.003, 1 / 3600)], ("a",), settings, Prior.empty())
    made.chooser = replace(made.chooser, arms=_with_keys(made.chooser.arms, {"a-ihc-0"}))
    choice = choice_of(QUESTION, made, winner_among([made.tried[0].trial], PLAN.seeds), Past(frame))
    assert (choice.spent.other_runs, choice.spent.kwh) == (1, pytest.approx(0.006))
    assert "1 finished run of earlier calls with other sources or settings counts" in " ".join(notes(choice))
    assert choice.spent.share == pytest.approx(1.0)


def _with_keys(arms, keys):
    return SimpleNamespace(**{**vars(arms), "keys": frozenset(keys)})


def test_a_step_is_asked_with_what_is_left(played):
    """A choice that its budget has stopped names the runs that come next: those that the policy asks for."""
    trials, sources, settings, prior = played
    made = driver(trials, sources, settings, prior)
    made.stopped_by_budget = True
    by_key = {}

    class Cells(dict):
        def __missing__(self, place):
            by_key[str(place)] = place
            return SimpleNamespace(key=str(place))

        def __contains__(self, place):
            return place[1] >= 0

    arms = SimpleNamespace(**{**vars(made.chooser.arms), "cells": Cells(), "by_key": by_key})
    made.chooser = replace(made.chooser, arms=arms)
    cells = made.chooser.step(trials, Budget(), 1).cells
    arm, seed = by_key[cells[0].key]
    assert f"next come {arm.source} ({arm.setting}) with seed {seed}" in next_best(made, None)
