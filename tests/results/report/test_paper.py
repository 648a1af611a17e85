"""The section for a paper: digests, licences, machines and versions, and the plan."""

import pandas as pd

from results.report.paper import paper
from results.report.references import Reference, imports_of
from tests.support.runs import CLEAR, board

MADE = {"data": "d" * 64, "split": "s" * 64}
ONE = '{"torch": "2.11", "device": "cuda", "hardware": "NVIDIA H200", "trainer": "2"}'
OTHER = '{"torch": "2.13", "device": "cuda", "hardware": "NVIDIA H200", "trainer": "2", "commit": "abc"}'
USED = [Reference("target", "a", "Set A", "CC0", "An author, Paper, 2020"), Reference("source", "good", known=False)]


def made(**options):
    rows = [row | MADE | {"environment": OTHER if row["seed"] == "0" else ONE} for row in CLEAR]
    section = paper(board(rows), pd.DataFrame(rows), **options)
    return {part.id: part for part in section.parts}


def test_digests_are_those_of_the_runs():
    [table] = made()["paper-digests"].tables
    assert table.rows == [[target, "d" * 64, "s" * 64, "0, 1, 2"] for target in ("a", "b")]


def test_machines_and_versions_are_counted():
    [table] = made()["paper-machines"].tables
    rows = {(name, value): times for name, value, times in table.rows}
    assert rows["torch", "2.11"] == "8"
    assert rows["torch", "2.13"] == "4"
    assert rows["model of the GPU, else the kind of machine", "NVIDIA H200"] == "12"
    assert rows["commit of the program", "abc"] == "4"
    assert rows["commit of the program", "not recorded"] == "8"
    assert rows["model of the processor", "not recorded"] == "12"


def test_licences_bibtex_and_plan():
    parts = made(used=USED, plan="experiment: toy\n")
    [table] = parts["paper-licences"].tables
    assert table.rows[0] == ["target", "a", "Set A", "CC0", "An author, Paper, 2020", "–"]
    assert table.rows[1][3:5] == ["not stated", "not stated"]
    assert "Nothing is known of good" in parts["paper-licences"].notes[-1]
    assert parts["paper-bibtex"].code.startswith("@misc{cats-a,")
    assert parts["paper-plan"].code == "experiment: toy\n"
    assert not {"paper-bibtex", "paper-plan", "paper-licences"} & set(made())


def test_imported_runs_are_cited_as_the_import_says_and_once_with_their_scores():
    theirs = [
        {"kind": kind, "imported": title, "citation": "Them, 2024", "licence": "MIT"}
        for kind, title in (("cell", "their sweep"), ("cell", "their sweep"), ("score", "scores"))
    ]
    others = [
        {"kind": "score", "imported": "scores", "citation": "Others, 2025", "licence": None},
        {"kind": "cell", "imported": None},
    ]
    found = imports_of(pd.DataFrame([*theirs, *others]))
    assert [(each.role, each.name, each.licence, each.citation) for each in found] == [
        ("imported runs", "their sweep", "MIT", "Them, 2024"),
        ("imported scores", "measures", "", "Others, 2025"),
    ]
    parts = made(used=found)
    [table] = parts["paper-licences"].tables
    assert table.caption == "What was used, as the import states it"
    assert table.rows[0] == ["imported runs", "their sweep", "–", "MIT", "Them, 2024", "–"]
    assert "note = {Them, 2024}" in parts["paper-bibtex"].code
    assert made(used=[*USED, *found])["paper-licences"].tables[0].caption.endswith("as the entries and the import state it")
    assert imports_of(pd.DataFrame(CLEAR)) == []


def test_runs_of_older_versions_say_that_nothing_was_recorded():
    section = paper(board(CLEAR), pd.DataFrame(CLEAR))
    [digests, machines] = section.parts
    assert digests.tables[0].rows[0][1:3] == ["not recorded", "not recorded"]
    assert {row[1] for row in machines.tables[0].rows} == {"not recorded"}
