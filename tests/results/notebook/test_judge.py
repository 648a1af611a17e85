"""A long table is judged as a board is: every figure is known from elsewhere, and what cannot be judged is a sentence."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import catsbench
from results.error import CatsError
from tests.support.runs import CLEAR, board

RUNS = pd.DataFrame(CLEAR)[["source", "target", "seed", "test_auc"]].rename(columns={"test_auc": "auc"})


def one(*figures, **columns):
    """A table of one figure for each item a, b, c ... on the target x."""
    return pd.DataFrame({"source": list("abcdef")[: len(figures)], "target": "x", "auc": figures} | columns)


def test_a_table_gets_what_a_board_of_the_same_runs_says():
    """Means, intervals and ties are those of the board; ranks and probabilities come from draws with another seed."""
    made, same = catsbench.judge(RUNS, seed="seed"), board(CLEAR)
    assert list(made.board.targets) == list(same.targets)
    for target, rows in same.targets.items():
        for mine, its in zip(made.board.targets[target], rows, strict=True):
            for name in ("source", "mean", "low", "high", "rank", "tie", "seeds", "rank_low", "rank_high"):
                assert getattr(mine, name) == getattr(its, name)
            assert mine.p_best == pytest.approx(its.p_best, abs=0.05)
    overall = [(row.source, row.mean_rank, row.low, row.high, row.mean, row.tie) for row in made.board.overall]
    assert overall == [(row.source, row.mean_rank, row.low, row.high, row.mean, row.tie) for row in same.overall]


def test_an_interval_of_one_task_is_students_t_over_repetitions():
    figures = [0.70, 0.74, 0.81, 0.77]
    made = catsbench.judge(pd.DataFrame({"source": "a", "target": "x", "auc": figures, "fold": range(4)}), seed="fold")
    low, high = stats.t.interval(0.95, 3, loc=np.mean(figures), scale=stats.sem(figures))
    assert made.frame.loc[0, ["mean", "low", "high"]].tolist() == pytest.approx([np.mean(figures), low, high])


def test_lower_is_better_where_that_is_said():
    rows = [("a", 0.3, 0), ("a", 0.31, 1), ("b", 0.1, 0), ("b", 0.11, 1)]
    table = pd.DataFrame(rows, columns=["source", "mae", "seed"]).assign(target="x")
    made = catsbench.judge(table, metric="mae", higher=False, seed="seed")
    assert made.frame["source"].tolist() == ["b", "a"]
    assert made.frame["mean"].tolist() == pytest.approx([0.105, 0.305])
    assert (made.frame["low"] <= made.frame["mean"]).all()
    assert made.frame["low"].iloc[0] == pytest.approx(stats.t.interval(0.95, 1, 0.105, 0.005)[0])


def test_an_interval_of_a_figure_without_bounds_is_not_cut():
    table = one(120.0, 80.0).rename(columns={"auc": "speed"})
    twice = pd.concat([table.assign(run=0), table.assign(run=1, speed=[150.0, -60.0])])
    frame = catsbench.judge(twice, metric="speed", seed="run").frame
    assert frame["high"].max() > 300
    assert frame["low"].min() < -800


def test_one_figure_for_each_pair_has_no_interval_on_a_task_and_ties_until_a_noise_is_stated():
    made = catsbench.judge(one(0.9, 0.8, 0.5))
    assert made.frame[["low", "high", "p_best"]].isna().all(axis=None)
    assert made.frame["tie"].tolist() == [1, 1, 1]
    assert "how much a repetition would differ is not known" in made.notes[1]
    stated = catsbench.judge(one(0.9, 0.8, 0.5), noise=0.15)
    assert stated.frame["tie"].tolist() == [1, 1, 2]


def test_mean_ranks_are_over_the_tasks_that_all_items_share():
    rows = [
        ("a", "x", 0.9),
        ("b", "x", 0.8),
        ("a", "y", 0.7),
        ("b", "y", 0.9),
        ("a", "z", 0.6),
        ("b", "z", 0.5),
        ("a", "w", 0.1),
    ]
    made = catsbench.judge(pd.DataFrame(rows, columns=["source", "target", "auc"]))
    assert made.overall.set_index("source")["mean_rank"].to_dict() == pytest.approx({"a": 4 / 3, "b": 5 / 3})
    assert made.overall.set_index("source")["coverage"].to_dict() == {"a": 1.0, "b": 0.75}


def test_a_pair_without_a_row_may_count_as_the_median():
    rows = [("a", "x", 0.9), ("b", "x", 0.8), ("c", "x", 0.7), ("a", "y", 0.9), ("b", "y", 0.8)]
    made = catsbench.judge(pd.DataFrame(rows, columns=["source", "target", "auc"]), impute="median")
    assert made.overall.set_index("source")["mean_rank"].to_dict() == {"a": 1.0, "b": 2.5, "c": 2.5}
    assert "1 pair not measured, or kept off the ranking, counts as the median source" in " ".join(made.notes)


def test_where_no_task_has_every_item_the_strengths_are_drawn():
    rows = [("a", "x", 0.9), ("b", "x", 0.8), ("b", "y", 0.9), ("c", "y", 0.8)]
    made = catsbench.judge(pd.DataFrame(rows, columns=["source", "target", "auc"]))
    assert [dot.name for dot in made.drawing.dots] == ["a", "b", "c"]
    assert made.drawing.axis.startswith("strength (Plackett-Luce)")


def test_columns_keep_the_names_that_the_user_gave_them():
    table = one(0.9, 0.8).rename(columns={"source": "model", "target": "data set"})
    made = catsbench.judge(table, item="model", task="data set")
    head = ["data set", "model", "mean", "low", "high", "rank", "tie", "seeds", "rank_low", "rank_high", "p_best"]
    assert list(made.frame)[: len(head)] == head
    assert made.overall.columns[0] == "model"
    assert ">model</th>" in made._repr_html_()


BAD = {
    "no frame": ([1, 2], {}, "judge takes a DataFrame of pandas with one figure in each row, not list"),
    "no such column": (one(0.9), {"item": "sorce"}, "the table has no column 'sorce'; did you mean 'source'?"),
    "one column for two": (one(0.9), {"item": "target"}, "the column 'target' is named for two things"),
    "a column twice": (pd.concat([one(0.9), one(0.9)[["auc"]]], axis=1), {}, "the table has two columns 'auc'"),
    "no row": (one(0.9)[:0], {}, "the table has no row"),
    "a name of the result": (one(0.9).assign(rank="a"), {"item": "rank"}, "the result has a column 'rank' of its own"),
    "a gap": (one(0.9, np.nan, np.nan), {}, "row 1 (counted from 0) and 1 more has no 'auc'; drop such rows"),
    "a missing name": (one(0.9, 0.8, source=["a", None]), {}, "row 1 (counted from 0) has no 'source'"),
    "a missing seed": (one(0.9, seed=[None]), {"seed": "seed"}, "row 0 (counted from 0) has no 'seed'"),
    "words": (one("0.9"), {}, "'auc' holds '0.9', which is no number; convert the column with pd.to_numeric"),
    "yes and no": (one(True), {}, "'auc' holds 'True', which is no number"),
    "infinite": (one(np.inf), {}, "has 'auc' inf, and auc lies between 0 and 1"),
    "percent": (one(0.9, 91.0), {}, "'auc' 91, and auc lies between 0 and 1; divide figures in percent by 100"),
    "infinite without bounds": (one(-np.inf).rename(columns={"auc": "m"}), {"metric": "m"}, "'m' -inf, and figures"),
    "too large": (one(1e299).rename(columns={"auc": "m"}), {"metric": "m"}, "'m' 1e+299, and figures lie between -1e+50 and"),
    "complex": (one(0.9 + 1j), {}, "'auc' holds '(0.9+1j)', which is no number"),
    "a decimal": (one(Decimal("0.9")), {}, "'auc' holds '0.9', which is no number; convert the column with pd.to_numeric"),
    "no number": (one(0.9, pd.NA), {}, "row 1 (counted from 0) has no 'auc'"),
    "a list as a name": (one(0.9, source=[["a"]]), {}, "the 'source' ['a'] is a list, which names nothing"),
    "an index": (
        one(0.9).set_index(["source", "target"]), {}, "no column 'source'; it is a level of the index: call .reset_index()",
    ),
    "columns of two levels": (pd.concat({"x": one(0.9)}, axis=1), {}, "the table has columns of 2 levels"),
    "a number as a column": (one(0.9), {"item": 3}, "the table has no column '3'"),
    "rows twice": (pd.concat([one(0.9, 0.8)] * 2), {}, "rows 0 and 2 (counted from 0) are both of 'a' on 'x'"),
    "a pair twice": (
        one(0.9, 0.8, 0.7, source=["a", "b", "a"]), {},
        "rows 0 and 2 (counted from 0) are both of 'a' on 'x'; name the column that tells repetitions apart with seed=...",
    ),
    "a seed twice": (
        one(0.9, 0.8, source=["a", "a"], seed=[1, 1]), {"seed": "seed"}, "are both of 'a' on 'x' with seed 1; keep one of them",
    ),
    "the other direction": (one(0.9), {"higher": False}, "of the metric 'auc' higher is better; write higher=True"),
    "a loss upwards": (one(0.9).rename(columns={"auc": "mae"}), {"metric": "mae"}, "of the metric 'mae' lower is better"),
    "two forms of a name": (one(0.9, 0.8, source=[1, "1"]), {}, "the column 'source' writes '1' in two ways"),
    "names that look alike": (one(0.9, 0.8, source=["\u00e9", "e\u0301"]), {}, "has two names that look like"),
    "an empty name": (one(0.9, source=[" "]), {}, "the table: the 'source'"),
    "an unknown rank": (one(0.9), {"impute": "best"}, "impute is 'best'; allowed are worst, median and None"),
    "a negative noise": (one(0.9), {"noise": -1}, "noise is -1; give a finite difference of 0 or more in auc"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_judged_is_a_sentence(case):
    table, options, sentence = BAD[case]
    with pytest.raises(CatsError) as error:
        catsbench.judge(table, **options)
    assert sentence in str(error.value)


@pytest.mark.parametrize(("seeds", "why"), [(1, "there is one seed"), (3, "the seeds do not differ")])
def test_why_there_is_no_interval(seeds, why):
    rows = [(source, "x", figure, seed) for source, figure in (("a", 0.9), ("b", 0.8)) for seed in range(seeds)]
    notes = catsbench.judge(pd.DataFrame(rows, columns=["source", "target", "auc", "seed"]), seed="seed").notes
    assert f"95 %: no interval can be given, because {why} and no predictions are counted" in notes


ROWS = [
    ("a", "x", 0.9, 0),
    ("a", "x", 0.91, 1),
    ("b", "x", 0.7, 0),
    ("b", "x", 0.72, 1),
    ("a", "y", 0.8, 0),
    ("b", "y", 0.82, 0),
]
PLAIN = pd.DataFrame(ROWS, columns=["source", "target", "auc", "seed"])
NUMBERED = PLAIN.replace({"source": {"a": 1, "b": 2}}).astype({"source": int})
FORMS = {
    "categories, one of them unused": PLAIN.astype(
        {"source": pd.CategoricalDtype(["c", "b", "a"]), "target": "category", "seed": "category"}
    ),
    "texts of pyarrow and numbers that may be missing": PLAIN.astype(
        {"source": "string", "target": "string", "auc": "Float64", "seed": "Int64"}
    ),
    "half the precision": PLAIN.astype({"auc": np.float32}),
    "an index that repeats": PLAIN.set_axis([0] * len(PLAIN)),
    "an index of two levels": PLAIN.set_index(["source", "seed"], drop=False).rename_axis([None, None]),
    "another order": PLAIN[::-1],
    "columns that nobody asked for": PLAIN.assign(more=[[1]] * len(PLAIN)),
    "whole numbers as names": NUMBERED,
    "numbers with a point as names": NUMBERED.astype({"source": float}),
    "days as tasks": PLAIN.assign(target=PLAIN["target"].map({"x": pd.Timestamp(2026, 1, 1), "y": pd.Timestamp(2026, 1, 2)})),
    "yes and no as names": PLAIN.assign(source=PLAIN["source"] == "b"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_table_of_any_form_gets_the_same_answer(form):
    one, other = catsbench.judge(FORMS[form], seed="seed"), catsbench.judge(PLAIN, seed="seed")
    figures = ["mean", "low", "high", "rank", "tie", "seeds"]
    assert np.allclose(one.frame[figures].astype(float), other.frame[figures].astype(float), atol=1e-6, equal_nan=True)
    assert one.overall["mean_rank"].tolist() == other.overall["mean_rank"].tolist()
    assert one.frame[["target", "source"]].map(str).duplicated().sum() == 0


def test_items_that_do_not_differ_all_tie_and_share_a_rank():
    table = pd.DataFrame(
        [(item, task, 0.5, seed) for item in "abc" for task in "xyz" for seed in range(3)], columns=PLAIN.columns
    )
    made = catsbench.judge(table, seed="seed")
    assert set(made.frame["tie"]) == {1}
    assert set(made.overall["tie"]) == {1}
    assert made.overall["mean_rank"].nunique() == 1
    assert made.verdict("x").startswith("no winner")


@pytest.mark.slow
def test_ten_thousand_rows():
    rng = np.random.default_rng(0)
    grid = pd.MultiIndex.from_product([range(20), [f"t{n}" for n in range(50)], range(10)], names=["model", "data", "fold"])
    table = grid.to_frame(index=False).sample(frac=1, random_state=0)
    table["error"] = 5 + table["model"] * 0.5 + rng.normal(0, 0.2, len(table))
    made = catsbench.judge(table, item="model", task="data", seed="fold", metric="error", higher=False)
    assert made.overall["model"].tolist() == list(map(str, range(20)))
    assert made.overall["mean_rank"].iloc[0] < 1.2
    assert set(made.frame.groupby("data", observed=True)["model"].first()) == {"0"}
    means = table.assign(model=table["model"].map(str)).groupby(["data", "model"])["error"].mean()
    assert made.frame.set_index(["data", "model"])["mean"].sort_index().tolist() == pytest.approx(means.sort_index().tolist())
