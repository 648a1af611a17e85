"""`cats keep`: the network of a cell, stored or trained again, is equal to the record's, and its folder says what it is."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmark.cli.keep import default_folder
from benchmark.core.paths import networks_folder
from benchmark.data import identity
from benchmark.execution.records import runs_of
from benchmark.execution.resolution import resolve_plan
from benchmark.models.keep import facts_of, keep
from benchmark.models.model import read_model
from benchmark.specs import catalogue
from benchmark.specs.plan import load_plan
from results.error import CatsError
from results.evaluation.calibration import apply_temperature
from results.evaluation.reliability import calibration_error
from results.metrics import METRICS
from results.statistics.influence import parse_predictions
from tests.support import processes
from tests.support.small_plan import small

pytestmark = pytest.mark.slow

PLAN = {"sources": ["scratch", "digits"], "seeds": 2, "keep": "all"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A database of a small plan whose networks are stored, and the home in which they lie."""
    place = tmp_path_factory.mktemp("kept")
    (place / "small.yaml").write_text(small(**PLAN))
    surroundings = {**os.environ, "CATS_HOME": str(place / "home")}
    done = processes.run(["-m", "benchmark", "run", "small.yaml"], cwd=place, env=surroundings, timeout=200)
    assert done.returncode == 0, done.stderr
    return place


@dataclass(frozen=True)
class Said:
    """What a command has printed, as one line each."""

    out: str
    err: str


@pytest.fixture
def run(cats):
    """The command, which must end with a code; its words do not depend on the width of the terminal."""

    def call(*arguments, code=0):
        ended, out, err = cats(*arguments)
        assert ended == code, err
        return Said(" ".join(out.split()), " ".join(err.split()))

    return call


@pytest.fixture
def here(made, run, tmp_path, monkeypatch):
    """A copy of that place, which a test may change."""
    place = tmp_path / "work"
    shutil.copytree(made, place)
    for name in ("snapshots", "images", "digests"):  # they hold paths of the place that was copied
        shutil.rmtree(place / "home" / name, ignore_errors=True)
    with closing(sqlite3.connect(place / "mlflow.db")) as database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(made), str(place)))
        database.commit()
    monkeypatch.chdir(place)
    monkeypatch.setenv("CATS_HOME", str(place / "home"))
    return place


def test_a_stored_network_and_one_that_is_trained_again_are_equal(here, run):
    chosen = ["--target", "ihc", "--source", "scratch", "--seed", "1"]
    assert "as it was stored" in run("keep", "small.yaml", *chosen, "--to", "stored").out
    shutil.rmtree(networks_folder())
    assert "trained again" in run("keep", "small.yaml", *chosen, "--to", "again").out
    for name in ("weights.safetensors", "reference.safetensors"):
        assert (here / "stored" / name).read_bytes() == (here / "again" / name).read_bytes()
    stored, again = read_model(here / "stored"), read_model(here / "again")
    assert stored.manifest.comparison.largest == again.manifest.comparison.largest == 0
    assert again.manifest.comparison.made_again
    assert not stored.manifest.comparison.made_again


def test_the_manifest_says_what_the_record_says(here, run):
    run("keep", "small.yaml", "--source", "digits", "--seed", "0", "--to", "m")
    manifest = read_model(here / "m").manifest
    frame = runs_of("sqlite:///mlflow.db", "small")
    row = frame[frame["key"] == manifest.key].iloc[0]
    assert (row["source"], row["seed"], row["target"]) == ("digits", "0", "ihc")
    assert manifest.scores["auc"].value == row["test_auc"]
    assert manifest.scores["auc"].low <= row["test_auc"] <= manifest.scores["auc"].high
    assert sum(manifest.energy.values()) == pytest.approx(row["kwh"])
    assert not [note for note in manifest.notes if "somewhat too good" in note]  # a person has named the source
    known = parse_predictions(pd.read_parquet(next(here.glob(f"mlruns/**/{row['run_id']}/**/predictions.parquet"))))
    stained, called = (each.argmax(axis=1) == 1 for each in (known.truth, known.probabilities))
    assert manifest.scores["sensitivity"].value == pytest.approx(called[stained].mean())
    assert manifest.scores["specificity"].value == pytest.approx((~called)[~stained].mean())
    error = calibration_error(known)
    assert (manifest.scores["ece"].low, manifest.scores["ece"].high) == (error.low, error.high)
    soft = apply_temperature("multiclass", known.probabilities, manifest.temperature)
    error = calibration_error(replace(known, probabilities=soft))
    after = manifest.calibrated["ece"]
    assert (after.value, after.low, after.high) == pytest.approx((error.value, error.low, error.high), abs=1e-6)
    assert manifest.calibrated["brier"].value == pytest.approx(
        METRICS["brier"].of(replace(known, probabilities=soft)), abs=1e-6
    )
    assert manifest.subgroups == ()
    assert manifest.tested.images == len(known.truth)
    assert manifest.tested.patients == (None if catalogue.target("ihc").dataset.groups is None else len(set(known.groups)))
    run("card", "m")
    assert f"rest on {manifest.tested.images} test images" in (here / "m" / "README.md").read_text()
    assert manifest.classes == catalogue.target("ihc").dataset.classes
    assert {point.fixed for point in manifest.thresholds} == {"sensitivity", "specificity"}
    assert [each.role for each in manifest.attributions] == ["target", "source"]


