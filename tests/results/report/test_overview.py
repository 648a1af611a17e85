"""The top of a report: the verdict, the key figures and the forest plot; and the axes of such plots."""

import re

import pandas as pd
import pytest

from results.board.board import make_board
from results.board.request import RunQuery
from results.cost.bill import make_bill
from results.cost.paid_plot import Paid
from results.cost.tables import page_unit
from results.report.attempts import cells_of
from results.report.axes import plot_of
from results.report.choice_sections import regret
from results.report.drawn import inline
from results.report.heads import tip
from results.report.heat import FAR, depths_of, heat
from results.report.html import Mark, Page, Section, Table
from results.report.overview import duration, key_figures, overview, verdict
from results.report.render import absences, render
from results.report.sections import difference, per_target, ranks
from results.report.tested import counted_in
from tests.support.elements import Elements
from tests.support.runs import CLEAR, UNKNOWN, board, run, runs

TIED = runs(one=[[0.9, 0.91], [0.8, 0.81]], two=[[0.8, 0.81], [0.7, 0.71]], three=[[0.7, 0.71], [0.75, 0.76]])


def bill_of(rows, shared_over=None):
    return make_bill(pd.DataFrame(rows), "toy", shared_over)


def test_the_verdict_is_two_sentences_with_tie_cost_and_what_would_decide():
    first, second = verdict(board(TIED), bill_of(TIED))
    assert first.startswith("No winner: one has the best mean rank, 1.00 (95 % ")
    assert "but three and two cannot be told apart from it; the probability that it is the best is 0." in first
    # By hand: 12 attempts of 3 Wh each, with 0.3 kg of CO2e for a kWh.
    assert second.startswith("12 attempts took 36 Wh and 10.8 g CO2e; about ")
    assert second.endswith("(Nemenyi, 95 %).")


def test_the_answer_of_a_choice_stands_first_and_one_seed_is_said_once():
    rows = runs(one=[[0.9]], two=[[0.8]])
    said = verdict(board(rows), bill_of(rows), first=["Take two with net."])
    assert said[0] == "Take two with net."
    assert said[1].startswith("On a: no winner: with one seed the seed-to-seed variance is unknown, no interval")
    assert said[2] == "2 attempts took 6 Wh and 1.8 g CO2e."
    assert " ".join(said).count("run more seeds") == 1


def test_energy_that_is_missing_is_said_in_the_verdict_and_the_figures():
    rows = [*CLEAR, run("good", "a", 7, 0.9, costs=UNKNOWN)]
    assert "13 attempts took at least 36 Wh" in verdict(board(rows), bill_of(rows))[1]
    figures = {figure.name: figure.value for figure in key_figures(board(rows), bill_of(rows))}
    assert figures["energy"] == "≥ 36 Wh"
    nothing = [row | {"costs": "[]"} for row in CLEAR]
    assert "took energy that is not known" in verdict(board(CLEAR), bill_of(nothing))[1]


def test_key_figures_count_what_was_measured():
    failed = run("bad", "b", 9, float("nan"), status="FAILED")
    rows = [*CLEAR, run("good", "a", 7, 0.9), failed]
    figures = {figure.name: (figure.value, figure.about) for figure in key_figures(board(rows), bill_of(rows))}
    assert {name: value for name, (value, _) in figures.items()} == {
        "sources": "2", "targets": "2", "seeds": "3–4", "attempts": "14", "energy": "42 Wh", "CO2e": "12.6 g",
        "machine time": "14 s",
    }  # fmt: skip
    assert figures["attempts"][1] == "Attempts at runs of the board; 13 of them are finished."


@pytest.mark.parametrize(("seconds", "text"), [(14.2, "14 s"), (1320, "22 min"), (7200, "2 h"), (43_243_200, "12,012 h")])
def test_times_are_written_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_the_forest_plot_has_ranks_means_ties_and_the_energy_of_one_target():
    (table,) = overview(board(TIED), bill_of(TIED)).tables
    assert list(table.head) == ["source", "tie", "mean rank (95 %)", "mean AUC (95 %)", "P(best)", "Wh for a target"]
    assert [row[0] for row in table.rows] == ["one", "three", "two"]
    assert [row[5] for row in table.rows] == ["6", "6", "6"]  # two seeds of 3 Wh
    assert table.ties == [row.tie for row in board(TIED).overall]
    for name in ("mean rank (95 %)", "mean AUC (95 %)"):
        plot = table.plots[name]
        assert all(plot.low < mark.low <= mark.value <= mark.high < plot.high for mark in plot.marks)
    assert table.plots["mean rank (95 %)"].marks[0].value == 1.0


