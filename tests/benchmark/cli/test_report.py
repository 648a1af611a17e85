"""`cats report`: from an experiment to files, and to MLflow."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from results.record import Outcome, Record
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.paths import ASSETS

OLD = Record.model_validate_json((ASSETS / "record-v1.json").read_text())


@pytest.fixture
def tracking(cats):
    made = Experiment("sqlite:///mlflow.db", "toy")
    send(made, Outcome(OLD.model_copy(update={"experiment": "toy"})))
    return made


def kinds(tracking):
    return sorted(run.data.tags["cats.kind"] for run in tracking.runs())


def test_a_report_is_a_file_and_a_run_of_its_own_once(cats, tracking):
    code, out, err = cats("report", "toy", "--output", "deep/page.html", "--figures", "figures")
    assert (code, err) == (0, "")
    assert out.startswith("deep/page.html: 0.")
    assert "1 attempts, 1 with curves and ROC" in out
    assert Path("deep/page.html").read_text().startswith("<!DOCTYPE html>")
    assert Path("figures/heat.svg").exists()
    assert kinds(tracking) == ["cell", "report"]
    cats("report", "toy")
    assert kinds(tracking) == ["cell", "report"]
    assert Path("report.html").read_bytes() == Path("deep/page.html").read_bytes()


def test_a_report_that_is_not_logged_leaves_mlflow_alone(cats, tracking):
    code, out, _ = cats("report", "toy", "--no-log", "--details", "0")
    assert (code, kinds(tracking)) == (0, ["cell"])
    assert "0 with curves and ROC" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tou"], "no experiment 'tou' on sqlite:///mlflow.db; there are"),
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


@pytest.fixture
def scored(cats):
    """Three sources on three targets, with scores of two measures, brought in; one figure was written in by hand since."""
    Path("auc.csv").write_text("source,t1,t2,t3\na,.9,.7,.9\nb,.8,.8,.8\nc,.7,.6,.7\n")
    Path("lp.csv").write_text("source,t1,t2,t3\na,3,3,3\nb,2,1,2\nc,1,2,1\n")
    brought = ("--scores", "lp=lp.csv", "--scores", "fu=auc.csv", "--experiment", "theirs", "--backbone", "net")
    assert cats("import", "--matrix", "auc.csv", *brought)[0] == 0
    return cats


def test_a_report_holds_the_combinations_and_the_sharing_that_are_asked_for(scored):
    assert scored("report", "theirs", "--no-log", "--combine", "both=lp*fu", "--over", "7", "--figures", "f")[0] == 0
    agreement = Path("f/agreement.csv").read_text()
    assert "both,no," in agreement
    assert "P(in top tie)" in agreement.splitlines()[0]
    assert "tau ahead of static" in agreement.splitlines()[0]
    page = Path("report.html").read_text()
    assert "option: combinations" in page
    assert "7 targets" in page


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_matrix_with_gaps_has_mean_ranks_only_where_gaps_are_filled_and_the_page_says_so(cats):
    rows = ["source,t1,t2,t3,t4", "a,.9,,.9,.9", "b,.8,.8,.8,", "c,.7,.7,,.7", "d,,.6,.6,.6"]
    Path("auc.csv").write_text("\n".join(rows))
    cats("import", "--matrix", "auc.csv", "--experiment", "theirs", "--backbone", "net")
    pages = []
    for options in ([], ["--impute", "worst", "--noise", "0.05"]):
        assert cats("report", "theirs", "--no-log", "--figures", f"f{len(pages)}", *options)[0] == 0
        pages.append(Path("report.html").read_text())
    assert [Path(f"f{i}/critical.svg").exists() for i in (0, 1)] == [False, True]
    assert "--impute fills gaps" in pages[0]
    assert "missing pairs count as" in pages[1]
    assert "differences up to 0.05" in pages[1]


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
