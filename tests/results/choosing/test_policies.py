"""Policies: rounds by hand, tiny experiments whose best policy is known, and what holds for every policy."""

from importlib.metadata import EntryPoint

import numpy as np
import pytest

from results import extension
from results.choosing.policies.race import halved
from results.choosing.policy import DEFAULT, POLICIES, Arm, Known, Trial, policy_named
from results.choosing.prior import Prior
from results.error import CatsError
from tests.results.choosing.matrices import drawn, grid, matrix_of, settings_of

NAMES = {setting.name: setting for setting in grid()}


def known_of(prior=None, trials=(), sources=("s0", "s1", "s2", "s3"), settings=NAMES, pending=()):
    return Known(tuple(sources), settings, Prior.empty() if prior is None else prior, tuple(trials), pending=tuple(pending))


def walk(policy, known, loss, most=10**6):
    """All arms that a policy asks for, one by one, where `loss` says the validation loss of each."""
    trials = []
    while len(trials) < most:
        asked = policy.next(with_trials(known, trials), 1)
        if not asked:
            break
        trials.append(Trial(asked[0], 0, loss(asked[0])))
    return [trial.arm for trial in trials]


def with_trials(known, trials, pending=()):
    return Known(known.sources, known.settings, known.prior, tuple(trials), pending=tuple(pending))


PRIOR = drawn().prior()


@pytest.mark.parametrize("name", POLICIES.names())
@pytest.mark.parametrize("prior", [Prior.empty(), PRIOR, drawn(targets=1).prior()], ids=["empty", "six", "one"])
def test_no_policy_asks_twice_or_for_what_there_is_not(name, prior):
    arms = walk(policy_named(name), known_of(prior, sources=("s2", "new", "s0", "s1")), lambda arm: len(arm.source) + 0.1)
    assert arms
    assert len(arms) == len(set(arms))
    assert {arm.source for arm in arms} <= {"s2", "new", "s0", "s1"}
    assert {arm.setting for arm in arms} <= set(NAMES)


@pytest.mark.parametrize("name", POLICIES.names())
def test_equal_knowledge_gives_equal_arms_and_a_batch_begins_like_single_questions(name):
    policy, known = policy_named(name), known_of(PRIOR)
    assert list(policy.next(known, 5)) == list(policy_named(name).next(known_of(drawn().prior()), 5))
    first = policy.next(known, 1)
    assert policy.next(known, 3)[0] == first[0]
    assert first[0] not in policy.next(known_of(PRIOR, pending=first), 3)
    assert policy.next(known_of(PRIOR, sources=()), 3) == []


@pytest.mark.parametrize("name", ["race", "portfolio", "random"])
def test_in_the_end_everything_is_tried(name):
    assert len(walk(policy_named(name), known_of(PRIOR), lambda arm: 0.5)) == 4 * len(NAMES)


def test_a_race_has_four_seats_then_two_then_one():
    loss = {"s0": 0.4, "s1": 0.3, "s2": 0.2, "s3": 0.1}
    arms = walk(policy_named("race"), known_of(PRIOR), lambda arm: loss[arm.source], 16 + 16 + 10)
    rounds = [[arm.source for arm in arms[start:end]] for start, end in ((0, 16), (16, 32), (32, 42))]
    assert [rounds[0].count(source) for source in loss] == [4, 4, 4, 4]
    assert [rounds[1].count(source) for source in loss] == [0, 0, 8, 8]
    assert set(rounds[2]) == {"s3", "s2"} or set(rounds[2]) == {"s3"}
    assert rounds[2][:6] == ["s3"] * 6  # 18 settings: 12 are tried, 6 are left


def seats(known):
    return [[(seat.source, seat.settings, seat.best, seat.stays) for seat in each.seats] for each in halved(known)]


LOSS = {"s0": 0.4, "s1": 0.3, "s2": 0.2, "s3": 0.1}
FIRST = {("s0", 4, 0.4, False), ("s1", 4, 0.3, False), ("s2", 4, 0.2, True), ("s3", 4, 0.1, True)}


