"""A choice keeps nothing between two steps: killed anywhere, with one worker or several, it makes the same cells."""

import itertools
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmark.choosing import driver
from benchmark.choosing.driver import Driver
from benchmark.choosing.steps import Chooser
from benchmark.execution.watch import Run, Watch
from benchmark.specs.budget import Budget as Limits
from results.choosing.policy import Arm, Budget, Trial, policy_named
from results.choosing.prior import Prior, Setting
from results.choosing.stopping import MOST
from results.error import CatsError

SETTINGS = {setting.name: setting for setting in (Setting.of({"lr": f"{10.0**-n:g}"}) for n in range(4))}
SOURCES = ("a", "b", "c", "d", "e")
SEEDS = (3, 4, 5)


def arms(sources=SOURCES, settings=SETTINGS, seeds=SEEDS):
    """What Chooser needs of Arms; a cell is its own arm and seed."""
    pairs = (Arm(source, name) for source in sources for name in settings)
    cells = {(arm, seed): (arm, seed) for arm in pairs for seed in seeds}
    plan = SimpleNamespace(seeds=seeds)
    resolved = SimpleNamespace(plan=plan)
    return SimpleNamespace(sources=sources, settings=SimpleNamespace(table=settings), resolved=resolved, cells=cells)


def chooser(policy="race", **of):
    return Chooser(arms(**of), policy_named(policy), Prior.empty())


def loss(arm, seed):
    """A world in which every arm has its loss; one of them fails."""
    if arm == Arm("b", "lr=0.1"):
        return None
    return (SOURCES.index(arm.source) * 7 % 5 + 1) * (1 + len(arm.setting)) / 10 + seed / 1000


def play(chooser, trials=(), count=1, order=lambda cells: cells):
    """All trials from these on to the end of the choice."""
    trials = list(trials)
    while cells := chooser.step(trials, Budget(), count).cells:
        assert len(cells) <= count
        trials += [Trial(arm, seed, loss(arm, seed)) for arm, seed in order(list(cells))]
    return trials


@pytest.mark.parametrize("policy", ["race", "leader", "static", "random", "portfolio"])
def test_interrupted_after_any_run_it_goes_on_as_undisturbed(policy):
    one = chooser(policy)
    undisturbed = play(one)
    assert len({(t.arm, t.seed) for t in undisturbed}) == len(undisturbed)
    for killed in range(len(undisturbed)):
        assert play(chooser(policy), undisturbed[:killed]) == undisturbed


@pytest.mark.parametrize("count", [2, 3, 4])
def test_with_several_workers_every_cell_is_made_once_in_any_order_of_results(count):
    forward, backward = (play(chooser(), count=count, order=order) for order in (list, lambda cells: cells[::-1]))
    made = {(t.arm, t.seed) for t in forward}
    assert len(made) == len(forward) == len(backward)
    assert made == {(t.arm, t.seed) for t in backward}
    for killed in range(len(forward)):
        resumed = play(chooser(), forward[:killed], count)
        assert len({(t.arm, t.seed) for t in resumed}) == len(resumed)
        assert resumed[:killed] == forward[:killed]


def test_it_stops_at_the_limit_and_the_finalists_get_their_seeds():
    many = {name: Setting.of({"lr": name}) for name in map(str, range(1, 9))}
    trials = play(chooser("random", settings=many, sources=("a", "c", "d", "e")), count=3)
    first, further = [t for t in trials if t.seed == 3], [t for t in trials if t.seed != 3]
    assert len(first) == MOST
    assert [t.seed for t in further] == [4, 4, 5, 5]
    assert len({t.arm for t in further}) == 2
    assert trials == [*first, *further]


def test_one_source_with_one_setting_has_one_finalist():
    one = chooser(sources=("a",), settings={"default": Setting.of({})})
    assert [(t.arm, t.seed) for t in play(one)] == [(Arm("a", "default"), seed) for seed in SEEDS]


def test_a_policy_that_asks_for_an_arm_again_gets_its_next_seed():
    class Again:
        name = "again"

        def next(self, known, count):
            return [] if len(known.trials) > 2 else [Arm("a", "lr=1")]

    one = Chooser(arms(), Again(), Prior.empty())
    assert [t.seed for t in itertools.takewhile(lambda t: t.arm.source == "a", play(one))] == [3, 4, 5]


def test_why_it_has_ended_is_said():
    step = chooser(sources=("a",)).step([], Budget(), 1)
    assert (len(step.cells), step.ended) == (1, "")
    trials = play(chooser(sources=("a",), seeds=(3,)))
    assert chooser(sources=("a",), seeds=(3,)).step(trials, Budget(), 1).ended == "policy race has no further run to make"


def test_cells_that_leave_no_record_end_the_choice(monkeypatch):
    """Otherwise the choice would make the same cells for ever: it decides by records alone."""
    runs = []
    monkeypatch.setattr(driver, "run", lambda cells, *_, **__: runs.append(cells) or Run(cells=1, done=0))
    monkeypatch.setattr(driver, "frame_of", lambda _: pd.DataFrame())
    own = arms()
    own.resolved.plan.budget, own.resolved.plan.keep = Limits(), "none"
    own.by_key, own.some = {}, list
    one = Driver(Chooser(own, policy_named("race"), Prior.empty()), None, 1, Watch(*[lambda *_: None] * 3))
    with pytest.raises(CatsError, match="left no record that can be read; see the messages above, and call the command again"):
        one.run(SimpleNamespace(tracking=None, outbox=[]), going_on=True)
    assert runs == [[(Arm("a", "lr=0.1"), 3)]]
