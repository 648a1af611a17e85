"""The section for a clinician: figures are those of `results.evaluation`, foreign names stay text, what is missing is said."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from results.board.board import judged_runs, make_board
from results.board.request import RunQuery
from results.error import OddRunError
from results.evaluation.calibration import apply_temperature, temperature_of
from results.evaluation.operating import operating_points
from results.evaluation.reliability import calibration_error
from results.report import clinician as module
from results.report.clinician import clinician
from results.report.html import Page
from results.report.render import render
from results.statistics.influence import parse_predictions
from tests.support.clinicians import made
from tests.support.predictions import predictions
from tests.support.runs import run

EVIL = "<script>alert(1)</script>$_{x}"


def cells(section, ending):
    (part,) = section.parts
    return {row[0]: row for table in part.tables if table.name.endswith(ending) for row in table.rows}


def test_the_seed_with_the_smallest_validation_loss_is_shown_with_the_figures_of_its_predictions():
    section, (read, read_validation) = made()
    (part,) = section.parts
    assert part.notes[0].startswith("good, seed 1, the one with the smallest validation loss.")
    test, validation = parse_predictions(read("good-1")), parse_predictions(read_validation("good-1"))
    error = calibration_error(test)
    shown = cells(section, "-calibration")
    assert shown["expected calibration error"][1:] == (f"{error.value:.3f}", f"{error.low:.3f} – {error.high:.3f}")
    temperature = temperature_of("multiclass", validation.truth.argmax(axis=1), validation.probabilities).value
    assert shown["temperature by the validation images"][1] == f"{temperature:.2f}"
    (points,) = (table for table in part.tables if table.name.endswith("-points"))
    soft = [
        replace(each, probabilities=apply_temperature("multiclass", each.probabilities, temperature))
        for each in (validation, test)
    ]
    expected = operating_points(["c0", "c1"], *soft)
    assert [(row[0], row[2], row[3]) for row in points.rows] == [
        (p.class_name, f"{p.threshold:.3f}", f"{p.sensitivity.value:.3f}") for p in expected
    ]
    assert [chart.name.rpartition("-")[2] for chart in part.charts] == ["reliability", "roc", "recall", "decision", "confusion"]


def test_the_confusion_matrix_counts_every_test_image():
    section, (read, _) = made(classes=3)
    table = read("good-1")
    guess = table[[f"probability_c{c}" for c in range(3)]].to_numpy().argmax(axis=1)
    for number, name in enumerate(("c0", "c1", "c2")):
        counted = [str(int(((table["label"] == number) & (guess == other)).sum())) for other in range(3)]
        assert list(cells(section, "-errors")[name]) == [name, *counted]


def test_several_labels_have_what_was_found_and_missed():
    section, (read, _) = made(multilabel=True)
    table = read("good-1")
    found = int(((table["label_c0"] == 1) & (table["probability_c0"] >= 0.5)).sum())
    row = cells(section, "-errors")["c0"]
    assert row[1] == str(found)
    assert sum(map(int, row[1:])) == 120


def test_runs_without_validation_predictions_have_neither_temperature_nor_thresholds_and_say_so():
    section, _ = made(validation=False)
    (part,) = section.parts
    assert "neither a temperature nor a threshold" in " ".join(part.notes)
    assert not cells(section, "-points")
    assert "temperature by the validation images" not in cells(section, "-calibration")


def test_subgroups_are_in_the_table_and_in_a_sentence():
    section, _ = made(attribute_site=["north", "south", "west"] * 40)
    (part,) = section.parts
    (table,) = (table for table in part.tables if table.name.endswith("-subgroups"))
    assert {row[1] for row in table.rows} == {"north", "south", "west"}
    assert any(note.startswith("site: ") for note in part.notes)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda run_id: None, "the run of good with seed 1 has no stored predictions."),
        (lambda run_id: pd.DataFrame({"sample": ["a"], "label": [0], "probability_c": [np.nan], "group": [""]}), "not finite"),
    ],
)
def test_a_run_without_predictions_that_can_be_used_says_why(read, said):
    frame = pd.DataFrame([run("good", "a", 1, 0.9, run_id="r")])
    section = clinician(make_board(frame, RunQuery("toy")), judged_runs(frame, RunQuery("toy")), read, lambda run_id: None)
    assert said in section.parts[0].left_out


def test_damaged_predictions_are_the_reason():
    def damaged(run_id):
        raise OddRunError(run_id, "the file is cut off")

    frame = pd.DataFrame([run("good", "a", 1, 0.9, run_id="r")])
    section = clinician(make_board(frame, RunQuery("toy")), judged_runs(frame, RunQuery("toy")), damaged, damaged)
    assert "the file is cut off" in section.parts[0].left_out


@pytest.mark.parametrize(
    "other", [predictions(np.random.default_rng(0), 60, 3), predictions(np.random.default_rng(0), 60, 2, multilabel=True)]
)
def test_predictions_of_test_and_validation_images_that_do_not_fit_are_the_reason(other):
    """Another program replaced one of the two files."""
    frame = pd.DataFrame([run("good", "a", 1, 0.9, run_id="r")])
    query, table = RunQuery("toy"), predictions(np.random.default_rng(0), 60, 2)
    for read in ((lambda _: table, lambda _: other), (lambda _: other, lambda _: table)):
        section = clinician(make_board(frame, query), judged_runs(frame, query), *read)
        assert (
            "the run of good with seed 1 has other classes in its predictions of validation images" in section.parts[0].left_out
        )


@pytest.mark.slow
def test_every_drawing_is_made_and_names_of_others_stay_text(tmp_path):
    section, _ = made(name=EVIL, attribute_site=[EVIL, "x", "y"] * 40)
    page = render(Page("toy", "lead", [section]))
    assert "<script>alert" not in page
    for chart in section.all_charts():
        chart.draw(tmp_path / "chart.svg")
        ET.parse(tmp_path / "chart.svg")


def test_many_targets_have_tables_and_only_the_first_ones_drawings(monkeypatch):
    monkeypatch.setattr(module, "MOST_DRAWN", 1)
    rows = [run("good", target, 0, 0.9, run_id=f"{target}-0") for target in ("a", "b")]
    frame, query = pd.DataFrame(rows), RunQuery("toy")
    table = predictions(np.random.default_rng(0), 60, 2)
    section = clinician(make_board(frame, query), judged_runs(frame, query), lambda run_id: table, lambda run_id: None)
    assert [bool(part.charts) for part in section.parts] == [True, False]
    assert all(part.tables for part in section.parts)
    assert section.notes[0] == "Drawings are made of the first 1 of 2 targets."
