"""`board.json`: what it says of its basis, and that it can be read back."""

import json

import pytest

from results.board.export import board_json, read_board
from results.error import CatsError
from tests.support.runs import CLEAR, board, run

MADE = {"data": "d1", "environment": '{"trainer": "2", "torch": "2.11"}'}


def test_a_board_can_be_read_back():
    made = board([row | MADE for row in CLEAR])
    assert read_board(board_json(made), "board.json") == made


def test_the_basis_names_runs_data_and_versions():
    rows = [run("one", "a", seed, value, **MADE) for seed, value in ((10, 0.7), (2, 0.9))]
    rows[0] |= {"environment": '{"trainer": "3"}', "start": "s"}
    [basis] = board(rows).basis
    assert (basis.target, basis.source, basis.seeds, basis.values) == ("a", "one", ["2", "10"], [0.9, 0.7])
    assert (basis.data, basis.starts, basis.points) == (["d1"], ["s"], ["p"])
    assert basis.versions == {"torch": ["2.11"], "trainer": ["2", "3"]}


def test_a_board_of_an_older_version_has_no_basis():
    content = json.loads(board_json(board(CLEAR)))
    del content["basis"], content["choice"]
    assert read_board(json.dumps(content | {"later": 1}), "board.json").basis == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", "null", '{"experiment": 1}', "[" * 5000, b"\xff\x00"])
def test_what_is_no_board_is_refused(content):
    with pytest.raises(CatsError, match=r"^old\.json is no board; give a board\.json"):
        read_board(content, "old.json")
