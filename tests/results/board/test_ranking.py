"""Boards with test images, a stated noise, and gaps."""

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from results.agreement.decisions import decisions_of
from results.board import text as board_text
from results.board.columns import OVERALL_COLUMNS, ROW_COLUMNS, Column, headings
from results.board.plot import draw_board, draw_ranks
from results.board.ranking import Overall, Row, Standing, fill_gaps
from results.board.request import Judging, RunQuery
from results.board.text import BoardText, legend
from results.metrics import metric_of
from results.report import sections
from results.statistics.influence import shares_of_target
from results.statistics.intervals import TargetResults
from tests.support.predictions import predictions
from tests.support.runs import CLEAR, board, run, runs

ONE_SEED_VERDICT = "no winner: with one seed the seed-to-seed variance is unknown, {}; run more seeds or state it with --noise"

# AUC of CATS 2024 (arXiv 2412.20172) on BloodMNIST and RetinaMNIST, one seed
CATS_2024 = {
    "imagenet": (0.9985, 0.8641), "radimagenet": (0.9956, 0.7839), "medmnist": (0.9972, 0.8004),
    "octmnist": (0.9890, 0.6993), "organsmnist": (0.9895, 0.7145), "tissuemnist": (0.9944, 0.7805),
}  # fmt: skip
ONE_SEED = runs(**{source: [[blood], [retina]] for source, (blood, retina) in CATS_2024.items()})


def images(read):
    """What boards are given: the influence of the test images by predictions."""
    return lambda name, metric, runs: shares_of_target(metric, metric_of(metric).influence_of, runs, read)


def reader(rows, skill=1.0, count=80):
    """Predictions of every run; rows get their ids."""
    tables = {}
    for i, row in enumerate(rows):
        row["run_id"] = f"r{i}"
        labels = np.random.default_rng(ord(row["target"]))
        tables[f"r{i}"] = predictions(labels, count, 2, model_seed=i, skill=skill)
    return tables.get


def test_what_is_written_as_zero_has_no_minus():
    """A strength, a kappa or a difference may be below zero by less than the digits show."""
    made = board(runs(good=[[0.9, 0.91]], bad=[[0.7, 0.71]]))
    rows = [replace(row, mean=-1e-5, low=-2e-5, high=1e-5) for row in made.targets["a"]]
    overall = [replace(row, strength=-1e-4, mean=-1e-5, mean_low=-1e-4, mean_high=0.0) for row in made.overall]
    text = BoardText(replace(made, targets={"a": rows}, overall=overall)).markdown()
    assert "0.000" in text
    assert not re.search(r"-0\.0+\b(?![1-9])", text)


def test_energy_of_more_than_a_kilowatt_hour_has_no_exponent():
    made = board(runs(good=[[0.9, 0.91]], bad=[[0.7, 0.71]]))
    rows = [replace(row, energy_kwh=1.2347) for row in made.targets["a"]]
    assert "| 1235 |" in BoardText(replace(made, targets={"a": rows})).markdown()


def test_one_seed_without_predictions_names_no_winner_and_says_that_no_interval_can_be_given():
    made = board(ONE_SEED)
    for target, rows in made.targets.items():
        assert made.verdict(target) == ONE_SEED_VERDICT.format("no interval can be given")
        assert {(r.low, r.rank_low, r.p_best, r.tie) for r in rows} == {(None, None, None, 1)}


def test_one_seed_with_predictions_has_intervals_and_still_no_winner():
    rows = [dict(row) for row in ONE_SEED]
    made = board(rows, judging=Judging(images=images(reader(rows))))
    assert made.verdict("a") == ONE_SEED_VERDICT.format("the interval holds the test images alone")
    assert all(r.low < r.mean and r.p_best is None and r.tie == 1 for r in made.targets["a"])


def test_a_stated_noise_makes_blood_a_tie_and_retina_a_win():
    made = board(ONE_SEED, judging=Judging(noise=0.02))
    assert {row.tie for row in made.targets["a"]} == {1}
    assert made.verdict("b") == "imagenet wins (1 seed, a noise of 0.02 stated)"
    assert "differences up to 0.02 are noise" in BoardText(made).markdown()
    assert made.targets["b"][0].p_best > 0.99
    assert sum(row.p_best for row in made.targets["a"]) == pytest.approx(1)


def test_the_best_of_a_draw_and_the_rank_intervals_follow_the_means():
    rows = board(CLEAR).targets["a"]
    assert [(r.rank_low, r.rank_high) for r in rows] == [(1, 1), (2, 2)]
    assert rows[0].p_best > 0.99


