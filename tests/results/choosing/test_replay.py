"""A whole replay: regret by hand, what is averaged, and what cannot be judged."""

import json
import math
from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from results import extension
from results.choosing.costs import costs_of
from results.choosing.play import column_of, play
from results.choosing.policy import Arm, Trial, policy_named
from results.choosing.replay import LONGEST, ReplayQuestion, replay
from results.choosing.replay_text import ReplayText
from results.choosing.stopping import LOOKS, stop_by_patience, stop_when_sure
from results.choosing.trust import Look, trust_of
from results.choosing.verdict import mean_over_targets, policy_regrets, stated_bins, stop_rules, trusted
from results.error import CatsError
from tests.results.choosing.matrices import drawn, matrix_of

NAN = float("nan")
FLAT = [[[0.9, 0.6], [0.7, 0.8]], [[0.6, 0.9], [0.8, 0.7]]]  # with val_loss 1 - score the best of each target is .9


def test_the_regret_at_a_share_by_hand():
    """The leader on t1 is learnt on t0, where s0 is the best and its setting 0 is; on t1 that is .6, then .9."""
    found = replay(matrix_of(FLAT), ReplayQuestion(("leader",), 2, shares=(0.25, 0.5)))
    assert found.regret["leader"][0] == pytest.approx(np.array([[0.3, 0.0], [0.3, 0.0]]))
    assert found.runs["leader"].tolist() == [1, 2]
    assert found.sweep.tolist() == [0, 0]


def test_the_best_is_the_cell_that_validation_chooses_and_not_the_best_run():
    val_loss = np.array([[[0.9, 0.1], [0.5, 0.6]], [[0.9, 0.1], [0.5, 0.6]]])
    found = replay(matrix_of(FLAT, val_loss=val_loss), ReplayQuestion(("leader",), 1, shares=(1.0,)))
    assert found.best.tolist() == [0.7, 0.9]  # t0: s0 chooses .6, s1 .7; t1: .9 and .8
    assert found.sweep == pytest.approx([0.1, 0.0])  # the smallest loss of all is that of s0 with setting 1


def test_with_seeds_a_cell_is_the_mean_over_seeds():
    score = np.array([[[[0.9, 0.5]], [[0.6, 0.6]]]] * 2)
    found = replay(matrix_of(score), ReplayQuestion(("leader",), 4, shares=(1.0,)))
    assert found.best.tolist() == [0.7, 0.7]


def test_a_family_leaves_the_prior_only_where_that_is_asked():
    score = np.array([[[0.9], [0.5]], [[0.9], [0.5]], [[0.6], [0.8]]])  # t0 and t1 are relatives and agree
    matrix = matrix_of(score, family={"t0": "f", "t1": "f"})
    alone, apart = (replay(matrix, ReplayQuestion(("leader",), 1, family, shares=(0.5,))) for family in (False, True))
    assert alone.regret["leader"][1, :2, 0].tolist() == [0, 0]
    assert apart.regret["leader"][1, :2, 0] == pytest.approx([0.4, 0.4])  # t2 alone speaks, and says s1


def test_a_hidden_source_is_a_candidate_without_a_past():
    score = np.full((4, 3, 2), 0.6)
    score[:, 0] = 0.9
    shown, hidden = (
        replay(matrix_of(score), ReplayQuestion(("leader", "race"), 1, hidden=hide, shares=(1 / 6, 1.0)))
        for hide in ((), ("s0",))
    )
    assert shown.regret["leader"][1, :, 0].tolist() == [0] * 4
    assert hidden.regret["leader"][1, :, 1] == pytest.approx([0.3] * 4)  # the leader never tries s0
    assert hidden.regret["race"][1, :, 1].tolist() == [0] * 4


def test_the_mean_does_not_count_the_experiment_as_it_is():
    found = replay(drawn(targets=3), ReplayQuestion(("leader",), 3))
    regrets = policy_regrets(found)[0]
    assert regrets.regret[2].value == pytest.approx(found.regret["leader"][1:, :, 2].mean())
    assert regrets.plain[2] == pytest.approx(found.regret["leader"][0, :, 2].mean())
    assert regrets.regret[2].low is None  # three targets give no interval


def test_a_mean_over_targets_has_a_bootstrap():
    values = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05])
    found = mean_over_targets(values)
    error = values.std() / math.sqrt(6)
    assert found.value == pytest.approx(0.025)
    assert (found.low, found.high) == (
        pytest.approx(0.025 - 1.96 * error, abs=0.002),
        pytest.approx(0.025 + 1.96 * error, abs=0.002),
    )
    assert mean_over_targets(values[:4]).low is None
    assert math.isnan(mean_over_targets(np.array([NAN])).value)


def test_an_interval_of_pairs_is_that_of_their_differences():
    found = replay(drawn(targets=6), ReplayQuestion(("race", "random"), 2))
    first, other = policy_regrets(found)
    assert first.first_minus is None
    assert other.first_minus[0].value == pytest.approx(first.regret[0].value - other.regret[0].value)


