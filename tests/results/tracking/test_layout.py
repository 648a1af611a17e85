"""Runs of version 2 as MLflow's users read them, and runs of both versions in one table and on one board."""

import json

import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag

from benchmark.specs.recipe import Recipe, at_default, flat
from results.board.board import make_board
from results.board.request import RunQuery
from results.record import Cost, Energy, Outcome, Record
from results.report.build import reader
from results.tracking.mlflow_format import SETTINGS, measurements
from results.tracking.send import send
from results.tracking.snapshot import frame_of
from tests.support.paths import ASSETS
from tests.support.records import OLD

OLDER = json.loads((ASSETS / "runs-v1.json").read_text())
RECORDS = [Record.model_validate_json(line) for line in (ASSETS / "records-v1.json").read_text().splitlines()]
OWN = ["run_id", "artifacts", "environment"]  # of this machine, and a column that tables got later


def as_version_1_wrote_it(tracking, run):
    """A run as the program wrote it that knew version 1 alone."""
    made = tracking.client.create_run(tracking.experiment_id, run["start"], run["tags"], run["name"]).info.run_id
    metrics = [Metric(name, value, run["end"], step) for name, points in run["metrics"].items() for step, value in points]
    params = [Param(*pair) for pair in run["params"].items()]
    tracking.client.log_batch(made, metrics, params, [RunTag("cats.record_version", "1")])
    tracking.client.set_terminated(made, run["status"], run["end"])
    return made


def same(frame, rows):
    """Whether a table holds what JSON says of each of its rows: a number as a number, and nothing where nothing is known."""
    told = {row["key"]: row for row in frame.drop(columns=OWN).to_dict("records")}
    assert set(told) == {row["key"] for row in rows}
    for row in rows:
        known = {name: value for name, value in told[row["key"]].items() if not pd.isna(value)}
        wanted = {name: value for name, value in row.items() if value is not None}
        assert known == {name: pytest.approx(value) if isinstance(value, float) else value for name, value in wanted.items()}


def test_the_table_of_runs_of_version_1_is_what_version_1_made_of_them(tracking):
    for run in OLDER["runs"]:
        as_version_1_wrote_it(tracking, run)
    same(tracking.frame(), OLDER["frame"])


def test_records_of_version_1_that_waited_give_the_table_that_they_gave_before(tracking, tmp_path):
    for record in RECORDS:
        send(tracking, Outcome(record))
    same(tracking.frame(), OLDER["frame"])
    same(frame_of(tracking, tmp_path / "snapshots"), OLDER["frame"])


@pytest.mark.slow
@pytest.mark.parametrize("newer", ["none", "every second", "all"])
def test_a_board_is_the_same_whichever_of_its_runs_are_of_version_2(tracking, newer):
    older = {run["tags"]["cats.key"]: run for run in OLDER["runs"]}
    for number, record in enumerate(RECORDS):
        if newer == "all" or (newer == "every second" and number % 2):
            send(tracking, Outcome(record.model_copy(update={"version": 2, "defaults": at_default(record.settings)})))
        else:
            as_version_1_wrote_it(tracking, older[record.key])
    board = make_board(tracking.frame(), RunQuery("old"))
    means = {row.source: (row.mean, row.seeds, row.p_best) for row in board.targets["ihc"]}
    assert means == {
        "good": (pytest.approx(0.82), 2, pytest.approx(0.889)),
        "scratch": (pytest.approx(0.5006039524), 2, pytest.approx(0.111)),
    }


