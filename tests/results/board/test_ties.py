"""Tie groups that jump over a source are explained below the board and marked in every picture of it."""

import pytest

from results.board.plot import draw_board, with_interval
from results.board.text import BoardText, legend
from results.board.ties import jump_notes, jumps
from results.report.sections import per_target
from tests.support.runs import CLEAR, board, runs

FAR = {"best": [0.90, 0.901, 0.902], "second": [0.87, 0.871, 0.872], "third": [0.75, 0.85, 0.95]}
LAST = {"fourth": [0.6, 0.601, 0.602]}
TWICE = {"late": [0.70, 0.80, 0.90]}


def made(**scores):
    return board(runs(**{source: [values] for source, values in scores.items()}))


@pytest.mark.parametrize(
    ("scores", "ties", "said"),
    [
        (
            FAR,
            [1, 2, 1],
            "a: tie 1 jumps over second, and this is no mistake: third (rank 3) is further from best, yet cannot be",
        ),
        (FAR | LAST, [1, 2, 1, 3], "because its mean is known less exactly"),
        (FAR | TWICE, [1, 2, 1, 1], "because its mean is known less exactly, and 1 more likewise"),
    ],
)
def test_a_tie_that_jumps_is_explained_in_one_sentence(scores, ties, said):
    shown = made(**scores)
    assert [row.tie for row in shown.targets["a"]] == ties
    (sentence,) = [sentence for sentence in legend(shown) if "jumps" in sentence]
    assert said in sentence
    assert sentence in BoardText(shown).markdown()
    assert sentence in per_target(shown).notes


def test_ties_that_do_not_jump_are_not_explained():
    assert not [sentence for sentence in legend(board(CLEAR)) if "jumps" in sentence]
    assert jump_notes(board(CLEAR).targets) == []
    assert [jumps(ties) for ties in ([1, 1, 2], [1], [], [1, 2, 1], [1, 3, 2])] == [False, False, False, True, True]


def drawings(shown, folder):
    draw_board(shown, folder / "board.svg")
    per_target(shown).parts[0].charts[0].draw(folder / "report.svg")
    return [(folder / f"{name}.svg").read_text() for name in ("board", "report")]


def test_pictures_mark_groups_that_overlap_and_no_others(tmp_path):
    for drawn in drawings(made(**FAR), tmp_path):
        assert 'id="tie 1 jumps"' in drawn
        assert 'id="tie 2 jumps"' in drawn
    assert not [drawn for drawn in drawings(board(CLEAR), tmp_path) if "jumps" in drawn]
    text = per_target(made(**FAR)).parts[0].charts[0].text
    assert text.endswith("A bar on the right joins the sources of each tie group, because one group jumps over a source.")


def test_an_axis_names_no_interval_where_none_is_known():
    one = board(runs(good=[[0.9]], bad=[[0.7]]))
    assert with_interval("test AUC", one.targets["a"]) == "test AUC; no interval can be given"
    assert per_target(one).parts[0].charts[0].draw.args[-1] == "test AUC; no interval can be given"
    assert (
        with_interval("test AUC", board(CLEAR).targets["a"], "\nover seeds") == "test AUC, mean and 95 % interval\nover seeds"
    )
