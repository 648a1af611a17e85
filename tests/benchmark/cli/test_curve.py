"""`cats curve`, and boards of one number of training images, on a database with records made by hand."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmark.cli.main import app
from benchmark.specs.job import Job
from benchmark.specs.plan import load_plan
from results.error import CatsError
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.drawings import draw_once
from tests.support.outcomes import outcomes_of
from tests.support.plans import cells_of

PLAN = """
experiment: toy
sources: [scratch, digits]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: finetune, size: 16, epochs: 2, lr: [0.1, 0.01]}
seeds: 3
subsample: {train: [100, 25, 50]}
"""


def figure(cell):
    """Digits are ahead of scratch by 0.02 at 25 images, and behind by as much at 100: the advantage is nil at 50."""
    ahead = -0.02 * np.log2(cell.subsample.train / 50) if cell.source == "digits" else 0.0
    worse = 0.1 if cell.recipe.lr == 0.1 else 0.0  # the rule chooses the other point of the grid
    return (
        0.7 + 0.05 * np.log2(cell.subsample.train / 25) + ahead + 0.001 * (cell.seed if cell.source == "digits" else 1) - worse
    )


def made(cell):
    (outcome,) = outcomes_of(Job("toy", "NLD", cells=(cell,)))
    auc = figure(cell)
    validation = {"val_loss": 1 - auc, "val_auc": auc, "images_train": float(cell.subsample.train)}
    facts = {"data": cell.data, "start": cell.start.key}
    return Outcome(outcome.record.model_copy(update={"scores": {"auc": auc}, "validation": validation, "facts": facts}))


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    (folder / "toy.yaml").write_text(PLAN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CATS_HOME", str(folder / "home"))
        tracking = Experiment("sqlite:///mlflow.db", "toy")
        for cell in cells_of(load_plan("toy.yaml")):
            send(tracking, made(cell))
    return folder / "mlflow.db"


@pytest.fixture(autouse=True)
def toy(database, tmp_path, monkeypatch):
    draw_once(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(PLAN)
    shutil.copy(database, tmp_path)


def cats(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)


def told(*arguments):
    done = cats(*arguments, "--format", "json")
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_plan_and_its_experiment_have_the_same_curves_and_the_rule_chooses_within_each_number():
    plan, experiment = told("curve", "toy.yaml"), told("curve", "toy")
    assert plan == experiment
    digits, scratch = plan["targets"]["ihc"]
    assert [point["mean"] for point in scratch["points"]] == pytest.approx([0.701, 0.751, 0.801])
    assert digits["crossing"]["place"] == pytest.approx(50)
    assert [point["seeds"] for point in digits["points"]] == [3, 3, 3]


@pytest.mark.parametrize("form", ["table", "csv", "markdown"])
def test_every_form_holds_the_figures(form):
    done = cats("curve", "toy.yaml", "--format", form, "--no-images")
    assert done.exit_code == 0
    assert "digits" in done.stdout
    assert "0.721" in done.stdout


def test_the_picture_is_written(tmp_path):
    assert cats("curve", "toy.yaml", "--picture", tmp_path / "new" / "curve.svg").exit_code == 0
    assert "<svg" in (tmp_path / "new" / "curve.svg").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["curve", "toy.yaml", "--baseline", "digit"], "the baseline 'digit' has no finished run; --baseline names another"),
        (["curve", "toy.yaml", "--picture", "curve.jpg"], "a picture cannot be written to 'curve.jpg'"),
        (["curve", "toy.yaml", "--metric", "f1"], "no run of 'toy' has the metric 'f1'"),
        (["board", "toy.yaml", "--train", "60"], "^--train is 60, and the plan states no cells with that number; it states 25"),
        (["agree", "toy.yaml", "--train", "60"], "^--train is 60, and the plan states no cells with that number"),
        (["report", "toy.yaml", "--train", "60"], "^--train is 60, and the plan states no cells with that number"),
        (["keep", "toy.yaml", "--train", "60"], "^--train is 60, and the plan states no cells with that number"),
        (["keep", "toy.yaml", "--train", "few"], "--train is 'few'; give a number of training images from 1 on"),
        (["cost", "toy.yaml", "--train", "60"], "^--train is 60, and the plan states no cells with that number"),
        (["cost", "toy", "--train", "60"], "experiment 'toy' holds no run with 60 training images"),
        (["replay", "toy", "--train", "60"], "experiment 'toy' holds no run with 60 training images"),
        (["agree", "toy"], "mixes subsample.train 100 and 25 and 50.*or one of them with --train, such as 100"),
        (["report", "toy"], "mixes subsample.train 100 and 25 and 50.*or one of them with --train, such as 100"),
        (["cost", "toy", "--metric", "auc"], "mixes subsample.train 25 and 50 and 100 on ihc.*with --train, such as 100"),
        (["board", "toy.yaml", "--train", "few"], "--train is 'few'; give a number of training images from 1 on"),
        (["board", "toy", "--train", "60"], "experiment 'toy' holds no run with 60 training images"),
        (["board", "toy"], "mixes subsample.train 100 and 25 and 50.*or one of them with --train, such as 100"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(arguments, sentence):
    with pytest.raises(CatsError, match=sentence):
        cats(*arguments)


@pytest.mark.slow
def test_a_board_is_of_the_largest_number_or_of_the_one_that_is_asked_for(tmp_path):
    largest, small = told("board", "toy.yaml"), told("board", "toy.yaml", "--train", "25")
    assert [row["source"] for row in largest["targets"]["ihc"]] == ["scratch", "digits"]
    assert [row["source"] for row in small["targets"]["ihc"]] == ["digits", "scratch"]
    (tmp_path / "small.yaml").write_text(PLAN.replace("[100, 25, 50]", "25"))
    assert told("board", "small.yaml", "--train", "25") == told("board", "small.yaml")
    with pytest.raises(CatsError, match="--train is 50, and the plan states no cells with that number; it states 25"):
        cats("board", "small.yaml", "--train", "50")
    assert told("board", "small.yaml")["targets"] == small["targets"] == told("board", "toy", "--train", "25")["targets"]
    assert any("only cells with 100 training images are compared here" in note for note in largest["notes"])


@pytest.mark.slow
@pytest.mark.parametrize(("train", "kept"), [([], "scratch"), (["--train", "100"], "scratch"), (["--train", "25"], "digits")])
def test_the_classifier_is_that_of_the_number_that_is_asked_for(train, kept):
    """The records have no predictions, so that nothing is kept; which source the board recommends is said before."""
    done = CliRunner().invoke(app, ["keep", "toy.yaml", *train])
    assert f"{kept} is kept, the first of the board" in " ".join(done.output.split())
    assert "predictions" in str(done.exception)


def test_sources_are_compared_at_the_number_that_is_asked_for():
    found = told("compare", "digits", "scratch", "toy.yaml", "--target", "ihc", "--train", "25")
    point = told("curve", "toy.yaml")["targets"]["ihc"][0]["points"][0]
    assert found["difference"] == pytest.approx(point["advantage"])
    assert (found["low"], found["high"]) == pytest.approx((point["advantage_low"], point["advantage_high"]))


@pytest.mark.slow
def test_the_energy_of_all_numbers_is_counted():
    for arguments in (["toy.yaml"], ["toy"], ["toy.yaml", "--train", "25"], ["toy", "--train", "25"]):
        assert told("cost", *arguments)["kwh"] == pytest.approx(3 * 2 * 2 * 3 * 1e-3)


@pytest.mark.parametrize(("train", "lost"), [("25", 0.0), ("100", 0.0)])
def test_ways_of_choosing_are_compared_at_one_number(train, lost):
    """The full sweep finds the best source of each number: digits at 25 images and scratch at 100."""
    plan, experiment = (told("cost", subject, "--train", train) for subject in ("toy.yaml", "toy"))
    assert plan["tradeoff"]["ways"] == experiment["tradeoff"]["ways"]
    ways = {way["name"]: way["regret"] for way in plan["tradeoff"]["ways"]}
    assert ways["full sweep"] == lost
    assert ways["any source"] == pytest.approx(0.01, abs=1e-3)  # half of the difference of the two


def test_a_policy_chooses_no_number_of_training_images():
    one = told("replay", "toy.yaml", "--relabellings", "1")
    assert told("replay", "toy", "--train", "100", "--relabellings", "1")["shares"] == one["shares"]
    whole = told("replay", "toy", "--relabellings", "1")
    assert whole["shares"] == one["shares"]
    said = "ihc: of several numbers of training images only 100 counts, with which most sources have finished"
    assert said in whole["notes"]
    assert "only runs with 100 training images count; --train names another number" in one["notes"]


@pytest.mark.slow
def test_the_report_of_a_plan_has_the_curves(tmp_path):
    assert cats("report", "toy.yaml", "--output", tmp_path / "page.html", "--no-log").exit_code == 0
    page = (tmp_path / "page.html").read_text()
    assert "ihc: digits helps up to 50 images" in page
    top = page[page.index("<header>") : page.index("</header>")]
    assert "Shown are 12 of 36 attempts at cells, those with 100 training images; the others have 25 or 50." in top
    assert "The 12 attempts for 100 training images took" in top
    assert "whose cells have 100 training images (36 attempts at cells have any number); 12 of them are finished." in top
    assert "all attempts" not in top  # neither in a sentence nor in what explains a figure


@pytest.mark.slow
def test_the_report_of_an_experiment_says_which_number_it_shows(tmp_path):
    assert cats("report", "toy", "--train", "25", "--output", tmp_path / "page.html", "--no-log").exit_code == 0
    page = (tmp_path / "page.html").read_text()
    assert "Shown are 12 of 36 attempts at cells, those with 25 training images; the others have 50 or 100." in page
    (tmp_path / "small.yaml").write_text(PLAN.replace("[100, 25, 50]", "25"))
    assert cats("report", "small.yaml", "--output", tmp_path / "page.html", "--no-log").exit_code == 0
    assert "Shown are" not in (tmp_path / "page.html").read_text()


@pytest.mark.slow
def test_the_report_of_a_plan_without_scratch_has_the_curves_beside_another_baseline(tmp_path):
    (tmp_path / "toy.yaml").write_text(PLAN.replace("[scratch, digits]", "[digits]"))
    page = tmp_path / "page.html"
    assert cats("report", "toy.yaml", "--output", page, "--no-log").exit_code == 0
    assert "has no finished run; --baseline names another" in page.read_text()
    assert cats("report", "toy.yaml", "--output", page, "--no-log", "--baseline", "digits").exit_code == 0
    assert "has no finished run" not in page.read_text()
