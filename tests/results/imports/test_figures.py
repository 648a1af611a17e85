"""Figures of other people: percent, infinity and marks of missing values are counted and asked about, never taken silently."""

import json

import pandas as pd
import pytest

from results.error import CatsError
from results.imports.column_map import ColumnMap
from results.imports.table import runs_of

MATRIX = "source,idc,ihc\nimagenet,{},0.85\nscratch,0.7,0.6\n"
HOW = {"title": "t", "source": "s", "target": "t", "backbone": {"value": "net"}, "scores": {"auc": "auc"}}
AUC = "the bounds of auc, 0 to 1"
COLUMN = "and column 'auc'"
PLACE = "row 'imagenet' and column 'idc'"


def imported(cats, tmp_path, text, *more, option="--matrix"):
    (tmp_path / "m.csv").write_text(text)
    given = "lp=m.csv" if option == "--scores" else "m.csv"
    return cats("import", option, given, "--experiment", "theirs", *more)


@pytest.mark.parametrize(
    ("figure", "more", "sentence"),
    [
        ("91", (), f"m.csv: 1 of 4 figures is outside {AUC}, the first, 91, in {PLACE}; declare --percent if"),
        ("91", ("--metric", "accuracy"), "outside the bounds of accuracy, 0 to 1"),
        ("91", ("--metric", "sensitivity"), "outside the bounds of sensitivity, 0 to 1"),
        ("45", ("--metric", "kappa"), "outside the bounds of kappa, -1 to 1"),
        ("-1", (), f"1 of 4 figures is outside {AUC}, the first, -1, in {PLACE}; declare --missing -1 if"),
        ("-1", ("--metric", "loss"), "outside the bounds of loss, 0 to 1e+50, the first, -1"),
        ("999", (), "the first, 999, in row"),
        ("inf", (), f"m.csv: 1 of 4 figures is infinite, the first in {PLACE}; correct them, or declare --missing inf if"),
        ("-inf", (), "declare --missing -inf if"),
        ("0.91", ("--percent",), "auc is said to be in percent, but no figure is above 1 (the highest is 0.91)"),
        ("91%", (), "is '91%', which is not a number; leave out the % and say --percent"),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_meant_is_counted_and_asked_about(cats, tmp_path, figure, more, sentence):
    code, _, err = imported(cats, tmp_path, MATRIX.format(figure), *more)
    assert code == 2
    assert sentence in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["", "nan", "NA", "null"])
def test_pairs_without_a_figure_are_counted(cats, tmp_path, cell):
    code, out, err = imported(cats, tmp_path, MATRIX.format(cell))
    assert (code, "3 finished runs" in out) == (0, True)
    assert err == "m.csv: 1 of 4 pairs has no figure and is left out\n"


def scores(cats):
    board = json.loads(cats("board", "theirs", "--format", "json")[1])
    return {(target, row["source"]): row["mean"] for target, rows in board["targets"].items() for row in rows}


@pytest.mark.slow
def test_percent_is_divided_where_it_is_declared(cats, tmp_path):
    assert imported(cats, tmp_path, "source,idc,ihc\nimagenet,91,85\nscratch,70,60.5\n", "--percent")[0] == 0
    assert scores(cats)["idc", "imagenet"] == pytest.approx(0.91)
    assert scores(cats)["ihc", "scratch"] == pytest.approx(0.605)


@pytest.mark.slow
@pytest.mark.parametrize("mark", ["-1", "inf", "999", "-inf"])
def test_a_mark_of_missing_pairs_is_left_out_where_it_is_declared(cats, tmp_path, mark):
    code, out, err = imported(cats, tmp_path, MATRIX.format(mark), "--missing", mark)
    assert code == 0, err
    assert "3 finished runs" in out
    assert "m.csv: 1 of 4 pairs has no figure and is left out" in err


@pytest.mark.slow
def test_scores_of_a_measure_have_no_bounds_but_are_finite(cats, tmp_path):
    code, out, err = imported(cats, tmp_path, MATRIX.format("-120.5"), option="--scores")
    assert (code, "4 scored pairs" in out) == (0, True), err
    code, _, err = imported(cats, tmp_path, MATRIX.format("inf"), option="--scores")
    assert (code, "1 of 4 figures is infinite" in err) == (2, True)


@pytest.mark.parametrize("option", ["--percent", "--missing"])
def test_options_of_matrices_are_refused_for_a_table_of_runs(cats, tmp_path, option):
    (tmp_path / "runs.csv").write_text("s,t,auc\na,b,0.9\n")
    (tmp_path / "map.yaml").write_text("title: t\nsource: s\ntarget: t\nbackbone: {value: net}\nscores: {auc: auc}\n")
    more = [option] if option == "--percent" else [option, "-1"]
    code, _, err = cats("import", "runs.csv", "--map", "map.yaml", "--experiment", "theirs", *more)
    assert (code, f"{option} is for matrices; of a table of runs, write `{option[2:]}` into the map" in err) == (2, True)


def runs(figures, **changes):
    rows = [{"s": f"s{i}", "t": "t", "auc": figure, "v": 0.5, "h": 1.0, "w": 100.0} for i, figure in enumerate(figures)]
    return runs_of(pd.DataFrame(rows), ColumnMap.model_validate(HOW | changes), "toy", "runs.csv")


@pytest.mark.parametrize(
    ("figures", "changes", "sentence"),
    [
        ([0.9, 91.0], {}, f"1 of 2 figures is outside {AUC}, the first, 91, in row 2 {COLUMN}; declare `percent: [auc]` in"),
        ([-1, -1, 0.9], {}, f"2 of 3 figures are outside {AUC}, the first, -1, in row 1 {COLUMN}; declare `missing: [-1]` in"),
        ([0.9, float("inf")], {}, f"infinite, the first in row 2 {COLUMN}; correct them, or declare `missing: [.inf]` in"),
        ([0.9, 0.8], {"percent": ["auc"]}, "auc is said to be in percent, but no figure is above 1"),
        ([0.9], {"validation": {"val_auc": "w"}}, "outside the bounds of val_auc, 0 to 1, the first, 100"),
    ],
)  # fmt: skip
def test_figures_of_a_table_are_asked_about_too(figures, changes, sentence):
    with pytest.raises(CatsError) as caught:
        runs(figures, **changes)
    assert sentence in str(caught.value)


def test_a_map_declares_percent_and_marks_of_missing_figures():
    made = runs([91.0, -1.0, 80.0], percent=["auc"], missing=[-1])
    assert [record.scores for record in made] == [{"auc": 0.91}, {}, {"auc": 0.8}]


def test_percent_of_a_figure_that_is_not_there_is_refused():
    with pytest.raises(
        ValueError, match="percent names 'auk', which is neither under scores nor under validation; did you mean 'auc'"
    ):
        ColumnMap.model_validate(HOW | {"percent": ["auk"]})


def test_validation_figures_without_bounds_stay_as_they_are():
    made = runs([0.9], validation={"val_loss": "w", "stopped_epoch": "w"})
    assert made[0].validation == {"val_loss": 100.0, "stopped_epoch": 100.0}


@pytest.mark.parametrize("column", ["h", "w"])
@pytest.mark.parametrize("value", [-1.0, float("inf")])
def test_a_duration_or_power_below_zero_or_without_end_is_refused(column, value):
    rows = [{"s": "a", "t": "t", "auc": 0.9, "h": 1.0, "w": 100.0} | {column: value}]
    how = HOW | {"duration": {"column": "h", "unit": "hours"}, "power": {"column": "w"}}
    with pytest.raises(CatsError, match=r"runs.csv, row 1: (duration|power) is .*, which is not possible"):
        runs_of(pd.DataFrame(rows), ColumnMap.model_validate(how), "toy", "runs.csv")
