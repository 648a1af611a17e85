"""Curves over the number of training images, from runs whose figures are known."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from results.board.board import judged_runs
from results.board.compare import compare
from results.board.request import Judging, Selection
from results.board.sensitivity import sensitivity
from results.data_size.curves import make_curves
from results.data_size.plot import draw_curves
from results.data_size.text import CurveText
from results.data_size.words import verdicts, worths
from results.error import CatsError
from results.metrics import metric_of
from results.statistics.crossing import Crossing
from results.statistics.influence import shares_of_target
from tests.support.data_sizes import NOISE, QUERY, SCRATCH, SIZES, STILL, curves, drawn, ends_at, grows, line
from tests.support.runs import board, run


def curve_of(made, source="good"):
    return next(curve for curve in made.targets["a"] if curve.source == source)


@pytest.mark.parametrize("nil_at", [60, 100, 340])
def test_an_advantage_that_is_straight_in_log_n_ends_where_it_was_made_to_end(nil_at):
    found = curve_of(curves(SCRATCH, line("good", ends_at(nil_at)))).crossing
    half = 4.302653 * 0.002 / np.sqrt(3) / 0.02  # Student's t with two degrees of freedom, of the place in log n
    assert found.place == pytest.approx(nil_at)
    assert found.low == pytest.approx(nil_at * np.exp(-half), rel=1e-4)
    assert found.high == pytest.approx(nil_at * np.exp(half) if nil_at * np.exp(half) < 500 else np.inf, rel=1e-4)


def test_a_source_is_worth_the_images_with_which_the_baseline_reaches_it():
    twice = curve_of(curves(SCRATCH, line("good", lambda n: grows(2 * n)))).points
    assert [point.worth.place for point in twice[:-1]] == pytest.approx([50, 100, 200, 500])
    assert twice[-1].worth.place == np.inf
    half = 4.302653 * 0.002 / np.sqrt(3) / 0.05
    assert twice[1].worth.low == pytest.approx(100 * np.exp(-half), rel=1e-4)
    assert twice[1].worth.high == pytest.approx(100 * np.exp(half), rel=1e-4)


def test_means_intervals_and_seeds_are_those_of_the_board_of_each_number():
    rows = SCRATCH + line("good", ends_at(100))
    made = curves(rows)
    for size in SIZES:
        own = board([row for row in rows if row["subsample.train"] == str(size)])
        for row in own.targets["a"]:
            point = next(p for p in curve_of(made, row.source).points if p.size == str(size))
            assert (point.mean, point.low, point.high, point.seeds) == (row.mean, row.low, row.high, row.seeds)


def test_an_advantage_is_that_of_compare():
    rng = np.random.default_rng(4)
    rows = [
        run(source, "a", seed, float(rng.uniform(0.6, 0.9)), **drawn(n))
        for source in ("good", "scratch") for n in (25, 100) for seed in range(4)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    for point in curve_of(make_curves(frame, QUERY)).points:
        known = compare(judged_runs(frame, replace(QUERY, size=point.size)), "auc", ("good", "scratch"), "a", None)
        found = point.advantage, point.advantage_low, point.advantage_high
        assert found == pytest.approx((known.difference, known.low, known.high))


def test_the_test_images_have_the_share_of_a_paired_t_test_over_images():
    """Three seeds that predict alike: what is left is a paired t-test of right and wrong, at each point between two numbers."""
    rng, count, sizes = np.random.default_rng(7), 200, (25, 500)
    right = {("scratch", 25): 0.6, ("scratch", 500): 0.8, ("good", 25): 0.75, ("good", 500): 0.65}
    right = {key: (rng.random(count) < share).astype(float) for key, share in right.items()}
    rows, tables = [], {}
    for (source, n), hits in right.items():
        predicted = pd.DataFrame({
            "sample": np.arange(count).astype(str), "group": "", "label": 1, "probability_0": 1 - hits, "probability_1": hits,
        })  # fmt: skip
        for seed in range(3):
            rows.append(
                run(source, "a", seed, hits.mean(), test_accuracy=hits.mean(), **drawn(n) | {"run_id": f"{source}{n}{seed}"})
            )
            tables[rows[-1]["run_id"]] = predicted
    judging = Judging(lambda _, metric, runs: shares_of_target(metric, metric_of(metric).influence_of, runs, tables.get))
    curve = curve_of(make_curves(pd.DataFrame(rows), replace(QUERY, metric="accuracy"), judging))
    gaps = {n: right["good", n] - right["scratch", n] for n in sizes}
    for point in curve.points:
        gap = gaps[int(point.size)]
        expected = stats.ttest_1samp(gap, 0).confidence_interval()
        assert (point.advantage, point.advantage_low, point.advantage_high) == pytest.approx((gap.mean(), *expected), abs=1e-9)
    for end, sign in ((curve.crossing.low, 1), (curve.crossing.high, -1)):
        share = np.log(end / 25) / np.log(20)  # how far along the line between the numbers
        tested = stats.ttest_1samp((1 - share) * gaps[25] + share * gaps[500], 0)
        assert tested.pvalue == pytest.approx(0.05, abs=1e-4)
        assert np.sign(tested.statistic) == sign


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "noise", "said"),
    [
        (ends_at(100), NOISE, "good helps up to 100 images (78 to 130)"),
        (lambda n: grows(n) + 0.1, NOISE, "good helps at any number of images from 25 to 500"),
        (lambda n: grows(n) - 0.1, NOISE, "good is worse than scratch at any number of images from 25 to 500"),
        (lambda n: grows(n) + 0.001, NOISE, "good and scratch cannot be told apart at any number of images from 25 to 500"),
        (ends_at(450), NOISE, "good helps up to 450 images (350 to more than 500)"),
        (ends_at(550), NOISE, "good helps up to more than 500 images (430 to more than 500)"),
        (ends_at(27), NOISE, "whether good helps at all is not certain; the estimate is up to 27 images (fewer than 25 to 35)"),
        (ends_at(24), NOISE, "good shows no help at any number of images from 25 to 500, and is worse than scratch from 31 on"),
        (lambda n: grows(n) + {25: -0.1, 500: -0.1}.get(n, 0.1), NOISE,
         ("good helps at 50, 100, 250 and is worse at 25, 500 images; "
         "the advantage of good does not fall through nil once, so that no end of it is estimated")),
        (lambda n: grows(n) + {25: 0.001, 500: -0.1}.get(n, 0.1), NOISE,
         ("good helps at 50, 100, 250 images; whether good helps at fewer is not certain, and the estimate is up to 350 images "
         "(fewer than 25 to 360)")),
        (lambda n: grows(n) + {50: 0.001, 500: -0.1}.get(n, 0.1), NOISE,
         "good helps up to 350 images (49 to 360); good helps at 100, 250 images"),
        (lambda n: grows(n) + {25: 0.1, 50: -0.1, 100: 0.001}.get(n, -0.1), NOISE,
         ("good helps at 25 and is worse at 50, 250, 500 images; "
         "the advantage of good does not fall through nil once, so that no end of it is estimated")),
        (lambda n: grows(n) + {100: 0.1}.get(n, 0.001), NOISE,
         "good helps at 100 images; where its advantage ends cannot be said"),
        (ends_at(100), (0.0,),
         "good helps up to 100 images, without an interval, because nothing is known of the noise of the seeds"),
    ],
)  # fmt: skip
def test_the_verdict_says_what_the_intervals_allow_and_nothing_more(value, noise, said):
    made = curves(line("scratch", grows, noise=[0.0] * len(noise)), line("good", value, noise=noise))
    assert verdicts(made) == [f"a: {said}"]


def test_no_rounded_number_lies_beyond_the_measured_ones():
    sizes = (25, 100, 549)
    made = curves(line("scratch", grows, sizes, STILL), line("good", ends_at(547), sizes))
    assert verdicts(made) == ["a: good helps up to 547 images (430 to more than 549)"]


def test_what_a_source_is_worth_in_words():
    made = curves(
        SCRATCH, line("good", lambda n: grows(2 * n)), line("best", lambda n: grows(30 * n)), line("bad", lambda n: 0.3)
    )
    assert worths(made) == [
        "a: with 25 images bad does what scratch does with fewer than 25",
        "a: with 25 images best does what scratch does with more than 500",
        "a: with 25 images good does what scratch does with 50 (45 to 55)",
    ]


def test_the_order_of_the_runs_changes_nothing():
    rows = SCRATCH + line("good", ends_at(100)) + line("other", lambda n: grows(n) + 0.05)
    assert curves(rows[::-1]) == curves(rows) == curves(sorted(rows, key=lambda row: row["subsample.train"]))


def test_any_source_may_be_the_baseline_and_an_unknown_one_is_refused():
    made = curves(SCRATCH, line("good", ends_at(100)), baseline="good")
    assert [curve.source for curve in made.targets["a"]] == ["scratch", "good"]
    assert made.targets["a"][0].crossing.place != 100  # scratch rises over it: no end of an advantage
    assert np.isnan(made.targets["a"][0].crossing.place)
    with pytest.raises(
        CatsError, match=re.escape("the baseline 'god' has no finished run; --baseline names another; did you mean 'good'?")
    ):
        curves(SCRATCH, line("good", ends_at(100)), baseline="god")


def test_a_lower_brier_score_is_better():
    rows = [row | {"test_brier": 1 - row["test_auc"]} for row in SCRATCH + line("good", ends_at(100))]
    made = make_curves(pd.DataFrame(rows), replace(QUERY, metric="brier"))
    assert curve_of(made).crossing.place == pytest.approx(100)
    assert curve_of(made).points[0].mean == pytest.approx(1 - ends_at(100)(25))
    assert curve_of(made).points[0].advantage > 0


def test_a_seed_without_a_pair_counts_in_its_mean_and_in_no_difference():
    extra = [run("good", "a", 9, 0.1, **{"subsample.train": "25", "images_train": 25.0, "run_id": "x"})]
    made, plain = curves(SCRATCH, line("good", ends_at(100)), extra), curves(SCRATCH, line("good", ends_at(100)))
    assert curve_of(made).crossing == curve_of(plain).crossing
    assert curve_of(made).points[0].advantage == pytest.approx(curve_of(plain).points[0].advantage)
    assert curve_of(made).points[0].seeds == 4


def test_a_source_is_compared_with_the_baseline_on_its_backbone():
    other = [row | {"backbone": "vit"} for row in line("good", ends_at(60)) + line("scratch", grows, noise=STILL)]
    alone = [row | {"backbone": "own"} for row in line("dino", grows)]
    made = curves(SCRATCH, line("good", ends_at(100)), other, alone)
    assert curve_of(made, "good on net").crossing.place == pytest.approx(100)
    assert curve_of(made, "good on vit").crossing.place == pytest.approx(60)
    assert curve_of(made, "dino on own").points[0].advantage is None
    assert any(note.startswith("architecture and source cannot be told apart: no backbone is shared") for note in made.notes)
    said = "a: dino on own is not compared: scratch has no runs on its backbone with the same seeds at two numbers of images"
    assert said in verdicts(made)
    assert len(worths(made)) == 2


def test_what_a_source_is_worth_lies_in_the_range_of_the_baseline_on_its_backbone():
    few = [row for row in SCRATCH if row["subsample.train"] in {"25", "50", "100"}]
    vit = line("scratch", grows, noise=STILL, backbone="vit") + line("good", lambda n: grows(3 * n), backbone="vit")
    vit = [row | {"run_id": f"v{row['run_id']}"} for row in vit]
    made = curves(few, line("good", lambda n: grows(1.5 * n)), vit)
    assert "a: with 25 images good on vit does what scratch does with 75 (68 to 83)" in worths(made)
    like = [row[-1] for row in CurveText(made).rows("a") if row[0] == "good on vit"]
    assert [text.partition(" (")[0] for text in like] == ["75", "150", "300", "more than 500", "more than 500"]
    like = [row[-1] for row in CurveText(made).rows("a") if row[0] == "good on net"]
    assert [text.partition(" (")[0] for text in like] == ["38", "75", "more than 100", "more than 100", "more than 100"]


def test_runs_of_another_version_of_the_data_are_left_out_of_all_numbers_alike():
    old = [row | {"data": "old", "started": -1} for row in SCRATCH if row["subsample.train"] != "25"]
    new = [row | {"data": "new"} for row in SCRATCH + line("good", ends_at(100))]
    made = curves(old, new)
    assert curve_of(made).crossing.place == pytest.approx(100)
    assert any("another version of its data or split" in note for note in made.notes)


def test_pairs_that_share_images_are_left_out_and_named():
    made = curves(SCRATCH, line("good", ends_at(100)), line("leaky", grows, leak="they share 3 images"))
    assert [curve.source for curve in made.targets["a"]] == ["good", "scratch"]
    assert "leaky → a is left out, because they share images" in made.notes


def test_all_images_have_their_place_by_what_the_runs_have_used():
    made = curves(
        SCRATCH, line("good", ends_at(100)),
        line("scratch", lambda _: grows(546), sizes=[0], noise=STILL, **{"subsample.train": "None", "images_train": 546.0}),
    )  # fmt: skip
    assert [(p.size, p.images) for p in curve_of(made, "scratch").points][-1] == ("all", 546.0)
    same = line("scratch", lambda _: grows(500), sizes=[0], noise=STILL, **{"subsample.train": "None", "images_train": 500.0})
    assert "a: all training images are the same images as a smaller number, and are left out" in curves(SCRATCH, same).notes
    none = [row for row in same if row.pop("images_train")]
    assert "how many images all training images are is not recorded, so that they are left out" in curves(SCRATCH, none).notes


def test_one_number_of_images_is_no_curve():
    with pytest.raises(
        CatsError,
        match="has finished cells of one number of training images, or of none that is recorded, and a curve needs two",
    ):
        curves([row for row in SCRATCH if row["subsample.train"] == "25"])
    with pytest.raises(CatsError, match="holds no cell yet"):
        make_curves(pd.DataFrame(), QUERY)
    with pytest.raises(CatsError, match="mixes size 32 and 64"):
        curves(SCRATCH, line("good", grows, size="64"))


def selection(**changes):
    sizes = {n: {"a": frozenset({f"p{n}"})} for n in (25, 500)}
    every = Selection([("scratch", "net"), ("good", "net")], ["a"], [0, 1, 2], ["p25", "p500"], {}, own_points={}, sizes=sizes)
    return replace(every, **changes)


def of_plan(rows):
    return [row | {"point": f"p{row['subsample.train']}"} for row in rows if row["subsample.train"] in {"25", "500"}]


def test_the_numbers_of_a_plan_are_compared_and_others_of_the_experiment_are_not():
    rows = [row | {"point": f"p{row['subsample.train']}"} for row in SCRATCH + line("good", ends_at(100))]
    made = make_curves(pd.DataFrame(rows), replace(QUERY, selection=selection().of_size(500)))
    assert [p.size for p in curve_of(made).points] == ["25", "500"]


def test_a_board_shows_the_largest_number_of_a_plan_and_says_how_to_see_the_others():
    rows = of_plan(SCRATCH + line("good", ends_at(100)))
    made = board(rows, selection=selection().of_size(500))
    assert made.targets["a"] == board([row for row in rows if row["point"] == "p500"]).targets["a"]
    assert any(
        note.startswith("only cells with 500 training images are compared here; --train shows those") for note in made.notes
    )
    assert not [note for note in made.notes if "not finished" in note]
    small = board(rows, selection=selection().of_size(25))
    assert small.targets["a"] == board([row for row in rows if row["point"] == "p25"]).targets["a"]


def test_numbers_of_which_nothing_is_finished_yet_are_said():
    rows = of_plan(SCRATCH)
    sizes = {**selection().sizes, 50: {"a": frozenset({"p50"})}}
    made = make_curves(pd.DataFrame(rows), replace(QUERY, selection=selection(sizes=sizes).of_size(500)))
    assert "no cell with 50 training images is finished yet" in made.notes


def test_a_number_that_cannot_be_compared_is_left_out_with_its_reason():
    rows = [row | {"test_brier": np.nan if row["subsample.train"] == "25" else 0.2} for row in SCRATCH]
    made = make_curves(pd.DataFrame(rows), replace(QUERY, metric="brier"))
    said = "25 training images are left out: no run of 'toy' has the metric 'brier'"
    assert any(note.startswith(said) for note in made.notes)
    assert not [note for note in made.notes if "finished yet" in note]


def test_a_plan_with_one_number_is_named_as_the_reason_that_there_is_no_curve():
    one = replace(selection(), points=["p25"], own_points={}, sizes={})
    with pytest.raises(CatsError, match="^the plan states one number of training images, and a curve needs two; a plan states"):
        make_curves(pd.DataFrame(of_plan(SCRATCH)), replace(QUERY, selection=one))


def test_what_a_board_says_of_its_runs_is_said_of_the_runs_of_all_numbers():
    rows = of_plan(SCRATCH + line("good", ends_at(100)))
    failed = [rows[0] | {"status": "FAILED", "test_auc": np.nan, "key": "f"}]
    every = replace(QUERY, selection=selection().of_size(500))
    whole = make_curves(pd.DataFrame(rows), every).notes
    assert not [note for note in whole if "finished" in note or "failed" in note or "--train" in note]
    part = make_curves(pd.DataFrame(rows[:5] + rows[7:] + failed), every).notes
    assert {"2 of 12 cells are not finished", "1 attempt failed; its energy is counted"} <= set(part)
    mixed = [row | {"evaluation_precision": "bf16" if place < 4 else "fp32"} for place, row in enumerate(rows)]
    noted = make_curves(pd.DataFrame(mixed), every).notes
    said = "a: the runs have predicted in different number formats, 4 in bf16 and 8 in fp32"
    assert any(note.startswith(said) for note in noted)


def test_the_oracle_is_named_in_every_answer():
    rows = SCRATCH + line("good", lambda n: grows(2 * n))
    made = make_curves(pd.DataFrame(rows), replace(QUERY, rule="oracle_test"))
    plain = curves(rows)
    said = "by an oracle, not by choice: "
    for answers, others in ((verdicts(made), verdicts(plain)), (worths(made), worths(plain))):
        assert answers == [other.replace("a: ", f"a: {said}", 1) for other in others] != []
    assert any("an oracle that looks at the test images" in note for note in made.notes)


def test_it_is_said_that_many_answers_are_not_corrected_for_their_number():
    note = "every interval is one at 95 % on its own, and nothing is corrected for the number of answers, 2: "
    several = CurveText(curves(SCRATCH, line("good", ends_at(100)), line("other", ends_at(60)))).notes
    assert [each for each in several if each.startswith(note)]
    assert not [each for each in CurveText(curves(SCRATCH, line("good", ends_at(100)))).notes if "nothing is corrected" in each]


def of_seeds(rows, kept):
    """The runs whose seeds are kept at their number of images."""
    return [row for row in rows if row["seed"] in kept.get(row["subsample.train"], "01234")]


FIVE = (0.002, -0.002, 0.001, -0.001, 0.0)


def test_seeds_that_some_number_of_images_has_not_are_said_and_do_not_count_for_the_end():
    rows = line("scratch", grows, noise=[0.0] * 5) + line("good", ends_at(100), noise=FIVE)
    some = curves(of_seeds(rows, {"50": "012"}))
    alone = curves(of_seeds(rows, dict.fromkeys(map(str, SIZES), "012")))
    assert curve_of(some).crossing == curve_of(alone).crossing
    assert [(point.seeds, point.pairs) for point in curve_of(some).points][:2] == [(5, 5), (3, 3)]
    assert verdicts(some) == [
        f"{verdicts(alone)[0]}; only 3 seeds have runs at every number of images, and the end rests on nothing else"
    ]


def test_where_no_seed_has_all_numbers_the_reason_is_said_and_what_is_certain():
    rows = line("scratch", grows, noise=[0.0] * 5) + line("good", lambda n: grows(n) + (0.1 if n < 100 else 0.0), noise=FIVE)
    made = curves(of_seeds(rows, {"25": "01", "50": "23", "100": "34", "250": "04", "500": "14"}))
    why = "no seed has runs of good and scratch at every number of images"
    said = "a: good helps at 25, 50 images; where the advantage of good ends is not estimated, because"
    assert verdicts(made) == [f"{said} {why}"]


def test_numbers_of_each_class_are_named_so_beside_the_images_that_they_are():
    each = [
        row | {"subsample.per_class": "True", "images_train": 2 * row["images_train"], "point": f"p{row['subsample.train']}"}
        for row in SCRATCH + line("good", ends_at(100))
    ]
    text = CurveText(curves(each))
    shown = [f"{2 * size:,} ({size} of each class)" for size in SIZES]
    assert [row[1] for row in text.rows("a")][:5] == shown
    assert "sentences count images of all classes together; the plan and --train state those of each class" in text.notes
    assert "a: good helps up to 200 images (160 to 260)" in text.notes
    made = board([row for row in each if row["point"] in {"p25", "p500"}], selection=selection().of_size(500))
    assert any(note.startswith("only cells with 500 training images of each class are compared here") for note in made.notes)
    plain = [row | {"subsample.per_class": "False"} for row in SCRATCH + line("good", ends_at(100))]
    assert CurveText(curves(plain)).rows("a") == CurveText(curves(SCRATCH, line("good", ends_at(100)))).rows("a")


def test_that_rules_have_nothing_to_choose_is_said_of_a_plan_with_several_numbers_too():
    rows, query = of_plan(SCRATCH + line("good", ends_at(100))), replace(QUERY, selection=selection().of_size(500))
    said = "every cell has one point: rules have nothing to choose"
    assert [note for note in sensitivity(pd.DataFrame(rows), query).notes if note.startswith(said)]
    grid = [row | {"point": "other", "key": f"o{row['key']}"} for row in rows]
    several = replace(query, selection=replace(query.selection, own_points={"a": frozenset({"p500", "other"})}))
    assert not [note for note in sensitivity(pd.DataFrame(rows + grid), several).notes if note.startswith(said)]


@pytest.mark.slow
def test_the_four_forms_hold_the_same_answers(tmp_path):
    made = curves(SCRATCH, line("good", ends_at(100)), line("$best_", lambda n: grows(n) + 0.1))
    text = CurveText(made)
    assert "good helps up to 100 images (78 to 130)" in text.markdown()
    assert text.csv().splitlines()[0].startswith("target,source,size,images,mean,low,high,seeds,advantage")
    assert len(text.csv().splitlines()) == 1 + 3 * 5
    plain = text.to_dict()
    assert plain["targets"]["a"][0]["crossing"] == {"place": "inf", "low": 500.0, "high": "inf"}
    for name in ("curves.svg", "curves.png"):
        draw_curves(made, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
    drawn = (tmp_path / "curves.svg").read_text()
    draw_curves(
        curves(SCRATCH[::-1], line("good", ends_at(100)), line("$best_", lambda n: grows(n) + 0.1)), tmp_path / "again.svg"
    )
    assert (tmp_path / "again.svg").read_text() == drawn


def test_a_crossing_says_whether_it_is_known_and_open():
    assert Crossing(1.0, -np.inf, np.inf).open
    assert not Crossing(1.0, np.nan, np.nan).known
