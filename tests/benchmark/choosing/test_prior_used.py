"""A choice with a prior: its settings, their order and its probability are really used, live as in a replay."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.choosing import background
from benchmark.choosing.settings import FACTOR, settings_of
from benchmark.choosing.steps import Chooser
from benchmark.specs.recipe import recipe_points
from results.choosing import EPSILON
from results.choosing.answer import sure
from results.choosing.play import column_of, play
from results.choosing.policy import Arm, Budget, Known, Trial, policy_named
from results.choosing.prior import Prior, Setting
from results.choosing.stopping import EARLIEST, MOST, SURE, may_look, why_unstated, within_eps
from tests.results.choosing.matrices import drawn

SGD = {"base": "finetune", "optimiser": "sgd"}


def arms(sources, settings, seeds=(0, 1, 2)):
    """What Chooser needs of Arms; a cell is its own arm and seed."""
    pairs = (Arm(source, name) for source in sources for name in settings)
    cells = {(arm, seed): (arm, seed) for arm in pairs for seed in seeds}
    resolved = SimpleNamespace(plan=SimpleNamespace(seeds=seeds))
    return SimpleNamespace(sources=sources, settings=SimpleNamespace(table=settings), resolved=resolved, cells=cells)


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """The public runs as a choice for breastmnist takes them, and the settings that a recipe of SGD gets."""
    empty = f"sqlite:///{tmp_path_factory.mktemp('no')}/mlflow.db"
    prior = background.background_of("breastmnist", None, empty, lambda _: None)
    return prior, settings_of("mine", recipe_points(SGD, "test"), prior)


def greedy_by_hand(prior, source):
    """The settings that lower the mean over targets of the smallest loss the most: the definition, one step after the other.

    A weight decay with rate × decay up to 1e-4 is none: such settings are averaged, and the first of them is named.
    """
    groups = {}
    for place, setting in enumerate(prior.settings):
        lr, momentum, decay = (float(setting.values[name]) for name in ("lr", "momentum", "weight_decay"))
        kind = (lr, momentum, decay if lr / (1 - momentum) * decay > 1e-4 * (1 + 1e-9) else 0.0)
        groups.setdefault(kind, []).append(place)
    held = [prior.score[:, :, places] for places in groups.values()]
    with np.errstate(invalid="ignore"):
        score = np.array([np.nansum(some, axis=2) / np.isfinite(some).sum(axis=2) for some in held])
    best = np.nanmax(score, axis=(0, 2))
    loss = np.log(np.maximum(1 - score[:, :, prior.sources.index(source)], 1e-4) / np.maximum(1 - best, 1e-4))
    loss = loss[:, np.isfinite(loss).any(axis=0)]
    current, order = np.nanmax(loss, axis=0), []
    while True:
        after = [np.nansum(np.fmin(current, row)) for row in loss]
        if min(after) >= current.sum() - 1e-12:
            return order
        best_row = int(np.argmin(after))
        current = np.fmin(current, loss[best_row])
        order.append(prior.settings[list(groups.values())[best_row][0]].name)


def test_with_public_runs_a_recipe_of_sgd_gets_their_settings_and_nothing_else(public):
    prior, found = public
    assert len(found.table) == len(prior.settings) == 60
    assert {setting.name for setting in prior.settings} == set(found.table)
    recipe = found.recipes["lr=0.001,momentum=0.9,weight_decay=0"]
    assert (recipe.optimiser, recipe.lr, recipe.momentum, recipe.weight_decay) == ("sgd", 0.001, 0.9, 0)
    assert "60 settings of the prior" in found.note


def test_each_source_begins_with_the_order_that_the_public_runs_give_it(public):
    prior, found = public
    assert "breastmnist" not in prior.targets
    one = Chooser(arms(("tissuemnist", "imagenet"), found.table), policy_named("race"), prior)
    trials = []
    for number in range(8):
        (cell,) = one.step(trials, Budget(), 1).cells
        trials.append(Trial(cell[0], cell[1], 1 + number / 10))
    lanes = {name: [t.arm.setting for t in trials if t.arm.source == name] for name in ("imagenet", "tissuemnist")}
    assert [trial.arm.source for trial in trials] == ["imagenet"] * 4 + ["tissuemnist"] * 4  # the leader is first
    for source, made in lanes.items():
        by_hand = greedy_by_hand(prior, source)[:4]
        assert made[: len(by_hand)] == by_hand


def test_a_recipe_of_adamw_gets_its_ladder_and_no_probability(public):
    prior, _ = public
    found = settings_of("fast", recipe_points("fast", "test"), prior)
    assert list(found.table) == ["lr=0.003", "lr=0.0003", "lr=0.03", "lr=3e-05"]
    trials = tuple(Trial(Arm("imagenet", name), 0, 0.1) for name in found.table)
    known = Known(("imagenet", "medmnist"), found.table, prior, trials)
    assert within_eps(known, EPSILON) is None
    assert why_unstated(known, trials[0].arm) == "no run of the prior has the source imagenet with the setting lr=0.003"


def test_learning_rates_of_adamw_begin_with_that_of_the_recipe():
    """The prior lists .03, .003 ...; a new source begins at .003, the rate of the recipe, and not at ten times it."""
    settings = [{"lr": f"{0.03 * 10.0**-n:g}"} for n in range(4)]
    matrix = drawn(targets=5, settings=tuple(map(Setting.of, settings)))
    found = settings_of("fast", recipe_points("fast", "test"), matrix.prior())
    assert list(found.table) == ["lr=0.003", "lr=0.0003", "lr=0.03", "lr=3e-05"]
    assert [float(setting.values[FACTOR]) for setting in found.table.values()] == pytest.approx([1, 0.1, 10, 0.01])
    one = Chooser(arms(("new", "newer"), found.table), policy_named("race"), matrix.prior())
    assert one.step([], Budget(), 1).cells[0][0] == Arm("new", "lr=0.003")


@pytest.fixture(scope="module")
def replayed():
    """A target of a drawn experiment, played by `cats replay`: prior, column and play."""
    matrix = drawn(targets=9)
    prior = matrix.prior().without("t0")
    column = column_of(matrix, matrix.kwh, 0, "kwh", np.arange(4))
    return prior, column, play(policy_named("race"), column, prior, 1.0, MOST)


def test_live_it_makes_and_ends_as_the_replay_does(replayed):
    prior, column, played = replayed
    chooser = Chooser(arms(column.sources, column.settings), policy_named("race"), prior)
    trials = list(made_live(chooser, column))
    first = [trial for trial in trials if trial.seed == 0]
    assert [trial.arm for trial in first] == [trial.arm for trial in played.trials[: len(first)]]
    known = Known(column.sources, column.settings, prior, ())
    looks = {count: sure(_with(known, first[:count])) for count in range(EARLIEST, len(first) + 1)}
    assert all(chance <= SURE for count, chance in looks.items() if count < len(first))
    assert len(first) == MOST or looks[len(first)] > SURE


def test_further_seeds_never_take_an_end_back(replayed):
    """Ended by a probability, it stays ended whatever the finalists' further seeds show."""
    prior, column, played = replayed
    arms_ = arms(column.sources, column.settings)
    chooser = Chooser(arms_, policy_named("race"), prior)
    trials = []
    while cells := chooser.step(trials, Budget(), 1).cells:
        arm, seed = cells[0]
        if seed:
            break
        trials.append(Trial(arm, seed, 0.05 if arm.source == played.trials[0].arm.source else 2.0 + len(trials) / 100))
    ended = chooser.step(trials, Budget(), 1).ended
    for loss in (50.0, None, 1e300):
        later = [*trials, *(Trial(arm, seed, loss) for arm, seed in chooser.step(trials, Budget(), 4).cells)]
        step = chooser.step(later, Budget(), 9)
        assert step.ended == ended
        assert all(seed != 0 for _, seed in step.cells)


