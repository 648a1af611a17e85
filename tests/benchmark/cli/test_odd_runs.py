"""Commands that read runs, on an experiment in which everything was changed that runs have, one thing in each copy of a run."""

import json
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results.report import export
from results.tracking.experiment import Experiment
from tests.support.drawings import draw_coarsely, draw_once
from tests.support.odd_runs import COSTS, GONE, NUMBERS, SEEDS, TARGETS, TEXTS, Database, fill

MIXED = {"protocol", "size", "rule", "subsample.train"}  # a board of several of these is refused, and says so
READERS = (
    ("board", "toy"), ("board", "toy", "--format", "json", "--impute", "worst"), ("board", "toy", "--sensitivity"),
    ("agree", "toy"), ("cost", "toy"), ("cost", "toy", "--format", "csv"),
    ("compare", "good", "bad", "toy", "--target", "ihc", "--backbone", "net"),
    ("report", "toy", "--figures", "figures", "--details", "20"),
)  # fmt: skip
SHOWING = (*READERS[:-1], ("report", "toy", "--no-log", "--details", "20"))  # which write the page alone


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with the database of an experiment that nobody has changed, and its run ids by kind."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder, fill(Experiment("sqlite:///mlflow.db", "toy"))


@pytest.fixture
def toy(whole, cats, tmp_path, monkeypatch):
    """The command, beside a copy of the whole experiment. It writes few drawings, in one format, and small ones.

    The page has every chart as SVG, and text is written into PDF as into PNG.
    """
    draw_once(monkeypatch)
    draw_coarsely(monkeypatch)
    monkeypatch.setattr(export, "CELLS", 4)
    monkeypatch.setattr(export, "FORMATS", ("png",))
    shutil.copy(whole[0] / "mlflow.db", tmp_path)
    return cats


def sweep(database, ids):
    """Copy a run of each kind for each thing that it has and for each value that a user may give it."""
    for kind in ids:
        original = ids[kind][0]
        for where, name in list(database.fields(original)):
            for value in NUMBERS if where == "metrics" else TEXTS:
                if name not in MIXED:
                    database.change(database.copy(original), where, name, value)
        for cost in COSTS:
            database.change(database.copy(original), "tags", "cats.costs", json.dumps([cost]))


@pytest.mark.slow
def test_no_changed_run_ends_a_command(toy, whole):
    database = Database("mlflow.db")
    sweep(database, whole[1])
    database.close()
    for command in READERS:
        code, out, err = toy(*command)
        assert code == 0, (command, err[-2000:])
        assert "Traceback" not in err
        assert "is left out: " in out + err or command[0] == "report"
    assert "more runs are left out for such reasons" in Path("report.html").read_text()


@pytest.fixture(scope="module")
def figures_of(whole):
    """`figures_of(run_ids)`: the rows of a board and the ways of choosing without some runs, energy apart."""
    from benchmark.cli.query import reader_of
    from results.board.board import make_board
    from results.board.request import Judging
    from results.cost.bill import make_bill
    from results.cost.tradeoff import make_tradeoff

    reader = reader_of("toy", f"sqlite:///{whole[0]}/mlflow.db")
    everything, judging = reader.frame(), Judging(reader.images())

    @cache
    def figures(gone):
        frame = everything[~everything["run_id"].isin(gone)]
        board = make_board(frame, reader.query, judging).to_dict()["targets"]
        ways = make_tradeoff(frame, make_bill(frame, "toy"), reader.query, judging).ways
        return (
            {target: [row | {"energy_kwh": 0} for row in rows] for target, rows in board.items()},
            {way.name: (way.regret, way.low, way.high, way.targets) for way in ways},
        )

    return lambda run_ids: figures(tuple(run_ids))


def odd(table, damage, path):
    """Damage a file of predictions."""
    if callable(damage):
        damage(table).to_parquet(path, index=False)
    elif damage is GONE:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(damage)


DAMAGES = {
    "nothing in it": b"",
    "cut off": b"PAR1",
    "no table": b"x" * 5000,
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system\x93.",
    "a folder": GONE,
    "no row": lambda table: table[:0],
    "without probabilities": lambda table: table[["sample", "group", "label"]],
    "without labels": lambda table: table.drop(columns="label"),
    "without images": lambda table: table.drop(columns=["sample", "group"]),
    "texts": lambda table: table.assign(probability_0="high"),
    "not numbers": lambda table: table.assign(probability_1=np.nan),
    "too large": lambda table: table.assign(probability_1=1e300),
    "negative": lambda table: table.assign(probability_0=-1.0),
    "labels that are texts": lambda table: table.assign(label="benign"),
    "labels between": lambda table: table.assign(label=0.5),
    "lists": lambda table: table.assign(probability_0=[[0.1, 0.2]] * len(table)),
    "other images": lambda table: table.assign(sample=[f"other {i}" for i in range(len(table))]),
    "fewer images": lambda table: table[:-3],
    "more classes": lambda table: table.assign(probability_2=0.0),
}


