"""`cats import` and `cats agree`, as a person calls them."""

import json
import os
import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from benchmark.cli.main import app
from results.tracking.experiment import Experiment
from results.tracking.lease import Lease
from results.tracking.outbox import Outbox
from tests.support import processes
from tests.support.folded import makers
from tests.support.odd_runs import Database

RUNS = "id,from,to,state,auc,vl\n" + "".join(
    f"{i},{source},{target},{state},{auc},{1 - auc:.2f}\n"
    for i, (source, target, state, auc) in enumerate(
        (source, target, state, auc)
        for target, values in (("idc", (0.9, 0.7, 0.8)), ("ihc", (0.8, 0.6, 0.7)))
        for source, auc in zip(("imagenet", "scratch", "fractal"), values, strict=True)
        for state in ("FINISHED", "RUNNING")
    )
)
MAP = """\
title: toy
run: id
source: from
target: to
backbone: {value: net}
status: state
validation: {val_loss: vl}
scores: {auc: auc}
"""
SCORES = "source,idc,ihc\nimagenet,3,3\nscratch,1,1\nfractal,2,2\n"


def write_inputs(folder):
    (folder / "runs.csv").write_text(RUNS)
    (folder / "map.yaml").write_text(MAP)
    (folder / "lp.csv").write_text(SCORES)


@pytest.fixture
def cats(cats, tmp_path):
    write_inputs(tmp_path)
    return cats


