"""What would decide a tie, and how far sources are behind the best: compared with Nemenyi's formula and with the t test."""

import numpy as np
import pytest
from scipy import stats

from results.board.outlook import targets_needed
from results.statistics.intervals import TargetResults, standard_errors_behind
from results.statistics.rank_tests import critical_difference
from tests.support.runs import CLEAR, board, run, runs


@pytest.mark.parametrize("sources", [2, 3, 5, 15])
@pytest.mark.parametrize("gap", [0.1, 0.667, 1.0, 3.9])
def test_so_many_targets_tell_a_gap_of_mean_ranks_apart_and_no_fewer(sources, gap):
    count = targets_needed(gap, sources)
    assert critical_difference(sources, count) < gap
    assert count == 1 or critical_difference(sources, count - 1) >= gap


def test_two_sources_need_demsars_number_of_targets():
    """Demsar's q of two sources is 1.960, so that a gap of one rank needs 1.960² · 2 · 3 / 6 = 3.84 targets."""
    assert targets_needed(1.0, 2) == 4


def test_a_tie_over_targets_says_how_many_targets_would_decide_it():
    tied = board(runs(one=[[0.9, 0.91], [0.8, 0.81]], two=[[0.8, 0.81], [0.7, 0.71]], three=[[0.7, 0.71], [0.75, 0.76]]))
    first, second = tied.overall[:2]
    count = targets_needed(second.mean_rank - first.mean_rank, 3)
    assert tied.outlook.startswith(f"about {count} targets like these would tell {first.source} and {second.source} apart if")


def test_equal_mean_ranks_are_not_decided_by_more_targets():
    equal = board(runs(one=[[0.9, 0.91], [0.7, 0.71]], two=[[0.8, 0.81], [0.8, 0.81]]))
    assert equal.outlook.endswith("have the same mean rank, so that more targets like these would not decide between them")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (runs(one=[[0.9]], two=[[0.8]]), "with one seed the seed-to-seed variance is unknown; run more seeds"),
        (runs(one=[[0.9, 0.8, 0.85]], two=[[0.88, 0.82, 0.83]]), "two and one differ by 0.007"),
        ([row for row in CLEAR if row["target"] == "a"], ""),
        ([run("one", "a", 0, 0.9)], ""),
        ([run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)], ""),
    ],
)
def test_one_target_is_decided_by_seeds_and_a_winner_needs_nothing(rows, words):
    outlook = board(rows).outlook
    assert outlook.startswith(words.replace("two and one differ by 0.007", "one and two differ by 0.007"))
    assert bool(outlook) == bool(words)


def test_the_distance_to_the_best_is_welchs_statistic_without_test_images():
    rng = np.random.default_rng(0)
    values = [rng.normal(mean, 0.02, size=count) for mean, count in ((0.9, 4), (0.85, 3), (0.8, 6))]
    behind = standard_errors_behind(TargetResults(values))
    best = int(np.argmax([v.mean() for v in values]))
    expected = [stats.ttest_ind(values[best], v, equal_var=False).statistic for v in values]
    assert behind == pytest.approx(expected)
    assert behind[best] == 0


def test_shared_test_images_cancel_in_the_distance():
    """Two sources of one seed whose images move them alike: by hand, the variance of the difference is the sum of squares."""
    images = np.array([[0.01, 0.01], [0.02, -0.01], [-0.03, 0.0]])
    behind = standard_errors_behind(TargetResults([np.array([0.9]), np.array([0.8])], images))
    assert behind == pytest.approx([0, 0.1 / np.sqrt(((images[:, 0] - images[:, 1]) ** 2).sum())])


def test_without_any_variance_the_distance_is_unknown():
    assert np.isnan(standard_errors_behind(TargetResults([np.array([0.9]), np.array([0.8]), np.array([0.7])]))).all()


def test_a_board_names_the_distance_of_every_source():
    made = board(CLEAR)
    assert made.behind["a"]["good"] == 0
    assert made.behind["a"]["bad"] == pytest.approx(0.2 / (2 * 0.005**2 / 3) ** 0.5)
    assert board(runs(one=[[0.9]], two=[[0.8]])).behind == {"a": {"one": None, "two": None}}
