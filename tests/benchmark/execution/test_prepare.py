"""What the runner reads before the first cell, and how often."""

import re
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmark.data.decoded import load_images
from benchmark.data.split import draw_rows, split
from benchmark.execution.prepare import prepare, require_same_splits, sizes_too_large, wrong_sizes
from benchmark.execution.resolution import resolve_pairs
from benchmark.execution.watch import Watch
from benchmark.specs import catalogue
from benchmark.specs.data_sizes import PlanSubsample
from benchmark.specs.plan import load_plan
from tests.support.plans import cells_of

TEXT = """
experiment: toy
sources: [scratch]
targets: [ihc]
backbones: [test_resnet]
recipe: {base: probe, size: 16}
seeds: 4
"""


@dataclass
class Messages:
    begun: list[str] = field(default_factory=list)

    def watch(self):
        return Watch(self.begun.append, lambda *_: None)


@pytest.mark.parametrize(
    ("more", "often"),
    [("", 1), ("subsample: {train: 60, seed: 7}", 1), ("subsample: {train: 60}", 4), ("subsample: {val: 60}", 4)],
)
def test_images_are_looked_at_once_for_all_seeds_that_use_the_same(tmp_path, more, often):
    path, messages = tmp_path / "toy.yaml", Messages()
    path.write_text(TEXT + more)
    plan = load_plan(str(path))
    prepare(cells_of(plan), messages.watch())
    assert messages.begun.count("reading ihc") == often
    assert messages.begun.count("reading scratch") == 1


def test_an_experiment_with_a_pretraining_alone_has_no_other_split():
    cell = SimpleNamespace(target="ihc", data="d", recipe=SimpleNamespace(size=16))
    require_same_splits([cell], pd.DataFrame([{"kind": "pretraining", "status": "FINISHED", "split": "s", "data": "d"}]))


SMALLER = "write all instead, or a smaller number"
MANY = "subsample.train: 100000 and 200000 cannot be drawn from ihc, which has N training images; leave it out"
ONE = f"subsample.train: 100000 cannot be drawn from ihc, which has N training images; {SMALLER}"
EACH = f"subsample.train: N cannot be drawn from ihc, which has M training images of its smallest class; {SMALLER}"


@pytest.mark.parametrize(
    ("subsample", "said"),
    [
        ("{train: [25, 100000]}", [ONE]), ("{train: [25, 100000, 200000, all]}", [MANY]),
        ("{train: [N, all]}", ["subsample.train: N and all are the same images of ihc; write one of the two"]),
        ("{train: [25, N]}", []), ("{train: 100000}", []), ("{train: [25, 50, all]}", []),
        ("{train: [2, N], per_class: true}", [EACH]),
    ],
)  # fmt: skip
def test_a_list_of_numbers_holds_none_that_a_target_does_not_have(tmp_path, subsample, said):
    dataset = catalogue.target("ihc").dataset
    images = load_images(dataset, 16)
    labels = images.labels[split(dataset, images)["train"]]
    numbers = {"N": str(len(labels)), "M": str(np.bincount(labels).min())}
    path = tmp_path / "toy.yaml"
    path.write_text(f"{TEXT}subsample: {re.sub('N', numbers['N'], subsample)}\n")
    pairs = resolve_pairs(load_plan(str(path)), "sqlite:///mlflow.db")
    found = sizes_too_large(pairs.plan.subsample, pairs.targets, pairs.points[0].size)
    assert found == [re.sub(r"\b[NM]\b", lambda sign: numbers[sign[0]], sentence) for sentence in said]


@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize("numbers", [(2, 3), (4, 5), (6, 7), (12, 13), (6, None), (5, None), (12, None), (4, None), (3, None)])
@pytest.mark.parametrize(
    "labels",
    [np.repeat([0, 1], 6), np.repeat([0, 1], [8, 4]), np.arange(48).reshape(12, 4) % 2, np.arange(39).reshape(13, 3) % 2],
    ids=["equal", "unequal", "four labels", "three labels"],
)  # fmt: skip
def test_a_list_is_refused_where_two_numbers_draw_the_same_images_or_a_number_cannot_be_drawn(labels, numbers, per_class):
    """What is drawn is asked of the function that draws."""
    rows, stated = np.arange(len(labels)), PlanSubsample(train=list(numbers), per_class=per_class)
    classes = 1 if not per_class else labels.shape[1] if labels.ndim > 1 else 2
    drawn = [
        rows if each.train is None else draw_rows(labels, rows, each.train, each, np.random.default_rng(1))
        for each in stated.each
    ]
    short = [n for n, own in zip(stated.train, drawn, strict=True) if n is not None and len(own) < n * classes]
    said = wrong_sizes(stated, "toy", labels)
    assert bool(said) == (bool(short) or len(drawn[0]) == len(drawn[1]))
    assert all(f"subsample.train: {' and '.join(map(str, short))} cannot be drawn from toy" in each for each in said if short)


def test_the_sentence_about_a_list_says_what_the_target_has():
    labels = np.zeros((100, 14), dtype=int)
    assert wrong_sizes(PlanSubsample(train=[5, 8, 9], per_class=True), "chest", labels) == [
        (
            "subsample.train: 8 and 9 cannot be drawn from chest, which has 7 training images for each of its 14 classes; "
            "write all instead, or a smaller number"
        )
    ]
    assert wrong_sizes(PlanSubsample(train=[6, None], per_class=True), "toy", np.repeat([0, 1], 6)) == [
        "subsample.train: 6 of each class and all are the same images of toy; write one of the two"
    ]