def test_the_figures_of_subgroups_are_those_of_the_images_with_the_attribute(here, run):
    for path in here.glob("mlruns/**/predictions.parquet"):
        table = pd.read_parquet(path)
        table["attribute_site"] = np.where(np.arange(len(table)) % 3 == 0, "south", "north")
        table.to_parquet(path)
    run("keep", "small.yaml", "--source", "digits", "--seed", "0", "--to", "m")
    (found,) = read_model(here / "m").manifest.subgroups
    assert (found.attribute, found.metric, {group.name for group in found.groups}) == ("site", "auc", {"north", "south"})
    assert found.sentence.startswith("site: ")
    for group in found.groups:
        rows = table[table["attribute_site"] == group.name]
        assert group.images == len(rows)
    card = run("card", "m") and (here / "m" / "README.md").read_text()
    assert f"| site | {found.groups[0].name} | {found.groups[0].images} | {found.groups[0].score.value:.3f} (" in card


def test_the_first_of_the_board_is_kept_and_the_seed_by_validation_loss(here, run):
    said = run("keep", "small.yaml", "--to", "m").err
    manifest = read_model(here / "m").manifest
    frame = runs_of("sqlite:///mlflow.db", "small")
    cells = frame[frame["kind"] == "cell"]
    best = cells.groupby("source")["test_auc"].mean().idxmax()
    losses = cells[cells["source"] == best].set_index("seed")["val_loss"]
    assert (manifest.names["source"], manifest.names["seed"]) == (best, losses.idxmin())
    assert f"{best} is kept, the first of the board" in said
    assert "of 2 seeds the one with the smallest validation loss is kept" in said
    chosen = (
        f"the test images of ihc have chosen {best} among 2, so that its scores on the same test images are somewhat too good"
    )
    assert chosen in manifest.notes


def test_the_best_alone_stay_stored(here, run):
    text = yaml.safe_load((here / "small.yaml").read_text())
    (here / "small.yaml").write_text(yaml.safe_dump(text | {"keep": "best"}))
    assert len(list(networks_folder().glob("*.safetensors"))) == 4
    run("run", "small.yaml")
    assert len(list(networks_folder().glob("*.safetensors"))) == 2
    assert "as it was stored" in run("keep", "small.yaml", "--to", "m").out


def test_the_networks_stay_stored_until_every_cell_is_done(here, run):
    text = yaml.safe_load((here / "small.yaml").read_text())
    (here / "small.yaml").write_text(yaml.safe_dump(text | {"keep": "best", "seeds": 3}))
    run("run", "small.yaml", "--cells", "5")
    assert len(list(networks_folder().glob("*.safetensors"))) == 5
    run("run", "small.yaml")
    assert len(list(networks_folder().glob("*.safetensors"))) == 3


def test_a_name_in_a_fact_of_an_early_record_is_left_out(here):
    cell = next(iter(resolve_plan(load_plan("small.yaml"), "sqlite:///mlflow.db").cells()))
    tags = {"images": "780", "duplicates": "1 image in test is in train too, for example 'Smith_01.png'", "groups": "None"}
    facts = facts_of(cell, tags, {"source": "scratch", "target": "no_such_entry"})
    assert set(facts) == {"data", "start", "images", "duplicates"}
    assert "Smith_01" not in facts["duplicates"]
    assert facts["duplicates"].startswith("1 image in test is in train too")
    assert facts_of(cell, tags, {"source": "scratch", "target": "ihc"})["duplicates"] == tags["duplicates"]


