"""Runs on two versions of the data of a target, or of a source, are never on one board without a word."""

import pandas as pd
import pytest

from results.agreement.decisions import decisions_of
from results.agreement.scores import read_scores
from results.board.board import judged_runs, make_board, version_notes
from results.board.request import RunQuery, Selection
from results.board.sensitivity import sensitivity
from results.board.text import BoardText
from results.board.versions import scores_of_one_version
from results.cost.regret import measure_scores, measured_decisions, values_of
from tests.support.runs import CLEAR, on_net, run

OLD, NEW = "0" * 64, "1" * 64


def of(data, started=0, shift=0.0, rows=CLEAR):
    return [
        row
        | {"data": data, "started": row["started"] + started, "test_auc": row["test_auc"] + shift, "key": f"{data}{row['key']}"}
        for row in rows
    ]


def query(data=None):
    if data is None:
        return RunQuery("toy")
    names = on_net("good", "bad"), ["a", "b"], [0, 1, 2], ["p"]
    return RunQuery("toy", selection=Selection(*names, {}, {}, data))


MIXED = of(OLD) + of(NEW, started=100, shift=-0.1)


@pytest.mark.parametrize("asked", [query(), query({}), query({"a": NEW, "b": NEW})])
def test_the_newest_version_counts_and_the_number_of_other_runs_is_noted(asked):
    made = make_board(pd.DataFrame(MIXED), asked)
    assert [round(row.mean, 3) for row in made.targets["a"]] == [0.805, 0.605]
    assert made.targets == make_board(pd.DataFrame(of(NEW, 100, -0.1)), asked).targets
    for target in ("a", "b"):
        note = f"{target}: 6 runs are left out, because another version of its data or split was used"
        assert note in made.notes
        assert note in BoardText(made).markdown()


def test_the_version_of_the_plan_counts_where_it_is_known():
    made = make_board(pd.DataFrame(MIXED), query({"a": OLD}))
    assert [round(row.mean, 3) for row in made.targets["a"]] == [0.905, 0.705]
    assert [round(row.mean, 3) for row in made.targets["b"]] == [0.705, 0.505]


def test_a_run_that_is_not_finished_does_not_displace_finished_ones():
    failed = [row | {"status": "FAILED"} for row in of(NEW, 100)]
    made = make_board(pd.DataFrame(of(OLD) + failed), query())
    assert [round(row.mean, 3) for row in made.targets["a"]] == [0.905, 0.705]
    assert not [note for note in made.notes if "left out" in note]


def test_old_runs_alone_are_shown_with_the_word_that_they_are_of_another_version():
    made = make_board(pd.DataFrame(of(OLD)), query({"a": NEW, "b": OLD}))
    said = "the runs are of another version of its data or split than the plan's; `cats run` makes them again"
    assert [note for note in made.notes if "another version" in note] == [f"a: {said}"]
    assert len(made.targets["a"]) == 2


def test_one_new_run_takes_the_place_of_all_old_ones_of_its_target_alone():
    made = make_board(pd.DataFrame(of(OLD) + of(NEW, 100, rows=CLEAR[:1])), query())
    assert [(row.source, row.seeds) for row in made.targets["a"]] == [("good", 1)]
    assert len(made.targets["b"]) == 2
    assert [note for note in made.notes if "left out" in note] == [
        "a: 6 runs are left out, because another version of its data or split was used"
    ]


@pytest.mark.parametrize("data", [None, float("nan")])
def test_runs_of_unknown_data_stay(data):
    rows = [row | {"data": data} for row in CLEAR]
    assert make_board(pd.DataFrame(rows), query()).targets == make_board(pd.DataFrame(CLEAR), query()).targets


def test_a_frame_that_names_rows_twice_is_read_by_place():
    frame = pd.concat([pd.DataFrame(of(OLD)), pd.DataFrame(of(NEW, 100))])
    assert len(judged_runs(frame, query())) == len(CLEAR)


