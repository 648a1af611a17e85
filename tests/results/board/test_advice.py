"""Two seeds say little: the board says how many would tell."""

import numpy as np
import pytest

from results.board.advice import ONE_LOOK, detectable, listed, seed_advice
from results.board.request import Judging
from results.statistics import power
from results.statistics.power import Noise, seeds_needed, smallest_difference
from tests.support.runs import board, run, runs

CLOSE = {"one": [0.90, 0.86], "two": [0.87, 0.89], "three": [0.84, 0.80]}


def made(scores, **changes):
    return board(runs(**{source: [values] for source, values in scores.items()}), **changes)


def advice(shown):
    return [note for note in shown.notes if "seeds are few" in note]


def test_two_seeds_that_leave_no_winner_say_how_many_would_tell():
    (said,) = advice(made(CLOSE))
    noise = Noise(float(np.mean([np.var(v, ddof=1) for v in CLOSE.values()])), 0.0, 2, 3)
    assert said.startswith(f"a: 2 seeds are few: of auc they tell {smallest_difference(noise, 2):.2g} apart; 3 seeds ")
    assert f", 10 seeds {smallest_difference(noise, 10):.2g}, " in said
    gap = 0.88 - 0.88
    assert gap == 0
    assert said.endswith("the first two differ by 0.000")


def test_the_gap_of_the_first_two_says_how_many_seeds_it_needs():
    shown = made(CLOSE | {"two": [0.84, 0.88]})
    noise = Noise(8e-4, 0.0, 2, 3)
    assert advice(shown)[0].endswith(f"and about {seeds_needed(0.02, noise)} seeds would tell that, if it is true; {ONE_LOOK}")
    near = made(CLOSE | {"two": [0.8799, 0.88]})
    assert advice(near)[0].endswith("and thousands of seeds would be needed to tell that")


def test_test_images_that_are_too_few_are_named():
    def images(name, metric, of):
        return np.random.default_rng(0).normal(0, 0.05, (40, len(of))), None

    shown = made(CLOSE | {"two": [0.84, 0.88]}, judging=Judging(images))
    assert advice(shown)[0].endswith("which no number of seeds tells on these test images")


def test_seeds_that_do_not_help_are_not_listed():
    """By hand: of an image variance of 0.09² and seeds that vary by 0.001, the images alone limit what is told apart."""
    of_images, both, of_seeds = (
        Noise(seeds, images, 40, 3) for seeds, images in ((1e-6, 0.0081), (0.001, 0.0081), (0.001, 0.0))
    )
    first, last = (f"{smallest_difference(of_images, count):.2g}" for count in (2, 20))
    help_no_more = f"do not help (20 seeds tell {last} apart), more test images would"
    assert listed({"a": of_images}, "auc") == f"2 seeds tell {first} of auc apart; more seeds {help_no_more}"
    assert "more seeds" not in listed({"a": of_seeds}, "auc")
    assert listed({"a": of_images, "b": of_seeds}, "auc").endswith(
        f", 20 seeds {smallest_difference(of_seeds, 20):.2g} to {last}"
    )
    assert f"; 3 seeds {smallest_difference(both, 3):.2g}; more seeds than 3 do not help (20 " in listed({"a": both}, "auc")


def test_two_seeds_that_vary_without_measure_tell_no_difference_apart():
    assert "of auc they tell no difference apart; 3 seeds " in advice(made({"one": [0.9, 0.3], "two": [0.2, 0.7]}))[0]


@pytest.mark.parametrize(
    "scores",
    [
        {"one": [0.9, 0.88, 0.89], "two": [0.87, 0.9, 0.88]},  # three seeds
        {"one": [0.9], "two": [0.87]},  # one: the verdict says what to do
        {"one": [0.9, 0.9], "two": [0.87, 0.87]},  # they do not vary
        {"one": [0.9, 0.9001], "two": [0.2, 0.2001]},  # a winner
        {"one": [0.9, 0.8]},
    ],
)
def test_others_need_no_advice(scores):
    assert advice(made(scores)) == []


def of_targets(targets):
    """Runs on targets whose seeds vary by these factors."""
    return [
        run(s, t, i, float(np.mean(row) + factor * (v - np.mean(row))))
        for t, factor in targets.items() for s, row in CLOSE.items() for i, v in enumerate(row)
    ]  # fmt: skip


def test_several_targets_share_a_sentence_with_the_range_from_the_least_noise_to_the_most():
    (said,) = advice(board(of_targets({"a": 1.0, "b": 3.0, "c": 2.0})))
    noise = [Noise(factor**2 * float(np.mean([np.var(v, ddof=1) for v in CLOSE.values()])), 0.0, 2, 3) for factor in (1, 3)]
    low, high = (f"{smallest_difference(each, 5):.2g}" for each in noise)
    assert said.startswith("3 targets without a winner: 2 seeds are few: of auc they tell ")
    assert f", 5 seeds {low} to {high}, " in said
    assert said.endswith("; the least noise is on a, the most on b)")
    assert len(said) < 300
    assert seed_advice({}, {}, "auc") == []


def test_targets_on_which_nothing_is_told_apart_are_no_range():
    (said,) = advice(board(of_targets({"a": 1.0, "b": 12.0})))
    assert "of auc they tell 0.37 at best apart; 3 seeds 0.11 at best, 5 seeds 0.061 to 0.73, " in said
    (said,) = advice(board(of_targets({"a": 12.0, "b": 12.0})))
    assert "of auc they tell no difference apart; " in said
    assert said.endswith("(80 % power)")


@pytest.mark.slow
def test_the_advice_of_many_targets_asks_no_more_than_that_of_two(monkeypatch):
    asked = []
    monkeypatch.setattr(power, "power", lambda *given, of=power.power: asked.append(given) or of(*given))
    board(of_targets({f"t{number}": 1 + number / 10 for number in range(12)}))
    assert 0 < len(asked) < 170


def test_a_range_begins_with_the_smallest_difference_also_where_the_noisier_target_tells_it():
    quiet, noisy = Noise(4e-4, 0.0, 50, 3), Noise(1e-5, 3.95e-4, 1000, 3)  # the noise of seeds has few degrees of freedom
    assert 2 * quiet.seeds / 2 + quiet.images < 2 * noisy.seeds / 2 + noisy.images
    smallest = [smallest_difference(noise, 2) for noise in (noisy, quiet)]
    assert smallest[0] < smallest[1]
    assert detectable({"quiet": quiet, "noisy": noisy}, 2, "auc") == f"{smallest[0]:.2g} to {smallest[1]:.2g}"