def test_test_images_widen_the_intervals_and_may_undo_a_win():
    rows = runs(good=[[0.90, 0.91, 0.905]], bad=[[0.87, 0.88, 0.875]])
    alone = board(rows)
    made = board(rows, judging=Judging(images=images(reader(rows))))
    assert made.images == ["a"]
    assert alone.verdict("a").startswith("good wins")
    assert made.verdict("a").startswith("no winner")
    for wide, narrow in zip(made.targets["a"], alone.targets["a"], strict=True):
        assert wide.high - wide.low > narrow.high - narrow.low
    assert "95 %: interval of the mean over seeds and test images" in " ".join(legend(made))


def test_measures_are_judged_by_the_tie_groups_that_the_board_shows():
    rows = runs(good=[[0.90, 0.91, 0.905]], bad=[[0.87, 0.88, 0.875]])
    seen, single = Judging(images=images(reader(rows))), runs(good=[[0.90]], bad=[[0.87]])
    asked = ((rows, Judging()), (rows, seen), (single, Judging()), (single, Judging(noise=0.02)), (single, Judging(noise=0.1)))
    tops = []
    for chosen, judging in asked:
        (decision,) = decisions_of(pd.DataFrame(chosen), RunQuery("toy"), judging)
        tops.append(decision.top if decision.top is None else dict(zip(decision.sources, decision.top.tolist(), strict=True)))
    both, alone = {"good": True, "bad": True}, {"good": True, "bad": False}
    assert tops == [alone, both, None, alone, both]


def test_images_of_brier_turn_with_its_sign():
    rows = [dict(row) for row in CLEAR]
    made = board(rows, metric="brier", judging=Judging(images=images(reader(rows))))
    assert [r.source for r in made.targets["a"]] == ["good", "bad"]
    assert all(r.low < r.mean < r.high for r in made.targets["a"])


def test_a_target_without_all_predictions_falls_back_to_seeds_and_says_so():
    rows = [dict(row) for row in CLEAR]
    read, lost = reader(rows), rows[0]["run_id"]
    made = board(rows, judging=Judging(images=images(lambda name: None if name == lost else read(name))))
    assert made.images == ["b"]
    assert made.targets["a"] == board(CLEAR).targets["a"]
    assert "a: the sampling error of the test images is not counted: not every run has predictions" in made.notes
    assert "95 %: interval of the mean over seeds, and on b over test images too" in " ".join(legend(made))


def test_wins_count_targets_where_a_source_stands_alone():
    rows = runs(good=[[0.9, 0.91, 0.905], [0.7, 0.8, 0.75]], bad=[[0.5, 0.51, 0.505], [0.72, 0.79, 0.74]])
    assert {r.source: (r.wins, r.best) for r in board(rows).overall} == {"good": (1, 2), "bad": (0, 1)}


GAPS = [row for row in [*CLEAR, *runs(new=[[0.5, 0.51, 0.505]])] if (row["source"], row["target"]) != ("bad", "b")]


def test_gaps_leave_targets_out_unless_they_are_imputed_aloud():
    plain = board(GAPS)
    assert "mean rank over 1 of 2 targets" in BoardText(plain).markdown()
    assert [(r.source, r.mean_rank) for r in plain.overall] == [("good", 1), ("bad", 2), ("new", 3)]
    worst = board(GAPS, judging=Judging(impute="worst"))
    assert "mean rank over 2 of 2 targets" in BoardText(worst).markdown()
    # On b good alone was measured, so the worst there is as good as it: all three share rank 2.
    assert [(r.source, r.mean_rank) for r in worst.overall] == [("good", 1.5), ("bad", 2), ("new", 2.5)]
    said = "2 pairs not measured, or kept off the ranking, count as the worst source of their target in mean ranks and means"
    assert f"{said}: bad → b, new → b" in worst.notes
    assert not [n for n in plain.notes if "count as" in n]


