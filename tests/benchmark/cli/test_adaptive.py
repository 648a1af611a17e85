"""`cats run --adaptive` as a user calls it: what is refused, and the way from a plan to a board and on to the whole matrix."""

import pytest

PLAN = """\
experiment: toy
sources: [scratch]
targets: [ihc]
backbones: [test_resnet, test_efficientnet]
recipe: {protocol: knn, size: 32, k: [5]}
subsample: {train: 200, val: 60}
seeds: 4
"""


@pytest.mark.parametrize(
    ("options", "change", "sentence"),
    [
        (("--adaptive", "--level", "95"), ("", ""), "--level is 95; give a probability between 0 and 1, such as 0.95"),
        (("--adaptive", "--level", "much"), ("", ""), "'much' is not a number"),
        (("--adaptive", "--margin", "1"), ("", ""), "--margin is 1; give a difference in auc from 0 up to less than 1"),
        (("--margin", "0.1"), ("", ""), "--margin needs --adaptive"),
        (("--adaptive",), ("seeds: 4", "seeds: 1"), "--adaptive needs two seeds or more"),
        (("--adaptive",), (", test_efficientnet", ""), "has one source and one backbone"),
    ],
)
def test_what_cannot_be_decided_is_refused_before_anything_starts(cats, tmp_path, options, change, sentence):
    (tmp_path / "plan.yaml").write_text(PLAN.replace(*change) if change[0] else PLAN)
    code, _, err = cats("run", "plan.yaml", *options)
    assert code == 2
    assert sentence in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.slow
def test_from_a_plan_to_an_answer_and_on_to_the_whole_matrix(cats, tmp_path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    answer = "ihc: no source is better than scratch on test_"
    left = "2 cells are not run, because no answer needs them"
    code, out, err = cats("run", "plan.yaml", "--adaptive", "--margin", "0.9")
    assert code == 0, err
    assert "8 cells: 0 were done, 6 made now, 0 attempts failed; 2 are not run, because no answer needs them" in err
    board = " ".join(out.split())
    assert answer in board
    assert left in board
    code, out, err = cats("run", "plan.yaml", "--adaptive", "--margin", "0.9")
    assert (code, left in " ".join(out.split())) == (0, True)
    assert "8 cells: 6 were done, 0 made now, 0 attempts failed; 2 are not run" in err
    out = cats("plan", "plan.yaml")[1]
    assert "6 done, 2 to make" in out
    assert "2 of the cells to make are needed for no answer: `cats run --adaptive` leaves them out" in out
    code, out, err = cats("run", "plan.yaml")
    assert (code, "8 cells: 6 were done, 2 made now, 0 attempts failed\n" in err) == (0, True)
    assert answer not in " ".join(out.split())
    assert "8 done, 0 to make" in cats("plan", "plan.yaml")[1]
