"""The description of an experiment in MLflow, as someone reads it who opens MLflow for the first time."""

from dataclasses import replace

import pytest

from results.board.page import note_of
from tests.support.runs import CLEAR, board, run, runs

ON_A = [row for row in CLEAR if row["target"] == "a"]
LEAKING = [row | {"leak": "they share 3 images"} for row in CLEAR]


@pytest.mark.parametrize(
    ("rows", "head", "detail"),
    [
        (CLEAR, "No winner over 2 targets, by test AUC", "good has the best mean rank, 1.00 (95 % 1.00–2.00) over 2 targets"),
        ([*CLEAR, run("good", "c", 0, 0.9)], "No winner over 2 of 3 targets, by test AUC",
         "good has the best mean rank, 1.00 (95 % 1.00–2.00) over the 2 of 3 targets on which every source was measured"),
        (ON_A, "On a: good wins (3 seeds, 95 %), by test AUC", None),
        (runs(one=[[0.9, 0.8]], two=[[0.88, 0.82]]), "No winner on a, by test AUC", "one, two cannot be told apart"),
        ([run("one", "a", 0, 0.9)], "Only one source was measured, one: no winner", None),
        (LEAKING, "No source is ranked, because every pair that was run shares images", None),
    ],
    ids=["tie", "gap", "one target", "tie on one target", "one source", "leaks"],
)  # fmt: skip
def test_the_verdict_is_the_first_line_and_is_said_once(rows, head, detail):
    note = note_of(board(rows))
    first, _, second, *_ = note.splitlines()
    assert first == f"**{head}**"
    assert second.startswith(detail or "A source is what a network has learned before")
    assert note.partition("Target by target")[0].lower().count("no winner") == head.lower().count("no winner")


def test_words_and_columns_are_explained_and_what_is_kept_off_is_said():
    both = board([*CLEAR, run("near", "a", 0, 0.99) | {"leak": "they share 3 images"}])
    note = note_of(both)
    assert "Each pair was trained 3 times, with other random numbers (seeds). 1 pair shares images and is kept off" in note
    assert "| source | mean rank | 95 % interval | tie | P(best) | mean (95 %) |" in note
    assert all(f"\n- {word}: " in note for word in ("mean rank", "tie", "P(best)", "mean", "every target"))


def test_a_verdict_that_several_targets_share_is_said_once_with_their_names():
    once = [run(source, target, 0, 0.9 - place / 9) for place, source in enumerate(("one", "two")) for target in "abc"]
    (line,) = [each for each in note_of(board(once)).splitlines() if "with one seed" in each]
    assert line.startswith("- every target: no winner: with one seed the seed-to-seed variance is unknown")
    more = [*once, *(run("one", "d", seed, 0.9) for seed in range(3))]
    (line,) = [each for each in note_of(board(more)).splitlines() if "with one seed" in each]
    assert line.startswith("- a, b, c: no winner: ")


def test_a_table_without_a_figure_is_left_out():
    assert "| source |" not in note_of(board([run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)]))
    assert "| source |" not in note_of(board(LEAKING))


def test_an_oracle_is_said_to_be_one():
    note = note_of(replace(board(CLEAR), rule="oracle_test"))
    assert note.splitlines()[2].startswith("By an oracle, not by choice: good has the best mean rank")
