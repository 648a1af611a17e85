"""Entries as tables: what is searched for, what fits the terminal, and what the files of measures declare."""

import inspect
import json
from importlib import import_module

import pytest

from benchmark.entries.describe import entry_rows
from benchmark.entries.entry_table import Description, EntryTable, flat_facts
from benchmark.entries.measure_facts import measure_facts
from benchmark.entries.wanted import Wanted
from benchmark.specs import catalogue

ROWS = [
    {"name": "busi", "modality": "breast ultrasound", "task": "multiclass", "here": "no", "title": "BUSI"},
    {"name": "idc", "modality": "histology", "task": "binary", "here": "yes", "title": "Breast tissue"},
    {"name": "scratch", "modality": None, "task": None, "here": "yes", "title": "none"},
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["busi", "idc", "scratch"]),
        (Wanted(("breast",)), ["busi", "idc"]),
        (Wanted(("BREAST", "ultra")), ["busi"]),
        (Wanted(("breast", "heart")), []),
        (Wanted(modality="ULTRASOUND"), ["busi"]),
        (Wanted(task="binary"), ["idc"]),
        (Wanted(here=True), ["idc", "scratch"]),
        (Wanted(("breast",), here=True), ["idc"]),
        (Wanted(modality="breastultrasound"), []),
        (Wanted(("IDC", "bre-ast")), ["idc"]),
        (Wanted(("None",)), ["scratch"]),  # of its title; an empty column holds no word
    ],
)
def test_what_fits(wanted, expected):
    assert [row["name"] for row in ROWS if wanted.fits(row)] == expected


@pytest.mark.parametrize("name", catalogue.shipped("similarity"))
def test_the_text_of_a_measure_says_what_its_object_says(name):
    facts, measure = measure_facts(catalogue.places("similarity")[name][0]), catalogue.measure(name)
    assert facts is not None
    assert (facts.needs, facts.options) == (measure.needs, measure.options)
    assert (facts.grows, facts.citation, facts.multilabel) == (measure.grows, measure.citation, measure.multilabel)
    assert " ".join(facts.text.split()) == " ".join(measure.__doc__.split())


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "from benchmark import measure\n@measure(grows=GROWS, citation='c')\ndef mine(labels): ...\n",
        "from benchmark import measure\n@measure(grows='1', citation='c')\ndef mine(labels, *, k=len('x')): ...\n",
        "def mine(labels): ...\n",
    ],
)
def test_what_a_file_computes_is_not_guessed(tmp_path, text):
    (tmp_path / "mine.py").write_text(text)
    assert measure_facts(tmp_path / "mine.py") is None


def test_lists_are_searched_on_the_command_line(cats):
    code, out, err = cats("list", "targets", "ultrasound", "--task", "binary", "--json")
    assert code == 0
    assert err.endswith(f"1 of {len(catalogue.names('targets'))} targets\n")
    assert [row["name"] for row in json.loads(out)] == ["breastmnist"]
    assert "scratch" in [row["name"] for row in json.loads(cats("list", "sources", "--here", "--json")[1])]


@pytest.mark.parametrize("option", [("--modality", "CT"), ("--task", "binary"), ("--here",)])
@pytest.mark.parametrize("kind", ["measures", "plans", "recipes"])
def test_what_has_no_data_is_not_searched_by_data(cats, kind, option):
    assert cats("list", kind, *option) == (
        2, "", f"cats: {option[0]} is for sources and targets; {kind} have no data set; give words to search for\n",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sources", "targets", "measures", "plans", "recipes"])
@pytest.mark.parametrize("columns", [80, 100, 200])
def test_a_list_fits_and_names_what_it_does_not_show(cats, monkeypatch, kind, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = cats("list", kind)
    assert code == 0
    assert max(map(len, out.splitlines())) <= columns
    shown = {word for line in out.splitlines() for word in line.strip("│┃ ").replace(",", " ").replace(":", " ").split()}
    table = EntryTable(kind, entry_rows(kind))
    assert set(table.head) <= shown  # in the head, or in the sentence below
    assert {row["name"] for row in table.rows} <= shown


def test_an_empty_list(cats):
    code, out, err = cats("list", "targets", "ultrasound", "fundus")  # each of which some target has
    assert code == 0
    assert err.splitlines()[-2].startswith("0 of ")
    assert err.endswith("each of these conditions is met by some of the targets, but no one meets all\n")
    assert "name" in out


def test_what_is_here_depends_on_folders_that_can_be_named(cats):
    err = cats("list", "sources", "--here")[2]
    assert err.endswith("the folders that `cats config` shows; CATS_DATA and CATS_WEIGHTS name others\n")
    assert "CATS_DATA" not in cats("list", "plans")[2]


def test_nested_facts_are_lines():
    facts = {
        "name": "x", "empty": None, "none": [], "yes": True, "count": 1234, "share": 0.5,
        "dataset": {"classes": ["a", "b"], "files": [{"path": "f"}], "many": [{"path": "f"}, {"path": "g"}]},
        "odd": ["a, b", "c"],
    }  # fmt: skip
    assert dict(flat_facts(facts)) == {
        "name": "x", "yes": "yes", "count": "1,234", "share": "0.5", "dataset.classes": "a, b", "dataset.files.path": "f",
        "dataset.many 1.path": "f", "dataset.many 2.path": "g", "odd": "a, b; c",
    }  # fmt: skip
    shown = Description({"target": facts})
    assert shown.to_dict() == {"target": facts}
    assert shown.csv().splitlines()[:2] == ["entry,key,value", "target,name,x"]
    assert shown.markdown().splitlines()[2] == "| target | name | x |"


def test_the_whole_description_of_a_measure_is_shown(cats, monkeypatch):
    """Its end, which says where the public code differs, was cut off, and its paragraphs ended in a written \\n."""
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("logme", "s_otdd"):
        out = cats("show", name)[1]
        shown = " ".join(line.split("│")[2].strip() for line in out.splitlines() if line.count("│") == 3)
        told = inspect.getdoc(getattr(import_module(f"similarity.{name}"), name))
        assert "\\n" not in shown
        assert len(told) > 600
        assert "".join(told.split()) in "".join(shown.split())
        assert "\\n" not in cats("show", name, "--format", "markdown")[1]


def test_show_is_a_table(cats, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = cats("show", "breastmnist")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "│ dataset.modality " in out
    assert "750601b1f35ba3300ea97c75c52ff8f6" in out
