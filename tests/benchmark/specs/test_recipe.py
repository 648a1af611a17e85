"""Recipes: a name or changes over one; lists make a grid."""

import re

import pytest

from benchmark.specs.protocols import PROTOCOLS
from benchmark.specs.recipe import Augment, Recipe, recipe_names, recipe_points
from results.error import CatsError


def refused(written):
    with pytest.raises(CatsError) as caught:
        recipe_points(written, "plan.yaml")
    told = str(caught.value)
    assert told.startswith("plan.yaml: ")
    return told


def test_the_shipped_recipes_have_these_names():
    assert recipe_names() == [
        "bitfit", "cats2021", "cats2024", "fast", "finetune", "guide_cnn", "idc_resnetv2_50", "knn", "lora", "medmnist",
        "norms", "partial", "pcam_xception", "pretraining", "probe", "prototype",
    ]  # fmt: skip


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_a_recipe_of_its_name(name):
    assert [point.protocol for point in recipe_points(name, "here")] == [name]


def test_a_name_is_that_recipe():
    assert recipe_points("probe", "here") == recipe_points({"base": "probe"}, "here")
    assert recipe_points("probe", "here")[0].protocol == "probe"


def test_without_base_the_defaults_hold():
    assert recipe_points({}, "here") == [Recipe()]


def test_changes_go_over_the_base_and_leave_the_rest():
    base, changed = recipe_points("finetune", "here")[0], recipe_points({"base": "finetune", "lr": 0.5}, "here")[0]
    assert changed.lr == 0.5
    assert changed == base.model_copy(update={"lr": 0.5})


def test_a_changed_augmentation_replaces_the_whole_of_the_base():
    assert recipe_points({"base": "finetune", "augment": {"zoom": 0.2}}, "here")[0].augment == Augment(zoom=0.2)


def test_what_a_plan_wrote_is_left_as_it_was():
    written = {"base": "finetune", "lr": [0.1, 0.2]}
    recipe_points(written, "here")
    assert written == {"base": "finetune", "lr": [0.1, 0.2]}


def test_lists_make_a_grid_in_the_order_written():
    points = recipe_points({"lr": [0.2, 0.1], "optimiser": ["sgd", "adamw"], "size": 32}, "here")
    assert [(p.lr, p.optimiser) for p in points] == [(0.2, "sgd"), (0.2, "adamw"), (0.1, "sgd"), (0.1, "adamw")]
    assert {p.size for p in points} == {32}


def test_the_penalties_of_a_probe_are_no_grid():
    points = recipe_points({"base": "probe", "c": [1, 10]}, "here")
    assert len(points) == 1
    assert points[0].c == (1.0, 10.0)


def test_nothing_at_all_and_whole_augmentations_may_stand_in_a_grid():
    assert [p.patience for p in recipe_points({"patience": [None, 3]}, "here")] == [None, 3]
    assert [p.augment.flip for p in recipe_points({"augment": [{"flip": 0}, {"flip": 1}]}, "here")] == [0, 1]


@pytest.mark.parametrize(
    ("one", "other"), [({"lr": 1}, {"lr": 1.0}), ({"lr": "1e-3"}, {"lr": 0.001}), ({"size": 64.0}, {"size": 64})]
)
def test_one_value_written_in_two_ways_is_one_recipe(one, other):
    assert recipe_points(one, "here") == recipe_points(other, "here")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("fintune", "there is no recipe 'fintune'; did you mean 'finetune'?"),
        ({"base": "zzz"}, "there is no recipe 'zzz'; allowed are bitfit, cats2021, cats2024, fast, "),
        ({"base": ["probe"]}, "there is no recipe '['probe']'"),
        ({"learning_rate": 1}, "there is no key 'learning_rate'"),
        ({"epoch": 1}, "there is no key 'epoch'; did you mean 'epochs'?"),
        ({"size": []}, "recipe.size is an empty list; a grid needs at least one value"),
        ({"size": 7}, "size is 7; allowed is a whole number from 8 to 1,024"),
        ({"size": "small"}, "size is 'small'; allowed is a whole number from 8 to 1,024"),
        ({"size": 32.5}, "size is 32.5; allowed is a whole number from 8"),
        ({"lr": [0.1, 0]}, "lr is 0; allowed is a number above 0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"batch_size": 1}, "batch_size is 1; allowed is a whole number from 2 to 1,000,000"),
        ({"protocol": "probes"}, "protocol is 'probes', allowed are 'finetune', 'lora', 'partial', "),
        ({"schedule": "cosin"}, "schedule is 'cosin', allowed are 'cosine', 'constant' or 'step'"),
        ({"patience": 0}, "patience is 0"),
        (
            {"base": "probe", "stem": "small"},
            "recipe: stem: small is for protocol finetune; probe uses the network of the source unchanged",
        ),
        ({"protocol": "knn", "stem": ["small"]}, "recipe: stem: small is for protocol finetune; knn uses the network"),
        ({"augment": 3}, "augment is 3"),
        ({"augment": {"flip": 2}}, "augment.flip is 2; allowed is a number from 0 to 1"),
        ({"augment": {"flip": [0, 1]}}, "augment.flip is [0, 1]"),
        ({"augment": {"rotat": 2}}, "there is no key 'augment.rotat'; did you mean 'rotate'?"),
    ],
)
def test_what_no_recipe_may_hold(written, sentence):
    assert sentence in refused(written)


@pytest.mark.parametrize("field", ["lr", "weight_decay"])
def test_an_infinite_rate_is_refused_because_no_key_can_hold_it(field):
    assert field in refused({field: float("inf")})


@pytest.mark.parametrize("given", [[], [0.0], [-1.0], [float("nan")]])
def test_penalties_of_a_probe_are_positive_numbers_and_there_is_one(given):
    assert re.search(r"\bc\b", refused({"base": "probe", "c": given}))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [({"epochs": True}, "epochs is True"), ({"augment": {"flip": True}}, "augment.flip is True")],
)
def test_a_truth_value_is_no_number(written, sentence):
    assert sentence in refused(written)


@pytest.mark.parametrize("given", [[0.1, 0.1], [1, 1.0]])
def test_a_grid_holds_each_point_once(given):
    assert "lr" in refused({"lr": given})


def test_what_a_recipe_changes_can_be_written_alone():
    assert Recipe(lr=0.5, compile=True).model_dump(exclude_defaults=True) == {"lr": 0.5, "compile": True}
    assert Recipe(lr=0.5).model_dump(exclude_defaults=True) == {"lr": 0.5}
