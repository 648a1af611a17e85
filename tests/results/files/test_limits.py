"""The limits stand in the documentation as they are in the code, and messages quote values briefly."""

import pytest

from benchmark.cli import numbers
from benchmark.core import numeric, patterns, yaml_text
from benchmark.data.readers import archive, dicom_limits, opening, walk
from benchmark.data.readers.picture_format import FORMATS
from benchmark.entries import generated
from benchmark.specs import plan, plan_values, recipe
from results.error import LONGEST, CatsError
from results.files import limits, parquet_size
from results.files.limits import amount
from results.text import brief
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "limits.md").read_text()
NUMBERS = {
    "pixels": opening.PIXELS, "numbers": dicom_limits.NUMBERS, "frames": dicom_limits.FRAMES, "parts": dicom_limits.ELEMENTS,
    "items": dicom_limits.ITEMS, "files": limits.FILES, "folders": walk.DEPTH, "links": archive.LINKS, "ratio": limits.RATIO,
    "header": archive.HEADER, "values": parquet_size.VALUES, "yaml": yaml_text.BYTES, "yaml values": yaml_text.VALUES,
    "depth": yaml_text.DEPTH, "characters": yaml_text.LONGEST_NUMBER, "seeds": plan_values.SEEDS, "points": recipe.POINTS,
    "cells": plan.CELLS, "classes": limits.CLASSES, "labels": limits.LABELS, "generated": generated.IMAGES,
    "expression": patterns.LONGEST, "seconds": patterns.SECONDS, "quoted": brief.QUOTED,
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_every_limit_is_documented(name):
    assert f"{NUMBERS[name]:,}" in PAGE


def test_sizes_and_formats_are_documented_too():
    assert amount(limits.FILE) in PAGE
    assert amount(limits.UNPACKED) in PAGE
    assert numeric.LARGEST == 2**53
    assert numbers.SEED(str(2**53)) == 2**53
    listed = PAGE.split("| formats | ")[1].split(" |")[0].upper().replace(" ", "").split(",")
    assert listed == list(FORMATS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "'a'"), (3, "3"), (True, "True"), ([1, 2], "[1, 2]"), ({"b": 1, "a": [2]}, "{'b': 1, 'a': [2]}"), (None, "None"),
        (10**100, "a number of 101 digits"), ("x" * 100, "'" + "x" * 78 + "…"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, ...]"), (dict.fromkeys(range(9)), None),
    ],
)  # fmt: skip
def test_values_are_quoted_briefly(value, text):
    shown = brief.briefly(value)
    assert len(shown) <= brief.QUOTED
    assert text is None or shown == text


def test_a_number_that_python_does_not_write_is_counted():
    assert brief.briefly(10**9000) == "a number of 9,001 digits"


def test_a_value_that_holds_itself_is_quoted():
    value = []
    value += [value] * 9
    assert len(brief.briefly(value)) <= brief.QUOTED


def test_a_sentence_has_an_end():
    assert len(str(CatsError("x" * 10**6))) == LONGEST
    assert len(str(CatsError("a", "b" * 10**6))) == LONGEST + 2
