"""`cats choose` on real pictures with a tiny network: what it makes, keeps and says, and that it goes on where it was."""

import json
import shlex
import shutil
from types import SimpleNamespace

import pytest

from benchmark.answers.choose import sentences_of
from benchmark.core.paths import entries_folder
from benchmark.execution.records import runs_of
from benchmark.execution.watch import Run
from benchmark.models.model import read_manifest
from tests.support.choices import CALL, SOURCES, furnish
from tests.support.folded import makers

URI = "sqlite:///mlflow.db"


@pytest.fixture
def choose(cats, tmp_path, monkeypatch):
    """The command, in a furnished folder: options → the answer as plain data, and what was said."""
    furnish(tmp_path, monkeypatch)

    def call(*options, code=0):
        ended, out, err = cats(*CALL, *options, "--format", "json")
        assert ended == code, err
        return json.loads(out) if out else {}, " ".join(err.split())

    return call


def cells():
    runs = runs_of(URI, "choose-ihc-tiny")
    return runs[runs["kind"] == "cell"]


@pytest.mark.slow
def test_a_choice_from_the_first_run_to_the_kept_network(choose, cats, tmp_path):
    answer, said = choose("--cells", "3")
    runs = cells()
    assert len(runs) == len(set(runs["key"])) == 3
    assert set(runs["status"]) == {"FINISHED"}
    assert "the backbone is test_resnet, for which 3 sources have weights on this machine" in said
    taken = answer["taken"]
    best = runs.loc[runs["val_loss"].idxmin()]
    assert (taken["source"], taken["val_loss"], taken["score"]) == (best["source"], best["val_loss"], best["test_auc"])
    assert taken["low"] < taken["score"] < taken["high"]
    assert answer["spent"]["runs"] == 3
    assert answer["spent"]["kwh"] == pytest.approx(runs["kwh"].sum())
    assert answer["spent"]["sweep_runs"] == 6
    assert answer["ended"] == "the budget of 3 cells holds no further run"
    assert f"Resume with twice the budget: cats {shlex.join(CALL)} --cells 6 --format json" in said
    manifest = read_manifest(tmp_path / answer["kept"])
    assert (manifest.key, manifest.names["source"]) == (best["key"], best["source"])
    assert answer["kept"] == "models/ihc"

    again, said = choose("--cells", "3")
    assert len(cells()) == 3  # nothing is made or kept twice
    assert "last answer" not in said
    assert [folder.name for folder in (tmp_path / "models").iterdir()] == ["ihc"]
    assert {**again, "ended": ""} == {**answer, "ended": ""}
    assert best["source"] in cats("board", "choose-ihc-tiny")[1]
    assert makers("sqlite:///mlflow.db", "choose-ihc-tiny") == {("cell", "cats choose")}
    said = " ".join(cats(*CALL[: CALL.index("--prior")], "--cells", "3", "--keep", "none")[2].split())
    assert "the prior has changed since the last answer (new in it: " in said
    assert "; the settings now are lr=0.01, lr=0.001" in said


@pytest.mark.slow
def test_cost_and_report_show_a_choice_as_any_experiment(choose, cats, tmp_path):
    choose("--cells", "1", "--keep", "none")
    answer, _ = choose("--cells", "2", "--keep", "none")
    assert cats("cost", "choose-ihc-tiny")[0] == 0
    code, _, err = cats("report", "choose-ihc-tiny")
    assert code == 0, err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The choice of a source for ihc" in page
    assert "Sources as they were halved" in page
    assert f"{answer['taken']['val_loss']:.3f}" in page
    assert "the budget of 2 cells holds no further run" in page  # of the newest answer


@pytest.mark.slow
def test_a_larger_budget_goes_on_and_ends_as_if_it_had_been_given_at_once(choose, monkeypatch, tmp_path):
    options = ["--sources", *SOURCES[:2], "--keep", "none", "--seeds", "2"]
    choose("--cells", "2", *options)
    answer, _ = choose("--cells", "9", *options)
    made = answer["tried"]
    assert len(made) == len(cells()) == 6  # 2 sources x 2 settings, and 1 more seed of 2 finalists
    assert [run["seed"] for run in made] == [0] * 4 + [1] * 2
    assert [seat["settings"] for each in answer["rounds"] for seat in each["seats"]] == [2, 2]  # further seeds are in no round
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "other"))
    at_once, _ = choose(*options, "--tracking-uri", "sqlite:///other.db")
    assert without_costs(at_once) == without_costs(answer)


@pytest.mark.slow
def test_an_answer_whose_network_cannot_be_kept_is_given_all_the_same(choose, cats, tmp_path):
    """Both folders hold something else: the answer is printed and stored, and then the refusal is said."""
    (tmp_path / "busy").mkdir()
    (tmp_path / "busy" / "notes.txt").write_text("mine")
    options = ["--cells", "1", "--keep", str(tmp_path / "busy")]
    first, _ = choose(*options)
    (own,) = (tmp_path / "models").iterdir()
    shutil.rmtree(own)
    own.mkdir()
    (own / "notes.txt").write_text("mine")
    answer, said = choose(*options, code=2)
    assert answer["taken"] == first["taken"]
    assert answer["kept"] == ""
    assert "exist and hold something else; name another folder with --output" in said
    assert cats("report", "choose-ihc-tiny")[0] == 0
    assert "The choice of a source for ihc" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (own / "notes.txt").read_text() == "mine"


def _stopped_between_cells(driver, *_):
    driver.state.interrupted = True


