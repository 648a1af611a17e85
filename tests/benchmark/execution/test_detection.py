"""`cats plan --detect`: from the runs of the experiment where there are any, else from the size of the test set."""

import re

import numpy as np
import pytest

from benchmark.execution.resolution import resolve_plan
from benchmark.specs.plan import load_plan
from results.metrics import scores
from results.record import Outcome
from results.tracking.experiment import Experiment
from results.tracking.send import send
from tests.support.predictions import predictions
from tests.support.records import OLD
from tests.support.small_plan import small

URI = "sqlite:///mlflow.db"


@pytest.fixture
def planned(cats, tmp_path):
    """`planned(*options, **changes)` calls `cats plan` on the small plan with changes."""

    def call(*options, **changes):
        (tmp_path / "small.yaml").write_text(small(**changes))
        return cats("plan", "small.yaml", *options)

    return call


def fill(uri=URI, images=90):
    """Finished runs of all cells of the small plan, with predictions of so many images."""
    tracking = Experiment(uri, "small")
    for number, cell in enumerate(resolve_plan(load_plan("small.yaml"), uri).cells()):
        skill = {"scratch": 1.0, "digits": 1.5}[cell.source]
        table = predictions(np.random.default_rng(0), images, 2, model_seed=[number], skill=skill)
        given = table[["probability_0", "probability_1"]].to_numpy()
        names = {"source": cell.source, "target": cell.target, "backbone": cell.backbone, "seed": str(cell.seed)}
        changes = {
            "key": cell.key, "attempt": f"a{number}", "point": cell.point, "experiment": "small",
            "names": names | {"protocol": "finetune"}, "settings": {"rule": "min_val_loss"},
            "scores": scores("binary", table["label"].to_numpy(), given), "validation": {"val_loss": 1.0, "val_auc": 0.5},
        }  # fmt: skip
        send(tracking, Outcome(OLD.model_copy(update=changes), table))


def test_without_runs_typical_figures_are_taken_and_named(planned):
    _, out, err = planned("--detect", "0.02")
    lines = [line for line in out.splitlines() if line.startswith("ihc: ")]
    assert len(lines) == 3, err
    assert "for all pairs of 2 sources)" in lines[0]
    assert "0.02 auc" in lines[1]
    assert lines[2].startswith(
        "ihc: the seeds of a source are taken to vary by 0.015 (a typical figure); test images are taken"
    )


def test_runs_of_the_experiment_replace_typical_figures(planned, tmp_path):
    (tmp_path / "small.yaml").write_text(small())
    fill()
    _, out, err = planned("--detect", "0.02")
    lines = [line for line in out.splitlines() if line.startswith("ihc: ")]
    assert len(lines) == 3, err
    assert lines[0].startswith("ihc: 2 seeds and 90 blocks tell ")
    assert "(2 sources of this experiment, from " in lines[2]
    assert "(predictions of this experiment)" in lines[2]


@pytest.mark.slow
@pytest.mark.parametrize("images", [12, 19, 20])
def test_predictions_of_few_images_say_too_little(planned, tmp_path, images):
    """Three patients that are ranked rightly do not show that test images move no difference."""
    (tmp_path / "small.yaml").write_text(small())
    _, out, _ = planned("--detect", "0.02")
    typical = re.search(r"test images are taken to move a difference by [\d.]+", out)[0]
    fill(images=images)
    _, out, err = planned("--detect", "0.02")
    (last,) = [line for line in out.splitlines() if line.startswith("ihc: the seeds")]
    assert "(2 sources of this experiment, from " in last, err
    if images < 20:
        assert last.endswith(f"(typical of an AUC of 0.9; predictions of {images} blocks say too little)")
        assert typical in last
    else:
        assert last.endswith("(predictions of this experiment)")


def test_a_metric_whose_images_are_not_counted_says_so(planned, tmp_path):
    (tmp_path / "small.yaml").write_text(small())
    fill()
    _, out, _ = planned("--detect", "0.02", metric="f1")
    assert "the sampling error of the test images is not counted: the influence of each image on f1 is not known" in out


def test_a_metric_without_typical_figures_and_without_runs_says_what_to_do(planned):
    _, out, _ = planned("--detect", "0.02", metric="f1")
    assert "ihc: nothing can be said of 0.02 f1: typical variances are known of auc alone; make cells of two sources" in out


def test_one_source_has_nothing_to_be_told_from(planned):
    _, out, _ = planned("--detect", "0.02", sources=["scratch"])
    assert "ihc: there are no two sources to tell apart" in out


@pytest.mark.parametrize("difference", ["0", "-0.1", "1", "nan", "inf"])
def test_a_difference_that_cannot_be_is_refused(planned, difference):
    code, _, err = planned("--detect", difference)
    assert code == 2
    assert f"--detect is {float(difference):g}; give a difference of the metric auc between 0 and 1, such as 0.02" in err


def test_without_the_option_nothing_is_said(planned):
    assert "ihc: " not in planned()[1]