def test_the_default_folder_is_one_folder_whatever_the_source_is_called(here):
    cell = next(iter(resolve_plan(load_plan("small.yaml"), "sqlite:///mlflow.db").cells()))
    registered = cell.model_copy(update={"source": "models:/Mine/1"})
    assert default_folder(registered) == Path("models") / f"ihc-models-Mine-1-{cell.backbone}-{cell.seed}"
    assert default_folder(cell) == Path("models") / f"ihc-{cell.source}-{cell.backbone}-{cell.seed}"
    assert default_folder(cell, "25") == Path("models") / f"ihc-{cell.source}-{cell.backbone}-{cell.seed}-train25"


def test_what_is_kept_changes_no_key(here):
    plain, keeping = (load_plan_with(here, keep) for keep in ("none", "all"))
    assert plain == keeping


def load_plan_with(place, keep):
    text = yaml.safe_load((place / "small.yaml").read_text())
    (place / "small.yaml").write_text(yaml.safe_dump(text | {"keep": keep}))
    return [cell.key for cell in resolve_plan(load_plan("small.yaml"), "sqlite:///mlflow.db").cells()]


def _full(here):
    (here / "m").mkdir()
    (here / "m" / "mine").write_text("mine")


def _other_prediction(here):
    shutil.rmtree(here / "home" / "snapshots", ignore_errors=True)
    for path in here.glob("mlruns/**/predictions.parquet"):
        table = pd.read_parquet(path)
        names = [name for name in table if name.startswith("probability_")]
        table[names] = table[names].to_numpy()[:, ::-1]
        table.to_parquet(path)


