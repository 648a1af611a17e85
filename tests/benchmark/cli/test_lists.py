"""Options that take several values: words up to the next option belong to them."""

import pytest

from benchmark.cli.lists import spread

NAMES = {"--sources", "--prior"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("t --sources a b c", "t --sources a --sources b --sources c"),
        ("t --sources a --cells 3 --prior x y", "t --sources a --cells 3 --prior x --prior y"),
        ("t --sources a --sources b", "t --sources a --sources b"),
        ("--cells 3 t", "--cells 3 t"),
        ("t --sources", "t --sources"),
        ("t --sources=a b c", "t --sources=a --sources b --sources c"),
        ("t --prior a -- b", "t --prior a -- b"),
        ("", ""),
    ],
)
def test_words_after_a_list_option(words, expected):
    assert spread(words.split(), NAMES) == expected.split()