def test_every_energy_of_a_page_has_the_unit_of_the_sum():
    """By hand: one attempt of 3 Wh each; 400 of them are 1.2 kWh, and a page shows none of them in Wh."""
    rows = [run(source, target, seed, 0.9) for source in ("one", "two") for target in "ab" for seed in range(100)]
    bill, made = bill_of(rows), board(rows)
    unit = page_unit(bill)
    assert [figure.value for figure in key_figures(made, bill) if figure.name == "energy"] == ["1.2 kWh"]
    (table,) = overview(made, bill).tables
    assert (table.head[-1], table.rows[0][-1]) == ("kWh for a target", "0.3")
    targets = per_target(made, unit=unit)
    assert [(each.head[-1], each.rows[0][-1]) for each in targets.all_tables()] == [("kWh", "0.3")] * 2
    assert any(note.startswith("kWh: energy of all attempts") for note in targets.notes)
    assert cells_of(pd.DataFrame(rows).assign(run_id="r"), "auc", {}, unit=unit).heads[-2] == "kWh"
    assert regret([Paid("m", 3e-3, 0.01, None, None)], "auc", unit=unit).tables[0].head[1] == "kWh"


@pytest.mark.parametrize("value", [1e50, -1e50])
@pytest.mark.parametrize("many", [1, 6])
def test_the_largest_figures_that_count_end_no_page_and_warn_of_nothing(value, many):
    """1e50 is the largest figure that is read, see results.tracking.oddity. A warning is an error in every test."""
    rows = [row | {"test_mine": value if place < many else row["test_auc"]} for place, row in enumerate(TIED)]
    made = board(rows, metric="mine")
    shown = [overview(made, bill_of(rows)), heat(made), ranks(made), per_target(made), difference(made.difference)]
    mean = value / 2 if many == 1 else value  # of two seeds, beside which 0.91 is nothing
    assert f"{mean:.3f}" in render(Page("t", "l", shown, verdict=verdict(made, bill_of(rows))))


def test_without_a_common_target_the_forest_plot_shows_strengths():
    rows = [run("one", "a", 0, 0.9), run("two", "a", 0, 0.8), run("two", "b", 0, 0.9), run("three", "b", 0, 0.7)]
    (table,) = overview(board(rows), None).tables
    assert list(table.head) == ["source", "tie", "strength (95 %)", "coverage", "P(best)"]
    assert table.caption.startswith("Strength over all targets")


def test_other_metrics_are_views_of_their_own():
    other = board(TIED, metric="brier")
    made = overview(board(TIED), None, {"brier": other})
    assert list(made.others) == ["Brier score"]
    assert made.others["Brier score"].notes[0].startswith("No winner: one has")
    sections = [made, heat(board(TIED), {"brier": other}), ranks(board(TIED)), per_target(board(TIED), {"brier": other})]
    page = Page("t", "l", sections, metric="AUC", sources=["one", "two", "three"])
    assert page.metrics() == ["AUC", "Brier score"]
    seen = Elements(render(page))
    views = [a for tag, a in seen.tags if a.get("class") == "view"]
    assert [(a["data-metric"], "hidden" in a) for a in views] == [
        *[("AUC", False), ("Brier score", True)] * 2, ("AUC", False), ("AUC", False), ("Brier score", True),
    ]  # fmt: skip
    ids = [a["id"] for _, a in seen.tags if "id" in a]
    assert len(ids) == len(set(ids))


def test_rows_of_a_source_bear_its_number_in_every_table():
    page = Page("t", "l", [heat(board(TIED)), ranks(board(TIED)), per_target(board(TIED))], sources=["one", "two", "three"])
    numbers = [a["data-s"] for tag, a in Elements(render(page)).tags if tag == "tr" and "data-s" in a]
    assert {number: numbers.count(number) for number in "012"} == dict.fromkeys(
        "012", 5
    )  # heat and its figures, ranks, two targets


def test_a_drawing_names_the_sources_of_its_marks():
    drawn = difference(board(TIED).difference).charts[0]
    assert list(drawn.sources) == ["one", "three", "two"]
    svg = inline(drawn, {"one": "0", "two": "1", "three": "2"})
    broad, narrow = svg.split("</svg>")[:2]
    assert [broad.count(f'data-s="{number}"') for number in (0, 1, 2)] == [2, 2, 2]  # a line and a name each
    assert [narrow.count(f'data-s="{number}"') for number in (0, 1, 2)] == [3, 3, 3]  # and a mark
    assert inline(drawn).count('data-s=""') == 6 + 9


@pytest.mark.parametrize(("columns", "upwards"), [(12, False), (13, True)])
def test_heads_of_many_columns_are_written_upwards(columns, upwards):
    table = Table("t", "c", [f"source {n}" for n in range(columns)], [["0.5"] * columns])
    (seen,) = (a for tag, a in Elements(render(Page("t", "l", [Section("s", "S", tables=[table])]))).tags if tag == "table")
    assert ("many" in seen["class"].split()) is upwards


