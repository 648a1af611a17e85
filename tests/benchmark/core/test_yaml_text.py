"""A few bytes of YAML that stand for more than any machine holds: refused before a value is made, by every command."""

import itertools
import os

import pytest

from benchmark.core import yaml_text
from benchmark.core.parse import read_yaml
from benchmark.core.yaml_text import BYTES, DEPTH, VALUES
from benchmark.specs.reference import split_reference
from results.error import CatsError
from results.files.limits import CLASSES
from tests.support.little_memory import little_memory

LETTERS = "abcdefghijklmnop"


def doubled(first, row, levels=14, width=9):
    """Levels of which each names the one before `width` times."""
    lines = [f"{LETTERS[0]}: &{LETTERS[0]} {first}"]
    for before, own in itertools.pairwise(LETTERS[:levels]):
        lines.append(f"{own}: &{own} {row([f'*{before}'] * width)}")
    return "\n".join(lines) + "\n"


LISTS = doubled("[x, x, x, x, x, x, x, x, x]", lambda names: f"[{', '.join(names)}]")
MERGES = doubled("{x: 1}", lambda names: f"{{<<: [{', '.join(names)}]}}")
MAPPINGS = doubled("{x: 1}", lambda names: "{" + ", ".join(f"k{i}: {name}" for i, name in enumerate(names)) + "}")
KEYS = doubled("[x]", lambda names: f"[{', '.join(names)}]") + "? *n\n: 1\n"
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 200))
BOMBS = {
    "lists": (LISTS, f"it expands to more than {VALUES:,} values"),
    "merge keys": (MERGES, f"it expands to more than {VALUES:,} values"),
    "mappings": (MAPPINGS, f"it expands to more than {VALUES:,} values"),
    "keys": (KEYS, f"it expands to more than {VALUES:,} values"),
    "itself": ("a: &a [*a]\n", "a list or mapping holds itself"),
    "itself as a mapping": ("a: &a {b: *a}\n", "a list or mapping holds itself"),
    "itself, merged": ("a: &a {<<: *a}\n", "a list or mapping holds itself"),
    "deep lists": ("a: " + "[" * 5000, f"lists and mappings lie more than {DEPTH} deep in each other"),
    "deep mappings": ("a: " + "{b: " * 5000, f"lists and mappings lie more than {DEPTH} deep in each other"),
    "deep lines": ("- " * 400 + "x\n", f"lists and mappings lie more than {DEPTH} deep in each other"),
    "deep by names": (CHAIN, f"lists and mappings lie more than {DEPTH} deep in each other"),
    "a long file": ("#" * (BYTES + 1), f"a YAML file may have {BYTES:,}"),
    "a long number": ("a: " + "1" * 5000, "a number has 5,000 characters; 100 are allowed"),
    "a long number of bits": ("a: 0b" + "1" * 50_000, "a number has 50,002 characters; 100 are allowed"),
    "a long number of base 60": ("a: 1" + ":59" * 5000, "a number has 15,001 characters; 100 are allowed"),
    "a long fraction": ("a: 0." + "1" * 5000, "a number has 5,002 characters; 100 are allowed"),
    "a key and a truth value": ("{1: a, true: b}", "key 'true' is given twice"),
    "two spellings of a key": ("{yes: a, true: b}", "key 'true' is given twice"),
    "two numbers": ("{1: a, 1.0: b}", "key '1.0' is given twice"),
    "a merge and a key twice": ("a: &a {x: 1}\nb: {<<: *a, x: 2, x: 3}\n", "key 'x' is given twice"),
    "two merges": ("a: &a {x: 1}\nb: {<<: *a, <<: *a}\n", "key '<<' is given twice"),
    "twice in what is merged": ("a: {b: &b {x: 1, x: 2}, c: {<<: *b}}\n", "key 'x' is given twice"),
    "twice where nothing is read yet": ("a: [{x: 1, x: 2}, *nowhere]\n", "key 'x' is given twice"),
    "no truth value": ("a: !!bool x\n", "'x' is no bool"),
    "no date": ("a: !!timestamp x\n", "'x' is no timestamp"),
    "no number": ("a: !!int ''\n", "'' is no int"),
    "a control character": ("a: '\x01'\n", "special characters are not allowed"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_text_that_stands_for_too_much_is_one_sentence(tmp_path, kind):
    text, sentence = BOMBS[kind]
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with little_memory(), pytest.raises(CatsError) as caught:
        read_yaml(path)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_values_are_counted_where_no_alias_is(tmp_path, monkeypatch):
    monkeypatch.setattr(yaml_text, "VALUES", 1000)
    (tmp_path / "file.yaml").write_text("a: [" + "x," * 1010 + "]")
    with pytest.raises(CatsError, match="it expands to more than 1,000 values"):
        read_yaml(tmp_path / "file.yaml")


@pytest.mark.slow
def test_as_many_classes_as_a_data_set_may_have_can_be_written():
    """A name of 90 characters for each, as a list or by number."""
    assert CLASSES * (90 + len("  123456: ''\n")) <= BYTES
    assert VALUES >= 2 * CLASSES + 1000
    names = [f"{number:090}x" for number in range(10_000)]
    assert yaml_text.load("classes: [" + ", ".join(names) + "]") == {"classes": names}


@pytest.mark.parametrize("command", [("run",), ("plan",), ("board",), ("import", "t.csv", "--experiment", "e", "--map")])
@pytest.mark.parametrize("text", [LISTS, MERGES, "a: " + "1" * 5000], ids=["lists", "merge keys", "digits"])
def test_every_command_that_reads_yaml_refuses_it(cats, tmp_path, command, text):
    (tmp_path / "plan.yaml").write_text(text)
    code, out, err = cats(*command, "plan.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("cats: plan.yaml, line ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("kind", ["sources", "targets"])
def test_an_entry_is_yaml_too(cats, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("CATS_ENTRIES", str(tmp_path / "entries"))
    (tmp_path / "entries" / kind).mkdir(parents=True)
    (tmp_path / "entries" / kind / "mine.yaml").write_text(LISTS)
    code, _, err = cats("check", "mine")
    assert code == 2
    assert "it expands to more than" in err


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "plan.yaml")
    with pytest.raises(CatsError, match=r"plan\.yaml is no regular file"):
        read_yaml(tmp_path / "plan.yaml")


@pytest.mark.parametrize("value", ["[" * 200, "1" * 200, "&a [*a]", "!!bool x"])
def test_an_option_in_brackets_is_yaml_too(value):
    with pytest.raises(CatsError, match="is not a value; write an option like size=64|is not a name"):
        split_reference(f"breastmnist[size={value}]")


def test_what_people_write_stays_as_it_is(tmp_path):
    path = tmp_path / "file.yaml"
    text = "a: &all {x: 1, y: 2}\nb: {<<: *all, y: 3}\nc: [*all, *all]\nd: 1_000\ne: 1:30\nf: {1: a, '2': b}\n"
    path.write_text(text)
    assert read_yaml(path) == {
        "a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": [{"x": 1, "y": 2}] * 2, "d": 1000, "e": 90, "f": {1: "a", "2": "b"},
    }  # fmt: skip


MERGED = {
    "a mapping is merged that merges and changes a value": (
        "a: &a {x: 1, y: 1}\nroot: {p: {q: &b {<<: *a, x: 2}}, c: {<<: *b}}\n",
        {"p": {"q": {"x": 2, "y": 1}}, "c": {"x": 2, "y": 1}},
    ),
    "the same on lines": (
        "a: &a\n  x: 1\nroot:\n  p:\n    q: &b\n      <<: *a\n      x: 2\n  c:\n    <<: *b\n    x: 3\n",
        {"p": {"q": {"x": 2}}, "c": {"x": 3}},
    ),
    "a list of two that hold the same key": (
        "a: [&a {x: 1}, &b {x: 2, y: 2}]\nroot: [{<<: [*a, *b]}, {<<: [*b, *a], y: 3}]\n", [{"x": 1, "y": 2}, {"x": 2, "y": 3}],
    ),
    "a key by its name": ("a: &a k\nroot: {*a : 1, l: 2}\n", {"k": 1, "l": 2}),
}  # fmt: skip


@pytest.mark.parametrize("kind", MERGED)
def test_a_key_that_replaces_a_merged_one_is_given_once(kind):
    text, expected = MERGED[kind]
    assert yaml_text.load(text)["root"] == expected
