"""What speaks for a source before the first run: runs of other targets, never those of the target or its family."""

import numpy as np
import pandas as pd
import pytest

from benchmark.choosing import background
from benchmark.choosing.background import NOTHING_ASKED, Asked, background_of
from benchmark.choosing.own_runs import priors_of
from benchmark.choosing.settings import settings_of
from benchmark.specs.recipe import recipe_points
from results.board.request import RunQuery
from results.choosing.merge import merged
from results.choosing.prior import Prior, Setting
from results.error import CatsError
from results.tracking.experiment import Experiment
from tests.support.runs import run


def runs(sources, targets, auc, **facts):
    """One run of each source on each target at two learning rates."""
    some = {"imported": None, "leak": None} | facts
    return [
        run(source, target, 0, auc, lr=rate, **some) for source in sources for target in targets for rate in ("0.1", "0.01")
    ]


EXPERIMENTS = {
    "eyes": runs("ab", ["retinamnist", "octmnist"], 0.8),
    "chests": runs("bc", ["pneumoniamnist"], 0.7),
    "others": runs("ab", ["bloodmnist"], 0.9, imported="theirs"),
    "accuracies": runs("ab", ["bloodmnist"], 0.9, test_auc=None, test_accuracy=0.9),
    "empty": [],
}


@pytest.fixture
def server(monkeypatch):
    """A server with these experiments; what was said."""

    def runs_of(uri, name):
        if name not in EXPERIMENTS:
            raise CatsError(f"no experiment '{name}'")
        return pd.DataFrame(EXPERIMENTS[name])

    monkeypatch.setattr(background, "runs_of", runs_of)
    monkeypatch.setattr(background, "public_runs", Prior.empty)
    monkeypatch.setattr(background, "_all", lambda uri: list(EXPERIMENTS))
    said = []
    return lambda target, names=None, asked=NOTHING_ASKED: (
        background_of(target, names, "sqlite:///x.db", said.append, asked),
        " ".join(said),
    )


def test_an_experiment_without_a_run_is_no_mistake_of_anybody(tmp_path):
    """Such as that which MLflow makes itself, and that of a call which was stopped at once."""
    uri, said = f"sqlite:///{tmp_path / 'own.db'}", []
    Experiment(uri, "choose-breastmnist")
    background_of("breastmnist", None, uri, said.append)
    assert not any("Default" in sentence or "choose-breastmnist" in sentence for sentence in said)


@pytest.mark.parametrize(
    "rows",
    [
        runs("ab", ["breastmnist"], 0.8),
        runs("ab", ["busi"], 0.8),
        runs("ab", ["breastmnist"], 0.8, status="KILLED"),
        runs("ab", ["bloodmnist"], 0.8, status="KILLED"),
        runs("ab", ["breastmnist"], 0.8, imported="theirs"),
        [{"kind": "watch", "status": "FINISHED", "imported": None}],
    ],
)
def test_earlier_calls_for_the_same_task_and_unfinished_ones_are_left_out_silently(server, monkeypatch, rows):
    before = server("breastmnist", [])[1]
    monkeypatch.setattr(background, "_all", lambda uri: ["choose-breast"])
    monkeypatch.setitem(EXPERIMENTS, "choose-breast", rows)
    prior, said = server("breastmnist")
    assert prior.targets == ()
    assert said == f"{before} {before}"


def test_every_experiment_that_fits_speaks(server):
    prior, said = server("breastmnist")
    assert prior.targets == ("octmnist", "retinamnist", "pneumoniamnist")
    assert prior.sources == ("a", "b", "c")
    assert [setting.name for setting in prior.settings] == ["lr=0.01", "lr=0.1"]
    assert prior.origin == ("experiment eyes (net, finetune)", "experiment chests (net, finetune)")
    assert said == (
        "imported experiments speak only where --prior names them: others "
        "not every experiment of this server can speak for a source, and nothing is to be done: "
        "no run of 'accuracies' has the metric 'auc'"
    )