def pretrained(data, started, key):
    pretraining = run("good", None, 0, 0.5, kind="pretraining", key=key, data=data, started=started)
    cells = [row | {"pretraining": key, "started": row["started"] + started} for row in CLEAR if row["source"] == "good"]
    return [pretraining, *cells]


def test_runs_from_pretrainings_on_two_versions_of_a_source_are_not_mixed():
    rows = pretrained(OLD, 0, "k1") + pretrained(NEW, 100, "k2")
    assert version_notes(pd.DataFrame(rows), query()) == [
        "good: 6 runs are left out, because another version of its data or split was used"
    ]
    assert set(judged_runs(pd.DataFrame(rows), query())["pretraining"]) == {"k2"}


def test_a_pretraining_that_starts_from_another_one_is_of_the_data_of_both():
    rows = []
    for number, data in enumerate((OLD, NEW)):
        first = run("base", None, 0, 0.5, kind="pretraining", key=f"base{number}", data=data, started=100 * number)
        rows += [first, *pretrained("same", 100 * number, f"k{number}")]
        rows[-1 - 6]["pretraining"] = f"base{number}"
    assert set(judged_runs(pd.DataFrame(rows), query())["pretraining"]) == {"k1"}


def test_regret_is_of_one_version_too():
    truth = values_of(measured_decisions(pd.DataFrame(MIXED), query())[0])
    assert truth["a"]["good"] == pytest.approx(0.805)


def scored(data, started, value, target="a"):
    rows = [run(source, target, 0, 0.5, kind="score", data=data, started=started) for source in ("good", "bad")]
    figures = {"measures": "m", "reasons": "{}"}
    return [row | figures | {"measure_m": value + i, "key": f"{data}-{i}"} for i, row in enumerate(rows)]


@pytest.mark.parametrize("asked", [query(), query({"a": NEW, "b": NEW})])
def test_scores_are_of_the_version_of_the_cells(asked):
    """`cats score` may have run after a split revision and before `cats run`, or only before it."""
    for other, notes in ((OLD, 1), (NEW, 0), (None, 0), (float("nan"), 0)):
        rows = [*MIXED, *scored(NEW, 0, 1.0), *scored(other, 300, 5.0)]
        if other == OLD:
            rows.append(scored(OLD, 300, 5.0)[0] | {"status": "FAILED"})
        frame = pd.DataFrame(rows)
        kept, said = scores_of_one_version(frame, asked.selection)
        values = {row.source: row.value for row in read_scores(kept, "toy")}
        assert values == measure_scores(frame, asked)[0]["m"]["a"]
        assert values == ({"good": 1.0, "bad": 2.0} if notes else {"good": 5.0, "bad": 6.0})
        sentence = "a: the scores of 2 pairs are left out, because another version of its data or split was used"
        assert said == [f"{sentence} than for the runs on the board"] * notes


def test_scores_of_a_target_without_a_cell_and_of_frames_without_versions_stay():
    frame = pd.DataFrame([*MIXED, *scored(OLD, 0, 1.0, target="c")])
    assert len(scores_of_one_version(frame, None)[0]) == len(frame)
    assert len(scores_of_one_version(frame.drop(columns="data"), None)[0]) == len(frame)


def started_from(start, began=0, shift=0.0, source="good", pretraining=None):
    """Cells of `bad`, and cells of a source that start from these weights."""
    rows = [row | {"start": "zero", "started": row["started"]} for row in CLEAR if row["source"] == "bad"]
    mine = {"start": start, "pretraining": pretraining}
    return rows + [
        row | mine | {"started": row["started"] + began, "test_auc": row["test_auc"] + shift, "key": f"{start}{row['key']}"}
        for row in CLEAR
        if row["source"] == source
    ]


WEIGHTS = started_from("old") + started_from("new", 100, -0.1)


def plan_of(starts):
    names = on_net("good", "bad"), ["a", "b"], [0, 1, 2], ["p"]
    return RunQuery("toy", selection=Selection(*names, {}, {}, {}, starts))