STRANGERS = {"other images", "fewer images", "more classes"}  # found beside runs that agree; two of them would be no stranger


def damage_run(database, run_id, damage, folder):
    """Give a run predictions of its own in a folder that is not there yet, and damage them."""
    (place,) = database.connection.execute("SELECT artifact_uri FROM runs WHERE run_uuid = ?", [run_id]).fetchone()
    shutil.copytree(place.removeprefix("file://"), folder)
    database.change(run_id, "runs", "artifact_uri", str(folder))
    path = folder / "predictions.parquet"
    odd(pd.read_parquet(path), DAMAGES[damage], path)


@pytest.mark.slow
def test_runs_whose_predictions_cannot_be_used_are_left_out_and_named_and_no_other_changes(toy, whole, figures_of, tmp_path):
    """The first cell with one seed more for each damage; if one of these counted, its source would have a seed more."""
    database = Database("mlflow.db")
    odd_ones = {}
    for seed, damage in enumerate(set(DAMAGES) - STRANGERS, SEEDS):
        run_id = odd_ones[damage] = database.copy(whole[1]["cell"][0])
        database.change(run_id, "params", "seed", str(seed))
        damage_run(database, run_id, damage, tmp_path / f"artifacts {seed}")
    database.close()
    they_are_left_out_and_no_other_changes(toy, odd_ones.values(), *figures_of([]))


@pytest.mark.slow
@pytest.mark.parametrize("damage", sorted(STRANGERS))
def test_a_run_of_other_images_than_all_others_is_left_out_and_named_and_no_other_changes(
    toy, whole, figures_of, tmp_path, damage
):
    database, run_id = Database("mlflow.db"), whole[1]["cell"][0]
    damage_run(database, run_id, damage, tmp_path / "artifacts")
    database.close()
    they_are_left_out_and_no_other_changes(toy, [run_id], *figures_of([run_id]), page=damage == "other images")


def they_are_left_out_and_no_other_changes(toy, run_ids, rows, ways, page=True):
    code, out, err = toy("board", "toy", "--format", "json")
    assert code == 0, err
    made = json.loads(out)
    for run_id in run_ids:
        assert [note for note in made["notes"] if note.startswith(f"run {run_id} is left out: ")], made["notes"]
    assert made["images"] == list(TARGETS)  # the test images of all others count as before
    for target in TARGETS:
        assert [row | {"energy_kwh": 0} for row in made["targets"][target]] == rows[target]
    the_regret_is_shown_without_them(toy, run_ids, ways)
    if page:
        the_page_shows_the_regret(toy)


def the_regret_is_shown_without_them(toy, run_ids, ways):
    code, out, err = toy("cost", "toy", "--format", "json")
    assert code == 0, err
    for run_id in run_ids:
        assert err.count(f"run {run_id} is left out: ") == 1
    made = json.loads(out)["tradeoff"]
    assert made is not None
    assert {w["name"]: (w["regret"], w["low"], w["high"], w["targets"]) for w in made["ways"]} == ways


def the_page_shows_the_regret(toy):
    code, _, err = toy("report", "toy", "--no-log", "--details", "0")
    assert code == 0, err
    page = Path("report.html").read_text()
    assert "Regret in AUC against the energy spent" in page
    assert "Left out: the cost of no way" not in page


@pytest.mark.slow
def test_a_report_says_why_it_shows_no_regret(toy, whole):
    """The first target alone has runs, and of one source alone."""
    database = Database("mlflow.db")
    for run_id in whole[1]["cell"][SEEDS:]:
        database.change(run_id, "runs", "lifecycle_stage", "deleted")
    database.close()
    code, _, err = toy("report", "toy", "--no-log", "--details", "0")
    assert code == 0, err
    page = Path("report.html").read_text()
    assert "has no target with auc of two sources or more: there is no regret" in page
    assert "has two sources to choose from" in page


PLACES = ("/somewhere/../else", "http://stranger.example/x", "nowhere://x", "", "\x00", "file:///gone")