@pytest.mark.parametrize(
    ("networks", "names", "backbone", "speak"),
    [
        (["test_resnet"], None, "resnet18", False),
        (["test_resnet", "test_vit"], None, "resnet18", False),
        (["test_resnet", "resnet18"], None, "resnet18", True),  # as any experiment of several backbones
        (["test_resnet"], None, "test_vit", True),
        (["test_resnet"], None, None, True),
        (["test_resnet"], ["toys"], "resnet18", True),
    ],
)
def test_networks_for_tests_speak_for_real_ones_only_where_they_are_named(
    server, monkeypatch, networks, names, backbone, speak
):
    rows = [row for network in networks for row in runs("ab", ["bloodmnist"], 0.8, backbone=network)]
    monkeypatch.setitem(EXPERIMENTS, "toys", rows)
    prior, said = server("breastmnist", names, Asked(backbone=backbone))
    assert ("bloodmnist" in prior.targets) == speak
    sentence = "experiments of networks for tests (test_…) speak only where --prior names them: toys"
    assert (sentence in said) != speak


def test_imported_runs_speak_where_they_are_named(server):
    assert server("breastmnist", ["others"])[0].targets == ("bloodmnist",)


def test_the_target_and_its_family_never_speak(server):
    prior, said = server("octmnist", ["eyes"])
    assert prior.targets == ("retinamnist",)
    assert "1 target of the prior is octmnist or of its family, and is left out" in said


def test_a_target_whose_family_fills_the_prior_goes_on_without(server):
    prior, said = server("pneumoniamnist", ["chests"])
    assert prior.targets == ()
    assert "all runs of the prior are of pneumoniamnist or of its family" in said
    assert "every source is new" in said


def test_without_a_prior_it_works_and_says_so(server):
    assert server("breastmnist", ["none"])[0].targets == ()
    prior, said = server("breastmnist", [])
    assert prior.targets == ()
    assert "no run of another target is known" in said


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("accuracies", "no run of 'accuracies' has the metric 'auc'"),
        ("empty", "'empty' has no finished cell to choose from"),
        ("eyez", "no experiment 'eyez'"),
    ],
)
def test_a_named_experiment_that_cannot_speak_is_refused(server, name, sentence):
    with pytest.raises(CatsError, match=sentence):
        server("breastmnist", [name])


@pytest.fixture
def public(monkeypatch):
    """Public runs of three targets, two of one family."""
    figures = np.full((3, 1, 1), 0.5)
    names, setting = ("breastmnist", "organamnist", "organcmnist"), Setting.of({"lr": "1"})
    family = {"organamnist": "organ", "organcmnist": "organ"}
    made = Prior(names, ("imagenet",), (setting,), figures, figures, figures, figures, family, "auc", ("public",))
    monkeypatch.setattr(background, "public_runs", lambda: made)


@pytest.mark.parametrize("names", [None, ["eyes"]])
def test_the_public_runs_speak_beside_others(server, public, names):
    prior, _ = server("pneumoniamnist", names)
    assert {"breastmnist", "organamnist", "organcmnist", "retinamnist"} <= set(prior.targets)
    assert "breastmnist" not in server("breastmnist", names)[0].targets
    assert server("pneumoniamnist", ["none"])[0].targets == ()


@pytest.mark.parametrize("target", ["busi", "breastmnist[size=64]"])
def test_what_the_entries_declare_counts_beside_what_a_prior_says(server, public, target):
    """The public runs of this test say nothing of breastmnist, whose entry says that it is BUSI."""
    assert "breastmnist" not in server(target, ["eyes"])[0].targets


def test_public_runs_that_cannot_be_read_are_no_reason_to_stop(server, monkeypatch):
    def broken():
        raise CatsError("the public runs cannot be read")

    monkeypatch.setattr(background, "public_runs", broken)
    prior, said = server("breastmnist", ["eyes"])
    assert prior.targets == ("octmnist", "retinamnist")
    assert "the public runs cannot be read" in said