def means(made, target="a"):
    return {row.source: round(row.mean, 3) for row in made.targets[target]}


def test_runs_from_two_versions_of_weights_are_not_mixed():
    made = make_board(pd.DataFrame(WEIGHTS), query())
    assert means(made) == {"good": 0.805, "bad": 0.705}
    assert "good: 6 runs are left out, because another version of its weights was used" in made.notes


@pytest.mark.parametrize(("wanted", "mean", "note"), [("old", 0.905, True), ("new", 0.805, True), ("newest", 0.805, False)])
def test_a_board_of_a_plan_counts_the_weights_of_the_plan(wanted, mean, note):
    made = make_board(pd.DataFrame(WEIGHTS), plan_of({("good", "net"): frozenset({wanted})}))
    assert means(made)["good"] == mean
    assert "good: 6 runs are left out, because another version of its weights was used" in made.notes
    other = "good: the runs are of another version of its weights than the plan's; `cats run` makes them again"
    assert (other in made.notes) != note


def test_a_pretraining_by_another_recipe_is_another_version_for_a_plan():
    rows = started_from("k1", pretraining="k1") + started_from("k2", 100, -0.1, pretraining="k2")
    rows += [run("good", None, 0, 0.5, kind="pretraining", key=key, data=NEW) for key in ("k1", "k2")]
    made = make_board(pd.DataFrame(rows), plan_of({("good", "net"): frozenset({"k1"})}))
    assert means(made)["good"] == 0.905


def test_weights_that_are_drawn_for_every_seed_are_one_version():
    rows = [row | {"start": f"seed {row['seed']}"} for row in CLEAR]
    made = make_board(pd.DataFrame(rows), plan_of({("good", "net"): frozenset(f"seed {seed}" for seed in range(3))}))
    assert made.targets == make_board(pd.DataFrame(CLEAR), query()).targets
    assert not [note for note in made.notes if "version" in note]


def test_old_figures_come_back_with_the_old_data():
    before = make_board(pd.DataFrame(of(OLD)), query({"a": OLD, "b": OLD})).targets
    frame = pd.DataFrame(MIXED)
    assert make_board(frame, query({"a": NEW, "b": NEW})).targets != before
    assert make_board(frame, query({"a": OLD, "b": OLD})).targets == before


def test_backbones_of_two_versions_are_not_judged_together():
    """The newest version of all runs counts, not that of each backbone alone."""
    small = [row | {"backbone": "small", "key": f"small{row['key']}"} for row in MIXED]
    large = [row | {"backbone": "large", "key": f"large{row['key']}"} for row in of(OLD)]
    decisions = decisions_of(pd.DataFrame(small + large), query())
    assert {decision.backbone for decision in decisions} == {"small"}
    assert [round(float(value), 3) for value in decisions[0].values] == [0.805, 0.605]


def test_sensitivity_shows_one_version_of_all_protocols_and_says_so():
    probes = [row | {"protocol": "probe", "key": f"probe{row['key']}"} for row in of(OLD)]
    made = sensitivity(pd.DataFrame(of(NEW, 100) + probes), query())
    assert [name for name in made.settings if "probe" in name] == []
    assert [note for note in made.notes if "6 runs are left out" in note]


def test_scores_of_another_version_of_a_source_are_left_out():
    rows = pretrained(OLD, 0, "k1") + pretrained(NEW, 100, "k2")
    for key, began, value in (("k1", 300, 5.0), ("k2", 0, 1.0), ("unknown", 400, 1.0)):
        rows += [row | {"start": key} for row in scored(None, began, value)[:1]]
    kept, said = scores_of_one_version(pd.DataFrame(rows), None)
    assert set(kept.loc[kept["kind"] == "score", "start"]) == {"k2", "unknown"}
    what = "another version of its data or split was used than for the runs on the board"
    assert said == [f"good: the scores of 1 pair are left out, because {what}"]
