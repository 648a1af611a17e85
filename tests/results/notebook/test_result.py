"""Results show themselves: escaped, small, readable by those who do not see, and on axes of the caller."""

import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from matplotlib.figure import Figure

import catsbench
from results.error import CatsError
from results.notebook.drawn import Dot, Dots, Line, Lines
from results.notebook.result import MOST, Result, Sheet, in_python, sheet_of
from tests.support.runs import runs

EVIL = "<script>alert(1)</script>"


def judged(**figures):
    table = pd.DataFrame(runs(**figures)).rename(columns={"test_auc": "auc"})
    return catsbench.judge(table, seed="seed")


@pytest.fixture(scope="module")
def three():
    good, fair = [[0.90, 0.91], [0.80, 0.81]], [[0.70, 0.71], [0.60, 0.62]]
    return judged(**{"good": good, EVIL: fair})


def test_texts_of_others_are_escaped_and_the_picture_is_valid(three):
    page = three._repr_html_()
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    picture = ET.fromstring(re.search("<svg.*?</svg>", page)[0])
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == "mean rank, 1 is best, with 95 % interval"
    assert len(picture.findall("{http://www.w3.org/2000/svg}circle")) == 2


def test_each_target_is_folded_below_the_ranks_with_its_verdict(three):
    page = three._repr_html_()
    assert page.count("<details>") == 3
    assert "<summary>a: good wins (2 seeds, 95 %)</summary>" in page
    assert page.count("<tr class=best>") == page.count("class=best")


def test_control_characters_never_reach_a_page():
    page = Result("a\x1b[31m", pd.DataFrame(), ["b\u202e"], [Sheet("c\x00", ["d"], [["e\x07"]])])._repr_html_()
    assert not re.search("[\x00-\x08\x1b\u202e]", page)


def test_a_plot_draws_on_the_axes_of_the_caller_and_returns_them(three):
    axes = Figure().subplots()
    assert three.plot(axes) is axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["good", EVIL]
    other = Figure().subplots()
    assert three.plot(other, target="a") is other
    ends = [line.get_xdata() for line in other.lines if len(line.get_xdata()) == 2]
    row = three.frame.query("target == 'a' and source == 'good'").iloc[0]
    assert any(list(each) == [row["low"], row["high"]] for each in ends)


def test_a_plot_makes_axes_of_its_own_in_a_figure_of_pyplot(three, monkeypatch):
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    axes = three.plot()
    assert axes.figure.number in plt.get_fignums()
    plt.close(axes.figure)


def test_a_target_that_the_board_does_not_have_is_a_sentence(three):
    with pytest.raises(CatsError, match="the board has no target 'aa'; allowed are a, b"):
        three.verdict("aa")
    with pytest.raises(CatsError, match="there is no figure to draw"):
        Result("nothing", pd.DataFrame()).plot()


def test_a_frame_that_is_handed_out_may_be_changed(three):
    copy = three.to_frame()
    copy.loc[:, "mean"] = 0
    assert (three.frame["mean"] > 0).all()


def test_a_long_table_says_how_many_rows_the_frame_has_beside_it():
    sheet = sheet_of(pd.DataFrame({"a": range(MOST + 2), "b": None}), ["a", "b"])
    page = sheet.html()
    assert page.count("<tr>") == MOST + 1
    assert "2 more rows are in .frame" in page
    assert "<td>–</td>" in page or "<td class=w>–</td>" in page


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_figures_that_are_all_equal_are_drawn(value):
    ET.fromstring(Dots("x", [Dot("a", value), Dot("b", value)]).svg())


def test_figures_too_far_apart_for_an_axis_are_not_drawn():
    assert Dots("x", [Dot("a", -1.7e308), Dot("b", 1.7e308)]).svg() == ""


def test_lines_have_a_legend_if_there_are_few():
    axes = Figure().subplots()
    Lines("epoch", "loss", [Line(name, [1, 2], [0.5, 0.4]) for name in ("a", "$b$")]).draw(axes)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", r"\$b\$"]


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("state it with --noise", "state it with noise=..."),
        ("`--impute worst` or `--impute median` fills the gaps", '`impute="worst"` or `impute="median"` fills the gaps'),
        ("--tracking-uri names another", "tracking_uri=... names another"),
        ("a -- b, -1 --2 and a--b", "a -- b, -1 --2 and a--b"),
    ],
)
def test_options_of_a_command_become_keywords(sentence, wanted):
    assert in_python(sentence) == wanted
