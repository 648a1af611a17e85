"""Numbers as people write them, in plans, recipes, budgets, entries and options: finite, bounded, and never a truth value."""

import json
from functools import partial

import numpy as np
import pytest
from pydantic import ValidationError

from benchmark.data.dataset import Dataset, File
from benchmark.data.readers.named import named_reader
from benchmark.data.split import Subsample
from benchmark.entries.generated import Law, generated
from benchmark.specs.budget import Budget
from benchmark.specs.plan import load_plan
from benchmark.specs.recipe import Augment, Recipe, recipe_points
from benchmark.specs.source import Source
from results.error import CatsError
from results.imports.column_map import ColumnMap

BAD = [
    True,
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    10**30,
    "1_0",
    "٣",
    "1e400",
    "nan",
    "0x10",
    "9" * 5000,
    [3],
    {},
    "many",
]
FACTS = {
    "name": "x", "title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l", "citation": "c",
    "read": lambda _: None,
}  # fmt: skip
MAP = {"title": "t", "source": "s", "target": "t", "backbone": "b", "scores": {"auc": "a"}}
MODELS = {
    "recipe": Recipe, "augment": Augment, "budget": Budget, "subsample": Subsample, "file": partial(File, path="x"),
    "data set": partial(Dataset, **FACTS), "source": partial(Source, name="x", title="t"),
}  # fmt: skip
NUMBERS = {
    "recipe": ("epochs", "batch_size", "lr", "size", "weight_decay", "patience"), "augment": ("mixup", "flip"),
    "budget": ("hours", "kwh", "co2e_kg", "cells"), "subsample": ("train", "val"), "file": ("size",),
    "data set": ("images", "known_duplicates", "broken"), "source": ("images", "classes"),
}  # fmt: skip
LISTS = {"recipe": ("hidden", "c", "k"), "data set": ("shape",)}
SHARES = {"flip", "broken"}
FIELDS = {
    f"{model} {name}": (lambda value, model=model, name=name: MODELS[model](**{name: value}))
    for model, names in NUMBERS.items()
    for name in names
}
FIELDS |= {
    f"{model} {name}": (lambda value, model=model, name=name: MODELS[model](**{name: (value, 8)}))
    for model, names in LISTS.items()
    for name in names
}


@pytest.mark.parametrize("value", BAD, ids=lambda value: f"{value!r:.20}")
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_takes_what_is_no_number(field, value):
    with pytest.raises(ValidationError):
        FIELDS[field](value)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_takes_a_number(field):
    number = 0.5 if field.split()[-1] in SHARES else 9
    FIELDS[field](number)
    FIELDS[field](str(number))


TEXT = "sources: [scratch, digits]\ntargets: [ihc]\nbackbones: [test_resnet]\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            "seeds: 1000000000000000000000000000000\n",
            "seeds: 1000000000000000000000000000000 is neither a number of seeds, 1 or more",
        ),
        ("seeds: 100001\n", "at most 100,000 are allowed"),
        ("seeds: .inf\n", "seeds: inf is neither"),
        ("seeds: [1000000000000000000000000000000]\n", "seeds.0 is 1000000000000000000000000000000"),
        ("seeds: [.nan]\n", "seeds.0 is nan"),
        ("seeds: [true]\n", "seeds is [True]; allowed is a number, not a truth value"),
        ("seeds: 100000\nrecipe: {lr: [1, 2, 3, 4, 5, 6]}\n", "has 1,200,000 cells; 1,000,000 are allowed"),
        (f"recipe: {{lr: {list(range(1, 200))}, epochs: {list(range(200))}}}\n", "the grid of lr and epochs has 39,800 points"),
        ("pretraining_seed: true\n", "pretraining_seed is True; allowed is a number, not a truth value"),
        ("pretraining_seed: 1000000000000000000000000000000\n", "; allowed is a number of at most 16 digits"),
        ("budget: {hours: .inf}\n", "budget.hours is inf; allowed is a finite number"),
        ("budget: {hours: 1e400}\n", "budget.hours is '1e400'"),
        (f"subsample: {{seed: {10**30}}}\n", "; allowed is a number of at most 16 digits"),
        ("measures: " + json.dumps([f"m{i}" for i in range(3000)]) + "\n", "no measure called 'm0'"),
        ("recipe: " + "x" * 5000 + "\n", "there is no recipe"),
        ("country: " + "N" * 5000 + "\n", "country is"),
        ("x" * 900 + ": 1\n", "there is no key"),
        ("".join(f"key{i}: 1\n" for i in range(3000)), "and 2992 more"),
    ],
)
def test_a_plan_of_gigantic_numbers(tmp_path, more, sentence):
    (tmp_path / "plan.yaml").write_text(TEXT + more)
    with pytest.raises(CatsError) as caught:
        load_plan(str(tmp_path / "plan.yaml"))
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 8000


@pytest.mark.slow
def test_many_names_are_compared_once(tmp_path):
    (tmp_path / "plan.yaml").write_text(TEXT.replace("[ihc]", json.dumps([f"t{i}" for i in range(30_000)])))
    with pytest.raises(CatsError, match="no target called 't0'"):
        load_plan(str(tmp_path / "plan.yaml"))


def test_a_usual_grid_is_no_gigantic_one():
    assert len(recipe_points({"lr": [0.1, "1e-2"], "epochs": [1, 2]}, "x")) == 4


