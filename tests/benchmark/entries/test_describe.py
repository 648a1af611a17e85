"""The descriptions of entries and plans."""

import json
import re

import pytest

from benchmark.entries.describe import description, entry_rows
from benchmark.specs import catalogue
from benchmark.specs.plan import plan_names
from benchmark.specs.recipe import recipe_names
from results.error import CatsError


def row(kind, name):
    return next(row for row in entry_rows(kind) if row["name"] == name)


@pytest.mark.parametrize("kind", ["sources", "targets"])
def test_every_entry_has_one_row_in_the_order_of_names(kind):
    assert [row["name"] for row in entry_rows(kind)] == catalogue.names(kind)


@pytest.mark.parametrize("kind", ["sources", "targets", "plans", "measures", "recipes"])
def test_rows_have_the_same_columns_and_are_json(kind):
    rows = entry_rows(kind)
    assert len({tuple(row) for row in rows}) <= 1
    assert json.loads(json.dumps(rows)) == rows


def test_a_source_says_what_it_is_made_of():
    kinds = {name: row("sources", name)["kind"] for name in ("scratch", "imagenet", "fractal")}
    assert kinds == {"scratch": "random", "imagenet": "weights", "fractal": "pretraining"}
    assert row("sources", "imagenet")["images"] == 1_281_167
    assert row("sources", "imagenet")["classes"] is None
    assert row("sources", "digits")["images"] == 1_797


def test_a_target_says_what_is_declared():
    assert row("targets", "ihc") == {
        "name": "ihc", "modality": "immunohistochemistry", "task": "binary", "classes": 2, "images": 576, "here": "yes",
        "groups": "block", "licence": "CC0 (scikit-image, skimage.data.immunohistochemistry)",
        "citation": "van der Walt et al., scikit-image, PeerJ 2:e453, 2014",
        "title": "Stained tissue in colon immunohistochemistry, patches of 32 px",
    }  # fmt: skip


def test_it_says_whether_the_files_are_here(home):
    assert row("targets", "breastmnist")["here"] == "no"
    (home / "data" / "medmnist").mkdir(parents=True)
    (home / "data" / "medmnist" / "breastmnist.npz").touch()
    assert row("targets", "breastmnist")["here"] == "yes"
    assert row("targets", "pneumoniamnist")["here"] == "no"
    assert row("targets", "digits")["here"] == "yes"


def test_real_files_are_here(real_dataset):
    real_dataset(catalogue.target("retinamnist").dataset)
    assert row("targets", "retinamnist")["here"] == "yes"


def test_a_plan_says_what_it_compares():
    assert [row["name"] for row in entry_rows("plans")] == plan_names()
    assert row("plans", "quickstart") == {
        "name": "quickstart", "sources": "scratch, digits, textures, fractal", "targets": "ihc, digits", "seeds": 3,
    }  # fmt: skip


def test_a_recipe_says_in_one_sentence_what_it_is():
    assert [row["name"] for row in entry_rows("recipes")] == recipe_names()
    assert row("recipes", "cats2024") == {
        "name": "cats2024", "protocol": "finetune", "size": 224, "points": 120,
        "title": "CATS 2024: a ResNet-18 fine-tuned on few images by each of 120 settings of SGD.",
    }  # fmt: skip
    assert all(re.fullmatch(r"[A-Z][^\n#]{30,250}\.", row["title"]) for row in entry_rows("recipes"))


def test_a_recipe_shows_its_comment_and_what_it_sets():
    shown = json.loads(description("medmnist"))["recipe"]
    assert shown["about"][0].startswith("MedMNIST v2: a ResNet-18")
    assert "  cats run plan.yaml" in shown["about"]
    assert (shown["schedule"], shown["augment"]) == ("step", {"flip": 0})


def test_a_name_shows_everything_it_stands_for():
    assert list(json.loads(description("digits"))) == ["source", "target"]
    assert list(json.loads(description("ihc"))) == ["target"]
    assert list(json.loads(description("imagenet"))) == ["source"]
    assert list(json.loads(description("quickstart"))) == ["plan"]
    assert list(json.loads(description("knn"))) == ["measure", "recipe"]


def test_options_show_in_the_description():
    shown = json.loads(description("breastmnist[size=64]"))["target"]
    assert shown["name"] == "breastmnist[size=64]"
    assert shown["dataset"]["shape"] == [64, 64]
    assert "read" not in shown["dataset"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("brestmnist", "no source, target, measure, plan or recipe called 'brestmnist'; did you mean 'breastmnist'?"),
        ("fractl", "no source, target, measure, plan or recipe called 'fractl'; did you mean 'fractal'?"),
        ("quickstrt", "no source, target, measure, plan or recipe called 'quickstrt'; did you mean 'quickstart'?"),
        ("cats2023", "no source, target, measure, plan or recipe called 'cats2023'; did you mean 'cats2021'?"),
        ("breastmnist[siz=64]", "breastmnist takes no option 'siz'; did you mean 'size'?"),
        ("Breast MNIST", "'Breast MNIST' is not a name; write a name like breastmnist or breastmnist[size=64]"),
        ("", "'' is not a name"),
    ],
)
def test_what_has_no_description_gets_the_nearest_name(name, sentence):
    with pytest.raises(CatsError) as caught:
        description(name)
    assert str(caught.value).startswith(sentence)
