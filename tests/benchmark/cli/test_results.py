"""`cats board` and `cats compare` on a real database of made-up cells."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


@pytest.fixture
def toy(call, toy_database, tmp_path):
    shutil.copy(toy_database, tmp_path)
    return call


@pytest.mark.slow
def test_a_board_of_an_experiment_counts_seeds_and_test_images(toy):
    code, out, err = toy("board", "toy", "--format", "json")
    assert code == 0, err
    made = json.loads(out)
    assert made["images"] == ["ihc", "pond"]
    assert [row["source"] for row in made["targets"]["ihc"]] == ["good", "fair", "bad"]
    assert made["difference"]["sources"] == ["good", "fair", "bad"]
    alone = json.loads(toy("board", "toy", "--format", "json", "--no-images")[1])
    assert alone["images"] == []
    for both, seeds in zip(made["targets"]["pond"], alone["targets"]["pond"], strict=True):
        assert both["high"] - both["low"] >= seeds["high"] - seeds["low"]


@pytest.mark.slow
def test_options_of_a_board_reach_it(toy):
    code, out, err = toy("board", "toy", "--rule", "oracle_test", "--noise", "0.9", "--format", "markdown", "--report", "r")
    assert code == 0, err
    assert "by an oracle, not by choice: no winner: good, fair, bad cannot be told apart" in out
    assert "differences up to 0.9 are noise" in out
    assert {path.name for path in Path("r").iterdir()} == {"board.md", "board.csv", "board.json", "board.png", "ranks.png"}


@pytest.mark.parametrize("command", ["board", "agree", "report"])
@pytest.mark.parametrize("noise", ["inf", "nan", "-0.5"])
def test_noise_that_is_not_finite_or_below_0_is_refused(toy, command, noise):
    code, out, err = toy(command, "toy", "--noise", noise)
    assert (code, out) == (2, "")
    assert err == f"cats: --noise is {noise}; give a finite difference of 0 or more in the metric, such as 0.02\n"
    assert not Path("report.html").exists()


def test_a_rule_that_is_not_there_has_its_nearest_name(toy):
    assert toy("board", "toy", "--rule", "min_val_los") == (
        2, "", "cats: there is no rule 'min_val_los'; did you mean 'min_val_loss'?\n",
    )  # fmt: skip


@pytest.mark.parametrize("more", [["--report", "folder"], ["--format", "csv"], ["--target", "ihc"]])
def test_sensitivity_does_not_pretend_to_write_what_it_does_not(toy, more):
    code, out, err = toy("board", "toy", "--sensitivity", *more)
    assert (code, out) == (2, "")
    assert "--sensitivity cannot be used with --output, --target or --format csv" in " ".join(err.split())


@pytest.mark.slow
def test_sensitivity_shows_every_rule(toy):
    code, out, err = toy("board", "toy", "--sensitivity")
    assert code == 0, err
    assert "| target | min_val_loss | max_val_auc | oracle_test |" in out
    assert "- ihc: good is best in all" in out
    assert list(json.loads(toy("board", "toy", "--sensitivity", "--format", "json")[1])["targets"]) == ["ihc", "pond"]


@pytest.mark.slow
def test_compare_says_which_is_better_and_how_sure_that_is(toy):
    code, out, err = toy("compare", "bad", "good", "toy", "--target", "ihc")
    assert code == 0, err
    assert out.startswith("good is better than bad: on ihc auc differs by -0.")
    assert "3 seeds, 90 test images, DeLong" in out
    made = json.loads(toy("compare", "bad", "good", "toy", "--target", "ihc", "--metric", "f1", "--format", "json")[1])
    assert made["method"] == "90 test images, bootstrap of 200"
    assert made["low"] < made["difference"] < made["high"] < 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("goot", "bad", "toy", "--target", "ihc"), "no finished run has the source 'goot'; did you mean 'good'?"),
        (("good", "bad", "toy", "--target", "ich"), "no finished run has the target 'ich'; did you mean 'ihc'?"),
        (("good", "bad", "toi", "--target", "ihc"), "no experiment 'toi' on sqlite:///mlflow.db; did you mean 'toy'?"),
        (("good", "bad", "choose-mydata", "--target", "ihc"), "; there are toy; `cats choose` makes such an experiment"),
        (
            ("good", "bad", "toy", "--target", "ihc", "--metric", "auk"),
            "no run of 'toy' has the metric 'auk'; did you mean 'auc'?",
        ),
        (("good", "bad", "toy", "--target", "ihc", "--backbone", "nett"), "has the backbone 'nett'; did you mean 'net'?"),
    ],
)
def test_mistakes_are_one_sentence(toy, arguments, said):
    code, out, err = toy("compare", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_compare_makes_no_database(call, tmp_path):
    code, _, err = call("compare", "good", "bad", "toy", "--target", "ihc")
    assert code == 2
    assert "there is no database sqlite:///mlflow.db" in err
    assert not Path("mlflow.db").exists()


def test_a_board_of_a_metric_that_is_younger_than_the_runs_reads_their_predictions(toy):
    """The scores of the database are taken away, as if an older version had made the runs."""
    known = json.loads(toy("board", "toy", "--format", "json", "--metric", "ece", "--no-images")[1])
    with closing(sqlite3.connect("mlflow.db")) as open_database:
        for table in ("metrics", "latest_metrics"):
            open_database.execute(f"delete from {table} where key = 'test_ece'")
        open_database.commit()
    code, out, err = toy("board", "toy", "--format", "json", "--metric", "ece", "--no-images", "--fresh")
    assert code == 0, err
    found = json.loads(out)
    for target, rows in known["targets"].items():
        assert [row["source"] for row in found["targets"][target]] == [row["source"] for row in rows]
        assert [row["mean"] for row in found["targets"][target]] == pytest.approx([row["mean"] for row in rows])


@pytest.mark.parametrize(
    ("name", "with_database", "sentence"),
    [
        ("frist", True, "no experiment 'frist' on sqlite:///mlflow.db; there are toy; did you mean the plan 'first'?"),
        (
            "nonsense",
            True,
            "no experiment 'nonsense' on sqlite:///mlflow.db; there are toy; plans are data_size, first, guide, ",
        ),
        (
            "first",
            True,
            "nothing of the plan has been run: no experiment 'first' on sqlite:///mlflow.db; there are toy; `cats run`",
        ),
        ("frist", False, "or --tracking-uri names another; no plan is called 'frist' either; did you mean the plan 'first'?"),
        ("nonsense", False, "no plan is called 'nonsense' either; plans are data_size, first, guide, "),
    ],
)
def test_a_name_of_nothing_names_plans_and_experiments(toy, tmp_path, name, with_database, sentence):
    if not with_database:
        (tmp_path / "mlflow.db").unlink()
    code, out, err = toy("board", name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err


def test_a_board_is_narrowed_to_one_target(toy):
    whole, narrow = (json.loads(toy("board", "toy", "--json", *more)[1]) for more in ([], ["--target", "pond"]))
    assert narrow["targets"] == {"pond": whole["targets"]["pond"]}
    assert (narrow["overall"], narrow["difference"]) == ([], None)
    shown = toy("board", "toy", "--target", "pond", "-o", "r")[1]
    assert "pond: auc" in shown
    assert [word for word in ("ihc: auc", "Overall", "mean rank", "no source is ranked") if word in shown] == []
    assert set(json.loads(Path("r/board.json").read_text())["targets"]) == {"ihc", "pond"}
    assert toy("board", "toy", "--target", "pund") == (2, "", "cats: the board has no target 'pund'; did you mean 'pond'?\n")


def test_a_comparison_is_one_line_or_fits_the_terminal(toy, monkeypatch):
    call = ("compare", "good", "bad", "toy", "--target", "ihc")
    monkeypatch.delenv("COLUMNS", raising=False)
    line = toy(*call)[1]
    monkeypatch.setenv("COLUMNS", "80")
    shown = toy(*call)[1]
    assert (line.count("\n"), shown.split()) == (1, line.split())
    assert max(map(len, shown.splitlines())) <= 80 < len(line)
