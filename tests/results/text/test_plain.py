"""Text of other people is shown without harm, without loss, and otherwise as it is."""

import copy
import json
import logging
import pickle
import sys

import pytest

from results.error import CatsError, OddRunError
from results.record import Record
from results.text.plain import fault_of_name, json_text, plain, plain_lines, shortened, storable
from results.text.plain_log import PlainRecord
from tests.support.hostile import HOSTILE, ORDINARY, forbidden
from tests.support.paths import ASSETS

OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())


@pytest.mark.parametrize("name", HOSTILE)
def test_what_must_not_be_shown_is_a_code(name):
    shown = plain(HOSTILE[name])
    assert forbidden(shown, allowed="") == set()
    assert plain(shown) == shown
    shown.encode()
    assert json.loads(json_text([HOSTILE[name]])) == [HOSTILE[name]]
    assert forbidden(json_text({HOSTILE[name]: HOSTILE[name]})) == set()
    assert str(CatsError(HOSTILE[name]))[:1000] == shown[:1000]  # a sentence is cut where nobody would read on


def test_two_texts_that_differ_still_differ():
    assert len({plain(text) for text in HOSTILE.values()}) == len(HOSTILE)


@pytest.mark.parametrize("text", ORDINARY)
def test_what_can_be_shown_stays_as_it_is(text):
    assert plain(text) == text
    assert fault_of_name(text) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1m", r"\u001b[1m"), ("a\nb", r"a\nb"), ("\x9b", r"\u009b"), ("\x7f", r"\u007f"), ("a\u200db", r"a\u200db"),
        ("é\u200d", "é\\u200d"), ("é\u200dé", "é\u200dé"), ("é\u200d\u200dé", "é\\u200d\\u200dé"), ("caf\udce9", r"caf\udce9"),
        ("e" + "\u0301" * 10, "e" + "\u0301" * 8 + r"\u0301\u0301"),
    ],
)  # fmt: skip
def test_codes_are_those_of_json(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"), (" \u00a0", "is empty"), (" a", "begins or ends with white space"), ("a\n", r"cannot be shown (\n)"),
        ("a\u202eb", r"cannot be shown (\u202e)"), ("a" * 201, "has 201 characters; 200 are allowed"), ("a\udce9", r"(\udce9)"),
        ("a\u200db", r"cannot be shown (\u200d)"), ("e" + "\u0301" * 30, r"cannot be shown (\u0301)"),
        ("می\u200c", r"cannot be shown (\u200c)"), ("हिन्\u200d", r"cannot be shown (\u200d)"),
        ("na\u00adme", r"shown (\u00ad)"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_could_read_is_refused(name, fault):
    assert fault in fault_of_name(name)


def test_several_sentences_are_lines_and_none_can_be_added_by_a_name():
    error = CatsError("one", "two\ncats: three")
    assert str(error) == "one\ntwo\\ncats: three"
    assert pickle.loads(pickle.dumps(error)).args == error.args


@pytest.mark.parametrize("run_id", ["a1", "a\u202eb\n"])
@pytest.mark.parametrize("again", [lambda error: pickle.loads(pickle.dumps(error)), copy.deepcopy])
def test_an_error_about_a_run_survives_the_way_to_another_process(again, run_id):
    error = OddRunError(run_id, "its predictions\n are damaged")
    copied = again(error)
    assert (type(copied), copied.args, copied.run_id) == (OddRunError, error.args, run_id)


def test_a_record_takes_what_is_no_utf8_as_codes():
    made = Record(**{**OLD.model_dump(), "reason": "a\nb caf\udce9", "facts": {"x": "\udcff"}})
    assert made.reason == "a\nb caf\\udce9"
    assert made.facts == {"x": r"\udcff"}
    assert Record.model_validate_json(made.model_dump_json()).reason == made.reason
    assert storable("a\nb\x1b") == "a\nb\x1b"


def test_the_log_quotes_without_harm():
    try:
        raise ValueError("\x1b[2J\nx")
    except ValueError:
        record = PlainRecord("cats", logging.INFO, "file", 1, "it is %s", ("\x1b[31m\x9b",), sys.exc_info())
    written = logging.Formatter("%(message)s").format(record)
    assert forbidden(written) == set()
    assert r"it is \u001b[31m\u009b" in written
    assert r"ValueError: \u001b[2J" in written
    assert plain_lines("a\nb") == "a\nb"


def test_a_long_text_is_cut_with_a_mark():
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


def test_json_has_null_where_a_figure_is_no_finite_number():
    text = json_text({"nan": float("nan"), "ends": (1.0, float("-inf"))}, None)
    assert json.loads(text, parse_constant=pytest.fail) == {"nan": None, "ends": [1.0, None]}
