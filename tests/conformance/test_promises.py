"""Every entry whose data are on this machine keeps every promise; what is not there is skipped by its name.

What we know of a data set is compared as well with its images, which are decoded once for both.
"""

import os
from itertools import combinations

import numpy as np
import pytest

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.split import split
from benchmark.entries.conformance import PROMISES, Case, examine_data
from benchmark.entries.conformance_weights import examine_weights
from benchmark.entries.examine import subjects
from benchmark.specs import catalogue
from benchmark.specs.resolve import backbones_with_file
from results.error import CatsError

NAMES = sorted({*catalogue.names("sources"), *catalogue.names("targets")})
SIZE = 32
GIVEN_TO_CI = {"breastmnist", "pneumoniamnist", "retinamnist", "idc", "mednist", "cifar10", "ham10000"}
GIVEN = {name: os.environ.get(name) for name in ("CATS_DATA", "CATS_WEIGHTS")}


@pytest.fixture(autouse=True)
def at_hand(home, monkeypatch):
    for name, value in GIVEN.items():
        if value is not None:
            monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_entry_keeps_its_promises(name):
    for subject in subjects(name):
        findings = list(data(subject) if isinstance(subject, Dataset) else weights(subject))
        broken = [f"{finding.promise}: {finding.sentence}" for finding in findings if finding.state == "broken"]
        assert not broken
        if isinstance(subject, Dataset):
            assert [finding.promise for finding in findings] == [promise.__name__ for promise in PROMISES]
            is_as_it_should_be(subject)
            KNOWN.get(name, lambda _: None)(subject)


def data(dataset):
    try:
        dataset.folder()
    except CatsError as absent:
        if os.environ.get("CATS_REQUIRE_DATA") == "1" and dataset.name in GIVEN_TO_CI:
            pytest.fail(str(absent))
        pytest.skip(str(absent))
    return examine_data(Case(dataset, SIZE, is_target=dataset.name in catalogue.names("targets")))


def weights(source):
    if source.weights and not backbones_with_file(source.weights):
        pytest.skip(f"{source.name}: no file BACKBONE.{source.weights.file}.safetensors in CATS_WEIGHTS")
    return examine_weights(source, "sqlite:///mlflow.db")


def is_as_it_should_be(dataset):
    images = load_images(dataset, SIZE)
    assert len(images.images) == (dataset.images or len(images.images))
    levels, counts = np.arange(256), sum(np.bincount(part.ravel(), minlength=256) for part in np.array_split(images.images, 10))
    assert np.sqrt(np.cov(levels, fweights=counts, ddof=0)) > 5  # standard deviation; of all numbers it would take gigabytes
    parts = split(dataset, images)
    assert sum(map(len, parts.values())) == (images.parts != "extra").sum()
    for chosen in parts.values():
        assert set(images.labels[chosen].tolist()) == set(range(len(dataset.classes)))
    assert (images.groups != "").all() == (dataset.groups not in {None, "image"})  # an image may be a group by itself
    for one, other in combinations(parts, 2):
        assert not set(images.groups[parts[one]]) & set(images.groups[parts[other]]) - {""}
    assert len(set(images.ids)) == len(images.ids)


def idc_on_the_real_patches(dataset):
    images = load_images(dataset, SIZE)
    assert len(images.ids) == 10_194 - 87  # patches at the edge of a slide are smaller and left out
    assert len(set(images.groups)) == 279
    samples = dataset.read(dataset.folder())
    assert np.bincount(samples.labels).tolist() == [7_500, 2_694]
    patients = {part: set(images.groups[images.parts == part]) for part in ("train", "val", "test", "extra")}
    assert {part: len(names) for part, names in patients.items()} == {"train": 82, "val": 29, "test": 49, "extra": 119}
    assert sum(map(len, patients.values())) == 279  # no patient on two sides


def ham10000_keeps_lesions_on_one_side(dataset):
    images = load_images(dataset, SIZE)
    parts = split(dataset, images)
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 7_060, "val": 982, "test": 1_973}
    assert images.groups[0].startswith("HAM_")


KNOWN = {"idc": idc_on_the_real_patches, "ham10000": ham10000_keeps_lesions_on_one_side}
