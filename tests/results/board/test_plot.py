"""The title of the critical-difference diagram agrees with its bars and with the column `tie`."""

from dataclasses import replace

import pytest

from results.board.plot import ranks_title
from results.board.text import differences
from results.statistics.rank_tests import Difference
from tests.support.runs import CLEAR, board

TESTS = Difference(["a", "b", "c"], [1.2, 2.0, 2.8], 5, 0.058, 1.48, [["a", "b"], ["b", "c"]], [])


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, "1 cannot be told apart from the best, a"),  # though Friedman's test finds nothing
        ({"friedman_p": 0.04}, "1 cannot be told apart from the best, a"),
        ({"cliques": [["a", "b", "c"]]}, "no difference can be shown"),
        ({"cliques": [["b", "c"]]}, "a differs from all others"),
        ({"friedman_p": None, "critical_difference": None, "cliques": []}, "no difference can be shown"),
    ],
)
def test_the_title_says_what_the_bars_show(change, shown):
    assert ranks_title(replace(TESTS, **change)) == f"Mean ranks of 3 sources on 5 targets: {shown}"


@pytest.mark.parametrize(
    ("p", "found"),
    [
        (0.049, "the sources differ (Friedman, p = 0.049)"),
        (0.058, "no difference is found by a test of all sources at once (Friedman, p = 0.058)"),
    ],
)
def test_the_sentence_says_what_the_test_of_all_sources_has_found_and_what_mean_ranks_need(p, found):
    said = differences(replace(board(CLEAR), difference=replace(TESTS, friedman_p=p)))
    assert said[0] == f"over 5 targets {found}; mean ranks have to differ by 1.48 (Nemenyi, 95 %)"