def test_patience_counts_runs_without_a_better_loss():
    losses = [0.9, 0.8, 0.8, None, 0.7, 0.7, 0.7, 0.7, 0.7, 0.6]
    trials = [Trial(Arm("s", str(number)), 0, loss) for number, loss in enumerate(losses)]
    assert stop_by_patience(trials, 4) == 9
    assert stop_by_patience(trials, 3) == 8
    assert stop_by_patience(trials, 5) == 10
    assert stop_by_patience(trials[:3], 1) == 3  # never before eight runs


def test_the_default_rule_stops_at_the_first_sure_look_or_at_twenty():
    stated = np.full(len(LOOKS), 0.5)
    assert stop_when_sure(stated, 60) == 20
    stated[3] = 0.91
    assert stop_when_sure(stated, 60) == LOOKS[3] == 11
    assert stop_when_sure(stated, 10) == 10
    assert stop_when_sure(np.full(len(LOOKS), NAN), 60) == 20


def test_stop_rules_and_stated_probabilities_of_a_replay():
    found = replay(drawn(targets=6), ReplayQuestion(("race",), 3))
    corrected, trust = trusted(found)
    assert trust.targets == 6
    assert ((corrected > 0) & (corrected < 1)).all()
    rules = {rule.rule: rule for rule in stop_rules(found, corrected)}
    plays = [played for some in found.plays for played in some[1:]]
    assert rules["8 runs"].runs == 8
    assert rules["8 runs"].share == pytest.approx(np.mean([played.spent[7] for played in plays]))
    assert rules["8 runs"].regret.value == pytest.approx(found.after["race"][1:, :, 7].mean())
    assert sum(each.looks for each in stated_bins(found, corrected)) == 6 * 3 * len(LOOKS)


def test_a_line_of_trust_is_the_likeliest_one():
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    looks = [Look(f"t{n % 6}", float(p), bool(rng.random() < p**2)) for n, p in enumerate(rng.uniform(0.05, 0.95, 600))]
    x = np.array([math.log(look.stated / (1 - look.stated)) for look in looks])
    y = np.array([look.held for look in looks])

    def cost(line):
        odds = line[0] + line[1] * x
        return (np.logaddexp(0, np.where(y, -odds, odds)) / 100).sum() + 0.2 * (line[0] ** 2 + (line[1] - 1) ** 2)

    best = minimize(cost, [0, 1]).x
    found = trust_of(looks)
    assert (found.level, found.slope) == pytest.approx(tuple(best), abs=1e-4)
    assert found.of(0.5) < 0.5
    assert trust_of(looks[:3]).of(0.7) == pytest.approx(0.7)  # three targets change nothing


@pytest.mark.parametrize(
    ("score", "sentence"),
    [([[[NAN, 0.5], [NAN, NAN]]], "no target is left"), ([[[0.9, 0.5]]], "no target is left")],
)
def test_nothing_to_choose_from_is_one_sentence(score, sentence):
    with pytest.raises(CatsError, match=sentence):
        replay(matrix_of(score), ReplayQuestion(("race",), 1))


def test_a_target_without_a_choice_is_left_out_and_named():
    score = np.array([[[0.9], [0.5]], [[0.9], [NAN]], [[0.6], [0.8]]])
    found = replay(matrix_of(score), ReplayQuestion(("race",), 1))
    assert found.targets == ("t0", "t2")
    assert "t1 is left out: fewer than two sources can be chosen there" in found.notes


def notes(matrix, policies=("race", "random"), **how):
    return " / ".join(ReplayText(replay(matrix, ReplayQuestion(policies, 2, **how)), "toy").notes)


@pytest.mark.slow
def test_it_says_what_cannot_be_judged():
    assert "there is one target" in notes(matrix_of([[[0.9, 0.5], [0.6, 0.7]]]))
    few = notes(matrix_of(FLAT))
    assert "2 targets are too few for an interval" in few
    assert "no two runs are replicates" in few
    assert "with 1 other target no set" in few
    assert "neither energy nor hours" in notes(matrix_of(FLAT, kwh=np.full((2, 2, 2), NAN), hours=np.full((2, 2, 2), NAN)))
    assert "the energy of most runs is not known" in notes(matrix_of(FLAT, kwh=np.full((2, 2, 2), NAN)))
    assert "P(within eps) needs 4 other targets, so nothing is said about it" in notes(drawn(targets=4))
    assert "P(within eps) needs" not in notes(drawn(targets=5))
    alike = matrix_of([[[0.9], [0.8]]] * 5)
    assert "5 targets cannot tell race from leader at any share" in notes(alike, ("race", "leader"), shares=(1.0,))
    many = notes(drawn(targets=6))
    assert "no single replay is a result" in many
    assert "hidden from the prior, candidates all the same, and in no set: s0" in notes(drawn(targets=6), hidden=("s0",))


def test_a_source_on_its_own_target_may_be_missing():
    score = drawn(targets=5, sources=5).score.copy()
    for number in range(5):
        score[number, number] = NAN
    found = replay(matrix_of(score, settings=drawn().settings), ReplayQuestion(("race", "portfolio"), 2))
    assert np.isfinite(found.regret["race"]).all()
    assert all(played.absent == 0 for some in found.plays for played in some)


