"""scripts/fuzz: what it calls a failure, that it tries the same again, and that it leaves nothing of an input behind."""

import json
import os
import shutil
import sys
import time
from dataclasses import replace
from random import Random

import pytest

from tests.support.paths import ROOT

sys.path.append(str(ROOT / "scripts"))
from fuzzing import judge
from fuzzing.archives import TARS, files_of
from fuzzing.attempt import CONTENT, Attempt
from fuzzing.child import Outcome, Surroundings, forked
from fuzzing.inputs import write_inputs
from fuzzing.kinds import KINDS
from fuzzing.rows import damage_table
from fuzzing.stage import Stage
from fuzzing.trial import Name
from fuzzing.yaml_text import damage_yaml

sys.path.remove(str(ROOT / "scripts"))

HELD = Outcome(0, 0, "source 0.81\n", "", 0.1, 0)
WITHOUT_DATABASE = ("entries", "plans", "maps", "tables", "arrays", "archives", "pictures", "environment", "arguments")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The inputs of the stage, without what the commands make."""
    folder = tmp_path_factory.mktemp("inputs") / "work"
    write_inputs(folder)
    return folder


@pytest.fixture
def stage(tmp_path, inputs):
    """A stage of which only the inputs are there."""
    made = Stage(tmp_path)
    shutil.copytree(inputs, made.work)
    made.begin()
    return made


def contents(folder):
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def test_bold_text_is_no_failure_where_the_environment_asks_for_it():
    bold, red = (replace(HELD, out=f"\x1b[{code}ma\x1b[0m") for code in (1, 31))
    assert judge.alone(judge.plain_style(bold, {"FORCE_COLOR": "1"})) == []
    assert "reaches the output" in judge.alone(judge.plain_style(bold, {"FORCE_COLOR": None}))[0]
    assert "reaches the output" in judge.alone(judge.plain_style(red, {"FORCE_COLOR": "1"}))[0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"err": "Traceback (most recent call last):\n...\nKeyError: 'a'\n", "code": 1}, "a traceback: KeyError: 'a'"),
        ({"signal": 14, "err": 'Current thread\n  File "/x/benchmark/a.py", line 3 in f\n'}, "hangs"),
        ({"signal": 11}, "ended by SIGSEGV"),
        ({"peak": 2**31 + 1}, "more than 2 GB"),
        ({"code": 2, "err": "cats: x: Unable to allocate 10 GiB"}, "more than 2 GB"),
        ({"code": 4, "err": "stop"}, "exit code 4"),
        ({"code": 2, "out": ""}, "exit code 2 without a word"),
        ({"code": 2, "err": "cats: 'NoneType' object is not iterable"}, "speaks Python"),
        ({"out": "a \x1b[31m b"}, "reaches the output"),
        ({"out": "a \u202e b"}, "reaches the output"),
        ({"code": 2, "err": "cats: http://u:hunter2@h is away"}, "a password is printed"),
    ],
)  # fmt: skip
def test_a_failure_is_seen_whatever_the_input_was(change, complaint):
    assert judge.alone(HELD) == []
    assert complaint in judge.alone(replace(HELD, **change))[0]


@pytest.mark.parametrize(
    ("change", "silent"),
    [
        ({"out": "source 0.33\n"}, True),
        ({"out": "source 0.33\n", "err": "warning 7\n"}, True),
        ({"out": "source 0.33\n", "err": "one run of source is left out\n"}, False),
        ({"out": "source 0.33\none run of source is left out\n"}, False),
        ({"out": "", "code": 2, "err": "cats: no\n"}, False),
        ({"out": "source   0.81\n"}, False),
        ({"out": ""}, True),
    ],
)
def test_other_figures_without_a_new_sentence_are_a_failure(change, silent):
    attempt = Attempt("x", (("board", "x"),), compared="figures")
    assert bool(judge.complaints(attempt, [replace(HELD, **change)], [HELD])) == silent


def test_costs_of_two_trainings_may_differ_and_their_figures_may_not():
    one, other = ('{"auc": 0.5, "kwh": 1, "rows": [{"seconds": 2}]}', '{"auc": 0.5, "kwh": 7, "rows": [{"seconds": 3}]}')
    assert judge.figures(one) == judge.figures(other)
    assert judge.figures(one) != judge.figures(other.replace("0.5", "0.6"))


@pytest.mark.parametrize(
    ("compared", "now", "found"),
    [
        ("content", {"digest": "a", "content": "c", "images": 9}, 0),
        ("content", {"digest": "a", "content": "d", "images": 9}, 1),
        ("content", {"digest": "b", "content": "d", "images": 9}, 0),
        ("content", {"digest": "b", "content": "d", "images": 8}, 1),
        ("same content", {"digest": "b", "content": "d", "images": 9}, 1),
        ("same content", {"digest": "b", "content": "c", "images": 9}, 0),
    ],
)
def test_other_images_under_one_digest_or_another_number_of_them_are_a_failure(compared, now, found):
    attempt = Attempt("x", ((CONTENT, "x"),), compared=compared)
    before = replace(HELD, out=json.dumps({"digest": "a", "content": "c", "images": 9}))
    assert len(judge.complaints(attempt, [replace(HELD, out=json.dumps(now))], [before])) == found


def _hang():
    time.sleep(60)
    return 0


def _fill():
    return len(bytearray(2**33)) and 0  # more than the heap of a process that has run many tests may hold free


def _raise():
    raise KeyError("a")


def _say():
    print("é")
    return 1


@pytest.mark.parametrize(
    ("work", "encoding", "complaint"),
    [
        (_hang, "utf-8", "hangs"),
        (_fill, "utf-8", "more than 2 GB"),
        (_raise, "utf-8", "a traceback: KeyError"),
        (_say, "ascii", "a traceback: UnicodeEncodeError"),
        (_say, "utf-8", None),
    ],
)
def test_a_child_is_ended_and_judged(work, encoding, complaint, tmp_path):
    outcome = forked(
        work, Surroundings(tmp_path, dict(os.environ), encoding), seconds=0.2 if work is _hang else 30, memory=2**29
    )
    found = judge.alone(outcome)
    assert (found == [] and outcome.out == "é\n") if complaint is None else complaint in found[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITHOUT_DATABASE)
def test_one_name_is_one_input_and_the_stage_is_restored(kind, stage):
    before = contents(stage.work)
    for number in range(5):
        name = str(Name(kind, 3, number))
        first = KINDS[kind](Random(name), stage), contents(stage.work)
        stage.restore()
        assert contents(stage.work) == before
        assert (KINDS[kind](Random(name), stage), contents(stage.work)) == first
        stage.restore()


def test_what_lies_outside_of_the_stage_is_seen(stage):
    assert stage.trespass() == ""
    (stage.root / "outside" / "more").write_text("x")
    assert "more" in stage.trespass()
    assert stage.trespass() == ""


@pytest.mark.slow
def test_damages_of_text_never_fail(inputs, tmp_path):
    for number in range(150):
        for name, damage in (("first.yaml", damage_yaml), ("map.yaml", damage_yaml), ("runs.csv", damage_table)):
            shutil.copy(inputs / name, tmp_path / name)
            damage(Random(f"{name}{number}"), tmp_path / name)


def test_archives_of_pictures_without_ending_are_tried(inputs, tmp_path):
    (path,) = inputs.rglob("crates.tar.gz")
    made, seen = tmp_path / path.name, set()
    for number in range(12):
        said = TARS[-1](Random(number), made, list(files_of(path)))
        assert not [name for name, _ in files_of(made) if "." in name]
        seen |= {content[:2] for _, content in files_of(made)}
        assert "without ending" in said
    assert b"BM" in seen


def test_a_name_is_read_and_written():
    assert Name.parsed(str(Name("tags", 7, 41))) == Name("tags", 7, 41)
    for wrong in ("tags", "tags:1", "nothing:1:2", "tags:a:1"):
        with pytest.raises(ValueError, match=".*unpack|nothing|invalid literal"):
            Name.parsed(wrong)
