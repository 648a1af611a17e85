"""Measures made of others."""

import pytest

from results.agreement.combine import combine
from results.agreement.scores import PairScore
from results.error import CatsError


def said(target="t", **measures):
    return [
        PairScore(target, source, "net", measure, value, None, None, None, None)
        for measure, values in measures.items()
        for source, value in zip("abcde", values, strict=False)
    ]


ROWS = said(lp=[1, 2, 3], fu=[10, 30, 20], flat=[4, 4, 4])


def values(rows):
    return [row.value for row in rows]


def test_a_product_is_of_scores_brought_to_0_and_1():
    made = combine(ROWS, "lpxfu = lp * fu")
    assert {row.measure for row in made} == {"lpxfu"}
    assert [(row.source, row.value) for row in made] == [("a", 0.0), ("b", 0.5), ("c", 0.5)]


def test_a_weighted_sum():
    assert values(combine(ROWS, "etran=0.85*lp+.15*fu")) == pytest.approx([0, 0.85 / 2 + 0.15, 0.85 + 0.15 / 2])


def test_a_difference():
    assert values(combine(ROWS, "ncti=-lp+fu-2*lp")) == pytest.approx([0, 1 - 1.5, 0.5 - 3])


def test_each_target_is_a_pool_of_its_own():
    made = combine([*ROWS, *said("u", lp=[5, 7], fu=[1, 0])], "x=lp")
    assert [(row.target, row.value) for row in made] == [("t", 0), ("t", 0.5), ("t", 1), ("u", 0), ("u", 1)]


def test_one_more_source_changes_what_is_said_of_the_others():
    assert values(combine(said(lp=[1, 2, 3, 5]), "x=lp"))[:3] == [0, 0.25, 0.5]


def test_nothing_is_made_of_nothing():
    made = combine([*ROWS[:3], *said(fu=[10, None, 20])], "lpxfu=lp*fu")
    assert values(made) == [0, None, 1]
    assert made[1].reason == "fu gives no score, or the same score to every source"


def test_a_part_that_prefers_no_source_makes_no_measure():
    made = combine(ROWS, "x=lp*flat")
    assert values(made) == [None, None, None]
    assert made[0].reason == "flat gives no score, or the same score to every source"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x=lp*flatt", "there are no scores of 'flatt' of the combination 'x=lp*flatt'; did you mean 'flat'?"),
        ("lp*fu", "the combination 'lp*fu' cannot be read; write it NAME=FORMULA"),
        ("lp=lp*fu", "there is a measure 'lp' already; give the combination another name"),
        ("x=lp+2", "'2' of the combination 'x=lp+2' names no measure"),
        ("x=lp*", "there are no scores of '' of the combination"),
        ("x=lp+", "the combination 'x=lp+' cannot be read"),
        ("x=lp++fu", "the combination 'x=lp++fu' cannot be read"),
    ],
)
def test_a_formula_that_cannot_be_read_is_refused(text, sentence):
    with pytest.raises(CatsError) as error:
        combine(ROWS, text)
    assert sentence in str(error.value)
