"""`cats report`: from an experiment to files, and to MLflow."""

from pathlib import Path

import pytest

from results.record import Outcome, Record
from results.tracking import Tracking

OLD = Record.model_validate_json((Path(__file__).parents[1] / "assets" / "record-v1.json").read_text())


@pytest.fixture
def tracking(cats):
    made = Tracking("sqlite:///mlflow.db", "toy")
    made.send(Outcome(OLD.model_copy(update={"experiment": "toy"})))
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


def test_no_path_or_address_of_the_machine_stands_in_the_page(cats, tracking, tmp_path):
    cats("report", "toy", "--no-log")
    assert str(tmp_path) not in Path("report.html").read_text()
    assert "sqlite:" not in Path("report.html").read_text()
