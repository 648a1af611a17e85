import pytest

from results.error import first_line, nearest


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("\n one\ntwo"), "one"), (ValueError(), "ValueError"), (OSError(" \n"), "OSError"), (KeyError("a"), "'a'")],
)
def test_the_first_line_of_an_error_is_never_empty(error, line):
    assert first_line(error) == line


def test_the_nearest_name_or_every_allowed_one():
    assert nearest("imagnet", ["imagenet", "scratch"]) == "; did you mean 'imagenet'?"
    assert nearest("x", ["b", "a"]) == "; allowed are a, b"
    assert nearest("x", []) == "; there is none"