@pytest.mark.slow
def test_the_places_of_some_runs_end_no_command(toy, whole):
    database = Database("mlflow.db")
    for run_id, place in zip(whole[1]["cell"][::2], PLACES, strict=True):
        database.change(run_id, "runs", "artifact_uri", place)
    database.close()
    for command in SHOWING:
        code, _, err = toy(*command)
        assert code == 0, err
        assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("board", "toy", "--format", "json"), ("agree", "toy"), ("cost", "toy"), ("report", "toy", "--no-log", "--details", "20"),
     ("compare", "good", "bad", "toy", "--target", "ihc")], ids=lambda command: command[0],
)  # fmt: skip
def test_figures_are_shown_if_the_place_of_all_predictions_is_not_trusted(toy, caplog, command):
    database = Database("mlflow.db")
    database.connection.execute("UPDATE runs SET artifact_uri = 'hdfs://host/x/' || run_uuid || '/artifacts'")
    database.connection.execute("UPDATE experiments SET artifact_location = 'hdfs://host/x'")
    database.close()
    for _ in range(2):  # the second call finds what the first has cached
        caplog.clear()
        code, out, err = toy(*command)
        assert code == 0, err
        assert (err + caplog.text).count("puts artifacts at hdfs://host/x") == 1
    if command[0] == "cost":
        assert "full sweep" in out
    if command[0] == "board":
        why = "the sampling error of the test images is not counted: not every run has predictions that can be read"
        assert f"ihc, pond: {why}" in json.loads(out)["notes"]


@pytest.mark.slow
def test_a_circle_of_pretrainings_ends(toy, whole):
    database = Database("mlflow.db")
    (first,) = whole[1]["pretraining"]
    second = database.copy(first)
    database.add(first, "tags", "cats.pretraining", second)
    database.add(second, "tags", "cats.pretraining", "before")
    database.close()
    for command in SHOWING:
        assert toy(*command)[0] == 0


@pytest.mark.parametrize("text", ["{}", '"breastmnist"', "banana", "[]", "[1]", '[""]', "null", "", "[" * 3000])
def test_families_that_are_no_list_switch_no_guard_off(toy, text):
    from benchmark.specs import model_registry
    from results.error import CatsError

    tracking = Experiment("sqlite:///mlflow.db", "toy")
    tags = dict.fromkeys(model_registry.TAGS, "x") | {"cats.sha256": "0" * 64, "cats.families": text}
    run = next(iter(tracking.runs()))
    tracking.client.create_registered_model("weights")
    tracking.client.create_model_version("weights", "nowhere", run.info.run_id, tags=tags)
    model_registry._version_at.cache_clear()
    with pytest.raises(CatsError, match="its tag cats.families, .*, is not a list of names") as caught:
        model_registry.families("models:/weights/1", "sqlite:///mlflow.db")
    assert len(str(caught.value)) < 400


@pytest.mark.slow
def test_a_board_without_place_for_sentences_says_its_notes_beside_the_table(toy, whole):
    """A spreadsheet has figures alone; that a run is left out, which changes them, is said all the same."""
    code, table, err = toy("board", "toy", "--format", "csv")
    assert (code, "is left out" in err) == (0, False)
    database = Database("mlflow.db")
    database.change(whole[1]["cell"][0], "tags", "cats.costs", "{")
    database.close()
    code, out, err = toy("board", "toy", "--format", "csv")
    assert (code, out != table) == (0, True)
    assert f"run {whole[1]['cell'][0]} (good → ihc, net, seed 0) is left out: " in err
    _, board, _ = toy("board", "toy", "--format", "json")
    assert json.loads(board)["notes"] == err.splitlines()


def test_runs_and_experiments_that_are_removed_while_they_are_read_end_no_command_with_a_traceback(toy, whole, tmp_path):
    """Another program removes them for good between two questions of one command."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    from results.error import CatsError, OddRunError
    from results.report.build import reader, versions
    from results.tracking.snapshot import frame_of

    tracking, store = (
        Experiment("sqlite:///mlflow.db", "toy"),
        SqlAlchemyStore(f"sqlite:///{Path('mlflow.db').resolve()}", "artifacts"),
    )
    frame = tracking.frame()
    for run_id in frame["run_id"]:
        tracking.client.delete_run(run_id)
        store._hard_delete_run(run_id)
    assert versions(tracking, frame) == []
    assert reader(tracking)(frame["run_id"][0], "curve_val_auc") == []
    with pytest.raises(OddRunError, match="is not on sqlite:.* any more"):
        tracking.predictions(frame["run_id"][0])
    tracking.client.delete_experiment(tracking.experiment_id)
    store._hard_delete_experiment(tracking.experiment_id)
    with pytest.raises(CatsError, match="cannot be read: No Experiment with id=") as caught:
        frame_of(tracking, tmp_path / "snapshots")
    assert "\n" not in str(caught.value)
