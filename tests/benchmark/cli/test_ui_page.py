"""The address that `cats ui` prints and opens."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from benchmark.cli import pages
from results.board.page import page_of
from results.error import CatsError
from results.tracking.experiment import Experiment
from results.tracking.links import CELLS
from results.tracking.log_board import METRIC, log_board
from tests.support.runs import CLEAR, board

ROOT = "http://127.0.0.1:5000"


@pytest.fixture
def uri(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/mlflow.db"


def parts(link):
    """The page, and what is asked of it."""
    page, _, query = urlsplit(link).fragment.partition("?")
    return page, {name: values[0] for name, values in parse_qs(query).items()}


@pytest.mark.parametrize("subject", ["toy", None])
def test_the_page_of_an_experiment_has_the_filter_and_the_order_of_its_board(uri, subject):
    tracking = Experiment(uri, "toy")
    page, asked = parts(pages.links_of(ROOT, uri, subject).runs)
    assert page == f"/experiments/{tracking.experiment_id}/runs"
    assert asked["workflowType"] == "machine_learning"
    assert (asked["searchFilter"], asked["orderByKey"], asked["orderByAsc"]) == (CELLS, "metrics.`test_auc`", "false")


@pytest.mark.parametrize(("metric", "ascending"), [("accuracy", "false"), ("brier", "true")])
def test_the_order_is_that_of_the_metric_of_the_board(uri, metric, ascending):
    tracking = Experiment(uri, "toy")
    tracking.client.set_experiment_tag(tracking.experiment_id, METRIC, metric)
    asked = parts(pages.links_of(ROOT, uri, "toy").runs)[1]
    assert (asked["orderByKey"], asked["orderByAsc"]) == (f"metrics.`test_{metric}`", ascending)


def test_several_experiments_without_a_name_are_listed(uri):
    Experiment(uri, "one"), Experiment(uri, "two")
    page, asked = parts(pages.links_of(ROOT, uri, None).runs)
    assert (page, asked) == ("/experiments", {"workflowType": "machine_learning"})


def test_a_plan_names_its_experiment_and_metric(uri, tmp_path):
    (tmp_path / "mine.yaml").write_text("sources: [scratch]\ntargets: [digits]\nbackbones: [test_resnet]\nmetric: brier\n")
    tracking = Experiment(uri, "mine")
    page, asked = parts(pages.links_of(ROOT, uri, "mine.yaml").runs)
    assert (page, asked["orderByAsc"]) == (f"/experiments/{tracking.experiment_id}/runs", "true")


def test_an_unknown_experiment_is_one_sentence(uri):
    Experiment(uri, "toy")
    with pytest.raises(CatsError, match="no experiment 'tyo' on .*toy"):
        pages.links_of(ROOT, uri, "tyo")


@pytest.mark.parametrize("browser", [True, False])
def test_a_server_shows_its_own_pages_and_nothing_is_started(monkeypatch, cats, browser):
    opened = []
    monkeypatch.setattr("benchmark.cli.ui.links_of", lambda root, uri, plan: pages.Links(f"{root}/#/of/{plan}"))
    monkeypatch.setattr("benchmark.cli.ui.is_interactive", lambda: True)
    monkeypatch.setattr("results.tracking.connection.reach", lambda uri: None)
    monkeypatch.setattr("subprocess.Popen", None)  # a start of a process fails
    monkeypatch.setattr(pages.webbrowser, "open", opened.append)
    asked = ["ui", "toy", "--tracking-uri", "http://127.0.0.1:9/", *([] if browser else ["--no-browser"])]
    code, out, err = cats(*asked)
    runs = "http://127.0.0.1:9/#/of/toy"
    assert (code, out if browser else err) == (0, "")
    assert (err if browser else out).splitlines() == [
        "MLflow's pages: http://127.0.0.1:9 (of the server)", f"the runs, best first: {runs}",
    ]  # fmt: skip
    assert opened == ([runs] if browser else [])


@pytest.mark.parametrize("browser", [True, False])
@pytest.mark.parametrize("view", [None, f"{ROOT}/#/view"])
def test_the_pages_are_printed_and_the_best_one_is_opened_once(monkeypatch, capsys, browser, view):
    opened = []
    monkeypatch.setattr(pages.webbrowser, "open", opened.append)
    runs = f"{ROOT}/#/experiments/1/runs"
    pages.Page(f"{ROOT} (Ctrl-C ends them)", pages.Links(runs, view), browser, not browser).show()
    assert opened == ([view or runs] if browser else [])
    lines = ["MLflow's pages: http://127.0.0.1:5000 (Ctrl-C ends them)", f"the runs, best first: {runs}"]
    out, err = capsys.readouterr()
    assert (out if browser else err) == ""
    assert (err if browser else out).splitlines() == [*lines, *([f"with figures as columns: {view}"] if view else [])]


def test_an_experiment_with_a_board_has_a_view_of_the_same_runs_with_columns(uri):
    tracking = Experiment(uri, "toy")
    log_board(tracking, page_of(board(CLEAR, metric="brier")))
    links = pages.links_of(ROOT, uri, "toy")
    page, asked = parts(links.view)
    assert page == f"/experiments/{tracking.experiment_id}/runs"
    tags = tracking.client.get_experiment(tracking.experiment_id).tags
    kept = json.loads(tags[f"mlflow.sharedViewState.{asked['viewStateShareKey']}"])
    order = parts(links.runs)[1]
    names = ("searchFilter", "orderByKey", "startTime", "lifecycleFilter", "modelVersionFilter")
    assert [kept[name] for name in names] == [order[name] for name in names]
    assert kept["orderByAsc"] is True
    assert "metrics.`test_brier`" in kept["selectedColumns"]
