"""Regret against energy, of hand-made runs and by hand; the front against brute force."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy import special, stats

from results.board.request import RunQuery, runs_of_query
from results.cost.bill import make_bill
from results.cost.front import hypervolume, on_front
from results.cost.paid_plot import Paid, axis_words, height_for, paid_of, pareto, plot_paid
from results.cost.regret import measured_decisions, regrets, values_of
from results.cost.tables import ROUGH
from results.cost.text import CostText, tradeoff_notes
from results.cost.tradeoff import CHANCE, MADE, SWEEP, Way, comparable, make_tradeoff
from results.cost.tradeoff_plot import draw_tradeoff
from results.error import CatsError
from results.report.choice_sections import tradeoff
from results.statistics.rank_agreement import FEW
from tests.support.costs import cell, cost, pretraining, score
from tests.support.runs import costing

TRUTH = {"a": {"imagenet": 0.8, "good": 0.9, "bad": 0.6}, "b": {"imagenet": 0.75, "good": 0.7, "bad": 0.5}}
TRAINING = cost("training", cpu=10.0)


def runs(**changes):
    return [
        cell(s, t, TRAINING, **({"test_auc": v, "val_loss": 1 - v, "key": f"{s}{t}"} | changes))
        for t, row in TRUTH.items() for s, v in row.items()
    ]  # fmt: skip


def scored(name, values, kwh=0.25):
    return [
        score(s, t, name, cost("features", cpu=kwh), cost(f"measure_{name}", cpu=kwh), **{f"measure_{name}": v})
        for (t, s), v in values.items()
    ]


def ways(rows, **options):
    frame = pd.DataFrame(rows)
    query = RunQuery("toy", rule=options.pop("rule", "min_val_loss"))
    made = make_tradeoff(frame, make_bill(frame, "toy", options.pop("over", None)), query)
    return made, {way.name: way for way in made.ways}


def measured_values(frame, query):
    decisions, validation = measured_decisions(frame, query)
    return values_of(decisions), validation


BACKWARDS = {(t, s): -v for t, row in TRUTH.items() for s, v in row.items()}
FORWARDS = {(t, s): v for t, row in TRUTH.items() for s, v in row.items()}


def test_regret_is_the_best_minus_the_chosen_one_and_shared_by_ties():
    assert regrets(TRUTH, {"a": {"good": 1.0, "bad": 0.0}, "b": {"good": 1.0, "bad": 0.0}}) == {
        "a": 0.0,
        "b": pytest.approx(0.05),
    }
    assert regrets(TRUTH, {"a": {"good": 1.0, "bad": 1.0}}) == {"a": pytest.approx(0.15)}
    assert regrets(TRUTH, {"a": {"unheard": 9.0}}) == {}


def test_every_way_has_its_regret_and_its_energy():
    made, found = ways([*runs(), *scored("fine", FORWARDS), *scored("poor", BACKWARDS, 0.5)])
    assert {n: (round(w.regret, 9), w.kwh) for n, w in found.items()} == {
        "always imagenet": (0.05, 0.0),
        CHANCE: (round(0.35 / 3, 9), 0.0),
        "fine": (0.0, 3.0),
        "poor": (0.275, 6.0),
        SWEEP: (0.0, 60.0),
    }
    assert {n for n, w in found.items() if w.front} == {"always imagenet", "fine"}
    assert [w.name for w in made.ways][-1] == SWEEP
    high = 0.35 / 3
    assert made.reference == (60.0, pytest.approx(high))
    assert made.hypervolume == pytest.approx((60 * (high - 0.05) + 57 * 0.05) / (60 * high))


def test_measures_and_the_sweep_pay_the_share_of_the_pretrainings_and_constants_do_not():
    rows = [*runs(), pretraining("good", cost("pretraining", cpu=8.0)), *scored("fine", FORWARDS)]
    for over, share in ((None, 8.0), (2, 8.0), (8, 2.0)):
        _, found = ways(rows, over=over)
        assert (found["fine"].kwh, found[SWEEP].kwh) == (3.0 + share, 60.0 + share)
        assert (found["always imagenet"].kwh, found[CHANCE].kwh) == (0.0, 0.0)


def test_the_sweep_chooses_by_validation_images_and_is_judged_by_test_images():
    rows = [r | {"val_loss": {"good": 0.9, "bad": 0.1, "imagenet": 0.5}[r["source"]]} for r in runs()]
    _, found = ways(rows)
    assert found[SWEEP].regret == pytest.approx((0.3 + 0.25) / 2)


def test_where_all_energy_is_missing_a_way_is_off_the_front_and_there_is_no_hypervolume():
    rows = [*runs(costs=[cost("training", gpu=None)]), *scored("fine", FORWARDS)]
    made, found = ways(rows)
    assert (found[SWEEP].kwh, found[SWEEP].known, found[SWEEP].bound) == (None, None, False)
    assert not found[SWEEP].front
    assert (made.reference, made.hypervolume, made.bound) == (None, None, False)
    said = CostText(make_bill(pd.DataFrame(rows), "toy"), made).notes
    assert "no hypervolume: no energy of the sweep is known, or no choice loses anything" in said
    assert "'full sweep' chooses by validation images" in said
    without = tradeoff_notes(replace(made, ways=[way for way in made.ways if way.name != SWEEP]))
    assert not [sentence for sentence in without if SWEEP in sentence]  # it has no row
    assert "measures pay for pretrainings, each shared over 2 targets; constants pay nothing" in without


def partly_known(kwh=10.0, **changes):
    """One of six cells does not say what it took; the others took `kwh` each."""
    rows = [*runs(costs=[cost("training", cpu=kwh)]), *scored("fine", FORWARDS)]
    rows[0] = rows[0] | costing([cost("training", cpu=None)])
    return ways(rows, **changes)


def test_where_some_energy_is_missing_a_way_costs_at_least_the_rest_and_is_off_the_front():
    made, found = partly_known()
    assert (found[SWEEP].kwh, found[SWEEP].known, found[SWEEP].bound) == (None, 50.0, True)
    assert (found["fine"].kwh, found["fine"].known, found["fine"].bound) == (3.0, 3.0, False)
    assert [way.name for way in made.ways][-1] == SWEEP
    assert not found[SWEEP].front


def test_a_measure_of_unknown_cost_costs_at_least_its_pretrainings():
    silent = [row | costing([]) for row in scored("fine", FORWARDS)]
    _, alone = ways([*runs(), *silent])
    _, found = ways([*runs(), pretraining("good", cost("pretraining", cpu=8.0)), *silent])
    assert (alone["fine"].kwh, alone["fine"].known) == (None, None)
    assert (found["fine"].kwh, found["fine"].known, found["fine"].bound) == (None, 8.0, True)


@pytest.mark.parametrize("unknown", [0.1, 10.0, 5000.0])
def test_a_hypervolume_by_a_part_of_the_sweep_is_no_more_than_by_all_of_it(unknown):
    made, _ = partly_known()
    rows = [*runs(), *scored("fine", FORWARDS)]
    rows[0] = rows[0] | costing([cost("training", cpu=unknown)])
    whole, _ = ways(rows)
    assert (made.bound, whole.bound) == (True, False)
    assert 0 < made.hypervolume <= whole.hypervolume


def test_a_sweep_known_in_part_is_told_as_at_least():
    made, _ = partly_known(300.0)
    text = CostText(make_bill(pd.DataFrame(runs()), "toy"), made)
    listed, said = text.tables, text.notes
    (line,) = (line for line in listed[-1].lines if line[0] == SWEEP)
    told = dict(zip(listed[-1].head, line, strict=True))
    assert (told["kWh"], told["kWh at least"], told["front"]) == (None, 1500.0, "")
    assert "'full sweep' costs at least 1500 kWh, a part is missing; with more energy the hypervolume can only grow" in said
    assert said[-1].startswith("hypervolume at least 0.")


WHOLE = cost("training", cpu=300.0) | {"undivided": True}


def shared(gaps=0):
    """Cells that used one device at the same time, each with all that it drew; the first do not say what that was."""
    rows = [*runs(costs=[WHOLE]), *scored("fine", FORWARDS)]
    for i in range(gaps):
        rows[i] = rows[i] | costing([cost("training", cpu=None)])
    return ways(rows)


@pytest.mark.parametrize(
    ("gaps", "without"),
    [(0, ""), (1, ", not counting 1 run of unknown energy"), (2, ", not counting 2 runs of unknown energy")],
)
def test_energy_of_shared_hardware_that_is_not_divided_is_told_as_about_and_bounds_nothing(tmp_path, gaps, without):
    made, found = shared(gaps)
    assert (found[SWEEP].rough, found[SWEEP].bound, found["fine"].rough) == (True, False, False)
    assert (made.rough, made.bound) == (True, False)
    text = CostText(make_bill(pd.DataFrame(runs(costs=[WHOLE])), "toy"), made)
    listed, said = text.tables, text.notes
    assert "kWh about" in listed[-1].head
    assert f"'full sweep' costs about {300 * (6 - gaps)} kWh{without}: {ROUGH}" in said
    assert said[-1].startswith("hypervolume about 0.")
    assert not [sentence for sentence in said if "at least" in sentence or "can only grow" in sentence]
    draw_tradeoff(made, tmp_path / "picture.svg")
    drawn = (tmp_path / "picture.svg").read_text()
    assert f'id="name of full sweep, ≈ {300 * (6 - gaps)} kWh{without}"' in drawn
    assert "hypervolume ≈ 0." in drawn
    assert "arrow of" not in drawn


def test_a_measure_that_says_nothing_of_a_target_is_judged_on_the_others():
    _, found = ways([*runs(), *scored("half", {k: v for k, v in FORWARDS.items() if k[0] == "a"})])
    assert (found["half"].targets, found["half"].regret, found["half"].low) == (1, 0.0, None)


def test_a_way_that_is_judged_on_fewer_targets_is_off_the_front_and_out_of_the_hypervolume_and_says_so(tmp_path):
    half = scored("half", {k: v for k, v in FORWARDS.items() if k[0] == "a"})  # no regret at a small price, on one target
    alone, _ = ways([*runs(), *scored("fine", FORWARDS)])
    made, found = ways([*runs(), *scored("fine", FORWARDS), *half])
    assert (found["half"].front, found["fine"].front, found["half"].kwh < found["fine"].kwh) == (False, True, True)
    assert made.hypervolume == alone.hypervolume
    said = CostText(make_bill(pd.DataFrame(runs()), "toy"), made).notes
    sentence = "off the front and out of the hypervolume, because judged on fewer targets: half (1 of 2)"
    assert sentence in said
    section = tradeoff(made)
    assert "half (1/2)" in [row[0] for row in section.tables[0].rows]
    assert f"O{sentence[1:]}." in section.notes
    assert "half" not in [point.name.split(" ")[0] for point in pareto(section.charts[0].draw.args[0])]


def test_ways_are_compared_on_the_targets_that_most_of_them_share():
    few = {k: v for k, v in FORWARDS.items() if k[0] == "b"}
    made, found = ways([*runs(), *[row for i in range(4) for row in scored(f"m{i}", few)]])
    assert (made.targets, made.with_regret) == (1, 2)
    assert {way.targets for way in made.ways} == {1}
    assert found["always imagenet"].regret == 0.0  # on b it is the best; on a it loses
    said = CostText(make_bill(pd.DataFrame(runs()), "toy"), made).notes
    assert "judged on 1 of 2 targets, those on which most ways can be compared" in said


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        (["abc", "abc", "abc", "a"], "abc"),  # one that hardly says anything takes nothing from the others
        (["abc", "ab", "ab", "ab"], "ab"),
        (["abc", "abc", "ab", "bc"], "abc"),  # of as many the larger set
        (["abc", "", "abc"], "abc"),
    ],
)
def test_the_compared_targets_are_the_set_with_most_ways_times_targets(sets, expected):
    assert comparable([dict.fromkeys(targets, 0.0) for targets in sets]) == set(expected)


def test_constants_that_were_scored_stand_once_and_cost_nothing():
    large = {(t, s): {"imagenet": 3.0, "good": 9.0, "bad": 1.0}[s] for t, s in FORWARDS}
    constants = [row for name in ("imagenet_always", "static_rank", "random") for row in scored(name, FORWARDS)]
    _, found = ways([*runs(), *constants, *scored("source_size", large), *scored("fine", FORWARDS)])
    assert set(found) == {CHANCE, "always imagenet", "fine", SWEEP, "largest source"}
    assert (found["largest source"].kwh, found["largest source"].regret) == (0.0, pytest.approx(0.025))  # good is second on b


def test_the_largest_source_of_imported_sizes_is_a_way_that_costs_nothing():
    images = {"good": "900", "imagenet": "30"}
    rows = [row | {"source_images": images.get(row["source"])} for row in runs()]
    _, found = ways(rows)
    assert (found["largest source"].kwh, found["largest source"].regret) == (0.0, pytest.approx(0.025))
    assert "largest source" not in ways([row | {"source_images": "7"} for row in runs()])[1]  # all alike: no choice
    _, found = ways([*rows, *scored("source_size", {k: float(k[1] == "imagenet") for k in FORWARDS})])
    assert found["largest source"].regret == found["always imagenet"].regret  # what was scored counts


def test_pairs_that_share_images_do_not_count():
    rows = [*runs(), cell("copy", "a", TRAINING, test_auc=1.0, val_loss=0.0, leak="shared", key="c")]
    _, found = ways(rows)
    assert found["always imagenet"].regret == pytest.approx(0.05)


def test_lower_is_better_is_turned_once():
    frame = pd.DataFrame([cell(s, "a", TRAINING, test_brier=v, key=s) for s, v in {"x": 0.1, "y": 0.4}.items()])
    truth, _ = measured_values(frame, RunQuery("toy", "brier"))
    assert truth == {"a": {"x": -0.1, "y": -0.4}}
    assert regrets(truth, {"a": {"y": 1.0}}) == {"a": pytest.approx(0.3)}


def test_seeds_are_averaged_after_the_rule_has_chosen_a_point_of_the_grid():
    grid = [
        cell("x", "a", TRAINING, seed=seed, point=point, test_auc=auc, val_loss=loss, key=f"{seed}{point}")
        for seed, point, auc, loss in ((0, "p", 0.9, 0.5), (0, "q", 0.6, 0.1), (1, "p", 0.8, 0.2), (1, "q", 0.1, 0.3))
    ]
    truth, held = measured_values(pd.DataFrame([*grid, cell("y", "a", TRAINING)]), RunQuery("toy"))
    assert truth["a"]["x"] == pytest.approx((0.6 + 0.8) / 2)
    assert held["a"]["x"] == pytest.approx(-(0.1 + 0.2) / 2)


def test_several_backbones_are_sources_of_their_own():
    rows = runs() + [r | {"backbone": "other", "key": r["key"] + "o", "test_auc": r["test_auc"] - 0.1} for r in runs()]
    _, found = ways([*rows, *scored("fine", FORWARDS)])
    assert found["fine"].regret == pytest.approx(0.0)
    assert found["always imagenet"].regret == pytest.approx(0.1)  # the mean of its two backbones


def test_the_interval_is_of_the_mean_over_targets():
    _, found = ways([*runs(), *scored("poor", BACKWARDS)])
    way = found["poor"]
    reach = stats.t.ppf(0.975, 1) * 0.025 / (0.275 * 0.725)  # of 0.25 and 0.3, on the logit scale: none is below 0 or above 1
    ends = special.expit(special.logit(0.275) + np.array([-reach, reach]))
    assert (way.low, way.high) == pytest.approx(tuple(ends))


def test_few_targets_are_said_to_make_the_interval_of_regret_too_narrow():
    made, _ = ways(runs())
    assert FEW in tradeoff_notes(made)
    assert FEW not in tradeoff_notes(replace(made, targets=12))


@pytest.mark.parametrize(
    ("rows", "metric", "sentence"),
    [
        ([cell("x", "a", TRAINING)], "auc", "no target with auc of two sources"),
        (runs(), "f1", "no target with f1 of two sources"),
    ],
)
def test_without_two_sources_there_is_no_regret(rows, metric, sentence):
    frame = pd.DataFrame(rows)
    with pytest.raises(CatsError, match=sentence):
        make_tradeoff(frame, make_bill(frame, "toy"), RunQuery("toy", metric))


def test_an_unknown_rule_has_its_nearest_name():
    with pytest.raises(CatsError, match=r"there is no rule 'min_val_los'.*min_val_loss"):
        measured_values(pd.DataFrame(runs()), RunQuery("toy", rule="min_val_los"))


POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8)


@settings(deadline=None)
@given(POINTS)
def test_the_front_is_what_nothing_dominates(points):
    flags = on_front([(float(k), float(r)) for k, r in points])
    grid = set(points)
    for (k, r), flag in zip(points, flags, strict=True):
        better = any((a, b) != (k, r) for a, b in itertools.product(range(k + 1), range(r + 1)) if (a, b) in grid)
        assert flag is not better


@settings(deadline=None)
@given(POINTS)
def test_the_hypervolume_counts_the_unit_squares_that_are_dominated(points):
    squares = [(x, y) for x, y in itertools.product(range(5), range(5)) if any(k <= x and r <= y for k, r in points)]
    assert hypervolume([(float(k), float(r)) for k, r in points], (5.0, 5.0)) == pytest.approx(len(squares) / 25)


@pytest.mark.parametrize("name", ["picture.png", "picture.svg"])
def test_the_picture_names_every_way_whose_energy_is_known(tmp_path, name):
    made, _ = ways([*runs(), *scored("fine", FORWARDS), *scored("poor", BACKWARDS)])
    draw_tradeoff(made, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
    if name.endswith("svg"):
        told = [way.name for way in made.ways if f'id="name of {way.name}"'.encode() in content]
        assert sorted(told) == sorted(way.name for way in made.ways)


@pytest.mark.slow
def test_the_picture_shows_a_lower_bound_as_one(tmp_path):
    made, _ = partly_known(300.0)
    draw_tradeoff(made, tmp_path / "picture.svg")
    content = (tmp_path / "picture.svg").read_text()
    assert 'id="name of full sweep, ≥ 1500 kWh"' in content
    assert "hypervolume ≥ 0." in content
    assert 'id="arrow of full sweep"' in content
    assert 'id="arrow of fine"' not in content


def test_a_picture_of_constants_alone_can_be_drawn(tmp_path):
    made, _ = ways(runs(costs=[cost("training", gpu=None)]))
    draw_tradeoff(made, tmp_path / "picture.png")
    assert np.frombuffer((tmp_path / "picture.png").read_bytes()[16:24], ">u4").tolist() == [1170, 702]


def many(count=36, kwh=1e-5):
    """A trade-off of many ways that cost nearly the same, as measures do that share features, and choose one of few sources."""
    made, _ = ways([*runs(), *scored("fine", FORWARDS)])
    one = Way("m", 0.2, 0.05, 1.0, 2, kwh, kwh)
    more = [
        replace(one, name=f"measure{i}", regret=0.02 * (i % 5), kwh=(k := kwh * (1 + i / 20)), known=k) for i in range(count)
    ]
    return replace(made, ways=[*made.ways, *more])


def drawn_many(count=36, kwh=1e-5):
    points = paid_of(many(count, kwh))
    figure = Figure(figsize=(9, height_for(points, 5.4)), layout="constrained")
    axis = figure.subplots()
    plot_paid(figure, axis, points, Path("picture.png"))
    figure.canvas.draw()
    return points, figure, axis


@pytest.mark.parametrize("count", [0, 5, 36, 80])
def test_every_way_has_its_name_beside_the_picture_and_none_is_cut(count):
    """Before, the list of names stopped at 24 of 36 where the page ended, and 36 names lay over each other."""
    points, figure, _ = drawn_many(count)
    listed = figure.legends[0].get_texts()
    assert len(listed) == len(points)
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.y0 < box.y1 <= figure.bbox.height


def test_texts_beside_dots_do_not_overlap_and_number_every_dot():
    points, _, axis = drawn_many()
    texts = [text for text in axis.texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    assert not [1 for one, other in itertools.combinations(boxes, 2) if one.overlaps(other)]
    told = [number for text in texts for part in text.get_text().split(", ") for number in spelled(part)]
    assert sorted(told) == list(range(1, len(points) + 1))


def spelled(part):
    first, _, last = part.partition("–")
    return range(int(first), int(last or first) + 1)


@pytest.mark.parametrize("kwh", [1e-9, 1e-5, 3e-3, 1.0, 5e6])
def test_the_ticks_of_energy_do_not_overlap(kwh):
    """Before, 0 and 1e-05 were one word: 01e-05."""
    _, _, axis = drawn_many(36, kwh)
    boxes = [tick.get_window_extent() for tick in axis.get_xticklabels() if tick.get_text()]
    assert len(boxes) > 2
    assert not [1 for one, other in itertools.combinations(boxes, 2) if one.overlaps(other)]


@pytest.mark.parametrize(
    ("costs", "scale", "ticks", "words"),
    [
        ([0.0, 308.0], "linear", [0, 100, 200, 300], ""),  # before: 0 and 500 alone, with 308 far beyond the middle
        ([0.0, 0.9, 1.1], "linear", [0, 0.5, 1], ""),
        ([0.0, 3.0, 29.0], "linear", [0, 10, 20, 30], ""),
        ([0.0, 3.0, 308.0], "symlog", [0, 3, 10, 30, 100, 300], "logarithmic from 3 on"),
        ([0.0], "linear", [0, 0.5, 1], ""),
    ],
)
def test_the_axis_of_energy_can_be_read(costs, scale, ticks, words):
    points = [Paid(f"way {kwh}", kwh, 0.01, None, None) for kwh in costs]
    axis = (figure := Figure(layout="constrained")).subplots()
    plot_paid(figure, axis, points, Path("picture.png"))
    shown = [float(tick.get_text()) for tick in axis.get_xticklabels()]
    assert (axis.get_xscale(), [tick for tick in shown if tick <= axis.get_xlim()[1]][: len(ticks)]) == (scale, ticks)
    assert axis_words(points) == words


def test_the_axis_of_regret_ends_near_the_regrets_and_marks_intervals_that_go_on():
    """Before, one interval of two targets made the axis end at 2.1."""
    points, _, axis = drawn_many()
    most = max(point.regret for point in points)
    assert most < axis.get_ylim()[1] < 5 * most
    cut = [line for line in axis.lines if line.get_gid() == "the interval goes on"]
    assert len(cut) == sum(point.high is not None and point.high > axis.get_ylim()[1] for point in points) > 30


def sized(*numbers):
    """Runs with several numbers of training images: the more images, the better, so that a rule would choose the largest."""
    return [
        row | {"subsample.train": n, "test_auc": row["test_auc"] + gain, "val_loss": row["val_loss"] - gain, "point": n}
        | {"key": f"{row['key']}{n}"}
        for n, gain in numbers for row in runs()
    ]  # fmt: skip


def test_sources_with_different_numbers_of_training_images_are_not_compared():
    rows = [row for row in sized(("100", 0.0), ("500", 0.09)) if row["source"] == "bad" or row["subsample.train"] == "100"]
    with pytest.raises(CatsError) as error:
        ways(rows)
    assert str(error.value) == (
        "experiment 'toy' mixes subsample.train 100 and 500 on a, and sources with different numbers of training images cannot "
        "be compared; name one of them with --train, such as 500, or the plan file"
    )


@pytest.mark.parametrize("number", ["25", "500"])
def test_a_number_of_training_images_is_compared_as_if_the_others_had_not_been_run(number):
    frame, query = pd.DataFrame(sized(("25", -0.05), ("500", 0.09))), RunQuery("toy", size=number)
    alone = frame[frame["subsample.train"] == number]
    found = runs_of_query(frame, query)
    assert found.equals(alone)
    assert measured_values(found, query) == measured_values(alone, RunQuery("toy"))


def test_a_full_sweep_is_named_where_every_pair_was_run_alone_and_a_choice_has_no_hypervolume():
    rows = runs()
    assert ways(rows)[0].sweep == SWEEP
    less = [row for row in rows if (row["source"], row["target"]) != ("bad", "b")]
    made, found = ways(less)
    assert made.sweep == MADE
    assert MADE in found
    assert SWEEP not in found
    assert any(note.startswith(f"'{MADE}' may be a part of all pairs") for note in tradeoff_notes(made))
    assert (
        ways([row | {"leak": "they are the same images"} if row["source"] == "bad" else row for row in rows])[0].sweep == SWEEP
    )
    frame = pd.DataFrame([row for row in rows if row["target"] == "a"])
    chosen = make_tradeoff(frame, make_bill(frame, "choose-a"), RunQuery("choose-a"))
    assert (chosen.sweep, chosen.hypervolume, chosen.reference is None) == (MADE, None, False)
    assert tradeoff_notes(chosen)[-1] == "no hypervolume: what all pairs would have cost is not known"
    section = tradeoff(chosen)
    assert not [note for note in section.notes if "Hypervolume" in note]
    assert {row[0] for row in section.tables[0].rows} == {CHANCE, "always imagenet", MADE}


def test_long_names_beside_the_drawing_are_in_several_lines_and_leave_it_its_width(tmp_path):
    point = Paid("full sweep", None, 0.002, None, None, known=1460.0, rough=True, without=359)
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    plot_paid(figure, figure.subplots(), [point], tmp_path / "x.svg")
    [text] = figure.legends[0].get_texts()
    assert " ".join(text.get_text().split()) == "1 full sweep, ≈ 1460 kWh, not counting 359 runs of unknown energy"
    assert max(map(len, text.get_text().split("\n"))) <= 34
    assert height_for([point] * 40, 0.0) > 2 * height_for([replace(point, rough=False, kwh=1.0)] * 40, 0.0)
