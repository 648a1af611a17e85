"""Regular expressions that take longer than a life: ended after a stated time, wherever a person may write one."""

import re

import pytest
import torch

from benchmark.core import patterns
from benchmark.core.patterns import replaced, require_expression, searched
from benchmark.data.readers.folders import Layout
from benchmark.data.readers.part_words import part_of
from benchmark.entries.infer import infer_entry
from benchmark.entries.said import Said
from benchmark.networks.state_dict import rename_keys
from benchmark.specs.source import Weights
from results.error import CatsError

LONG = "a" * 60 + "!"
EXPLOSIVE = [
    r"(a+)+$", r"(a|a)*b", r"(a|aa)+$", r"(.*a){25}", r"(\w+\s?)*$", r"(a*)*b", r"^(([a-z])+.)+[A-Z]", r"(x+x+)+y|(a+a+)+y",
    r"(?=(a+)+$)b", r"(a?){60}a{60}b", r"(?x) (a+) + $", r"(a+)(?#note)*\1+$", r"(?:(?:a+)+)+$", r"(a|b|ab)*c",
    r"((a{1,9}){1,9}){1,9}b",
    "a?" * 30 + "a" * 30 + "b" + "a?" * 40, ".*" * 12 + "b", r"(a+)\1*\1*\1*b(\1+)+$",
]  # fmt: skip


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """The limit is a tenth of a second, in this process and in the other one."""
    monkeypatch.setattr(patterns, "SECONDS", 0.1)
    monkeypatch.setattr(patterns, "STEPS", 10**6)
    monkeypatch.setattr(patterns, "APART", patterns.APART.replace("RLIMIT_CPU, (10, 10)", "RLIMIT_CPU, (1, 1)"))


@pytest.mark.parametrize("pattern", EXPLOSIVE)
def test_it_ends(pattern):
    sentence = "it was found out"
    try:
        searched(pattern, [LONG])
    except CatsError as error:
        sentence = str(error)
    assert "takes more than" in sentence or sentence == "it was found out"
    assert "\n" not in sentence


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$"])
@pytest.mark.parametrize("place", ["include", "group", "remap", "new"])
def test_every_place_for_an_expression_is_safe(tmp_path, pattern, place):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"{LONG}.png").write_bytes(b"")
    name = f"a/{LONG}.png"
    places = {
        "include": lambda: Layout(["a"], include=pattern).of([name]),
        "group": lambda: Layout(["a"], group=pattern).arranged(tmp_path, [name]),
        "remap": lambda: rename_keys({LONG: torch.zeros(1)}, {pattern: "x"}, "file"),
        "new": lambda: infer_entry(tmp_path, Said(include=pattern)),
    }
    with pytest.raises(CatsError, match="takes more than"):
        places[place]()


PLAIN = [
    r"(patient\d+)_", r"^(?!.*(_mask|_seg))", r"/images/", r"(\d+)-\w+", r"([^/]+)/[^/]+$", r"(?i)\.JPE?G$", r"(\d+_)+", "",
    r"b|c", r"(?P<who>p\d+).*(?P=who)", r"^[[a-z]+", r"é",
]  # fmt: skip
NAMES = ["patient12_a.png", "patient3_mask.png", "x/images/p7_1/p7.png", "12-b.jpeg", "1_2_3_.png", "café.JPG", "b\udce9c"]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("pattern", PLAIN)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_it_finds_what_python_finds(monkeypatch, pattern, apart):
    if apart:
        monkeypatch.setattr(patterns, "STEPS", 0)
    matches = [re.search(pattern, name) for name in NAMES]
    expected = [None if match is None else (match[0], *match.groups()) for match in matches]
    found = searched(pattern, NAMES)
    assert [None if groups is None else groups[: len(groups) if pattern else 1] for groups in found] == (
        expected if pattern else [("",)] * len(NAMES)
    )
    assert replaced(pattern, r"<\g<0>>", NAMES) == [re.sub(pattern, r"<\g<0>>", name) for name in NAMES]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("(", "'(' is not a regular expression"),
        ("(" * 900 + ")" * 900, "is not a regular expression"),
        ("a{99999999999999999999}", "is not a regular expression"),
        ("a" * 3000, "has 3,000 characters; 2,000 are allowed"),
    ],
)
def test_what_is_no_expression_is_a_sentence(pattern, sentence):
    with pytest.raises(CatsError) as caught:
        require_expression(pattern)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("remap", [{"": "x" * 1000}, {".": r"\g<0>" * 300}, {"a": "b" * 1999}])
@pytest.mark.parametrize("apart", [False, True])
def test_names_do_not_grow_without_end(monkeypatch, remap, apart):
    if apart:
        monkeypatch.setattr(patterns, "STEPS", 0)
    Weights(file="mine", remap=remap)
    with pytest.raises(CatsError, match="makes a name of"):
        rename_keys({"a" * 50: torch.zeros(1)}, remap, "file")


def test_names_of_folders_are_no_expressions_but_take_no_time_either():
    assert part_of("dataset" * 30 + "x") is None
    assert part_of("train_dataset_images") == "train"