def test_a_drawing_with_small_letters_has_another_one_for_narrow_windows():
    svg = inline(difference(board(TIED).difference).charts[0])
    widths = {kind: float(re.search(rf'class="{kind}" viewBox="0 0 ([\d.]+)', svg)[1]) * 4 / 3 for kind in ("broad", "narrow")}
    assert widths["broad"] > 800
    assert widths["narrow"] < 400  # pixels, so that its letters have about their own size in a window of 400
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert "mean rank" in svg.split("</svg>")[1]


def test_every_column_is_explained():
    sections = [overview(board(TIED), bill_of(TIED)), heat(board(TIED)), ranks(board(TIED)), per_target(board(TIED))]
    heads = [a for tag, a in Elements(render(Page("t", "l", sections))).tags if tag == "th" and a.get("scope") == "col"]
    assert len(heads) > 20
    assert [a for a in heads if not a.get("title")] == []
    assert tip("MWh").startswith("Energy")
    assert tip("nothing of ours") == ""


def test_an_axis_holds_every_interval_or_ends_where_it_is_cut():
    marks = [Mark(0.2, 0.1, 1.0), None, Mark(0.3)]
    whole, cut = plot_of(marks, "x"), plot_of(marks, "x", most=0.4, cut=True)
    assert (whole.low < 0.1, whole.high > 1) == (True, True)
    assert (cut.low < 0.1, 0.4 < cut.high < 0.5) == (True, True)
    assert (cut.at(1.0), cut.at(cut.low)) == ("100%", "0%")
    assert plot_of([None], "x") is None


def test_shades_are_standard_errors_behind_the_best_of_the_target():
    rows = board(CLEAR).targets["a"]
    assert depths_of(rows, {"good": 0.0, "bad": 1.0}) == [1.0, 1 - 1 / FAR]
    assert depths_of(rows, {"good": 0.0, "bad": 9.0}) == [1.0, 0.0]
    assert depths_of(rows, {"good": 0.0, "bad": None}) == [1.0, 0.0]  # of unknown errors: from the best to the worst


def test_a_heat_map_without_errors_says_by_what_it_is_coloured():
    one_seed = runs(one=[[0.9], [0.5]], two=[[0.8], [0.7]], three=[[0.85], [0.6]])
    section = heat(board(one_seed))
    assert "from its best to its worst source, because no standard error is known" in section.heat.caption
    assert [text for _, text in section.heat.scale] == ["best", "half way", "worst"]
    depths = {name: [cell.depth for cell in cells] for name, cells in section.heat.rows}
    assert depths["three"] == pytest.approx([0.5, 0.5])


def test_targets_without_errors_are_named_beside_those_with_errors():
    mixed = [*runs(one=[[0.9, 0.91]], two=[[0.8, 0.82]]), run("one", "b", 0, 0.9), run("two", "b", 0, 0.8)]
    assert "and from its best to its worst source on b, where none is known" in heat(board(mixed)).heat.caption


def test_what_is_left_out_is_listed_once_for_each_reason():
    parts = [Section("x-a", "a", left_out="no file."), Section("x-b", "b", left_out="no file."), Section("x-c", "c")]
    sections = [Section("x", "X", parts=parts), Section("y", "Y", left_out="nothing."), Section("z", "Z", parts=parts[:2])]
    assert absences(sections) == [("X, a, b", "no file."), ("Y", "nothing."), ("Z, a, b", "no file.")]
    assert [section.filled for section in sections] == [True, False, False]


def test_a_table_of_one_metric_stays_when_the_other_one_is_missing_from_the_frame():
    made = make_board(pd.DataFrame(CLEAR), RunQuery("toy", metric="brier"))
    assert overview(made, None).tables[0].head[3] == "mean Brier score (95 %)"


def test_the_first_screen_counts_test_images_and_patients():
    def read(run_id):
        if run_id == "none":
            return None
        images, patients = {"a": (22, 6), "b": (1624, 0)}[run_id]
        groups = [f"p{number % patients}" if patients else "" for number in range(images)]
        return pd.DataFrame({"sample": range(images), "group": groups, "label": 0, "probability_x": 1.0})

    rows = [run("good", "a", 0, 0.9, run_id="none"), run("good", "a", 1, 0.9, run_id="a"), run("good", "b", 0, 0.9, run_id="b")]
    frame = pd.DataFrame(rows)
    both = counted_in(board(rows), frame, read)
    assert [(each.name, each.value) for each in both] == [("test images", "22–1,624"), ("patients", "6")]
    assert both[1].about.endswith("They are not known of 1 target.")
    shown = [each.name for each in key_figures(board(rows), bill_of(rows), tested=both)]
    assert shown[2:5] == ["seeds", "test images", "patients"]
    assert [each.value for each in counted_in(board(rows[2:]), frame[2:], read)] == ["1,624", "unknown"]
    assert counted_in(board(rows[:1]), frame[:1], read) == []