@pytest.mark.parametrize(
    ("runs", "rounds"),
    [
        (0, []),
        (16, [FIRST]),
        (20, [FIRST, {("s3", 8, 0.1, None), ("s2", 4, 0.2, None)}]),
        (32, [FIRST, {("s3", 12, 0.1, True), ("s2", 12, 0.2, False)}]),
        (33, [FIRST, {("s3", 12, 0.1, True), ("s2", 12, 0.2, False)}, {("s3", 13, 0.1, None)}]),
        (38, [FIRST, {("s3", 12, 0.1, True), ("s2", 12, 0.2, False)}, {("s3", 18, 0.1, None)}]),
    ],
)
def test_the_rounds_of_a_race_are_found_again_in_what_was_tried(runs, rounds):
    known = known_of(PRIOR)
    arms = walk(policy_named("race"), known, lambda arm: LOSS[arm.source], runs)
    trials = [Trial(arm, 0, LOSS[arm.source]) for arm in arms]
    assert [set(each) for each in seats(with_trials(known, trials))] == rounds


def test_a_round_that_has_not_ended_says_nothing_of_who_stays():
    known = known_of(PRIOR)
    arms = walk(policy_named("race"), known, lambda arm: LOSS[arm.source], 6)
    trials = [Trial(arm, 0, None if number < 4 else 0.5) for number, arm in enumerate(arms)]
    ((one, *others),) = seats(with_trials(known, trials))
    assert one[1:] == (4, None, None)  # all its runs failed
    assert [each[1:] for each in others] == [(2, 0.5, None), (0, None, None), (0, None, None)]


def test_sources_behind_the_seats_are_in_no_round():
    known = known_of(drawn(sources=6).prior(), sources=[f"s{n}" for n in range(6)], settings=dict(list(NAMES.items())[:4]))
    trials = [Trial(arm, 0, 0.5) for arm in walk(policy_named("race"), known, lambda arm: 0.5)]
    assert len(trials) == 24
    ((*found,),) = seats(with_trials(known, trials))
    assert [each[1:] for each in found] == [(4, 0.5, None)] * 4


def test_a_race_waits_for_its_round():
    race, known = policy_named("race"), known_of(PRIOR)
    asked = list(race.next(known, 100))
    assert len(asked) == 16
    assert race.next(known_of(PRIOR, pending=asked), 4) == []
    done = [Trial(arm, 0, 0.5) for arm in asked[:15]]
    assert race.next(known_of(PRIOR, done, pending=asked[15:]), 4) == []
    assert len(race.next(known_of(PRIOR, [*done, Trial(asked[15], 0, None)]), 100)) == 16


def test_every_stranger_has_a_seat_behind_the_leader_and_climbs_the_ladder():
    known = known_of(PRIOR, sources=("s0", "n1", "s1", "n2", "s2", "n3", "s3", "n4"))
    arms = policy_named("race").next(known, 100)
    seats = list(dict.fromkeys(arm.source for arm in arms))
    leader = policy_named("leader").next(known, 1)[0].source
    assert seats == [leader, "n1", "n2", "n3", "n4"]
    rates = [NAMES[arm.setting].values for arm in arms if arm.source == "n1"]
    assert [float(v["lr"]) / (1 - float(v["momentum"])) for v in rates[:4]] == pytest.approx([0.1, 0.01, 1, 0.001], rel=0.5)


def test_the_leader_is_alone_with_its_own_order():
    score = [[[0.9, 0.5, 0.6], [0.5, 0.7, 0.6]], [[0.9, 0.5, 0.6], [0.5, 0.8, 0.6]]]
    prior = matrix_of(score).prior()
    settings = {setting.name: setting for setting in prior.settings}
    known = known_of(prior, sources=("s1", "s0"), settings=settings)
    assert list(policy_named("leader").next(known, 9)) == [Arm("s0", "width=0"), Arm("s0", "width=2"), Arm("s0", "width=1")]
    assert {arm.source for arm in policy_named("habit").next(known, 9)} == {"s0"}


