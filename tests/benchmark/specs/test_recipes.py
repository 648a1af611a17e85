"""The recipes that ship: what they hold, what they say of themselves, and that a network can be trained by each."""

import re

import numpy as np
import pytest
import torch
import yaml

from benchmark.data.split import Subsample
from benchmark.entries.describe import recipe_comment, recipe_text
from benchmark.networks.network import Network, Trained
from benchmark.specs.backbones import check_backbone
from benchmark.specs.plan import load_plan
from benchmark.specs.recipe import Augment, Recipe, recipe_names, recipe_points
from benchmark.training import train
from benchmark.training.device_images import on_device
from benchmark.training.protocols import protocol_of
from tests.support.plans import leaks_of

NAMES = recipe_names()
PROTOCOLS = ["cats2021", "cats2024", "fast", "guide_cnn", "idc_resnetv2_50", "medmnist", "pcam_xception"]  # hold a plan
GRIDS = {"cats2024": 120, "guide_cnn": 3}
SOURCE = r"arXiv:\d{4}\.\d{5}|CVPR 20\d\d|Scientific Data|SPIE Medical\s+Imaging|step-by-step guide"


def only(name):
    """The one point of a recipe without a grid."""
    (point,) = recipe_points(name, "here")
    return point


def plan_of(name, folder):
    """(the plan in the comment of a recipe, its commands)."""
    paragraphs = recipe_comment(recipe_text(name)).split("\n\n")
    (block,) = [p.splitlines() for p in paragraphs if all(line.startswith("  ") for line in p.splitlines())]
    lines = [line[2:] for line in block]
    path = folder / "plan.yaml"
    path.write_text("\n".join(line for line in lines if not line.startswith("cats ")))
    return load_plan(str(path)), [line for line in lines if line.startswith("cats ")]


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_has_as_many_points_as_its_grid(name):
    assert len(recipe_points(name, "here")) == GRIDS.get(name, 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_how_to_run_it_and_where_it_comes_from(name):
    comment = recipe_comment(recipe_text(name))
    assert "cats run plan.yaml" in comment
    own = re.search(r"[Tt]his\s+project's\s+own", comment)
    assert own or re.search(SOURCE, comment)
    assert re.search(r"Expected|No\s+published\s+number|no\s+published\s+number", comment)


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_a_recipe_is_longer_than_those_of_the_code(name):
    assert max(map(len, recipe_text(name).splitlines())) <= 128


@pytest.mark.parametrize("name", NAMES)
def test_the_values_stand_below_the_comment_as_yaml(name):
    assert set(yaml.safe_load(recipe_text(name))) <= set(Recipe.model_fields)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_plan_in_the_comment_can_be_run(name, tmp_path):
    plan, commands = plan_of(name, tmp_path)
    assert plan.recipe == name
    assert commands[0] == "cats run plan.yaml"
    assert not leaks_of(plan)
    for backbone in plan.backbones:
        check_backbone(backbone)


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "fast"])
def test_a_published_protocol_says_where_it_differs(name):
    comment = recipe_comment(recipe_text(name))
    assert comment.count("\n- ") >= 3
    assert "Where this differs from what was published:" in comment


def test_cats2021_is_adam_at_a_small_constant_rate():
    assert only("cats2021") == Recipe(
        size=112, epochs=50, batch_size=128, optimiser="adam", lr=1e-5, weight_decay=0, schedule="constant", warmup=0,
        dropout=0.5, augment=Augment(flip=0.5, rotate=10, shift=0.1),
    )  # fmt: skip


def test_cats2021_stands_for_five_folds_by_five_seeds_and_keeps_the_last_epoch(tmp_path):
    plan, _ = plan_of("cats2021", tmp_path)
    assert (len(plan.seeds), plan.rule, plan.backbones) == (5, "last_epoch", ("resnet50.tv_in1k",))
    assert recipe_points({"base": "pretraining", **plan.pretraining}, "here") == [only("cats2021")]


def test_cats2024_is_nesterov_sgd_on_a_grid_of_rate_momentum_decay_and_batch():
    points = recipe_points("cats2024", "here")
    assert {p.lr for p in points} == {1, 0.1, 0.01, 1e-3, 1e-4, 1e-5}
    assert {p.momentum for p in points} == {0, 0.9}
    assert {p.weight_decay for p in points} == {0, 1e-6, 1e-5, 1e-4, 1e-3}
    assert {p.batch_size for p in points} == {128, 256}
    searched = {"lr": 1, "momentum": 0, "weight_decay": 0, "batch_size": 128}
    assert {p.model_copy(update=searched) for p in points} == {
        Recipe(
            size=224, epochs=200, optimiser="sgd", decayed="all", schedule="cosine", warmup=0, dropout=0.5, patience=50,
            augment=Augment(flip=0.5, crop=0.08, rotate=5, sharpness=0.5, autocontrast=0.5, equalize=0.5), **searched,
        )
    }  # fmt: skip


def test_cats2024_draws_its_images_blindly_and_once_and_chooses_by_two_rules(tmp_path):
    plan, commands = plan_of("cats2024", tmp_path)
    assert plan.subsample.each == (Subsample(train=100, val=25, per_class=True, stratified=False, seed=24),)
    assert (plan.seeds, plan.rule, plan.backbones) == ((42,), "max_val_auc", ("resnet18.tv_in1k",))
    assert commands[1] == "cats board plan.yaml --rule min_val_loss"