@pytest.mark.slow
def test_an_import_waits_for_a_run_that_writes_to_the_same_experiment(cats, tmp_path):
    with Lease(Experiment("sqlite:///mlflow.db", "theirs"), Outbox(tmp_path / "elsewhere" / "box"), print, 0.1):
        command = ["-m", "benchmark", "import", "runs.csv", "--map", "map.yaml", "--experiment", "theirs"]
        process = processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        waits = process.stderr.readline()
        assert "another cats run (user " in waits
        assert f", pid {os.getpid()} on " in waits
        assert process.poll() is None
    out, err = process.communicate(timeout=200)
    assert (process.returncode, out.startswith("theirs on sqlite:///mlflow.db: 6 finished runs")) == (0, True), err


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The database that an import of all runs and scores makes."""
    folder = tmp_path_factory.mktemp("theirs")
    write_inputs(folder)
    arguments = ["import", "runs.csv", "--map", "map.yaml", "--scores", "lp=lp.csv", "--experiment", "theirs"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CATS_HOME", str(folder / "home"))
        done = CliRunner().invoke(app, arguments)
    said = "theirs on sqlite:///mlflow.db: 6 finished runs, 6 interrupted runs, 6 scored pairs\n"
    assert (done.exit_code, done.stdout) == (0, said)
    return folder / "mlflow.db"


@pytest.fixture
def brought(cats, imported, tmp_path):
    shutil.copy(imported, tmp_path)
    return cats


@pytest.mark.slow
def test_a_second_import_adds_nothing(brought):
    code, out, _ = brought("import", "runs.csv", "--map", "map.yaml", "--scores", "lp=lp.csv", "--experiment", "theirs")
    assert (code, out) == (0, "theirs on sqlite:///mlflow.db: 18 existed already\n")
    assert makers("sqlite:///mlflow.db", "theirs") == {("cell", "cats import"), ("score", "cats import")}


@pytest.mark.slow
def test_what_was_imported_stands_on_a_board(brought):
    code, out, _ = brought("board", "theirs", "--format", "json")
    assert code == 0
    board = json.loads(out)
    assert [row["source"] for row in board["targets"]["idc"]] == ["imagenet", "fractal", "scratch"]
    assert {row["seeds"] for rows in board["targets"].values() for row in rows} == {1}


@pytest.mark.slow
def test_measures_are_judged_by_what_was_imported(brought):
    code, out, _ = brought("agree", "theirs", "--combine", "twice=2*lp", "--format", "json")
    assert code == 0
    made = json.loads(out)
    rows = {row["name"]: row for row in made["rows"]}
    assert list(rows) == ["lp", "twice", "always imagenet", "static mean rank", "random", "oracle"]
    assert rows["lp"]["mean"]["weighted_tau"]["value"] == pytest.approx(1)
    assert rows["twice"]["mean"]["regret_1"]["value"] == pytest.approx(0)
    assert rows["random"]["mean"]["regret_1"]["value"] == pytest.approx(0.1)


def kwh_of_sources(cats):
    tables = {table["title"]: table["lines"] for table in json.loads(cats("cost", "theirs", "--format", "json")[1])["tables"]}
    return [line["kWh"] for line in tables["Sources, cells of all targets"]]


@pytest.mark.slow
def test_a_second_import_adds_what_the_map_says_more_and_names_what_it_cannot_change(brought, tmp_path):
    again = ("import", "runs.csv", "--map", "map.yaml", "--experiment", "theirs")
    assert kwh_of_sources(brought) == [None] * 3
    (tmp_path / "map.yaml").write_text(MAP + POWER + ", country: DNK}\n")
    assert (
        brought(*again)[1]
        == "theirs on sqlite:///mlflow.db: 12 existed already, 12 of them were updated to agree with the map\n"
    )
    assert min(kwh_of_sources(brought)) > 0  # at once, without --fresh
    (tmp_path / "runs.csv").write_text(RUNS.replace("0.9,0.10", "0.95,0.10"))
    code, out, err = brought(*again)
    assert (code, out) == (0, "theirs on sqlite:///mlflow.db: 12 existed already\n")
    assert err.startswith("2 existing runs differ in test_auc and were not changed; to import the new values")


SIZES = "sizes: {imagenet: 1000, fractal: 100}\n"
POWER = "duration: {column: vl, unit: hours}\npower: {column: auc"


@pytest.mark.slow
def test_the_largest_source_is_a_constant_where_the_map_says_sizes(cats, tmp_path):
    (tmp_path / "map.yaml").write_text(MAP + SIZES)
    assert cats("import", "runs.csv", "--map", "map.yaml", "--scores", "lp=lp.csv", "--experiment", "theirs")[0] == 0
    code, out, _ = cats("agree", "theirs", "--format", "json")
    assert code == 0
    row = next(row for row in json.loads(out)["rows"] if row["name"] == "largest source")
    assert (row["constant"], row["judged"]) == (True, 2)
    assert row["mean"]["weighted_tau"]["value"] == pytest.approx(1)  # of the two whose size is known
    assert row["reasons"] == dict.fromkeys(("idc", "ihc"), "it gives no score to scratch")


@pytest.mark.slow
def test_a_country_of_a_map_makes_co2e_of_energy(cats, tmp_path):
    made = {}
    for name, more in (("stated", ", kg_per_kwh: 0.15165}\n"), ("danish", ", country: DNK}\n"), ("silent", "}\n")):
        (tmp_path / "map.yaml").write_text(MAP + POWER + more)
        assert cats("import", "runs.csv", "--map", "map.yaml", "--experiment", name)[0] == 0
        made[name] = json.loads(cats("cost", name, "--format", "json")[1])
    assert made["danish"]["kwh"] > 0
    assert made["danish"]["co2e_kg"] == made["stated"]["co2e_kg"] == pytest.approx(0.15165 * made["danish"]["kwh"])
    assert made["silent"]["co2e_kg"] is None


def test_too_few_targets_teach_nothing_and_that_is_one_sentence(brought):
    code, out, err = brought("agree", "theirs", "--learn-from", "theirs")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("cats: nothing is learned: learned rests on ")
    assert err.endswith("with results and scores, and needs 5\n")
    code, _, err = brought("agree", "theirs", "--learn-from", "their")
    assert code == 2
    assert "nothing can be learned from 'their': " in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "part"), [("table", "static mean rank"), ("csv", "measure,constant,target,statistic"), ("markdown", "| lp |")]
)
def test_an_agreement_is_printed_in_every_format(brought, form, part):
    code, out, _ = brought("agree", "theirs", "--format", form)
    assert code == 0
    assert part in out


@pytest.mark.slow
def test_a_bare_matrix_names_no_winner(cats, tmp_path):
    (tmp_path / "auc.csv").write_text("source,idc\nimagenet,0.9\nscratch,0.5\n")
    assert cats("import", "--matrix", "auc.csv", "--experiment", "bare")[0] == 0
    code, out, _ = cats("board", "bare")
    assert code == 0
    assert "no winner" in out
    assert "seed" in out.splitlines()[0]


@pytest.mark.slow
def test_scores_may_come_later_and_of_a_named_backbone(brought):
    code, _, _ = brought("import", "--scores", "otdd=lp.csv", "--lower", "otdd", "--backbone", "net", "--experiment", "theirs")
    assert code == 0
    _, out, _ = brought("agree", "theirs", "--format", "json")
    rows = {row["name"]: row for row in json.loads(out)["rows"]}
    assert rows["lp"]["mean"]["weighted_tau"]["value"] == pytest.approx(1)
    assert rows["otdd"]["mean"]["weighted_tau"]["value"] == pytest.approx(-1)  # turned, because lower was better


@pytest.mark.slow
def test_scores_of_another_backbone_than_that_of_the_runs_are_named(brought):
    sentence = (
        "the scores are of the backbone unknown, and the runs of theirs are of net, so that `cats agree` does not compare"
    )
    code, _, err = brought("import", "--scores", "otdd=lp.csv", "--experiment", "theirs")
    assert code == 0
    assert sentence in " ".join(err.split())
    assert "import them again with --backbone net" in " ".join(err.split())
    code, _, err = brought("import", "--scores", "otdd=lp.csv", "--experiment", "theirs", "--backbone", "net")
    assert (code, err) == (0, "")
    assert brought("import", "--scores", "otdd=lp.csv", "--experiment", "scores alone")[2] == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runs.csv"], "a table of runs and --map need each other"),
        ([], "there is nothing to import; give a table of runs with --map, or --matrix, or --scores MEASURE=FILE"),
        (["runs.csv", "--map", "cats2042"], "and the file of your own map must end in .yaml; did you mean 'cats2024'?"),
        (["runs.csv", "--map", "their.yaml"], "there is no file their.yaml"),
        (["runs.csv", "--map", "wrong.yaml"], "wrong.yaml: there is no key 'sorce'; did you mean 'source'?"),
        (["runs.csv", "--map", "unit.yaml"], "unit.yaml: duration.unit is 'days', allowed are 'seconds', 'minutes', "),
        (["runs.csv", "--map", "far.yaml"], "codecarbon knows no country 'DNL'"),
        (["runs.csv", "--map", "both.yaml"], "power: country and kg_per_kwh both give the carbon intensity; use one of them"),
        (["runs.csv", "--map", "less.yaml"], "less.yaml: sizes.imagenet"),
        (["absent.csv", "--map", "map.yaml"], "there is no file absent.csv"),
        (["runs.csv", "--map", "cats2024"], "runs.csv has no column 'run_id'"),
        (["--scores", "lp"], "--scores is 'lp'; write MEASURE=FILE, for example logme=logme.csv"),
        (["--scores", "lp=lp.csv", "--scores", "lp=lp.csv"], "--scores names the measure 'lp' twice"),
        (["runs.csv", "--map", "map.yaml", "--citation", "Us"], "--citation is for matrices; of a table"),
        (["--scores", "lp=lp.csv", "--lower", "lq"], "'lq' is a measure without scores, so its sign"),
    ],
)  # fmt: skip
def test_a_wrong_import_is_one_sentence_and_brings_nothing(cats, tmp_path, arguments, sentence):
    (tmp_path / "wrong.yaml").write_text(MAP.replace("source:", "sorce:"))
    (tmp_path / "unit.yaml").write_text(MAP + "duration: {column: vl, unit: days}\n")
    (tmp_path / "far.yaml").write_text(MAP + POWER + ", country: DNL}\n")
    (tmp_path / "both.yaml").write_text(MAP + POWER + ", country: DNK, kg_per_kwh: 0.1}\n")
    (tmp_path / "less.yaml").write_text(MAP + "sizes: {imagenet: -1}\n")
    code, _, err = cats("import", *arguments, "--experiment", "theirs")
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["theirs", "--combine", "x=lp*lq"], "there are no scores of 'lq' of the combination 'x=lp*lq'"),
        (["theirs", "--metric", "auk"], "no run of 'theirs' has the metric 'auk'; did you mean 'auc'?"),
        (["theirs", "--rule", "best"], "there is no rule 'best'"),
        (["thiers"], "no experiment 'thiers'"),
    ],
)
def test_a_wrong_question_is_one_sentence(brought, arguments, sentence):
    code, _, err = brought("agree", *arguments)
    assert code == 2
    assert sentence in err


@pytest.mark.slow
def test_there_is_nothing_to_judge_without_scores_and_without_a_database(cats):
    assert cats("agree", "theirs")[2].startswith("cats: there is no database sqlite:///mlflow.db")
    cats("import", "runs.csv", "--map", "map.yaml", "--experiment", "theirs")
    code, _, err = cats("agree", "theirs")
    assert (code, "experiment 'theirs' holds no scores of measures" in err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        ("metrics", "test_auc", "high"),
        ("metrics", "test_auc", float("inf")),
        ("tags", "cats.costs", "{}"),
        ("tags", "cats.kind", "x"),
    ],
)
def test_a_run_that_was_changed_elsewhere_is_imported_again(brought, where, name, value):
    runs = Experiment("sqlite:///mlflow.db", "theirs").runs("attributes.status = 'FINISHED' and tags.`cats.kind` = 'cell'")
    database = Database("mlflow.db")
    database.change(next(iter(runs)).info.run_id, where, name, value)
    database.close()
    code, out, err = brought("import", "runs.csv", "--map", "map.yaml", "--experiment", "theirs")
    assert code == 0, err
    assert "1 finished run, 11 existed already" in out
    code, out, _ = brought("board", "theirs", "--format", "json")
    assert code == 0
    assert sum(row["seeds"] for rows in json.loads(out)["targets"].values() for row in rows) == 6
