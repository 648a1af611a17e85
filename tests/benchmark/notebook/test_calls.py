"""The calls of `catsbench` do what the commands do, on the same records, and say the same sentences."""

import json
from pathlib import Path

import pandas as pd
import pytest

import catsbench
from benchmark.notebook.door import NotebookDoor, bar
from benchmark.notebook.subject import address
from results.error import CatsError

PLAN = {
    "experiment": "tiny", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"],
    "recipe": {"size": 16, "epochs": 1}, "seeds": 2, "subsample": {"train": 40}, "country": "NLD",
}  # fmt: skip


@pytest.mark.slow
def test_a_plan_is_run_once_and_its_parts_are_read(toy, decoded_once):
    made = catsbench.run(PLAN)
    assert made.title == "tiny: 2 cells, 0 were done, 2 made now, 0 attempts failed"
    assert made.failed == []
    again = catsbench.run(catsbench.Plan(**PLAN))
    assert again.title == "tiny: 2 cells, 2 were done, 0 made now, 0 attempts failed"
    assert again.frame["test_auc"].tolist() == made.frame["test_auc"].tolist()
    assert made.board.frame["mean"].iloc[0] == pytest.approx(made.frame["test_auc"].mean())
    pd.testing.assert_frame_equal(catsbench.board(PLAN).frame, made.board.frame)
    pd.testing.assert_frame_equal(
        catsbench.board("tiny").frame[["mean", "low", "high"]], made.board.frame[["mean", "low", "high"]]
    )
    curves = catsbench.curves(PLAN).frame
    assert set(curves["epoch"]) == {1}
    assert {"val_loss", "val_auc"} <= set(curves["figure"])
    assert "only one source: no winner" in made._repr_html_()


def test_a_board_has_the_figures_of_the_command(toy, cats):
    frame = catsbench.board("toy").frame
    code, out, _ = cats("board", "toy", "--format", "json")
    rows = [{"target": t, **row} for t, rows in json.loads(out)["targets"].items() for row in rows]
    assert code == 0
    pd.testing.assert_frame_equal(frame.drop(columns="rule"), pd.DataFrame(rows).astype({"energy_kwh": float}))


def test_options_reach_the_board(toy):
    made = catsbench.board(
        "toy", noise=0.9, images=False, rule="oracle_test", metric="accuracy", tracking_uri="sqlite:///mlflow.db"
    )
    assert made.board.images == []
    assert made.frame["tie"].tolist() == [1] * 6
    assert set(made.frame["rule"]) == {"oracle_test"}
    assert made.title == "toy: test accuracy"
    assert "differences up to 0.9 are noise" in " ".join(made.notes)


def test_predictions_are_those_that_the_runs_left(toy):
    frame = catsbench.predictions("toy").frame
    assert list(frame)[:5] == ["run_id", "source", "target", "backbone", "seed"]
    assert frame[["probability_0", "probability_1"]].sum(axis=1).to_numpy() == pytest.approx(1)
    one = frame[frame["run_id"] == frame["run_id"].iloc[0]]
    runs = catsbench.runs("toy").frame.set_index("run_id")
    from sklearn.metrics import roc_auc_score

    assert roc_auc_score(one["label"], one["probability_1"]) == pytest.approx(runs.loc[one["run_id"].iloc[0], "test_auc"])


@pytest.mark.slow
def test_a_report_is_written_where_it_is_wanted(toy):
    place = catsbench.report("toy", Path("pages") / "r.html", images=False)
    assert place == Path("pages/r.html")
    assert "<title>" in place.read_text(encoding="utf-8")


SENTENCES = {
    "no plan": (lambda: catsbench.run("frist"), "there is no plan file 'frist', and no plan of that name; did you mean"),
    "no plan at all": (lambda: catsbench.run(3), "a plan is a name, a path, a dict or a benchmark.Plan, not int"),
    "a dict without a name": (lambda: catsbench.board({"targets": ["ihc"]}), "the plan: the key 'experiment' is missing"),
    "a wrong key": (lambda: catsbench.run({**PLAN, "seads": 1}), "the plan: there is no key 'seads'; did you mean 'seeds'?"),
    "a wrong name": (lambda: catsbench.score({**PLAN, "targets": ["ihk"]}), "no target called 'ihk' in the plan"),
    "a wrong limit": (lambda: catsbench.run(PLAN, kwh=-1), "kwh is -1"),
    "no experiment": (lambda: catsbench.board("tiy"), "no experiment 'tiy' on sqlite:///mlflow.db"),
    "no database": (lambda: catsbench.runs("toy", tracking_uri="sqlite:///no.db"), "there is no database sqlite:///no.db"),
    "no address": (lambda: catsbench.runs("toy", tracking_uri="mlflow.db"), "'mlflow.db' is a file and no address"),
    "no metric": (lambda: catsbench.board("toy", metric="ouc"), "no run of 'toy' has the metric 'ouc'; did you mean 'auc'?"),
    "no noise": (lambda: catsbench.board("toy", noise=float("nan")), "noise is nan; give a finite difference"),
    "no source": (lambda: catsbench.compare("toy", "god", "bad", "ihc"), "no finished run has the source 'god'; did you mean"),
    "few images": (lambda: catsbench.score("quickstart", images=3), "images is 3; give a whole number of 10 or more"),
    "no engine": (lambda: catsbench.run(PLAN, engine="dusk"), "'dusk'; did you mean 'dask'?"),
    "a text for a list": (lambda: catsbench.choose("ihc", sources="scratch"), "sources is 'scratch'; write a list"),
    "a number for a list": (lambda: catsbench.choose("ihc", seeds=3), "seeds is 3; write a list, such as [3]"),
    "a formula for a list": (lambda: catsbench.agree("toy", combine="a=lp*fu"), "combine is 'a=lp*fu'; write a list, such as"),
    "a board for a list": (lambda: catsbench.report("toy", learn_from="toy"), "learn_from is 'toy'; write a list, such as"),
    "nothing to judge": (lambda: catsbench.report("toy", learn_from=["ty"]), "experiment 'toy' holds no scores of measures"),
    "a policy": (lambda: catsbench.choose("ihc", sources=["scratch", "scratch"]), "'scratch' is given twice"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", SENTENCES)
def test_what_is_wrong_is_the_sentence_of_the_command(toy, case):
    call, sentence = SENTENCES[case]
    with pytest.raises(CatsError) as error:
        call()
    assert sentence in str(error.value)


@pytest.mark.slow
def test_nothing_is_printed(toy, capfd):
    catsbench.board("toy")._repr_html_()
    catsbench.cost("toy")._repr_html_()
    assert capfd.readouterr() == ("", "")


def test_the_address_is_that_of_the_environment_unless_one_is_given(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert address(None) == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    assert address(None) == "sqlite:///other.db"
    assert address("sqlite:///mine.db") == "sqlite:///mine.db"


def test_a_door_keeps_each_sentence_once_and_hides_secrets():
    door = NotebookDoor()
    for sentence in ("  one", "one", "at postgresql://me:secret@host/db"):
        door.say(sentence)
    assert door.said[0] == "one"
    assert len(door.said) == 2
    assert "secret" not in door.said[1]


def test_a_bar_is_escaped():
    assert bar("<b>", 1, 2) == '<div><progress value="1" max="2"></progress> 1 of 2 · &lt;b&gt;</div>'
    assert bar("a", 0, 0) == "<div>a</div>"


def test_a_name_that_the_module_does_not_have():
    with pytest.raises(AttributeError, match="module 'catsbench' has no attribute 'bord'"):
        _ = catsbench.bord
    assert dir(catsbench) == sorted(catsbench.MODULES)
