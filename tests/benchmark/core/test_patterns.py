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
TOO_LONG = [
    r"(a+)+$", r"(a|a)*b", r"(a|aa)+$", r"(.*a){25}", r"(\w+\s?)*$", r"(a*)*b", r"^(([a-z])+.)+[A-Z]", r"(x+x+)+y|(a+a+)+y",
    r"(?=(a+)+$)b", r"(a?){60}a{60}b", r"(?x) (a+) + $", r"(a+)(?#note)*\1+$", r"(?:(?:a+)+)+$", r"((a{1,9}){1,9}){1,9}b",
    "a?" * 30 + "a" * 30 + "b" + "a?" * 40, ".*" * 12 + "b",
]  # fmt: skip
SHORT = [r"(a|b|ab)*c", r"(a+)\1*\1*\1*b(\1+)+$"]  # look as bad, and Python needs no time to see that no c and no b follow


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """The limit is a tenth of a second, in this process; the other one has six times as much."""
    monkeypatch.setattr(patterns, "SECONDS", 0.1)
    monkeypatch.setattr(patterns, "STEPS", 10**6)
    monkeypatch.setattr(patterns, "APART", patterns.APART.replace('"RLIMIT_CPU", 10)', '"RLIMIT_CPU", 1)'))


@pytest.fixture
def sooner(monkeypatch):
    """The other process has a fifth of a second; those that would never end use all of it."""
    monkeypatch.setattr(patterns, "SECONDS", 0.03)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", TOO_LONG)
def test_it_ends(sooner, pattern):
    with pytest.raises(CatsError) as caught:
        searched(pattern, [LONG])
    assert "takes more than 0.03 seconds for these names" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pattern", SHORT)
def test_what_only_looks_long_is_tried(pattern):
    assert searched(pattern, [LONG]) == [None]


LIMITS = {  # what this process may set for the other one, and what the other one is refused
    "less memory": "resource.setrlimit(resource.RLIMIT_AS, (1_900_000_000, 1_900_000_000))",
    "less time": "resource.setrlimit(resource.RLIMIT_CPU, (5, 5))",
    "no limit at all": "resource.setrlimit = lambda *_: (_ for _ in ()).throw(OSError(22, 'Invalid argument'))",
    "no such limit": "del resource.RLIMIT_AS",
}


@pytest.mark.parametrize("kind", LIMITS)
def test_a_machine_with_limits_of_its_own_finds_the_same(monkeypatch, kind):
    monkeypatch.setattr(patterns, "APART", f"import resource\n{LIMITS[kind]}\n{patterns.APART}")
    names = ["ab/c/12_x.png", "a/7_y.png", "8_z.png"]
    assert searched(r"^(?:[a-z]+/)+(\d+)_", names) == [("ab/c/12_", "12"), ("a/7_", "7"), None]


ENDS = {
    "raise MemoryError": "with exit code 1", "import os; os._exit(7)": "with exit code 7",
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": "by signal 11", "print('[')": "without an answer",
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_another_end_is_not_called_a_long_time(monkeypatch, end):
    monkeypatch.setattr(patterns, "APART", f"input()\n{end}\nraise SystemExit\n")
    with pytest.raises(CatsError) as caught:
        searched(r"(a+)+$", [LONG])
    assert f"the process that tries the regular expression '(a+)+$' ended {ENDS[end]}" in str(caught.value)
    assert "takes more than" not in str(caught.value)


def test_a_machine_that_starts_no_process_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(patterns.sys, "executable", str(tmp_path / "none"))
    with pytest.raises(
        CatsError, match=r"the process that tries the regular expression '\(a\+\)\+\$' did not start: No such file"
    ):
        searched(r"(a+)+$", [LONG])


@pytest.mark.parametrize("number", ["SIGKILL", "SIGXCPU"])
def test_the_end_of_its_time_is_called_so(monkeypatch, number):
    end = f"import os, signal; os.kill(os.getpid(), signal.{number})"
    monkeypatch.setattr(patterns, "APART", f"input()\n{end}\n")
    with pytest.raises(CatsError, match="takes more than"):
        searched(r"(a+)+$", [LONG])


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$"])
@pytest.mark.parametrize("place", ["include", "group", "remap", "new"])
def test_every_place_for_an_expression_is_safe(sooner, tmp_path, pattern, place):
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
