"""`cats report`: from an experiment to files, and to MLflow."""

import base64
import csv
import html
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmark.answers.page import page_options
from benchmark.cli.main import app
from benchmark.specs.plan import load_plan
from benchmark.specs.plan_facts import plan_text
from results.record import Outcome, Record
from results.report import export
from results.tracking.experiment import Experiment
from results.tracking.plan_run import fold
from results.tracking.send import send
from tests.support.drawings import draw_once
from tests.support.kept_models import kept_model
from tests.support.paths import ASSETS

pytestmark = pytest.mark.slow

OF_NO_RUN = pd.DataFrame()
OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())


@pytest.fixture
def tracking(cats, monkeypatch):
    draw_once(monkeypatch)
    made = Experiment("sqlite:///mlflow.db", "toy")
    send(made, Outcome(OLD.model_copy(update={"experiment": "toy"})))
    return made


def kinds(tracking):
    return sorted(run.data.tags["cats.kind"] for run in tracking.runs())


def test_a_report_is_a_file_and_a_run_of_its_own_once(cats, tracking):
    code, out, err = cats("report", "toy", "--output", "deep/page.html", "--figures", "figures")
    assert (code, err) == (0, "")
    assert out.startswith("deep/page.html: 0.")
    assert "1 attempt at cells and pretrainings, 1 with curves and ROC" in out
    assert Path("deep/page.html").read_text().startswith("<!DOCTYPE html>")
    assert {path.name for path in Path("figures").glob("heat.*")} >= {"heat.png", "heat.svg", "heat.pdf"}
    assert kinds(tracking) == ["cell", "report"]
    cats("report", "toy")
    assert kinds(tracking) == ["cell", "report"]
    assert Path("report.html").read_bytes() == Path("deep/page.html").read_bytes()


def test_a_report_that_is_not_logged_leaves_mlflow_alone(cats, tracking):
    code, out, _ = cats("report", "toy", "--no-log", "--details", "0")
    assert (code, kinds(tracking)) == (0, ["cell"])
    assert "0 with curves and ROC" in out


