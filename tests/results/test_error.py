import pytest

from results.error import damage_of, first_line, near_name, nearest

DAMAGED = "its content is damaged, or laid out as no library expects"


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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AttributeError("'bytes' object has no attribute 'name'"), DAMAGED),
        (KeyError("a"), DAMAGED),
        (AssertionError(), DAMAGED),
        (ValueError("invalid literal for int() with base 10: '\\x00'"), DAMAGED),
        (OSError(22, "Invalid argument"), "Invalid argument"),
        (OSError("image file is truncated"), "image file is truncated"),
        (ValueError("two\nlines"), "two"),
    ],
)
def test_the_reason_why_content_cannot_be_read_speaks_of_the_content(error, reason):
    assert damage_of(error) == reason


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("sorces", "sources"), ("--met", "--metric"), ("imagenet1k", "imagenet"), ("frist", "first"),
        ("trane", "train"), ("OCT", "oct"),
        ("--nope", None), ("xy", None), ("nonsense", None), ("", None), ("--", None),
    ],
)  # fmt: skip
def test_a_name_is_near_by_its_beginning_or_by_few_mistakes_of_typing(wrong, near):
    names = ["sources", "--metric", "--over", "imagenet", "first", "train", "oct", "xz"]
    assert near_name(wrong, names) == near