@pytest.mark.parametrize(
    ("arguments", "change", "sentence"),
    [
        (["--source", "digit"], None, "no finished cell of this plan has the source 'digit'; did you mean 'digits'?"),
        (["--target", "idc"], None, "no finished cell of this plan has the target 'idc'; did you mean 'ihc'?"),
        (["--seed", "7"], None, "no finished cell of this plan has the seed '7'; allowed are 0, 1"),
        ([], _full, "m exists and is not empty; name another folder with --output, or remove this one"),
        ([], _other_prediction, "differ from its record by up to"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence_and_leaves_nothing(arguments, change, sentence, here, run):
    if change is not None:
        change(here)
    before = sorted(path.name for path in here.iterdir())
    done = run("keep", "small.yaml", "--to", "m", *arguments, code=2)
    assert sentence in done.err
    assert sorted(path.name for path in here.iterdir()) == before


def test_a_damaged_stored_network_is_trained_again(here, run):
    for path in networks_folder().glob("*.safetensors"):
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        path.write_bytes(content)
    assert "trained again" in run("keep", "small.yaml", "--to", "m").out


def test_a_protocol_without_a_network_is_refused(here, run):
    (here / "knn.yaml").write_text(
        small(recipe={"base": "knn", "epochs": None, "batch_size": None}, sources=["scratch"], seeds=1)
    )
    run("run", "knn.yaml")
    said = run("keep", "knn.yaml", "--to", "m", code=2).err
    assert (
        "is of protocol knn, which leaves no network that could be kept; cells of the protocols finetune, lora, partial, "
        "bitfit, norms, probe and prototype can be kept" in said
    )
    assert not (here / "m").exists()


def test_a_probe_is_kept_as_a_linear_head(here, run):
    recipe = {"base": "probe", "epochs": None, "batch_size": None, "hidden": [8], "precision": "fp32"}
    (here / "probe.yaml").write_text(small(recipe=recipe, sources=["scratch"], seeds=1, keep="all"))
    run("run", "probe.yaml")
    assert "as it was stored" in run("keep", "probe.yaml", "--to", "stored").out
    shutil.rmtree(networks_folder())
    assert "trained again" in run("keep", "probe.yaml", "--to", "again").out
    stored, again = read_model(here / "stored"), read_model(here / "again")
    assert (here / "stored/weights.safetensors").read_bytes() == (here / "again/weights.safetensors").read_bytes()
    assert stored.manifest.recipe.protocol == "probe"
    assert stored.manifest.architecture.hidden == ()  # which a probe has none of, whatever its recipe says
    assert max(stored.manifest.comparison.largest, again.manifest.comparison.largest_float32) < 1e-4


def test_networks_of_neighbours_are_refused_when_the_plan_is_read(here, run):
    (here / "knn.yaml").write_text(small(recipe={"base": "knn", "epochs": None, "batch_size": None}, keep="best"))
    said = run("run", "knn.yaml", code=2).err
    assert "knn.yaml: keep is 'best', but all cells are of protocol knn, which leaves no network that could be kept" in said


def test_reference_images_are_those_of_the_cell(here, run):
    run("keep", "small.yaml", "--to", "m")
    model = read_model(here / "m")
    np.testing.assert_array_equal(np.bincount(model.reference.parts), [60, *np.bincount(model.reference.parts)[1:]])
    table = json.loads((here / "m" / "model.json").read_text())
    assert set(table["digests"]) == {"weights.safetensors", "reference.safetensors"}


def test_a_folder_with_content_is_refused_before_anything_is_trained(here, run):
    _full(here)
    shutil.rmtree(networks_folder())
    with pytest.raises(CatsError, match="exists and is not empty"):
        keep(None, None, Path("m"), None)


def _set(here, change, *values):
    with closing(sqlite3.connect(here / "mlflow.db")) as database:
        database.execute(change, values)
        database.commit()


def test_a_failed_cell_and_one_that_was_never_made_are_refused(here, run):
    _set(
        here,
        "UPDATE runs SET status = 'FAILED' WHERE run_uuid IN (SELECT a.run_uuid FROM params a JOIN params b ON a.run_uuid = "
        "b.run_uuid WHERE a.key = 'source' AND a.value = 'digits' AND b.key = 'seed' AND b.value = '1')",
    )
    said = run("keep", "small.yaml", "--source", "digits", "--seed", "1", "--to", "m", code=2).err
    assert said == "cats: no finished cell of this plan has the seed '1'; allowed are 0"
    text = yaml.safe_load((here / "small.yaml").read_text())
    (here / "small.yaml").write_text(yaml.safe_dump(text | {"seeds": 4}))
    said = run("keep", "small.yaml", "--source", "scratch", "--seed", "3", "--to", "m", code=2).err
    assert said == "cats: no finished cell of this plan has the seed '3'; allowed are 0, 1"
    _set(here, "UPDATE runs SET status = 'FAILED'")
    said = run("keep", "small.yaml", "--to", "m", code=2).err
    assert said == "cats: experiment 'small' holds no finished cell of this plan; make some with `cats run`"
    assert not (here / "m").exists()


def test_a_cell_whose_data_have_changed_since_is_refused(here, run, monkeypatch):
    monkeypatch.setattr(identity, "SPLIT", identity.SPLIT + 1)
    said = run("keep", "small.yaml", "--to", "m", code=2).err
    assert said == (
        "cats: the cell that was chosen is no cell of small.yaml any more: its data, its weights or the trainer of cats have "
        "changed since it was made; `cats run small.yaml` makes it as it is now"
    )
    assert not (here / "m").exists()


def test_an_imported_run_is_refused(here, run):
    (here / "auc.csv").write_text("source,ihc\nscratch,.9\ndigits,.8\n")
    run("import", "--matrix", "auc.csv", "--experiment", "theirs", "--backbone", "test_resnet")
    text = yaml.safe_load((here / "small.yaml").read_text())
    (here / "theirs.yaml").write_text(yaml.safe_dump(text | {"experiment": "theirs"}))
    said = run("keep", "theirs.yaml", "--to", "m", code=2).err
    assert said == "cats: experiment 'theirs' holds no finished cell of this plan; make some with `cats run`"
    assert not (here / "m").exists()


def test_a_run_without_predictions_is_refused(here, run):
    for path in here.glob("mlruns/**/predictions.parquet"):
        path.unlink()
    said = run("keep", "small.yaml", "--source", "digits", "--to", "m", code=2).err
    assert said.endswith(
        "has no predictions that the network could be compared with; imported runs and runs of early versions cannot be kept"
    )
    assert not (here / "m").exists()