def test_a_report_says_with_which_options_the_plan_was_run(cats):
    Path("toy.yaml").write_text("sources: [scratch]\ntargets: [digits]\nbackbones: [test_resnet]\nrecipe: fast\n")
    plan, tracking = load_plan("toy.yaml"), Experiment("sqlite:///mlflow.db", "toy")
    stated = dict(page_options("toy.yaml", OF_NO_RUN, tracking).facts)
    assert stated["keep"] == "none"
    assert "" not in stated.values()  # a budget without a limit is no row
    fold(tracking, plan_text(plan.limited(cells=12).model_copy(update={"keep": "best"})))
    asked = dict(page_options("toy.yaml", OF_NO_RUN, tracking).facts)
    assert asked == stated | {"keep": "best", "budget": "cells 12"}
    other = plan.model_copy(update={"country": "FRA"})
    assert dict(page_options(other, OF_NO_RUN, tracking).facts)["keep"] == "none"  # another plan was run, not this one


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tou"], "no experiment 'tou' on sqlite:///mlflow.db; did you mean 'toy'?"),
        (["toy", "--tracking-uri", "sqlite:///no.db"], "there is no database sqlite:///no.db"),
        (["toy", "--metric", "auk"], "no run of 'toy' has the metric 'auk'; did you mean 'auc'?"),
        (["toy", "--output", "mlflow.db/page.html"], "cannot write the report to mlflow.db/page.html"),
        (["tou.yaml"], "tou.yaml"),
    ],
)
def test_a_mistake_is_one_sentence(cats, tracking, arguments, sentence):
    code, out, err = cats("report", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def brought_in(tmp_path_factory):
    """The database of three sources on three targets with scores of two measures, which were brought in."""
    folder = tmp_path_factory.mktemp("theirs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CATS_HOME", str(folder / "home"))
        bring_in()
    return folder / "mlflow.db"


@pytest.fixture
def scored(cats, brought_in, tmp_path, monkeypatch):
    """The command, beside a copy of that database. Of the files for papers it writes the tables alone."""
    draw_once(monkeypatch)
    monkeypatch.setattr(export, "FORMATS", ())
    shutil.copy(brought_in, tmp_path)
    return cats


def bring_in():
    Path("auc.csv").write_text("source,t1,t2,t3\na,.9,.7,.9\nb,.8,.8,.8\nc,.7,.6,.7\n")
    Path("lp.csv").write_text("source,t1,t2,t3\na,3,3,3\nb,2,1,2\nc,1,2,1\n")
    brought = ("--scores", "lp=lp.csv", "--scores", "fu=auc.csv", "--experiment", "theirs", "--backbone", "net")
    assert CliRunner().invoke(app, ["import", "--matrix", "auc.csv", *brought]).exit_code == 0


def test_a_report_holds_the_combinations_and_the_sharing_that_are_asked_for(scored):
    assert scored("report", "theirs", "--no-log", "--combine", "both=lp*fu", "--over", "7", "--figures", "f")[0] == 0
    agreement = Path("f/agreement.csv").read_text()
    assert "both,no," in agreement
    assert "P(in top tie)" in agreement.splitlines()[0]
    assert "tau ahead of static" in agreement.splitlines()[0]
    page = Path("report.html").read_text()
    assert "option: combinations" in page
    assert "7 targets" in page


def test_a_report_judges_what_other_boards_teach_as_cats_agree_does(scored):
    targets = ",".join(f"u{number}" for number in range(6))
    rows = {name: ",".join([value] * 6) for name, value in {"a": ".7", "b": ".8", "c": ".9"}.items()}
    Path("others.csv").write_text("\n".join([f"source,{targets}", *(f"{name},{row}" for name, row in rows.items())]))
    brought = ("--matrix", "others.csv", "--scores", "lp=others.csv", "--scores", "fu=others.csv")
    assert scored("import", *brought, "--experiment", "others", "--backbone", "net")[0] == 0
    assert scored("report", "theirs", "--no-log", "--learn-from", "others", "--figures", "f")[0] == 0
    _, out, _ = scored("agree", "theirs", "--learn-from", "others", "--format", "json")
    judged = json.loads(out)
    tau = next(row for row in judged["rows"] if row["name"] == "learned")["mean"]["weighted_tau"]["value"]
    with Path("f/agreement.csv").open(newline="") as table:
        row = next(each for each in csv.DictReader(table) if each["measure"] == "learned")
    assert row["weighted tau"].split()[0] == f"{tau:.2f}"
    assert row["constant"] == "no"
    page = html.unescape(Path("report.html").read_text())
    assert "learned: a ridge regression on the places of 3 inputs, which rests on 6 targets of 6 families" in page
    assert all(note in page for note in judged["notes"])
    assert "option: learned from" in page


def test_a_report_that_is_asked_to_be_fresh_sees_what_was_written_by_hand(scored):
    assert scored("report", "theirs", "--no-log", "--figures", "f")[0] == 0
    tracking = Experiment("sqlite:///mlflow.db", "theirs")
    runs = tracking.runs("params.target = 't1' and params.source = 'a' and tags.`cats.kind` = 'cell'")
    tracking.client.log_metric(next(iter(runs)).info.run_id, "test_auc", 0.99)
    assert scored("report", "theirs", "--no-log", "--fresh", "--figures", "g")[0] == 0
    assert "0.990" in Path("g/target-t1.csv").read_text()


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (["--over", "0"], "a pretraining cannot be shared over 0 targets; give 1 or more"),
        (["--combine", "both=lp*fo"], "there are no scores of 'fo' of the combination 'both=lp*fo'"),
        (["--learn-from", "theirs"], "nothing is learned: learned rests on 2 families of other targets"),
        (["--learn-from", "their"], "nothing can be learned from 'their': no experiment 'their'"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence_and_writes_no_page(scored, wish, sentence):
    code, _, err = scored("report", "theirs", "--no-log", *wish)
    assert (code, sentence in err) == (2, True)
    assert not Path("report.html").exists()


def test_no_path_or_address_of_the_machine_stands_in_the_page(cats, tracking, tmp_path):
    cats("report", "toy", "--no-log")
    assert str(tmp_path) not in Path("report.html").read_text()
    assert "sqlite:" not in Path("report.html").read_text()


def test_a_matrix_with_gaps_has_mean_ranks_only_where_gaps_are_filled_and_the_page_says_so(cats, monkeypatch):
    draw_once(monkeypatch)
    monkeypatch.setattr(export, "FORMATS", ("svg",))
    rows = ["source,t1,t2,t3,t4", "a,.9,,.9,.9", "b,.8,.8,.8,", "c,.7,.7,,.7", "d,,.6,.6,.6"]
    Path("auc.csv").write_text("\n".join(rows))
    whom = ("--citation", "Their group, Their paper, 2024")
    cats("import", "--matrix", "auc.csv", "--experiment", "theirs", "--backbone", "net", *whom)
    pages = []
    for options in ([], ["--impute", "worst", "--noise", "0.05"]):
        assert cats("report", "theirs", "--no-log", "--figures", f"f{len(pages)}", *options)[0] == 0
        pages.append(Path("report.html").read_text())
    assert [Path(f"f{i}/critical.svg").exists() for i in (0, 1)] == [False, True]
    assert "--impute fills gaps" in pages[0]
    assert "missing pairs count as" in pages[1]
    assert "differences up to 0.05" in pages[1]
    [used] = csv.DictReader(Path("f0/paper-references.csv").read_text().splitlines())  # no run is ours, and no entry
    assert (used["role"], used["citation"]) == ("imported runs", "Their group, Their paper, 2024")
    assert "Their group, Their paper, 2024" in Path("f0/paper-references.tex").read_text()
    assert "imported runs: please cite Their group, Their paper, 2024" in pages[0]


def test_a_report_that_was_killed_is_closed_by_the_next_one_and_one_that_is_being_logged_is_left(cats, tracking):
    from results.tracking import log_report

    begun = {}
    for name, process, start in (
        ("dead", log_report._process(2**22 + 1), None),
        ("alive", log_report._process(os.getpid()), None),
        ("elsewhere", "another machine-5", None),
        ("long ago", "another machine-6", 1_600_000_000_000),
    ):
        tags = {"cats.kind": "report", "cats.report": name, "cats.process": process}
        begun[name] = tracking.client.create_run(tracking.experiment_id, start, tags).info.run_id
    tags = {"cats.kind": "report", "cats.report": "of no time", "cats.process": "another machine-7"}
    begun["of no time"] = tracking.client.create_run(tracking.experiment_id, tags=tags).info.run_id
    with closing(sqlite3.connect(tracking.uri.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE runs SET start_time = 'soon' WHERE run_uuid = ?", [begun["of no time"]])
    assert cats("report", "toy")[0] == 0
    states = {name: tracking.client.get_run(run_id).info.status for name, run_id in begun.items()}
    assert states == {
        "dead": "KILLED",
        "alive": "RUNNING",
        "elsewhere": "RUNNING",
        "long ago": "KILLED",
        "of no time": "RUNNING",
    }


def test_a_report_that_was_killed_and_is_written_again_is_completed(cats, tracking, monkeypatch):
    from results.tracking import log_report

    def killed(*_):
        raise SystemExit(9)

    with monkeypatch.context() as patch:
        patch.setattr(log_report, "upload", killed)
        assert cats("report", "toy")[0] == 9
    monkeypatch.setattr(log_report.psutil, "pid_exists", lambda number: False)
    assert cats("report", "toy")[0] == 0
    assert [run.info.status for run in tracking.runs("tags.`cats.kind` = 'report'")] == ["FINISHED"]


@pytest.fixture
def explained(tracking, tmp_path):
    """A classifier that was kept from the only cell of the experiment, with a sheet of explanations."""
    folder = kept_model(tmp_path / "m", key=OLD.key).folder
    (folder / "explanations").mkdir()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(folder / "explanations" / "sheet.png")
    (folder / "explanations" / "check.json").write_text('{"sentences": ["Maps follow <the> network."]}')
    return folder


def test_the_sheet_of_a_kept_classifier_is_on_the_page_and_not_in_mlflow(cats, tracking, explained):
    code, out, err = cats("report", "toy", "--model", "m")
    assert (code, err) == (0, "")
    page = Path("report.html").read_text()
    (shown,) = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
    assert base64.b64decode(shown) == (explained / "explanations" / "sheet.png").read_bytes()
    assert "What kept classifiers look at" in page
    assert "Maps follow &lt;the&gt; network." in page
    assert out.endswith(", without the pictures\n")
    (run,) = [run for run in tracking.runs() if run.data.tags["cats.kind"] == "report"]
    logged = next(Path("mlruns").glob(f"*/{run.info.run_id}/artifacts/report.html")).read_text()
    assert "<img" not in logged
    assert "What kept classifiers look at" not in logged
    cats("report", "toy", "--output", "plain.html")
    assert logged == Path("plain.html").read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: shutil.rmtree(folder / "explanations"), "m holds no sheet of explanations; `cats explain m` draws one"),
        (lambda folder: (folder / "explanations" / "sheet.png").write_bytes(b"GIF"), "sheet.png is no PNG file; remove"),
        (lambda folder: (folder / "explanations" / "check.json").write_text("[]"), "check.json is damaged; remove"),
        (lambda folder: (folder / "model.json").unlink(), "m holds no model.json, so it is not the folder"),
        (
            lambda folder: shutil.rmtree(folder) or (kept_model(folder, key="f" * 64) and _drawn(folder)),
            "spots-scratch-test_resnet-0 was kept from no cell of 'toy' (its key is ffffffffffff); name classifiers",
        ),
    ],
)
def test_a_classifier_that_cannot_be_shown_is_one_sentence_and_no_page(cats, explained, change, sentence):
    change(explained)
    code, out, err = cats("report", "toy", "--model", "m")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert not Path("report.html").exists()


def _drawn(folder):
    (folder / "explanations").mkdir()
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(folder / "explanations" / "sheet.png")
