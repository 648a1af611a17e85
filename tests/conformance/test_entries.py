"""Every entry is held to what it declares. Data that are not on this machine are missed by name."""

from itertools import pairwise

import numpy as np
import pytest

from benchmark import catalogue
from benchmark.split import split
from benchmark.store import decoded
from results.error import CatsError
from targets import ihc

SOURCES, TARGETS = catalogue.names("sources"), catalogue.names("targets")
AT_HAND = ("breastmnist", "pneumoniamnist", "retinamnist", "mednist", "cifar10", "ham10000")
DATA = {name: catalogue.source(name).dataset for name in SOURCES}
MADE = [name for name, dataset in DATA.items() if dataset and not dataset.files and not dataset.tree]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_says_what_it_is(name):
    source = catalogue.source(name)
    assert source.name == name
    assert source.title
    if source.kind != "random":
        assert source.licence
        assert source.citation


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_says_what_it_is(name):
    dataset = catalogue.target(name).dataset
    assert dataset.name == name
    assert dataset.title
    assert dataset.modality
    assert dataset.licence
    assert dataset.citation
    assert dataset.images or dataset.tree
    for file in dataset.files:
        assert file.declared


def keeps_its_promises(dataset):
    images = decoded(dataset, 32)
    assert len(images.images) == (dataset.images or len(images.images))
    assert images.images.std() > 5
    parts = split(dataset, images)
    assert sum(map(len, parts.values())) == len(images.images)
    for chosen in parts.values():
        assert set(images.labels[chosen].tolist()) == set(range(len(dataset.classes)))


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_here_keeps_its_promises(name):
    keeps_its_promises(catalogue.source(name).dataset)


@pytest.mark.parametrize("name", ["ihc", "digits"])
def test_targets_without_files_keep_their_promises(name):
    keeps_its_promises(catalogue.target(name).dataset)


@pytest.mark.parametrize("name", AT_HAND)
def test_real_data_keep_their_promises(real_data, name):
    keeps_its_promises(catalogue.source(name).dataset)


def test_data_that_are_not_here_say_how_to_get_them():
    with pytest.raises(CatsError, match=r"pathmnist: medmnist/pathmnist_224.npz not found in .*cats fetch pathmnist"):
        decoded(catalogue.target("pathmnist[size=224]").dataset, 32)


def test_neighbours_in_the_ihc_picture_never_sit_on_two_sides():
    boxes = [(ihc.PARTS[row][column], y, x) for row, column, y, x in ihc.corners()]
    for part, y, x in boxes:
        for other, y2, x2 in boxes:
            if part != other:
                assert max(abs(y - y2), abs(x - x2)) >= ihc.PATCH + 16


def test_generated_images_are_the_same_in_every_process_and_a_class_does_not_depend_on_the_others():
    few, more = (decoded(catalogue.source(f"fractal[classes={n},per_class=20]").dataset, 32) for n in (3, 4))
    np.testing.assert_array_equal(few.images, more.images[:60])
    assert not any(np.array_equal(a, b) for a, b in pairwise(few.images))
    assert int(few.images.astype(np.int64).sum()) == 2896649  # the pixels themselves: a change raises the revision


def test_idc_on_the_real_patches(real_data):
    dataset = catalogue.target("idc").dataset
    images = decoded(dataset, 50)
    assert len(images.ids) == 10_194 - 87  # patches at the edge of a slide are smaller and left out
    assert len(set(images.groups)) == 279
    samples = dataset.read(dataset.folder())
    assert np.bincount(samples.labels).tolist() == [7_500, 2_694]
    patients = {part: set(images.groups[images.parts == part]) for part in ("train", "val", "test", "extra")}
    assert {part: len(names) for part, names in patients.items()} == {"train": 82, "val": 29, "test": 49, "extra": 119}
    assert sum(map(len, patients.values())) == 279  # no patient on two sides
    parts = split(dataset, images)
    assert sum(map(len, parts.values())) == (images.parts != "extra").sum()


def test_ham10000_keeps_lesions_on_one_side(real_data):
    dataset = catalogue.target("ham10000").dataset
    images = decoded(dataset, 28)
    parts = split(dataset, images)
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 7_060, "val": 982, "test": 1_973}
    assert images.groups[0].startswith("HAM_")