def test_cats2024_names_the_batches_of_the_published_runs(truth):
    import pandas as pd

    runs = pd.read_parquet(truth / "cats2024" / "runs.parquet")
    found = {frozenset(sizes) for _, sizes in runs.groupby("target")["batch_size"]}
    assert found == {frozenset(pair) for pair in ((32, 64), (64, 128), (128, 256), (256, 512))}
    usual = runs.groupby("target")["batch_size"].agg(frozenset).value_counts()
    assert usual[frozenset((128, 256))] == 7
    assert set(runs[runs["target"] == "dermamnist"]["batch_size"]) == {128, 256}


def test_cats2024_expects_what_was_published_with_imagenet(truth):
    import pandas as pd

    row = pd.read_csv(truth / "cats2024" / "auc.csv", index_col="source").loc["imagenet"].drop("Unnamed: 0")
    comment = recipe_comment(recipe_text("cats2024"))
    assert all(f"{value:.4f}".removeprefix("0") in comment for value in row)


def test_medmnist_is_adam_in_three_steps_without_augmentation():
    assert only("medmnist") == Recipe(
        size=28, epochs=100, batch_size=128, optimiser="adam", lr=1e-3, weight_decay=0, schedule="step", warmup=0,
        stem="small", augment=Augment(flip=0), precision="fp32",
    )  # fmt: skip


def test_medmnist_sees_images_around_one_half(tmp_path):
    plan, _ = plan_of("medmnist", tmp_path)
    assert plan.sources == ("scratch",)
    assert (Trained().mean, Trained().std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_idc_resnetv2_50_has_a_dense_layer_dropout_rotation_and_flips():
    assert only("idc_resnetv2_50") == Recipe(
        size=50, epochs=20, batch_size=64, optimiser="adam", lr=1e-4, weight_decay=0, schedule="constant", warmup=0,
        hidden=(256,), dropout=0.5, augment=Augment(flip=0.5, flip_vertical=0.5, rotate=20),
    )  # fmt: skip


def test_pcam_xception_has_small_batches_a_dense_head_rotation_shift_and_flip():
    assert only("pcam_xception") == Recipe(
        size=96, epochs=10, batch_size=16, optimiser="adam", lr=1e-4, weight_decay=0, schedule="constant", warmup=0,
        hidden=(256,), dropout=0.5, augment=Augment(flip=0.5, rotate=15, shift=0.1),
    )  # fmt: skip


def test_guide_cnn_is_adam_that_watches_validation_and_searches_the_rate(tmp_path):
    points = recipe_points("guide_cnn", "here")
    assert [p.lr for p in points] == [1e-3, 3e-4, 1e-4]
    assert {p.model_copy(update={"lr": 1e-3}) for p in points} == {
        Recipe(
            size=64, epochs=30, batch_size=32, optimiser="adam", lr=1e-3, weight_decay=0, schedule="constant", warmup=0,
            dropout=0.5, patience=8, augment=Augment(flip=0.5, rotate=10, shift=0.1),
        )
    }  # fmt: skip
    assert plan_of("guide_cnn", tmp_path)[0].rule == "min_val_loss"


def test_fast_has_the_parts_that_it_names(tmp_path):
    fast = only("fast")
    assert (fast.optimiser, fast.schedule) == ("adamw", "cosine")
    assert fast.epochs <= 40  # or it is not fast; values are tuned, parts are not
    assert 0 < fast.ema < 1 > fast.layer_decay
    assert 0 < fast.warmup < 1 > fast.label_smoothing > 0
    assert plan_of("fast", tmp_path)[0].rule == "within_one_se"
    assert fast.patience is None  # a later epoch may count after worse ones


def is_trained(name):
    return recipe_points(name, "here")[0].trains_backbone


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if is_trained(name)])
def test_a_network_is_trained_by_it(name):
    recipe = recipe_points(name, "here")[0]
    small = recipe.stem == "small"  # a stem that test_resnet cannot have, and four times the work per pixel
    side = 16 if small else 32
    recipe = recipe.model_copy(update={"size": side, "epochs": 1, "batch_size": 8, "warmup": 0})
    rng, labels = np.random.default_rng(0), np.arange(8) % 2
    images = on_device(rng.integers(0, 256, (8, side, side, 3), dtype=np.uint8), labels, torch.device("cpu"))
    torch.manual_seed(0)
    network = Network("resnet18" if small else "test_resnet", Trained(), 2, recipe)
    protocol_of(recipe.protocol).adapt(network, recipe, 0)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    fit = train.fit(network, images, images, recipe, 0, "last_epoch")
    assert np.isfinite(fit.curves["train_loss"] + fit.curves["val_loss"]).all()
    assert fit.curves["learning_rate"] == [recipe.lr]
    moved = {key.partition(".")[0] for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert moved == {"backbone", "head"} | ({"dense"} if recipe.hidden else set())


@pytest.mark.parametrize("name", [name for name in NAMES if not is_trained(name)])
def test_features_are_probed_by_it(name):
    recipe, rng = only(name), np.random.default_rng(0)
    labels = {"train": np.arange(60) % 2, "val": np.arange(20) % 2, "test": np.arange(20) % 2}
    features = {part: rng.normal(size=(len(some), 4)) + 3 * some[:, None] for part, some in labels.items()}
    given, curves, *_ = protocol_of(recipe.protocol).fit(features, labels, recipe, "min_val_loss")
    assert (given.argmax(axis=1) == labels["test"]).mean() > 0.9
    assert len(curves["val_auc"]) == {"probe": len(recipe.c), "knn": len(recipe.k), "prototype": 25}[recipe.protocol]
