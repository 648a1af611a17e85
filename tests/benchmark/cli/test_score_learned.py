"""`cats score --learn-from`: a board that was brought in orders the sources of a target that has no cell."""

import json

import pytest

from tests.support.small_plan import small

TEACHES = ["t1", "t2", "t3", "t4", "t5", "t6"]
AUC = {"digits": 0.9, "imagenet": 0.7, "scratch": 0.5}
CHANCE = {"digits": 0.3, "imagenet": 0.1, "scratch": 0.2}


@pytest.fixture
def taught(cats, tmp_path):
    """An experiment `theirs` in which the sources have the same order on six targets, and a plan to score."""
    for name, values in (("auc", AUC), ("chance", CHANCE)):
        lines = [f"{source},{','.join([str(value)] * len(TEACHES))}" for source, value in values.items()]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"source,{','.join(TEACHES)}", *lines]) + "\n")
    (tmp_path / "few.csv").write_text("source,t1\ndigits,.9\nscratch,.8\n")
    code, _, err = cats("import", "--matrix", "auc.csv", "--scores", "logme=chance.csv", "--experiment", "theirs")
    assert code == 0, err
    (tmp_path / "plan.yaml").write_text(small(measures=["logme"]))
    return cats


@pytest.mark.slow
def test_a_board_of_others_orders_the_sources_of_a_target_without_cells(taught):
    """What cannot teach is told before anything is scored."""
    code, out, err = taught("score", "plan.yaml", "--learn-from", "theirs", "--learn-from", "their")
    assert (code, out) == (2, "")
    assert err.startswith("cats: nothing can be learned from 'their': no experiment 'their' on sqlite:///mlflow.db")
    assert taught("import", "--matrix", "few.csv", "--scores", "logme=few.csv", "--experiment", "few")[0] == 0
    code, out, err = taught("score", "plan.yaml", "--learn-from", "few")
    assert (code, out) == (2, "")
    assert err.startswith("cats: nothing is learned: learned rests on 1 family of targets with results and scores, and needs 5")

    code, out, err = taught("score", "plan.yaml", "--learn-from", "theirs", "--format", "json")
    assert code == 0, err
    assert "2 pairs: 0 were scored, 2 scored now" in err
    made = {row["source"]: row for row in json.loads(out) if row["measure"] == "learned"}
    assert made["digits"]["value"] > made["scratch"]["value"]
    assert made["digits"]["low"] < made["digits"]["value"] < made["digits"]["high"]

    code, out, _ = taught("score", "plan.yaml", "--learn-from", "theirs")
    said = " ".join(out.split())
    assert code == 0
    assert "learned: a ridge regression on the places of 2 inputs, which rests on 6 targets of 6 families" in said
    assert "learned, ihc: digits comes first (95 %)" in said
