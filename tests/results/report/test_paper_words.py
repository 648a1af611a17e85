"""What titles and captions of files for papers say: the metric, what gaps count as, what was tested; no dots, no options."""

import re

import pytest

from results.board.answer import answer, judged_by
from results.board.request import Judging
from results.board.text import legend
from results.report.export import latex
from results.report.heat import heat
from results.report.html import Table
from results.report.overview import overview
from results.report.sections import difference, per_target, ranks
from tests.support.runs import CLEAR, board, run, runs

ONCE = runs(one=[[0.9], [0.8]], two=[[0.5], [0.4]], three=[[0.6], [0.5]])
GAPS = [row for row in ONCE if (row["source"], row["target"]) != ("two", "b")]
WORST = Judging(impute="worst")


def test_where_every_source_has_one_seed_nothing_is_marked_as_if_it_had_been_tested():
    made = heat(board(ONCE))
    assert not any(cell.top for _, cells in made.heat.rows for cell in cells)
    assert "• marks" not in made.heat.caption
    assert "No cell is marked, because within targets nothing was tested: every source has one seed." in made.heat.caption
    part = per_target(board(ONCE)).parts[0]
    assert part.charts[0].title == "a: nothing was tested, because every source has one seed"
    noise = per_target(board(ONCE, Judging(noise=0.5))).parts[0]
    assert noise.charts[0].title == "a: 3 of 3 sources cannot be told apart from the best"
    assert any(cell.top for _, cells in heat(board(ONCE, Judging(noise=0.5))).heat.rows for cell in cells)
    alone = board([*runs(one=[[0.9, 0.8]]), run("two", "a", 0, 0.5)])
    assert per_target(alone).parts[0].charts[0].title.endswith("a test takes two sources with at least two seeds each")
    [once] = [sentence for sentence in legend(board(ONCE)) if sentence.startswith("tie:")]
    assert "nothing was tested" in once


@pytest.mark.slow
def test_the_file_of_a_heat_map_says_what_its_colours_mean(tmp_path):
    def title(made):
        path = tmp_path / "heat.svg"
        heat(made).charts[0].draw(path)
        return " ".join(re.findall(r"<!-- (.*?) -->", path.read_text()))  # every line of text stands before its glyphs

    assert "each column has its own colours: light is its best source, dark is its worst" in title(board(ONCE))
    assert "within targets nothing was tested" in title(board(ONCE))
    assert "dark is 4 or more standard errors below it; • cannot be told apart from the best" in title(board(CLEAR))
    mixed = [*CLEAR, *(row | {"target": "c"} for row in ONCE if row["target"] == "a")]
    assert "(on 1 target the worst); • cannot be told apart from the best (nothing was tested on c)" in title(board(mixed))


def test_what_is_over_targets_names_the_metric_and_what_gaps_count_as():
    made, gaps = board(GAPS, WORST), "1 missing pair counts as the worst of its target"
    section = ranks(made)
    assert section.charts[0].title == (
        f"Mean rank by test AUC over 2 targets: 2 sources cannot be told apart from one, the first; {gaps}"
    )
    assert section.tables[0].caption == f"Mean rank of every source in toy, by test AUC over 2 targets; {gaps}"
    assert judged_by(made) == f"test AUC; {gaps}"
    critical = difference(made.difference, judged_by(made))
    assert f"on 2 targets (test AUC; {gaps}): " in critical.charts[0].title
    assert f"over 2 targets ({gaps})" in answer(made)
    assert gaps in overview(made, None).tables[0].caption
    assert judged_by(board(ONCE, WORST)) == judged_by(board(GAPS)) == "test AUC"
    open_gaps = ranks(board(GAPS))
    assert open_gaps.tables[0].caption == "Mean rank of every source in toy, by test AUC over 1 of 2 targets"
    assert "Rank by test AUC on a, the only target that all sources share: nothing was tested" in open_gaps.charts[0].title
    assert open_gaps.tables[0].caption != overview(board(GAPS), None).tables[0].caption


def test_a_first_source_without_a_tie_is_alone():
    one = board([row for row in CLEAR if row["target"] == "a"])
    chart = ranks(one).charts[0]
    assert chart.title == "Rank by test AUC on a, the only target that all sources share: good is alone in tie 1"


def test_captions_in_latex_speak_neither_of_dots_nor_of_options():
    tables = [*per_target(board(ONCE)).all_tables(), *overview(board(ONCE), None).tables, *heat(board(CLEAR)).tables]
    for text in map(latex, tables):
        caption = text.partition(r"\caption{")[2].partition("\n")[0]
        assert "dots" not in caption
        assert "colours" not in caption
        assert "noise" not in caption
    assert "--noise" in per_target(board(ONCE)).parts[0].tables[0].caption


def test_intervals_in_latex_have_one_style_and_kendalls_tau_is_a_letter():
    table = Table(
        "t", "weighted tau", ("source", "weighted tau"), [("tau", "0.51 (0.37 – 0.65)"), ("b", "-0.2 – -0.1"), ("c", "1–2")]
    )
    lines = latex(table).splitlines()
    assert r"\caption{weighted $\tau$}" in lines
    assert r"source & weighted $\tau$ \\" in lines
    assert r"tau & 0.51 (0.37--0.65) \\" in lines
    assert r"b & $-$0.2--$-$0.1 \\" in lines
    assert r"c & 1--2 \\" in lines