def mixed():
    """Two sources on two targets: fine-tuned with two optimisers, and a probe of another backbone, each at two rates."""
    sgd = runs("ab", ["retinamnist"], 0.8, optimiser="sgd")
    adamw = runs("ab", ["bloodmnist"], 0.9, optimiser="adamw")
    probe = runs("ab", ["pneumoniamnist"], 0.7, optimiser="adamw", protocol="probe", backbone="other")
    return pd.DataFrame([*sgd, *adamw, *probe])


def test_settings_of_another_protocol_or_optimiser_are_no_settings_of_the_recipe():
    (recipe,) = recipe_points({"base": "fast", "lr": 0.1}, "test")
    own, *others = priors_of(mixed(), RunQuery("mixed", "auc"), recipe)
    assert own.origin == ("experiment mixed (net, finetune, adamw)",)
    assert [setting.name for setting in own.settings] == ["lr=0.01", "lr=0.1"]
    assert {prior.origin[0] for prior in others} == {
        "experiment mixed (net, finetune, sgd)",
        "experiment mixed (other, probe, adamw)",
    }
    assert all(set(prior.sources) == {"a", "b"} for prior in (own, *others))  # a backbone is no part of a source's name
    found = settings_of("mine", [recipe], merged([own, *others]))
    assert [name for name in found.table if name.startswith("lr=")] == list(found.table)
    assert {recipe.lr for recipe in found.recipes.values()} >= {0.1, 0.01}
    only_others = settings_of("mine", [recipe], merged(others))
    assert "learning rates 1, 0.1, 0.01, 0.001 are the settings" in only_others.note


def test_an_experiment_without_a_run_that_counts_is_refused_with_its_reason():
    with pytest.raises(CatsError, match="'mixed' has no finished cell to choose from"):
        priors_of(mixed().assign(status="FAILED"), RunQuery("mixed", "auc"))


@pytest.mark.parametrize(("backbone", "plain"), [("vit", "vit"), ("net", "net"), (None, "net"), ("third", "net")])
def test_several_backbones_of_a_source_are_several_rows(backbone, plain):
    """Those of the choice, or else the first, have the name of the source; no row holds figures of two backbones."""
    frame = pd.DataFrame([*runs("ab", ["retinamnist"], 0.8), *runs("ac", ["retinamnist"], 0.6, backbone="vit")])
    prior = merged(priors_of(frame, RunQuery("mixed", "auc"), None, backbone))
    other = "vit" if plain == "net" else "net"
    assert set(prior.sources) == {"a", "b", "c", f"a on {other}"}
    figures = {source: set(prior.score[0, place].tolist()) for place, source in enumerate(prior.sources)}
    of = {"net": {0.8}, "vit": {0.6}}
    assert figures == {"a": of[plain], f"a on {other}": of[other], "b": of["net"], "c": of["vit"]}


@pytest.mark.parametrize(("own", "plain"), [({}, "net"), ({"a": "vit"}, "vit"), ({"b": "vit"}, "net"), ({"a": "third"}, "net")])
def test_of_a_source_that_brings_its_backbone_the_runs_on_that_one_have_its_name(own, plain):
    frame = pd.DataFrame([*runs("ab", ["retinamnist"], 0.8), *runs("ac", ["retinamnist"], 0.6, backbone="vit")])
    prior = merged(priors_of(frame, RunQuery("mixed", "auc"), None, "net", own))
    held = {"net": 0.8, "vit": 0.6}
    assert set(prior.score[0, prior.sources.index("a")].tolist()) == {held[plain]}


def test_a_candidate_never_speaks_for_its_own_images():
    on_itself = runs(["retinamnist"], ["retinamnist"], 0.6, backbone="vit")
    frame = pd.DataFrame([*runs(["a", "retinamnist"], ["retinamnist"], 0.8), *on_itself])
    assert merged(priors_of(frame, RunQuery("mixed", "auc"))).sources == ("a",)
