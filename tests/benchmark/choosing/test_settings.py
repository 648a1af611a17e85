"""Settings that are tried: points of a grid, settings of the prior, or a ladder of learning rates."""

from dataclasses import replace

import numpy as np
import pytest

from benchmark.choosing.settings import settings_of
from benchmark.specs.recipe import recipe_points
from results.choosing.prior import Prior, Setting

SGD = {"base": "finetune", "optimiser": "sgd"}


def prior_with(*settings):
    empty = np.full((1, 1, len(settings)), 0.5)
    made = tuple(Setting.of(values) for values in settings)
    return replace(
        Prior.empty(), targets=("t",), sources=("s",), settings=made, val_loss=empty, score=empty, kwh=empty, hours=empty
    )


def settings(written, prior=None):
    return settings_of("mine", recipe_points(written, "test"), prior or Prior.empty())


def test_without_a_prior_one_learning_rate_for_each_decade():
    found = settings("finetune")
    assert list(found.table) == ["lr=0.001", "lr=0.0001", "lr=0.01", "lr=1e-05"]
    assert [recipe.lr for recipe in found.recipes.values()] == [1e-3, 1e-4, 1e-2, 1e-5]
    assert "learning rates 0.01, 0.001, 0.0001, 1e-05 are" in found.note


def test_the_base_recipe_is_the_first_rung_as_it_is():
    (base,) = recipe_points("fast", "test")
    assert next(iter(settings("fast").recipes.values())) == base


def test_settings_of_the_prior_are_changes_of_a_recipe_with_the_same_optimiser():
    prior = prior_with({"lr": "0.1", "momentum": "0.9", "weight_decay": "1e-05"}, {"lr": "1.0", "momentum": "0"})
    found = settings(SGD, prior)
    assert list(found.table)[:2] == ["lr=0.1,momentum=0.9,weight_decay=1e-05", "lr=1.0,momentum=0"]
    first = found.recipes["lr=0.1,momentum=0.9,weight_decay=1e-05"]
    assert (first.lr, first.momentum, first.weight_decay, first.optimiser) == (0.1, 0.9, 1e-5, "sgd")


def test_learning_rates_of_sgd_are_not_given_to_adam():
    found = settings("fast", prior_with({"lr": "0.1", "momentum": "0.9"}))
    assert list(found.table) == ["lr=0.003", "lr=0.0003", "lr=0.03", "lr=3e-05"]
    assert "those of the prior are for sgd and the recipe has adamw" in found.note


def test_a_setting_that_names_its_optimiser_may_be_given_to_any_recipe():
    found = settings("fast", prior_with({"optimiser": "sgd", "lr": "0.1", "momentum": "0.9"}))
    recipe = next(iter(found.recipes.values()))
    assert (recipe.optimiser, recipe.lr) == ("sgd", 0.1)


@pytest.mark.parametrize(
    "values", [{"colour": "blue"}, {"lr": "fast"}, {"lr": "-1"}, {"protocol": "knn"}, {"epochs": "1"}, {"lr": "0.9"}]
)
def test_settings_that_are_no_changes_of_a_recipe_are_left_out(values):
    found = settings(SGD, prior_with(values))
    assert next(iter(found.table)) == "lr=0.001"
    assert found.note.endswith("are the settings of recipe mine, because those of the prior are no changes of a recipe")


def test_a_grid_has_its_own_points_with_the_names_of_the_prior():
    prior = prior_with({"lr": "0.10", "momentum": "0"}, {"lr": "7", "momentum": "0"})
    found = settings({**SGD, "lr": [0.1, 0.01], "momentum": [0, 0.9]}, prior)
    assert set(found.table) == {"lr=0.10,momentum=0", "lr=0.1,momentum=0.9", "lr=0.01,momentum=0.0", "lr=0.01,momentum=0.9"}
    assert found.recipes["lr=0.10,momentum=0"].lr == 0.1
    assert found.note == "recipe mine is a grid: its 4 points are the settings"


def test_two_settings_that_make_one_recipe_are_one():
    found = settings(SGD, prior_with({"lr": "0.01"}, {"lr": "1e-2"}))
    assert list(found.table) == ["lr=0.01", "lr=0.001", "lr=0.0001", "lr=1e-05"]
    assert "1 setting of the prior tried as changes of recipe mine, and 3 learning rates beside them" in found.note


@pytest.mark.parametrize("recipe", ["probe", "knn"])
def test_a_frozen_backbone_has_one_setting(recipe):
    found = settings(recipe, prior_with({"lr": "0.1"}))
    assert list(found.table) == ["default"]
    assert "trains no backbone" in found.note
