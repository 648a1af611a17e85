"""`cats cost` on a database with records made by hand."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from benchmark.cli.main import app
from benchmark.execution.resolution import resolve_pairs
from benchmark.execution.selection import selection_of
from benchmark.specs.plan import load_plan
from results.board.request import runs_of_selection
from results.error import CatsError
from results.record import Cost, Energy, Outcome, Record
from results.tracking.experiment import Experiment
from results.tracking.send import send

PLAN = """
experiment: toy
sources: [scratch, digits]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: finetune, size: 16, epochs: 2}
seeds: 1
"""


def record(source, target, kind="cell", kwh=1.0, **changes):
    names = {"source": source, "backbone": "test_resnet", "seed": "0"} | ({"target": target} if target else {})
    energy = {"cpu": Energy(kwh=kwh, provenance="missing" if kwh is None else "modelled")}
    settings = {"measures": "leep"} if kind == "score" else {}
    phase = "measure_leep" if kind == "score" else "training"
    fields = {
        "kind": kind, "key": f"{kind}-{source}-{target}", "attempt": "a", "experiment": "toy", "status": "finished",
        "point": "p", "names": names, "settings": settings, "facts": {"data": "d"}, "started": 1.0, "ended": 2.0,
        "costs": (Cost(phase=phase, seconds=1.0, energy=energy, kg_per_kwh=0.25),),
    }  # fmt: skip
    return Record(**fields | changes)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The database of an experiment that nobody has changed; its plan lies beside it."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy.yaml").write_text(PLAN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CATS_HOME", str(folder / "home"))
        fill(Experiment("sqlite:///mlflow.db", "toy"))
    return folder / "mlflow.db"


@pytest.fixture
def toy(database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(PLAN)
    shutil.copy(database, tmp_path)
    return Experiment("sqlite:///mlflow.db", "toy")


def fill(tracking):
    point = selection_of(resolve_pairs(load_plan("toy.yaml"), "sqlite:///mlflow.db")).points[0]
    for source, auc in (("scratch", 0.6), ("digits", 0.8), ("imagenet", 0.7)):
        scores = {"scores": {"auc": auc}, "validation": {"val_loss": 1 - auc, "val_auc": auc}}
        send(tracking, Outcome(record(source, "ihc", point=point, **scores)))
        send(tracking, Outcome(record(source, "ihc", "score", 0.125, validation={"measure_leep": auc})))
    send(tracking, Outcome(record("digits", None, "pretraining", 4.0)))
    send(tracking, Outcome(record("textures", None, "pretraining", 8.0)))


def cats(*arguments):
    return CliRunner().invoke(app, ["cost", *map(str, arguments)], catch_exceptions=False)


def told(*arguments):
    done = cats(*arguments, "--format", "json")
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.slow
def test_an_experiment_is_billed_in_full_and_a_plan_for_what_it_asks(toy):
    assert told("toy")["kwh"] == 3 + 0.375 + 12
    assert told("toy.yaml")["kwh"] == 2 + 0.25 + 4
    assert told("toy")["co2e_kg"] == pytest.approx((3 + 0.375 + 12) / 4)


def test_the_pretraining_that_another_one_starts_from_belongs_to_the_plan(toy):
    send(toy, Outcome(record("digits", None, "pretraining", 16.0, attempt="b", key="up", facts={"pretraining": "below"})))
    send(toy, Outcome(record("textures", None, "pretraining", 32.0, attempt="c", key="below")))
    runs = runs_of_selection(toy.frame(), selection_of(resolve_pairs(load_plan("toy.yaml"), "sqlite:///mlflow.db")))
    assert set(runs.loc[runs["kind"] == "pretraining", "key"]) == {"pretraining-digits-None", "up", "below"}


def test_what_it_bought(toy):
    ways = {way["name"]: (round(way["regret"], 9), way["kwh"]) for way in told("toy", "--over", 12)["tradeoff"]["ways"]}
    assert ways == {
        "always imagenet": (0.1, 0.0), "any source": (0.1, 0.0), "leep": (0.0, 1.375), "full sweep": (0.0, 4.0),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["table", "csv", "markdown"])
def test_every_format_is_printed(toy, form):
    done = cats("toy", "--format", form)
    assert done.exit_code == 0
    assert "full sweep" in done.stdout
    assert "Measures, scoring of all pairs" in done.stdout


def test_the_sentences_for_which_csv_has_no_place_go_to_the_standard_error(toy):
    done, plain = cats("toy", "--format", "csv"), told("toy")
    sentences = [*plain["answer"], *plain["notes"]]
    assert sentences
    assert [sentence for sentence in sentences if sentence not in done.stderr] == []
    assert not any(sentence in done.stdout for sentence in sentences)


def test_the_picture_is_written_also_into_a_new_folder(toy, tmp_path):
    assert cats("toy", "--picture", tmp_path / "new" / "cost.png").exit_code == 0
    assert (tmp_path / "new" / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_reading_everything_again_gives_the_same_bill(toy):
    assert told("toy")["kwh"] == told("toy", "--fresh")["kwh"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["toy", "--picture", "cost.jpg"],
            "a picture cannot be written to 'cost.jpg'; its name must end with .png, .svg or .pdf",
        ),
        (["toy", "--metric", "f1"], "experiment 'toy' has no target with f1 of two sources or more"),
        (["toy", "--over", "0"], "cannot be shared over 0 targets"),
        (["tol"], "no experiment 'tol'"),
        (["toy", "--tracking-uri", "sqlite:///none.db"], "there is no database sqlite:///none.db"),
    ],
)
def test_what_is_wrong_is_one_sentence(toy, arguments, sentence):
    with pytest.raises(CatsError, match=sentence):
        cats(*arguments)


def test_an_experiment_with_nothing_to_compare_is_billed_all_the_same(toy):
    other = Experiment(toy.uri, "lonely")
    send(other, Outcome(record("scratch", "ihc", kwh=None)))
    done = cats("lonely", "--format", "json")
    assert json.loads(done.stdout)["tradeoff"] is None
    assert json.loads(done.stdout)["kwh"] is None
    assert "has no target with auc of two sources or more" in done.stderr
