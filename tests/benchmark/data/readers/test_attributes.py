"""Attributes of images: from a column of a table to the stored predictions; they enter the identity where they are declared."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.readers.attributes import MOST_VALUES
from benchmark.data.readers.samples import Samples
from benchmark.data.readers.table import table
from benchmark.execution.execute import prediction_table
from results.error import CatsError
from results.evaluation.subgroups import attributes_of
from results.statistics.influence import check_predictions, parse_predictions

USUAL = {"file": "l.csv", "path": "f", "label": "l", "classes": ["x", "y"]}
SITES = [" north", "south", "", "north", "south", "west"]


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    columns = {"f": [f"{n}.png" for n in range(6)], "l": list("xyxyxy"), "Hospital": SITES, "age": [31, 47, 52, 66, 71, 80]}
    pd.DataFrame(columns).to_csv(tmp_path / "l.csv", index=False)
    return tmp_path


def dataset(folder, **options):
    facts = {
        "name": "toy",
        "title": "t",
        "modality": "m",
        "task": "binary",
        "classes": ("x", "y"),
        "licence": "l",
        "citation": "c",
    }
    return Dataset(**facts, place=str(folder.parent), tree=folder.name, read={"table": USUAL | options})


def test_each_image_has_the_texts_of_its_row(folder):
    samples = table(**USUAL, attributes={"site": "Hospital", "age": "age"})(folder)
    assert samples.attributes == {
        "site": ["north", "south", "", "north", "south", "west"], "age": ["31", "47", "52", "66", "71", "80"],
    }  # fmt: skip
    assert table(**USUAL)(folder).attributes == {}


def test_they_are_stored_beside_the_predictions_of_the_rows_that_are_asked_for(folder):
    declared = dataset(folder, attributes={"site": "Hospital"})
    for _ in range(2):  # the second time from CATS_HOME
        images = load_images(declared, 8)
        made = prediction_table(declared, images, np.array([4, 2, 0]), np.full((3, 2), 0.5))
        assert made["attribute_site"].tolist() == ["south", "", "north"]
    check_predictions(made)
    assert parse_predictions(made).probabilities.shape == (3, 2)
    assert attributes_of(made) == ["site"]
    plain = dataset(folder)
    assert list(prediction_table(plain, load_images(plain, 8), np.arange(2), np.full((2, 2), 0.5))) == [
        "sample", "group", "label", "probability_x", "probability_y",
    ]  # fmt: skip


def test_only_an_entry_that_declares_attributes_has_another_identity(folder):
    options = ({}, {"attributes": {"site": "Hospital"}}, {"attributes": {"age": "age"}})
    plain, declared, other = (dataset(folder, **more).digest() for more in options)
    assert len({plain, declared, other}) == 3
    assert plain == dataset(folder).digest()


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"site": "Hospitl"}, "has no column 'Hospitl'; did you mean 'Hospital'"),
        ({"Site": "Hospital"}, "attributes names 'Site'; allowed are at most 40 small letters, digits and _"),
        ({"the site": "Hospital"}, "allowed are at most 40 small letters"),
        ({"": "Hospital"}, "allowed are at most 40 small letters"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(folder, attributes, said):
    with pytest.raises(CatsError) as caught:
        table(**USUAL, attributes=attributes)(folder)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"site": ["a"] * 5}, "toy has 5 cells of the attribute site for 6 images"),
        ({"a b": ["a"] * 6}, "attributes names 'a b'"),
    ],
)
def test_a_reader_of_ones_own_is_checked(folder, given, said):
    images = [np.full((8, 8), n, np.uint8) for n in range(6)]
    samples = Samples(images, np.arange(6) % 2, list("abcdef"), attributes=given)
    made = dataset(folder).model_copy(update={"read": lambda _: samples, "tree": "", "options": ""})
    with pytest.raises(CatsError, match=said):
        load_images(made, 8)


def test_more_contents_than_subgroups_are_refused_with_the_remedy(folder):
    count = MOST_VALUES + 1
    images = [np.full((8, 8), n, np.uint8) for n in range(count)]
    samples = Samples(
        images, np.arange(count) % 2, [str(n) for n in range(count)], attributes={"age": [str(n) for n in range(count)]}
    )
    made = dataset(folder).model_copy(update={"read": lambda _: samples, "tree": "", "options": ""})
    with pytest.raises(CatsError, match="the attribute age has 51 different contents; allowed are 50: write a column of bands"):
        load_images(made, 8)
