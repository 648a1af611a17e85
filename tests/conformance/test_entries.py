"""Every entry is held to what it declares. Data that are not on this machine are missed by name."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest

from benchmark.data.decoded import load_images
from benchmark.specs import catalogue
from results.error import CatsError
from targets import ihc

SOURCES, TARGETS = catalogue.names("sources"), catalogue.names("targets")


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


def test_data_that_are_not_here_say_how_to_get_them():
    with pytest.raises(
        CatsError, match=r"pathmnist: medmnist/pathmnist_224.npz not found in .*`cats fetch 'pathmnist\[size=224\]'`"
    ):
        load_images(catalogue.target("pathmnist[size=224]").dataset, 32)


def test_neighbours_in_the_ihc_picture_never_sit_on_two_sides():
    boxes = [(ihc.PARTS[row][column], y, x) for row, column, y, x in ihc.corners()]
    for part, y, x in boxes:
        for other, y2, x2 in boxes:
            if part != other:
                assert max(abs(y - y2), abs(x - x2)) >= ihc.PATCH + 16


def test_generated_images_are_the_same_in_every_process_and_a_class_does_not_depend_on_the_others():
    few, more = (load_images(catalogue.source(f"fractal[classes={n},per_class=20]").dataset, 32) for n in (3, 4))
    np.testing.assert_array_equal(few.images, more.images[:60])
    assert not any(np.array_equal(a, b) for a, b in pairwise(few.images))
    assert int(few.images.astype(np.int64).sum()) == 2896649  # the pixels themselves: a change raises the revision


def declared():
    """Every data set of every entry, once by kind and name."""
    sources = {f"source {name}": catalogue.source(name).dataset for name in SOURCES}
    targets = {f"target {name}": catalogue.target(name).dataset for name in TARGETS}
    return {name: dataset for name, dataset in (sources | targets).items() if dataset is not None}


DECLARED = declared()


@pytest.mark.parametrize("name", DECLARED)
def test_a_data_set_is_named_as_its_file_and_says_what_it_is(name):
    dataset = DECLARED[name]
    assert dataset.name == name.split()[1]
    assert re.fullmatch(r"[a-z0-9_]+", dataset.name)
    for fact in (dataset.title, dataset.modality, dataset.licence, dataset.citation):
        assert fact.strip()
        assert "todo" not in fact.lower()


def test_a_name_that_is_a_source_and_a_target_stands_for_the_same_images():
    for name in set(SOURCES) & set(TARGETS):
        assert catalogue.source(name).dataset.digest() == catalogue.target(name).dataset.digest()


def test_pictures_of_one_origin_are_one_family():
    for one, other in (
        ("ham10000", "dermamnist"),
        ("organamnist", "organcmnist"),
        ("busi", "breastmnist"),
        ("nct_crc", "pathmnist"),
    ):
        assert catalogue.target(one).dataset.relatives == catalogue.target(other).dataset.relatives


def test_every_start_of_a_source_is_an_entry():
    for name in SOURCES:
        assert catalogue.source(catalogue.source(name).start).name in SOURCES


def test_real_weights_of_every_shipped_source_are_found_under_its_name(real_weight_file):
    for name in ("imagenet", "inat_bird", "inat_insect"):
        real_weight_file(f"mobilenetv2_100.{catalogue.source(name).weights.file}.safetensors")


def test_ihc_patches_of_different_parts_neither_overlap_nor_touch():
    """From the ids and parts as they are handed out, not from the code that cuts."""
    images = load_images(catalogue.target("ihc").dataset, 32)
    corner = np.array([[int(number) for number in name.split("-")] for name in images.ids])
    assert corner.min() >= 0
    assert corner.max() + 32 <= 512  # the picture has 512 × 512 pixels
    assert len(np.unique(corner, axis=0)) == len(corner) == 576
    for one, other in combinations(("train", "val", "test"), 2):
        between = corner[images.parts == one][:, None] - corner[images.parts == other][None]
        assert np.abs(between).max(axis=2).min() > 32  # 32 would touch


def test_ihc_blocks_hold_the_patches_that_lie_in_them_and_sit_in_one_part():
    images = load_images(catalogue.target("ihc").dataset, 32)
    for name, group in zip(images.ids, images.groups, strict=True):
        y, x = (int(number) for number in name.split("-"))
        assert group == f"block-{y // 128}-{x // 128}" == f"block-{(y + 31) // 128}-{(x + 31) // 128}"
    parts = {group: set(images.parts[images.groups == group]) for group in set(images.groups)}
    assert len(parts) == 16
    assert all(len(found) == 1 for found in parts.values())


def test_ihc_labels_cannot_be_read_off_brightness_or_contrast():
    """Mean and standard deviation of every patch are the same but for rounding and what is cut off at 0 and 255."""
    images = load_images(catalogue.target("ihc").dataset, 32)
    pixels = images.images[..., 0].reshape(576, -1).astype(float)
    assert abs(pixels.mean() - 128) < 2
    assert pixels.mean(axis=1).std() < 2
    shares = [images.labels[images.parts == part].mean() for part in ("train", "val", "test")]
    assert min(shares) > 0.3
    assert max(shares) < 0.7
