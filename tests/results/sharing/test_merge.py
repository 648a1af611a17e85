"""Runs of archives and databases are merged: each once, nothing that is there is changed, and conflicts are said."""

import numpy as np
import pytest

from results.board.board import make_board
from results.board.export import board_json
from results.board.request import RunQuery
from results.record import PREDICTIONS, Outcome
from results.sharing.archive_reading import opened
from results.sharing.gather import copies_of
from results.sharing.merge import OTHER, merge
from results.tracking.deduplicate import TWICE
from results.tracking.experiment import Experiment
from tests.support.predictions import predictions
from tests.support.shared import SEVERAL, archived, filled, merged, outcome

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path):
    """Name → the address of a database."""
    return lambda name: f"sqlite:///{tmp_path}/{name}.db"


def acts(done):
    return [each.act for each in done]


def states(tracking):
    """(key, attempt) → status and reason."""
    return {
        (run.data.tags["cats.key"], run.data.tags["cats.attempt"]): (run.info.status, run.data.tags.get("cats.reason"))
        for run in tracking.runs()
    }


def test_an_archive_makes_the_same_board_and_a_second_merge_adds_nothing(place, tmp_path):
    there = filled(place("a"), SEVERAL)
    path = archived(there, tmp_path / "a.zip")
    here = Experiment(place("b"), "toy")
    with opened(path) as archive:
        assert acts(merged(here, archive)) == ["added"] * 4
        assert acts(merged(here, archive)) == ["there"] * 4
        assert len(list(here.runs())) == 4
        board = make_board(here.frame(), RunQuery("toy"))
        assert board_json(board) == board_json(archive.board())
    [run] = here.runs("tags.`cats.key` = 'scratch-1'")
    expected = outcome("scratch", 1).predictions
    assert here.predictions(run.info.run_id, PREDICTIONS).equals(expected)
    history = here.client.get_metric_history(run.info.run_id, "val_auc")
    assert sorted((point.step, point.value) for point in history) == [(0, 0.7), (1, 0.8)]
    assert run.info.start_time == 1_700_000_001_000
    assert run.info.end_time == 1_700_000_011_000
    assert archived(here, tmp_path / "b.zip").read_bytes() == path.read_bytes()


def test_a_database_is_merged_as_an_archive_is(place):
    there, here = filled(place("a"), SEVERAL), filled(place("b"), SEVERAL[:1])
    assert sorted(acts(merged(here, there))) == ["added"] * 3 + ["there"]
    assert sorted(acts(merged(here, there))) == ["there"] * 4


@pytest.mark.parametrize("first", ["here", "there"])
def test_of_two_attempts_at_a_cell_the_one_that_began_first_counts(place, first):
    early, late = (
        outcome(auc=0.9, attempt="one"),
        outcome(auc=0.7, attempt="two", started=1_700_000_100.0, ended=1_700_000_101.0),
    )
    here = filled(place("a"), [early if first == "here" else late])
    there = filled(place("b"), [late if first == "here" else early])
    [done] = merged(here, there)
    assert (done.act, done.again) == ("added", True)
    values = "0.7 and 0.9" if first == "here" else "0.9 and 0.7"
    assert done.said == f"imagenet → breastmnist, resnet18, seed 0: another attempt has test_auc {values}; both are kept"
    assert states(here) == {("imagenet-0", "one"): ("FINISHED", None), ("imagenet-0", "two"): ("KILLED", TWICE)}
    assert acts(merged(here, there)) == ["there"]


def test_an_equal_second_attempt_is_no_conflict(place):
    here, there = filled(place("a"), [outcome(attempt="one")]), filled(place("b"), [outcome(attempt="two")])
    [done] = merged(here, there)
    assert (done.act, done.again, done.said) == ("added", True, None)
    assert sorted(status for status, _ in states(here).values()) == ["FINISHED", "KILLED"]


def test_the_same_attempt_with_other_values_is_kept_beside_the_first(place):
    here, there = filled(place("a"), [outcome(auc=0.9)]), filled(place("b"), [outcome(auc=0.95)])
    [done] = merged(here, there)
    assert done.act == "added"
    assert f"{OTHER} (test_auc 0.95 and 0.9)" in done.said
    found = states(here)
    assert found.pop(("imagenet-0", "imagenet0")) == ("FINISHED", None)
    [(status, reason)] = found.values()
    assert (status, reason) == ("KILLED", OTHER)
    assert make_board(here.frame(), RunQuery("toy")).targets["breastmnist"][0].mean == 0.9
    [again] = merged(here, there)
    assert again.act == "there"
    assert OTHER in again.said
    assert len(list(here.runs())) == 2


def test_three_merges_in_another_order_leave_the_same_runs(place):
    each = [outcome(attempt=str(number), started=1_700_000_000.0 + number, auc=0.9 - number / 100) for number in range(3)]
    found = []
    for number, order in enumerate([(0, 1, 2), (2, 0, 1)]):
        here = filled(place(f"here{number}"), [])
        for position in order:
            there = filled(place(f"there{position}"), [each[position]])
            merged(here, there)
        found.append(states(here))
    assert found[0] == found[1]
    assert [status for _, (status, _) in sorted(found[0].items())] == ["FINISHED", "KILLED", "KILLED"]


def test_a_run_whose_writing_broke_off_is_written_again(place, monkeypatch):
    there, here = filled(place("a"), [outcome()]), filled(place("b"), [])
    with monkeypatch.context() as patch:
        patch.setattr(here.client, "set_terminated", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            merged(here, there)
    assert [run.info.status for run in here.runs()] == ["RUNNING"]
    assert acts(merged(here, there)) == ["added"]
    assert states(here) == {("imagenet-0", "imagenet0"): ("FINISHED", None)}
    assert acts(merged(here, there)) == ["there"]


def test_failed_attempts_pretrainings_and_scores_come_too(place):
    failed = outcome(status="failed", reason="out of memory", scores={}, attempt="f")
    pretraining = outcome(
        kind="pretraining", key="pre", attempt="p", names={"source": "digits", "backbone": "resnet18", "seed": "0"}, scores={}
    )
    there, here = filled(place("a"), [failed, pretraining]), filled(place("b"), [])
    assert acts(merged(here, there)) == ["added", "added"]
    assert states(here) == {("imagenet-0", "f"): ("FAILED", "out of memory"), ("pre", "p"): ("FINISHED", None)}


def test_a_run_that_cannot_be_ours_is_left_out_and_named(place, tmp_path, capsys):
    there = filled(place("a"), [outcome()])
    [(copy, _)] = copies_of(there, print)
    here = filled(place("b"), [])
    odd = copy.model_copy(update={"metrics": {"test_auc": [(7.0, 0, 1)]}})
    [done] = merge(here, [(odd, dict)])
    assert done.act == "odd"
    assert "test_auc is 7, which is outside 0 to 1" in done.said
    assert list(here.runs()) == []


def test_predictions_are_merged_as_they_are(place):
    table = predictions(np.random.default_rng(5), 20, 3)
    there = filled(place("a"), [Outcome(outcome().record, table, table.head(3))])
    here = filled(place("b"), [])
    merged(here, there)
    [run] = here.runs()
    assert here.predictions(run.info.run_id).equals(table)
    assert here.predictions(run.info.run_id, "validation.parquet").equals(table.head(3))
