"""How figures and names stand in the tables of a page: where a narrow column may begin a new line."""

import pytest

from results.report.render import breakable, divided


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("0.836 (0.63–0.94)", ("0.836", "(0.63–0.94)")),
        ("-0.003679 ± 0.021", ("-0.003679", "± 0.021")),
        ("-1.28 ± 1.35", ("-1.28", "± 1.35")),
        ("0.42", ("0.42", "")),
        ("proxy_a (4/5) ± 1", ("proxy_a (4/5) ± 1", "")),
        ("–", ("–", "")),
    ],
)
def test_a_figure_may_be_divided_before_its_interval(cell, parts):
    assert divided(cell) == parts


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mednist[from=imagenet]", "mednist<wbr>[from=imagenet]"),
        ("imagenet", "imagenet"),
        ("<b>[x]", "&lt;b&gt;<wbr>[x]"),
        ("a\x07[x]", r"a\u0007<wbr>[x]"),
    ],
)
def test_a_name_may_break_before_its_options_and_is_escaped(name, shown):
    assert str(breakable(name)) == shown