@pytest.mark.parametrize(("impute", "share"), [("worst", 3.0), ("median", 1.5)])
def test_a_gap_has_the_noise_of_images_and_the_noise_of_the_sources_that_it_is_like(impute, share):
    """From the worst to the best: a, d, c, x; `new` stands before x."""
    values = [np.array([v]) for v in (0.5, 0.7, 0.6, 0.8)]
    columns = np.array([[3.0, 1.0, 2.0, 5.0], [-3.0, -1.0, -2.0, -5.0]]) / 100
    measured = TargetResults(values, columns, noise=0.02)
    found = fill_gaps(Standing(["a", "c", "d", "x"], measured, None, None), ["a", "c", "d", "new", "x"], impute)
    assert found.measured.noise == 0.02
    np.testing.assert_allclose(found.measured.images[:, [0, 1, 2, 4]], columns)
    np.testing.assert_allclose(found.measured.images[:, 3], [share / 100, -share / 100])
    np.testing.assert_allclose(found.measured.seeds[0], measured.seeds[0][0])


def test_a_gap_does_not_make_the_others_surer_of_their_mean():
    """The means of sources measured everywhere are as sure, with a stated noise and images, as without the gap."""
    rows = runs(good=[[0.9], [0.9]], fair=[[0.8], [0.8]])
    late = [*rows, run("late", "a", 0, 0.85)]
    widths = []
    for given, impute in ((rows, None), (late, "worst"), (late, "median")):
        made = board(given, judging=Judging(noise=0.05, images=images(reader(given)), impute=impute))
        widths.append({r.source: r.mean_high - r.mean_low for r in made.overall})
    assert min(widths[0].values()) > 0
    for wide in widths[1:]:
        assert {name: wide[name] for name in widths[0]} == pytest.approx(widths[0])


def test_the_median_stands_between():
    rows = [*runs(one=[[0.9], [0.9]], two=[[0.8], [0.8]], three=[[0.7], [0.7]]), run("late", "a", 0, 0.1)]
    ranks = {r.source: r.mean_rank for r in board(rows, judging=Judging(impute="median")).overall}
    assert ranks == {"one": 1, "two": (2 + 2.5) / 2, "late": (4 + 2.5) / 2, "three": (3 + 4) / 2}


def test_the_overall_table_says_who_ties_with_the_best_how_likely_it_is_the_best_and_the_mean_of_the_metric():
    made = board(several(targets=12))
    assert [row.tie for row in made.overall] == [1, 1, 2, 2]
    assert [round(row.p_best, 1) for row in made.overall] == [1, 0, 0, 0]
    assert sum(row.p_best for row in made.overall) == pytest.approx(1)
    for place, row in enumerate(made.overall):
        assert row.mean_low < row.mean == pytest.approx(0.9 - 0.05 * place, abs=0.01)
        assert row.mean < row.mean_high < row.mean_low + 0.02
    text = BoardText(made).markdown()
    assert "| source | mean rank | 95 % interval | tie | P(best) | wins | tied | mean (95 %) | strength |" in text
    first = made.overall[0]
    mean = f"{first.mean:.3f} ({first.mean_low:.2f}–{first.mean_high:.2f})"
    assert f"| 1 | {first.p_best:.2f} | {first.wins} | {first.best} | {mean} |" in text
    tie = "overall tie: sources with tie 1 have a mean rank that cannot be told apart from the lowest one"
    assert f"{tie} (Nemenyi, 95 % for all pairs)" in text


def test_of_one_common_target_the_overall_tie_and_chance_are_those_of_it():
    made = board([row for row in CLEAR if row["target"] == "a"])
    here = {row.source: (row.tie, row.p_best, row.low, row.high) for row in made.targets["a"]}
    assert {row.source: (row.tie, row.p_best, row.mean_low, row.mean_high) for row in made.overall} == here
    assert "overall tie and P(best): those of a" in legend(made)
    assert "mean rank, mean (of auc) and strength (Plackett-Luce): with one target they are those of a" in legend(made)
    assert not [sentence for sentence in legend(made) if "over targets" in sentence]


def test_of_one_target_that_all_sources_share_the_intervals_are_its_own_and_no_longer_called_those_over_targets():
    made = board([row for row in CLEAR if (row["target"], row["source"]) != ("b", "bad")])
    (sentence,) = [each for each in legend(made) if each.startswith("mean rank")]
    assert sentence.startswith("mean rank and mean (of auc) are those of a, the only target that all sources share; strength")
    assert "overall tie and P(best): those of a" in legend(made)


def test_a_source_with_one_seed_beside_others_is_named_and_has_the_interval_of_its_test_images():
    rows = runs(good=[[0.90, 0.91, 0.905]], bad=[[0.87, 0.88, 0.875]], new=[[0.88]])
    made = board(rows, judging=Judging(images=images(reader(rows))))
    assert made.verdict("a").startswith("no winner: with one seed the seed-to-seed variance is unknown (new); run more")
    said = legend(made)
    assert "95 %: interval of the mean over seeds and test images; with one seed over test images alone" in said
    assert any("Games-Howell" in sentence for sentence in said)