def test_a_curve_and_its_restored_value_have_one_name_in_mlflow_and_the_old_ones_in_tables(tracking):
    run_id = send(tracking, Outcome(OLD.model_copy(update={"curves": {"val_auc": [0.7, 0.8, 0.75], "train_loss": [2.0, 1.0]}})))
    run = tracking.client.get_run(run_id)
    history = tracking.client.get_metric_history(run_id, "val_auc")
    assert [(point.step, point.value) for point in history] == [(0, 0.7), (1, 0.8), (2, 0.75)]
    assert (run.data.metrics["restored_val_auc"], run.data.metrics["val_auc"]) == (OLD.validation["val_auc"], 0.75)
    assert not [name for name in run.data.metrics if name.startswith("curve_")]
    (row,) = tracking.frame().to_dict("records")
    assert (row["val_auc"], row["curve_val_auc"], row["curve_train_loss"]) == (OLD.validation["val_auc"], 0.75, 1.0)
    assert "train_loss" not in row
    assert reader(tracking)(run_id, "curve_val_auc") == [0.7, 0.8, 0.75]
    assert reader(tracking)(run_id, "val_auc") == [OLD.validation["val_auc"]]


def test_only_the_best_value_of_a_curve_is_called_best(tracking):
    """The learning rate, the training loss and another epoch's AUC at the restored epoch were called best."""
    curves = {
        "val_auc": [0.7, 0.9, 0.8], "val_loss": [0.9, 0.8, 0.5], "train_loss": [3.0, 2.0, 1.0], "learning_rate": [0.1, 0.2, 0.0]
    }  # fmt: skip
    at_last = {name: values[2] for name, values in curves.items()}  # by the rule min_val_loss
    run_id = send(tracking, Outcome(OLD.model_copy(update={"curves": curves, "validation": at_last})))
    found = tracking.client.get_run(run_id).data.metrics
    assert {name: found[name] for name in found if "best" in name} == {"best_val_auc": 0.9, "best_val_loss": 0.5}
    assert {name: found[f"restored_{name}"] for name in curves} == at_last
    (row,) = tracking.frame().to_dict("records")
    assert {name: row[name] for name in curves} == at_last
    assert not [name for name in row if name.startswith(("best_", "restored_"))]


@pytest.mark.parametrize(("value", "known"), [(0.8, True), (float("nan"), False)])
def test_a_value_of_the_restored_epoch_is_read_under_the_name_that_it_had_first_in_this_layout(tracking, value, known):
    record = OLD.model_copy(update={"curves": {"val_auc": [0.9, 0.8]}, "validation": {"val_auc": value}})
    run = tracking.client.get_run(send(tracking, Outcome(record)))
    assert ("best_val_auc" in run.data.metrics) == known  # alone it would be read as the restored one
    tracking.client.log_metric(run.info.run_id, "best_train_loss", 2.0)
    tracking.client.set_tag(run.info.run_id, "cats.curves", '["val_auc", "train_loss"]')
    (row,) = tracking.frame().to_dict("records")
    assert row["train_loss"] == 2.0
    assert row.get("val_auc") == (0.8 if known else None)


def test_the_curves_of_a_run_of_version_1_are_read_by_the_same_name(tracking):
    run = next(run for run in OLDER["runs"] if "curve_val_auc" in run["metrics"])
    run_id = as_version_1_wrote_it(tracking, run)
    assert reader(tracking)(run_id, "curve_val_auc") == [value for _, value in run["metrics"]["curve_val_auc"]]


def test_parameters_are_the_names_and_what_differs_from_its_default(tracking):
    settings = flat(Recipe(lr=0.5, ema=0.99)) | {"rule": "min_val_loss"}
    run_id = send(tracking, Outcome(OLD.model_copy(update={"settings": settings, "defaults": at_default(settings)})))
    run = tracking.client.get_run(run_id)
    always = {"protocol", "size", "epochs", "batch_size", "optimiser", "lr", "rule"}
    assert set(run.data.params) == {*OLD.names, *always, "ema"}
    kept = json.loads(run.data.tags[SETTINGS])
    assert kept == {name: value for name, value in settings.items() if name not in {*always, "ema"}}
    (row,) = tracking.frame().to_dict("records")
    assert {name: row[name] for name in settings} == settings


def cost(phase, *, seconds=2.0, intensity=0.5, **kwh):
    energy = {name: Energy(kwh=value, provenance="missing" if value is None else "modelled") for name, value in kwh.items()}
    return Cost(phase=phase, seconds=seconds, energy=energy, kg_per_kwh=intensity)