def test_a_portfolio_begins_with_pairs_that_help_different_targets():
    # (s0, 0) is the best on t0 and t1, (s1, 1) on t2; (s0, 1) is nearly as good on t0 and t1.
    score = [[[0.9, 0.88], [0.5, 0.5]], [[0.9, 0.88], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.9]]]
    prior = matrix_of(score).prior()
    known = known_of(prior, sources=("s0", "s1"), settings={setting.name: setting for setting in prior.settings})
    assert list(policy_named("portfolio").next(known, 2)) == [Arm("s0", "width=0"), Arm("s1", "width=1")]


def test_a_portfolio_keeps_the_order_of_the_prior_where_its_settings_do_not_fit():
    """The prior knows widths, and learning rates can be tried: the best source leads, then strangers, then the second best."""
    prior = matrix_of([[[0.5], [0.7], [0.9]]] * 3, sources=("worst", "fair", "best")).prior()
    settings = {setting.name: setting for setting in settings_of({"lr": "0.1"}, {"lr": "0.01"})}
    arms = policy_named("portfolio").next(known_of(prior, sources=("worst", "new", "fair", "best"), settings=settings), 99)
    assert [arm.source for arm in arms] == ["best", "new", "new", "best", "fair", "fair", "worst", "worst"]


def test_a_static_grid_ends_after_five_sources_and_eight_settings():
    prior = drawn(sources=7).prior()
    arms = walk(policy_named("static"), known_of(prior, sources=prior.sources), lambda arm: 0.5)
    assert len(arms) == 40
    assert len({arm.source for arm in arms}) == 5
    assert len({arm.setting for arm in arms[:5]}) == 1


def test_settings_that_the_prior_does_not_hold_come_last():
    more = settings_of({"lr": "0.1", "momentum": "0.5", "weight_decay": "0"})[0]
    arms = policy_named("leader").next(known_of(PRIOR, settings={more.name: more, **NAMES}), 99)
    assert arms[-1].setting == more.name
    assert len(arms) == len(NAMES) + 1


def test_random_draws_depend_on_names_alone():
    draw = policy_named("random")
    one, two = (list(draw.next(known_of(PRIOR, sources=sources), 72)) for sources in (("s0", "s1"), ("s1", "s0")))
    assert sorted(one) == sorted(two)
    assert one != two


def test_an_unknown_policy_is_one_sentence_with_the_nearest_name():
    with pytest.raises(CatsError, match="no policy called 'portfolo'; did you mean 'portfolio'"):
        policy_named("portfolo")
    assert DEFAULT in POLICIES.names()


def test_a_policy_of_another_package_is_found_by_its_entry_point(monkeypatch):
    points = [EntryPoint("mine", "tests.results.choosing.test_play:Fixed", "cats.policies")]
    monkeypatch.setattr(extension, "entry_points", lambda group: points if group == "cats.policies" else [])
    found = policy_named("mine")
    assert found.name == "mine"  # by which it is looked up again, whatever the class says
    assert found.next(known_of(), 3) == []
    points *= 2
    with pytest.raises(CatsError, match="there are 2 policies called 'mine'"):
        policy_named("mine")


def test_the_best_policy_of_a_tiny_experiment_is_the_best_in_its_replay():
    """On every target s0 with setting 0 wins, and nothing else comes near: who knows the other targets loses nothing."""
    from results.choosing.replay import ReplayQuestion, replay

    score = np.full((6, 3, 4), 0.6) + np.random.default_rng(0).uniform(0, 0.01, (6, 3, 4))
    score[:, 0, 0] = 0.9
    found = replay(matrix_of(score), ReplayQuestion(("race", "leader", "portfolio", "static", "random"), 6, shares=(0.01, 1.0)))
    mean = {name: regret[1:].mean(axis=(0, 1)) for name, regret in found.regret.items()}
    assert mean["race"][0] == mean["leader"][0] == mean["portfolio"][0] == mean["static"][0] == 0
    assert mean["random"][0] > 0.1
    assert all(regret[1] == 0 for regret in mean.values())