def _stopped_at_once(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("stopped", [_stopped_between_cells, _stopped_at_once])
def test_a_choice_that_is_stopped_says_how_to_go_on(cats, tmp_path, monkeypatch, stopped):
    furnish(tmp_path, monkeypatch)
    monkeypatch.setattr("benchmark.choosing.choose.run_choice", stopped)
    code, out, err = cats(*CALL)
    assert (code, out) == (130, "")
    assert f"stopped; nothing finished is lost. Resume with: cats {shlex.join(CALL)}\n" in err


def test_what_is_left_to_send_and_what_failed_is_said(capsys):
    record = SimpleNamespace(kind="cell", reason="out of memory")
    state = Run(cells=3, done=0, failed=[record], waiting=2, refused=4)
    state.name = lambda _: "imagenet → ihc"
    said = " ".join(sentences_of(SimpleNamespace(state=state)))
    assert said == (
        "failed: cell imagenet → ihc: out of memory 2 records wait in the outbox; the next `cats choose` sends them "
        "4 records were set aside for the reasons above; the next `cats choose` tries to send them again"
    )


def without_costs(answer):
    """What two calls that make the same cells have in common: everything but what they took."""
    tried = [{name: run[name] for name in ("source", "setting", "seed", "val_loss")} for run in answer["tried"]]
    return {name: value for name, value in answer.items() if name not in {"spent", "sources"}} | {"tried": tried}


ONE = ["--cells", "1", "--keep", "none"]
REFUSED = {
    "no such target": (["choose", "ihx"], "no target called 'ihx'; did you mean 'ihc'?"),
    "a target that is published weights": (["choose", "models:/a/1"], "published weights are a source"),
    "no such source": ([*CALL, "--sources", "imagenet", "imagenot"], "no source called 'imagenot'; did you mean 'imagenet'?"),
    "a source twice": ([*CALL, "--sources", "imagenet", "imagenet"], "'imagenet' is given twice"),
    "no such backbone": (
        [*CALL, "--backbone", "test_resnut"],
        "timm has no backbone 'test_resnut'; did you mean 'test_resnet'?",
    ),
    "no source with weights for the backbone": (
        [*CALL, "--backbone", "efficientnet_b0_gn"],
        "no source has weights for efficientnet_b0_gn; there are weights for test_resnet: name one with --backbone",
    ),
    "a named source without weights for it": (
        [*CALL, "--backbone", "test_vit", "--sources", "inat_bird"],
        "source inat_bird has no weights for test_vit",
    ),
    "only a source of the same images": (
        [*CALL, "--sources", "ihc"],
        "no source is left for ihc: not run: ihc → ihc: they are the same",
    ),
    "no such recipe": (["choose", "ihc", "--recipe", "fasst"], "there is no recipe 'fasst', and no file of that name"),
    "a recipe file that is not there": (["choose", "ihc", "--recipe", "no.yaml"], "there is no file no.yaml"),
    "no such policy": ([*CALL, "--policy", "raze"], "no policy called 'raze'; did you mean 'race'?"),
    "a budget that holds no cell": ([*CALL, "--hours", "1e-9"], "the budget of 0.000000001 hours"),
    "a budget of no cells": ([*CALL, "--cells", "0"], "the budget: cells is 0; allowed is a whole number above 0"),
    "a negative budget": ([*CALL, "--kwh", "-1"], "the budget: kwh is -1.0; allowed is a number above 0"),
    "no such country": ([*CALL, "--country", "XXX"], "XXX"),
    "a country that is none": ([*CALL, "--country", "nl"], "country"),
    "workers of the local engine": ([*CALL, "--workers", "2"], "--workers needs --engine dask"),
    "no seed": ([*CALL, "--seeds", "0"], "'0' is not a whole number from 1 to 100"),
}


ENTRY = """
import numpy as np
from benchmark import Dataset, Samples, Target

PARTS = {parts}

def read(folder):
    images = [np.random.default_rng(number).integers(0, 255, (16, 16), np.uint8) for number in range(len(PARTS))]
    return Samples(images, np.arange(len(PARTS)) % 2, [str(number) for number in range(len(PARTS))], parts=PARTS)

facts = dict(title="t", modality="m", task="binary", classes=("no", "yes"), licence="l", citation="c")
target = Target(name="mine", dataset=Dataset(name="mine", read=read, **facts))
"""
UNSEEN = {  # the parts of images whose classes alternate, and why no validation image can choose
    "no validation image of a class": (
        ["train"] * 4 + ["test"] * 2 + ["val"],
        "mine: the class 'yes' has no image in val",
    ),
    "no validation image, and none to draw": (
        ["train"] * 2 + ["test"] * 2,
        "mine: the class 'no' has no image in val: it has 1 different image, and a drawn split needs at least 2 of each class",
    ),
}


def refused(cats, folder, arguments, sentence):
    code, out, err = cats(*arguments)
    assert code == 2, err
    assert sentence in " ".join(err.split())
    assert "Traceback" not in err
    assert not out
    assert not (folder / "mlflow.db").exists()
    assert not (folder / "models").exists()


@pytest.mark.parametrize("case", UNSEEN)
def test_a_target_without_validation_images_of_each_class_is_refused(cats, tmp_path, monkeypatch, case):
    """Validation images alone choose, so that a target without them has no answer."""
    furnish(tmp_path, monkeypatch)
    parts, sentence = UNSEEN[case]
    (entries_folder() / "targets").mkdir(parents=True)
    (entries_folder() / "targets" / "mine.py").write_text(ENTRY.format(parts=parts))
    refused(cats, tmp_path, ("choose", "mine", *CALL[2:]), sentence)


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_sentence_and_leaves_nothing(cats, tmp_path, monkeypatch, case):
    furnish(tmp_path, monkeypatch)
    arguments, sentence = REFUSED[case]
    refused(cats, tmp_path, arguments, sentence)