def test_the_same_question_has_the_same_answer_in_every_form():
    texts = [ReplayText(replay(drawn(), ReplayQuestion(("race", "random"), 2)), "toy") for _ in range(2)]
    assert texts[0].to_dict() == texts[1].to_dict()
    assert json.loads(json.dumps(texts[0].to_dict()))["policies"][0]["name"] == "race"
    assert texts[0].markdown().count("**Regret of auc") == 1
    lines = texts[0].csv().splitlines()
    assert lines[0] == "policy,target,share,regret,low,high"
    assert len(lines) == 1 + 2 * 7 * len(texts[0].found.shares)


def test_a_play_of_a_policy_is_what_the_replay_holds():
    matrix = drawn()
    found = replay(matrix, ReplayQuestion(("race",), 1, shares=(0.02,)))
    assert all(len(some) == 2 for some in found.plays)
    unit, cost, _ = costs_of(matrix)
    column = column_of(matrix, cost, 2, unit, np.arange(len(matrix.sources)))
    alone = play(policy_named("race"), column, matrix.prior().without("t2"), 0.02, LONGEST)
    assert found.plays[2][0].trials == alone.trials
    assert found.plays[2][0].trials[0].kwh is not None
    assert found.regret["race"][0, 2, 0] == found.best[2] - alone.score(alone.runs_within(0.02))


class Silent:
    """Asks for nothing."""

    name = "silent"

    def next(self, known, count):
        return []


class Stray:
    """Asks for what no experiment holds."""

    name = "stray"

    def next(self, known, count):
        return [Arm("nobody", "nothing")]


@pytest.fixture
def silent(monkeypatch):
    points = [EntryPoint(own.name, f"{__name__}:{own.__name__}", "cats.policies") for own in (Silent, Stray)]
    monkeypatch.setattr(extension, "entry_points", lambda group: points)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("policies", [("silent",), ("race", "silent"), ("silent", "race")])
def test_a_policy_that_asks_for_nothing_has_no_figures_and_stops_nothing(silent, policies):
    text = ReplayText(replay(drawn(), ReplayQuestion(policies, 2)), "toy")
    found = json.loads(json.dumps(text.to_dict(), allow_nan=False))
    mute = next(policy for policy in found["policies"] if policy["name"] == "silent")
    assert {mean["value"] for mean in mute["regret"]} == {None}
    assert mute["runs"] == [0] * len(found["shares"])
    assert mute["worst"] == [None] * len(found["shares"])
    if policies[0] == "silent":
        assert {(rule["share"], rule["runs"], rule["regret"]["value"]) for rule in found["stop_rules"]} <= {(0, 0, None)}
    assert "nan" not in (text.markdown() + text.csv()).lower()


@pytest.mark.usefixtures("silent")
def test_a_policy_that_asks_for_what_is_not_there_is_named():
    """On each of 2 targets and 3 deals it may ask as often as there are pairs, 4, and is then stopped."""
    stray = "stray asked 30 times for runs that the experiment does not hold; they cost nothing"
    assert stray in notes(matrix_of(FLAT), ("stray",))


@pytest.mark.filterwarnings("error")
def test_what_is_not_known_is_null():
    """On t0 the run that the leader of the others asks for has failed, in every relabelling."""
    score = np.array([[[NAN], [0.8], [0.7]], *[[[0.9], [0.8], [0.7]]] * 3])
    found = replay(matrix_of(score, kwh=np.ones(score.shape)), ReplayQuestion(("leader",), 2, shares=(0.3, 1.0)))
    text = ReplayText(found, "toy")
    told = json.loads(json.dumps(text.to_dict(), allow_nan=False))
    assert told["policies"][0]["by_target"] == {"t0": [None, None], "t1": [0, 0], "t2": [0, 0], "t3": [0, 0]}
    assert "leader,t0,0.3,,," in text.csv().splitlines()


def test_with_families_left_out_no_sibling_corrects_what_is_stated():
    """What is stated about t0 is corrected by t2 to t7 alone: what t1 shows, of its family, may be anything."""
    matrix = drawn(targets=8)
    matrix = replace(matrix, family={"t0": "f", "t1": "f"})
    found = replay(matrix, ReplayQuestion(("race",), 2, True))
    assert len(set(found.families)) == 7
    before = trusted(found)[0]
    swapped = found.stated.copy()
    swapped[1] = 1 - swapped[1]
    after = trusted(replace(found, stated=swapped))[0]
    assert np.array_equal(before[0], after[0], equal_nan=True)
    assert not np.array_equal(before[2], after[2], equal_nan=True)
    others = trust_of([look for number in range(2, 8) for look in looks_at(found, number)])
    assert before[0, 1, 0] == pytest.approx(others.of(float(found.stated[0, 1, 0])))


def looks_at(found, target):
    """All looks at a target, by hand."""
    return [
        Look(
            found.targets[target],
            float(found.stated[target, number, place]),
            found.best[target] - found.plays[target][number].score(runs) <= found.question.eps + 1e-12,
        )
        for number in (1, 2)
        for place, runs in enumerate(LOOKS)
        if np.isfinite(found.stated[target, number, place])
    ]
