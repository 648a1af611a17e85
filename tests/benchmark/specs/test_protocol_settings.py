"""Keys of a recipe that belong to one protocol: refused elsewhere, in the key where they are used, absent from old keys."""

import pytest

from benchmark.choosing.settings import settings_of
from benchmark.specs.plan import Plan
from benchmark.specs.protocols import PROTOCOLS
from benchmark.specs.recipe import Recipe, flat, recipe_points, with_defaults
from results.choosing.prior import Prior
from results.error import CatsError
from tests.support.plans import cells_of, resolved

OWN = {"rank": 4, "alpha": 1.5, "adapted": "all", "blocks": 2, "layers": 3}
USERS = {"rank": "lora", "alpha": "lora", "adapted": "lora", "blocks": "partial", "layers": "probe"}


def refused(written):
    with pytest.raises(CatsError) as caught:
        recipe_points(written, "plan.yaml")
    assert len(caught.value.args) == 1
    return str(caught.value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", OWN)
def test_a_key_of_another_protocol_is_refused_in_one_sentence(protocol, name):
    written = {"protocol": protocol, name: OWN[name]}
    if protocol == USERS[name]:
        assert getattr(recipe_points(written, "here")[0], name) == OWN[name]
    else:
        expected = f"plan.yaml: recipe: {name}: {OWN[name]} is for protocol {USERS[name]}; {protocol} does not use it"
        assert refused(written) == expected


@pytest.mark.parametrize("name", OWN)
def test_a_default_that_is_written_is_refused_too(name):
    assert f"is for protocol {USERS[name]}" in refused({"protocol": "finetune", name: Recipe.model_fields[name].default})


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"protocol": "lora", "rank": 0}, "rank is 0; allowed is a whole number from 1 to 1,024"),
        ({"protocol": "lora", "rank": 2000}, "rank is 2000; allowed is a whole number from 1 to 1,024"),
        ({"protocol": "lora", "alpha": 0}, "alpha is 0; allowed is a number above 0"),
        (
            {"protocol": "lora", "adapted": "atention"},
            "adapted is 'atention', allowed are 'auto', 'attention', 'linear' or 'all'",
        ),
        ({"protocol": "partial", "blocks": 0}, "blocks is 0; allowed is a whole number from 1 to 1,000"),
        ({"protocol": "probe", "layers": 1.5}, "layers is 1.5"),
        ({"protocol": "lorra"}, "protocol is 'lorra', allowed are "),
        ({"protocol": "lora", "trained": "head"}, "head is for protocol finetune; lora itself says what is trained"),
        ({"protocol": "lora", "stem": "small"}, "small is for protocol finetune; lora would leave new first layers untrained"),
        (
            {"protocol": "prototype", "stem": "small"},
            "small is for protocol finetune; prototype uses the network of",
        ),
        ({"protocol": "prototype", "compile": True}, "prototype trains no backbone"),
    ],
)
def test_what_no_protocol_takes(written, sentence):
    assert sentence in refused(written)


def cell(**recipe):
    plan = {"experiment": "e", "sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"], "seeds": [0]}
    return next(cells_of(Plan(**plan, recipe=recipe)))


@pytest.mark.parametrize(
    ("protocol", "key"),
    [
        ("finetune", "ec02c50d2c21a839864493ab0f24c6012dbc960f205b020dd7034931255d51c9"),
        ("probe", "f1a35ad47e75c27bb09717ec8b7c6c012d4493ffc6b443aadb62f7e796c33ae8"),
        ("knn", "8e7dc9483d6d87efd72690b84d5119285454cfc87021f4b75ed0171c942ceb7f"),
    ],
)
def test_keys_of_cells_of_older_versions_are_the_same(protocol, key):
    assert cell(protocol=protocol).key == key


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "lora", "rank": 4},
        {"protocol": "lora", "alpha": 4},
        {"protocol": "lora", "adapted": "all"},
        {"protocol": "partial", "blocks": 3},
        {"protocol": "probe", "layers": 2},
    ],
)
def test_each_setting_of_a_protocol_enters_the_key(change):
    assert cell(**change).key != cell(protocol=change["protocol"]).key


def test_a_record_holds_the_settings_of_its_protocol_and_of_no_other():
    written = {protocol: flat(Recipe(protocol=protocol)) for protocol in PROTOCOLS}
    held = {protocol: set(OWN) & set(settings) for protocol, settings in written.items()}
    assert held == {p: set(facts.settings) - {"layers"} for p, facts in PROTOCOLS.items()}
    assert "layers" in flat(Recipe(protocol="probe", layers=2))


def test_a_recipe_is_read_again_as_it_was_written():
    for protocol in PROTOCOLS:
        recipe = Recipe(protocol=protocol)
        assert Recipe.model_validate(recipe.model_dump()) == recipe
        assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize(
    ("recipe", "texts"),
    [
        ({"protocol": "probe", "layers": [2, 1]}, ["layers 2", "layers 1"]),
        ({"protocol": ["lora", "finetune"]}, ["protocol lora", "protocol finetune"]),
        ({"protocol": "lora", "rank": [8, 4]}, ["rank 8", "rank 4"]),
        ({"compile": [True, False]}, ["compile True", "compile False"]),
    ],
)
def test_a_point_of_a_grid_is_named_by_what_varies(recipe, texts):
    plan = resolved(
        Plan(experiment="e", sources=["scratch"], targets=["ihc"], backbones=["test_resnet"], seeds=[0], recipe=recipe)
    )
    assert [plan.grid_point(flat(point)) for point in plan.points] == texts


@pytest.mark.parametrize(("each", "text"), [(True, "50 training images of each class"), (False, "50 training images")])
def test_a_number_of_training_images_is_named_as_the_plan_counts(each, text):
    names = {"sources": ["scratch"], "targets": ["ihc"], "backbones": ["test_resnet"]}
    plan = resolved(Plan(experiment="e", **names, seeds=[0], subsample={"train": [25, 50], "per_class": each}))
    settings = {"subsample.train": "50", "subsample.per_class": str(each)}
    assert plan.grid_point(flat(plan.points[0]) | settings) == text


def test_a_choice_among_protocols_has_their_points_as_settings():
    points = recipe_points({"protocol": ["lora", "finetune"], "epochs": 1}, "here")
    assert len(settings_of("own", points, Prior.empty()).table) == 2


def test_what_settings_leave_out_has_its_default():
    assert with_defaults({"lr": "0.5"})["rank"] == "8"
    assert with_defaults({"lr": "0.5"})["lr"] == "0.5"
