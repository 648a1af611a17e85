"""No word of a table is broken, however narrow the terminal is, and no column is lost."""

import io
import random

import pytest
from rich.console import Console

from results.text.printing import LONGEST_WORD, TerminalTable, longest_word

RULES = "│┃┏┓┡┩━┳╇└┘─┴┌┐├┤┬┼"


def words(table, width):
    """The words that a console of some width shows."""
    out = Console(file=io.StringIO(), width=width)
    out.print(table, crop=False)
    return {
        word
        for line in out.file.getvalue().splitlines()
        for word in line.translate(dict.fromkeys(map(ord, RULES), " ")).split()
    }


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("width", [80, 60])
def test_a_narrow_terminal_shows_every_word_whole(seed, width):
    rng = random.Random(seed)
    head = ["source", *(f"figure{number}" for number in range(rng.randrange(1, 7))), "what it was", "why"]
    table = TerminalTable("a title", head, left=("source", "what it was", "why"))
    for _ in range(10):
        texts = [" ".join("x" * rng.randrange(1, 22) for _ in range(rng.randrange(1, 8))) for _ in range(2)]
        table.add_row("s" * rng.randrange(3, 25), *(f"{rng.random():.4f}" for _ in head[1:-2]), *texts)
    assert words(table, width) == words(table, 1000)


def test_a_path_may_be_broken_where_nothing_else_helps():
    assert longest_word(["a bb", "ccc"]) == 3
    assert longest_word([]) == 0
    assert longest_word(["x" * 100]) == LONGEST_WORD