LAW = Law("x", "t", "c", "law", 8, lambda classes, per_class: iter([np.zeros((8, 8, 3), np.uint8)] * classes * per_class))


@pytest.mark.parametrize("numbers", [(10**9, 1), (2, 10**9), (10**5, 10**5), (True, 3), (3, True), (1, 1), (2.5, 1), ("3", 1)])
def test_a_generated_source_has_a_number_of_classes(numbers):
    with pytest.raises(ValueError, match="classes must be a whole number of at least 2"):
        generated(LAW, *numbers)


def test_as_many_classes_as_a_data_set_has():
    with pytest.raises(ValidationError, match="at most 100000 items"):
        Dataset(**FACTS | {"classes": tuple(map(str, range(100_001))), "task": "multiclass"})


@pytest.mark.parametrize(
    "change",
    [
        {"missing": [float("nan")]}, {"missing": [float("inf")]}, {"seed": {"value": True}}, {"seed": {"value": float("nan")}},
        {"power": {"column": "p", "kg_per_kwh": float("inf")}}, {"sizes": {"s": -1}}, {"sizes": {"s": 1.5}},
    ],
)  # fmt: skip
def test_a_map_of_columns_holds_numbers(change):
    ColumnMap(**MAP)
    with pytest.raises(ValidationError):
        ColumnMap(**MAP | change)


FOLDERS, TABLE = {"classes": ["a", "b"]}, {"file": "t.csv", "path": "p", "label": "l", "classes": ["a", "b"]}


@pytest.mark.parametrize(
    ("reader", "options", "sentence"),
    [
        ("folders", FOLDERS | {"level": True}, "level is True; allowed is a whole number"),
        ("folders", FOLDERS | {"level": -1}, "level is -1; allowed are 0, for the last folder, to 100"),
        ("folders", FOLDERS | {"level": 10**30}, "level is 1000000000000000000000000000000"),
        ("folders", FOLDERS | {"level": "deep"}, "level is 'deep'; allowed is a whole number"),
        ("folders", FOLDERS | {"white": float("nan")}, "white is nan; it must be a number greater than 0"),
        ("folders", FOLDERS | {"white": float("inf")}, "white is inf"),
        ("folders", FOLDERS | {"white": -5}, "white is -5"),
        ("folders", FOLDERS | {"range": [0, float("inf")]}, "range is 0 to inf"),
        ("folders", FOLDERS | {"range": [float("nan"), 1]}, "range is nan to 1"),
        ("folders", FOLDERS | {"range": [0]}, "range is [0]; allowed is a list of 2, each a number"),
        ("folders", FOLDERS | {"range": 5}, "range is 5; allowed is a list of 2, each a number"),
        ("folders", FOLDERS | {"include": ["a"]}, "include is ['a']; allowed is text"),
        ("folders", FOLDERS | {"include": "a" * 3000}, "has 3,000 characters; 2,000 are allowed"),
        ("folders", FOLDERS | {"group": "x"}, "'x' has no bracket"),
        ("folders", {"classes": 3}, "classes is 3; allowed is"),
        ("folders", {"classes": "x" * 5000}, "classes is 'xxx"),
        ("folders", FOLDERS | {"x" * 5000: 1}, "there is no option 'xxx"),
        ("folders", {}, "the option 'classes' is missing"),
        ("folders", [1], "takes options by name, not [1]"),
        ("table", TABLE | {"one_hot": "maybe"}, "one_hot is 'maybe'; allowed is true or false"),
        ("table", TABLE | {"one_hot": 10**30}, "one_hot is 1000000000000000000000000000000"),
        ("table", TABLE | {"separator": 3.5e300}, None),
        ("table", TABLE | {"missing": 7}, "missing is 7; allowed is a list, each text"),
        ("table", TABLE | {"part_values": ["a"]}, "part_values is ['a']; allowed is a mapping"),
        ("table", TABLE | {"label": {"a": 1}}, "label is {'a': 1}; allowed is"),
        ("dicom_folders", FOLDERS | {"frame": True}, "frame is True"),
        ("dicom_folders", FOLDERS | {"frame": 0}, "frame is 0; frames are counted from 1"),
        ("dicom_folders", FOLDERS | {"frame": 10**30}, "frame is 1000000000000000000000000000000"),
        ("dicom_folders", FOLDERS | {"window": [float("nan"), 5]}, "window is nan, 5"),
        ("dicom_folders", FOLDERS | {"window": [5, float("inf")]}, "window is 5, inf"),
        ("dicom_folders", FOLDERS | {"window": [5]}, "window is [5]; allowed is a list of 2"),
        ("hdf5", {"images": {"train": 3}, "labels": ["x"]}, "labels is ['x']; allowed is a mapping from text to text"),
        ("npz", {"file": ["a"]}, "file is ['a']; allowed is text"),
        ("npz", {"file": "a.npz", "missing": {}}, "missing is {}; allowed is a list"),
        ("hub", {"repository": True, "revision": "x", "image": "i", "label": "l", "splits": {}}, "repository is True"),
    ],
)
def test_options_of_a_reader_are_of_their_kind(reader, options, sentence):
    if sentence is None:
        assert callable(named_reader({reader: options}))  # numbers are names here
        return
    with pytest.raises(ValueError, match=reader) as caught:
        named_reader({reader: options})
    text = str(caught.value)
    assert sentence in text
    assert len(text) < 1500
    assert "\n" not in text