def made_live(chooser, column):
    trials = []
    while cells := chooser.step(trials, Budget(), 1).cells:
        arm, seed = cells[0]
        loss = column.runs[arm][0][0] if seed == 0 else column.runs[arm][0][0] + 1 / 100
        trials.append(Trial(arm, seed, loss))
    return trials


def _with(known, trials):
    return Known(known.sources, known.settings, known.prior, tuple(trials))


def test_no_probability_ends_a_choice_before_a_new_source_had_its_four_settings(replayed):
    prior, column, played = replayed
    sources = (*column.sources, "new")
    trials = [Trial(trial.arm, 0, trial.val_loss) for trial in played.trials[:12]]
    names = list(column.settings)
    known = Known(sources, column.settings, prior, tuple(trials))
    assert may_look(Known(column.sources, column.settings, prior, tuple(trials)))
    assert not may_look(known)
    for number, name in enumerate(names[:4], 1):
        known = _with(known, [*known.trials, Trial(Arm("new", name), 0, 9.0)])
        assert may_look(known) == (number == 4)


def test_a_loss_that_is_no_number_states_nothing_wrong(replayed):
    prior, column, played = replayed
    trials = [Trial(trial.arm, 0, trial.val_loss) for trial in played.trials[:9]]
    known = Known(column.sources, column.settings, prior, tuple(trials))
    more = _with(known, [*trials, Trial(played.trials[9].arm, 0, float("inf"))])
    assert within_eps(more, EPSILON) == within_eps(known, EPSILON)
    assert 0 <= within_eps(known, EPSILON) <= 1


def test_the_probability_is_that_of_the_recommended_arm(replayed):
    """The winner over seeds may have another arm than the smallest loss: the worse arm is near the best less probably."""
    prior, column, played = replayed
    trials = tuple(Trial(trial.arm, 0, trial.val_loss) for trial in played.trials[:12])
    known = Known(column.sources, column.settings, prior, trials)
    ordered = [trial.arm for trial in sorted(trials, key=lambda trial: trial.val_loss)]
    assert within_eps(known, EPSILON) == within_eps(known, EPSILON, ordered[0])
    chances = [within_eps(known, EPSILON, arm) for arm in (ordered[0], ordered[len(ordered) // 2], ordered[-1])]
    assert all(one >= other for one, other in pairwise(chances))
    assert chances[0] > chances[-1]


def test_why_no_probability_is_stated():
    known = Known(("a",), {}, Prior.empty())
    assert why_unstated(known, None) == "no run has finished"
    assert why_unstated(known, Arm("a", "x")) == "the prior holds 0 targets, too few to say how much targets differ"
    prior = drawn(targets=5).prior()
    assert why_unstated(Known(("a",), {}, prior), Arm("a", "x")) == "the prior does not know the source a"