@pytest.mark.parametrize(
    ("costs", "totals"),
    [
        ([cost("training", cpu=1.0, ram=0.5), cost("evaluation", cpu=0.25)], (4.0, 1.75, 0.875)),
        ([cost("training", cpu=1.0), cost("training", cpu=2.0, intensity=0.25)], (4.0, 3.0, 1.0)),
        ([cost("training", cpu=1.0), cost("evaluation", cpu=0.25, intensity=None)], (4.0, 1.25)),
        ([cost("training", cpu=1.0, gpu=None), cost("evaluation", cpu=0.25)], (4.0,)),
        ([cost("training", cpu=1.0), cost("evaluation")], (4.0,)),
        ([cost("training", cpu=0.0)], (2.0, 0.0, 0.0)),
        ([], ()),
    ],
    ids=["all known", "two of a phase", "intensity unknown", "figure missing", "no hardware", "measured as 0", "no cost"],
)  # fmt: skip
def test_a_total_is_the_sum_of_the_costs_and_is_left_out_when_a_part_is_unknown(costs, totals):
    found = {name: value for name, value, _ in measurements(OLD.model_copy(update={"costs": tuple(costs)}))}
    names = ("seconds", "energy_kwh", "co2e_kg")
    assert {name: found[name] for name in names if name in found} == pytest.approx(dict(zip(names, totals, strict=False)))


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"names": {"source": "fractal", "target": "digits", "backbone": "net", "seed": "2"}}, "fractal → digits s2"),
        ({"kind": "pretraining", "names": {"source": "fractal", "backbone": "net", "seed": "0"}}, "fractal pretraining s0"),
        ({"kind": "score", "names": {"source": "fractal", "target": "digits", "backbone": "net", "seed": "0"}},
         "fractal → digits scores"),
        ({"names": {"source": "a", "target": "b", "backbone": "net", "seed": "unknown"}}, "a → b"),
    ],
)  # fmt: skip
def test_a_run_has_a_short_name(tracking, changes, title):
    run_id = send(tracking, Outcome(OLD.model_copy(update=changes)))
    assert tracking.client.get_run(run_id).info.run_name == title


def test_a_long_name_keeps_its_seed(tracking):
    names = OLD.names | {"source": "s" * 300, "seed": "7"}
    name = tracking.client.get_run(send(tracking, Outcome(OLD.model_copy(update={"names": names})))).info.run_name
    assert len(name) <= 200
    assert name.endswith(" s7")


def test_user_source_and_version_are_where_mlflow_shows_them(tracking, monkeypatch):
    from results.tracking.captions import user

    monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
    monkeypatch.setenv("LOGNAME", "ada")
    user.cache_clear()
    environment = OLD.environment | {"commit": "c" * 40}
    run = tracking.client.get_run(send(tracking, Outcome(OLD.model_copy(update={"environment": environment}))))
    user.cache_clear()
    own = {name: value for name, value in run.data.tags.items() if name.startswith("mlflow.")}
    assert own == {
        "mlflow.runName": run.info.run_name, "mlflow.user": "ada", "mlflow.source.name": "cats run",
        "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": "c" * 40,
    }  # fmt: skip
    assert run.info.user_id == "ada"


@pytest.mark.parametrize(
    ("changes", "program"),
    [
        ({"environment": {"program": "cats choose"}}, "cats choose"),
        ({"kind": "score", "environment": {"program": "catsbench"}}, "catsbench"),
        ({"kind": "score", "environment": {}}, "cats score"),
        ({"environment": {"program": "cats import"}, "facts": OLD.facts | {"imported": "theirs"}}, "cats import"),
    ],
)
def test_the_source_is_the_program_that_made_the_record_as_far_as_it_says_so(tracking, changes, program):
    """It was fixed by the kind of the record."""
    run = tracking.client.get_run(send(tracking, Outcome(OLD.model_copy(update=changes))))
    assert run.data.tags["mlflow.source.name"] == program
    assert "cats.program" not in run.data.tags
