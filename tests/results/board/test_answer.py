"""The answer of a board in one sentence: it names no winner inside a tie."""

from dataclasses import replace

import pytest

from results.board.answer import answer
from results.board.board import Board
from results.board.ranking import Overall, Row
from results.statistics.rank_tests import Difference
from tests.support.runs import CLEAR, board, run, runs


def made(ties, targets=4):
    """A board made by hand: sources s0, s1 ... with these ties of their mean ranks."""
    names = [f"s{number}" for number in range(len(ties))]
    overall = [
        Overall(name, 1.5 + number, 1.0 + number, 2.0 + number, 1.0, tie=tie, p_best=0.75)
        for number, (name, tie) in enumerate(zip(names, ties, strict=True))
    ]  # fmt: skip
    rows = [
        Row(name, 0.9, 0.8, 0.95, number + 1, tie, 3, None) for number, (name, tie) in enumerate(zip(names, ties, strict=True))
    ]
    tests = Difference(names, [row.mean_rank for row in overall], targets, 0.01, 1.0, [], [])
    return Board("toy", "auc", "min_val_loss", {f"t{i}": rows for i in range(targets)}, overall, [], difference=tests)


@pytest.mark.parametrize(
    ("ties", "words"),
    [
        ([1, 2, 2], "s0 has the best mean rank, 1.50 (95 % 1.00–2.00) over 4 targets; no other source is in its tie group"),
        ([1, 1, 2], "No winner: s0 has the best mean rank, 1.50 (95 % 1.00–2.00) over 4 targets, but s1 cannot"),
        ([1, 1, 1], "but s1 and s2 cannot be told apart from it"),
        ([1] * 5, "but s1, s2, s3 and s4 cannot be told apart from it"),
        ([1] * 6, "but s1, s2, s3 and 2 more cannot be told apart from it"),
        ([1, 1, 2], "; the probability that it is the best is 0.75"),
    ],
)  # fmt: skip
def test_a_tie_over_targets_has_no_winner(ties, words):
    assert words in answer(made(ties))
    assert answer(made(ties)).startswith("No winner") == (ties.count(1) > 1)


@pytest.mark.parametrize(
    ("ties", "also"),
    [([1, 1], ""), ([1, 1, 1], ", and s2 cannot be told apart from them"), ([1, 1, 2], "")],
)
def test_sources_with_one_mean_rank_share_the_first_place(ties, also):
    """The first one of the table was named alone, with its probability, although it was the less likely one."""
    whole = made(ties)
    second = replace(whole.overall[1], mean_rank=1.5, p_best=0.9)
    assert answer(replace(whole, overall=[whole.overall[0], second, *whole.overall[2:]])) == (
        f"No winner: s0 and s1 share the best mean rank, 1.50 over 4 targets{also}"
    )


def test_targets_that_the_best_source_wins_alone_are_counted():
    assert answer(board(CLEAR)).startswith(
        "No winner: good has the best mean rank, 1.00 (95 % 1.00–2.00) over 2 targets, and wins"
    )
    assert "and wins alone on 2 targets, but bad cannot be told apart from it" in answer(board(CLEAR))


def test_an_oracle_is_said_to_be_one():
    assert answer(replace(made([1, 2]), rule="oracle_test")).startswith("By an oracle, not by choice: s0 has")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row for row in CLEAR if row["target"] == "a"], "On a: good wins (3 seeds, 95 %)"),
        (runs(one=[[0.9, 0.8]], two=[[0.88, 0.82]]), "On a: no winner: one, two cannot be told apart (2 seeds, 95 %)"),
        ([run("one", "a", 0, 0.9)], "Only one source was measured, one: no winner"),
        (
            [run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)],
            "No winner over all targets, because no target has every source; on none of the 2 targets does a source win alone",
        ),
        (
            [*CLEAR[:3], *[row for row in CLEAR if row["source"] == "bad" and row["target"] == "a"], run("third", "b", 0, 0.9)],
            "No winner over all targets, because no target has every source; 1 of 2 targets has a winner (good on 1)",
        ),
    ],
)
def test_one_target_gaps_and_one_source_are_said(rows, words):
    assert answer(board(rows)) == words


def test_a_board_of_pairs_that_share_images_ranks_nothing():
    rows = [row | {"leak": "they share 3 images"} for row in CLEAR]
    assert answer(board(rows)) == "No source is ranked, because every pair that was run shares images"