def test_the_mean_of_a_metric_of_which_lower_is_better_is_positive_and_lies_in_its_interval():
    best, worst = board(CLEAR, metric="brier").overall
    assert (best.source, worst.source) == ("good", "bad")
    assert 0 <= best.mean_low < best.mean < worst.mean
    assert best.mean < best.mean_high


def test_without_a_common_target_there_is_no_overall_tie_chance_or_mean():
    rows = board([run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)]).overall
    assert {(row.tie, row.p_best, row.mean) for row in rows} == {(None, None, None)}


def test_the_overall_table_fits_into_80_columns_in_two_parts():
    narrow = Console(width=80, file=io.StringIO())
    narrow.print(
        BoardText(board([row | {"source": "imagenet_" + row["source"]} for row in several(targets=12, sources=12)])).table()
    )
    overall = narrow.file.getvalue().partition("Overall: ")[2].splitlines()
    assert len([line for line in overall if line.startswith("│ imagenet_s") and line.endswith("│")]) == 24
    assert not [line for line in overall if line.startswith("│  ") or "…" in line]  # no cell is broken


def test_no_common_target_says_how_to_rank_all_the_same():
    made = board([run("one", "a", 0, 0.9), run("two", "b", 0, 0.9)])
    assert (
        "no target has every source, so there is no mean rank; `--impute worst` or `--impute median` fills the gaps"
        in made.notes
    )
    assert made.difference is None


def several(targets=8, sources=4):
    rng = np.random.default_rng(0)
    return [
        run(f"s{s}", f"t{t}", seed, 0.9 - 0.05 * s + rng.normal(0, 0.01)) for s in range(sources) for t in range(targets)
        for seed in range(3)
    ]  # fmt: skip


def test_sources_that_differ_everywhere_are_said_to_differ():
    made = board(several())
    text = BoardText(made).markdown()
    assert made.difference.friedman_p < 0.001
    assert "over 8 targets the sources differ (Friedman, p = " in text
    assert "s0 over s3" in text
    assert [r.source for r in made.overall] == ["s0", "s1", "s2", "s3"]
    assert made.overall[0].strength > made.overall[1].strength > made.overall[2].strength


@pytest.mark.slow
def test_every_target_of_the_draws_is_the_same_again(tmp_path):
    one, two = board(several()), board(several()[::-1])
    assert one.to_dict() == two.to_dict()
    draw_board(one, tmp_path / "board.png")
    draw_ranks(one.difference, tmp_path / "ranks.png")
    assert (tmp_path / "ranks.png").stat().st_size > 10_000


def test_csv_has_one_column_for_every_value():
    header, *lines = BoardText(board(CLEAR)).csv().splitlines()
    assert header.startswith("target,source,mean,low,high,rank,tie,seeds,energy_kwh,")
    assert {line.count(",") for line in lines} == {header.count(",")}


def test_columns_of_frames_of_other_programs_need_no_run_ids():
    frame = pd.DataFrame(CLEAR)
    assert "run_id" not in frame
    assert board(CLEAR).images == []


def test_every_field_of_a_row_is_shown_by_one_column_and_every_column_shows_one():
    for columns, entry in ((ROW_COLUMNS, Row), (OVERALL_COLUMNS, Overall)):
        shown = [name for column in columns for name in column.fields]
        assert sorted(shown) == sorted(entry.__dataclass_fields__)
        assert len(set(headings(columns))) == len(columns)


def test_one_entry_in_the_table_puts_a_column_on_every_form_of_a_board(monkeypatch):
    """Terminal, page, legend and report; the field itself is in CSV and JSON."""
    half = Column("half", ("mean",), lambda row: f"{row.mean / 2:.4f}", lambda made: f"half: half of {made.metric}")
    for module in (board_text, sections):
        monkeypatch.setattr(module, "ROW_COLUMNS", (*ROW_COLUMNS, half))
    made = board(CLEAR)
    text, console = BoardText(made), Console(width=200, record=True, file=io.StringIO())
    console.print(text.table())
    assert all("half" in form and "0.4525" in form for form in (text.markdown(), console.export_text()))
    assert "half: half of auc" in legend(made)
    (table,) = sections.per_target(made).parts[0].tables
    assert (table.head[-1], table.rows[0][-1]) == ("half", "0.4525")
