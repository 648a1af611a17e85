"""Volumes as strips of slices: which slices, where they lie, and what counts them."""

import numpy as np
import pytest

from benchmark.data.copies import Copies
from benchmark.data.decoded import load_images
from benchmark.data.fingerprint import SIDE, find_duplicates, find_pairs, fingerprints_of
from benchmark.data.readers.npz import npz
from benchmark.data.readers.views import Views, middles
from benchmark.data.split import Subsample, split, split_and_subsample
from benchmark.data.squares import resized_square
from benchmark.data.volumes import in_words, mosaic, slice_count, slices_of
from benchmark.entries.conformance import Case, examine_data
from benchmark.entries.contact_sheet import sheet
from benchmark.entries.medmnist import medmnist_info
from benchmark.specs import catalogue
from results.error import CatsError
from tests.support.volumes import PARTS, cubes, medmnist3d, shrunk

# task, classes, train, val, test, as medmnist 3.0.2 gives them
FACTS = {
    "organmnist3d": ("multiclass", 11, 971, 161, 610),
    "nodulemnist3d": ("binary", 2, 1158, 165, 310),
    "adrenalmnist3d": ("binary", 2, 1188, 98, 298),
    "fracturemnist3d": ("multiclass", 3, 1027, 103, 240),
    "vesselmnist3d": ("binary", 2, 1335, 191, 382),
    "synapsemnist3d": ("binary", 2, 1230, 177, 352),
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", FACTS)
def test_each_set_has_the_facts_written_here(name):
    task, classes, *counts = FACTS[name]
    dataset = catalogue.target(name).dataset
    assert (dataset.task, len(dataset.classes), dataset.images) == (task, classes, sum(counts))
    assert list(medmnist_info()[name]["n_samples"].values()) == counts
    assert (dataset.shape, dataset.official, dataset.licence) == ((28, 28), ("train", "val", "test"), "CC BY 4.0")
    large = catalogue.target(f"{name}[size=64]").dataset
    assert large.files[0].path == f"medmnist/{name}_64.npz"
    assert large.files[0].md5 == medmnist_info()[name]["MD5_64"]


def test_another_size_or_other_views_are_other_data():
    options = ("", "[size=64]", "[slices=3]", "[views=orthogonal]", "[views=orthogonal,slices=3]")
    assert len({catalogue.target(f"organmnist3d{each}").dataset.digest() for each in options}) == len(options)
    assert catalogue.target("organmnist3d").dataset.relatives == catalogue.target("organamnist").dataset.relatives


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("size=128", "organmnist3d has no size 128; allowed are 28, 64"),
        ("views=ortogonal", "organmnist3d has no views 'ortogonal'; did you mean 'orthogonal'"),
        ("slices=0", "slices is 0; allowed are 1 to 256"),
        ("slices=9.5", "organmnist3d: slices is 9.5; it must be a whole number"),
        ("views=orthogonal,slices=4", "slices is 4; with views: orthogonal it must be a multiple of 3"),
    ],
)
def test_options_that_cannot_be_are_a_sentence(options, sentence):
    with pytest.raises(CatsError, match=sentence):
        catalogue.target(f"organmnist3d[{options}]")


@pytest.mark.parametrize("length", [2, 5, 9, 28, 64])
@pytest.mark.parametrize("count", [1, 3, 9, 28])
def test_the_slices_are_those_whose_parts_hold_the_middles(length, count):
    middle = (np.arange(count) + 0.5) / count * length  # in slices, of which number i reaches from i to i + 1
    assert middles(length, count) == [int(np.floor(each)) for each in middle]


def test_views_take_planes_of_the_cube():
    cube = np.arange(6 * 8 * 10).reshape(6, 8, 10)
    assert [each[0, 0] // 80 for each in Views("slices", 3).of(cube)] == [1, 3, 5]
    one, two, three = Views("orthogonal", 3).of(cube)
    np.testing.assert_array_equal(one, cube[3])
    np.testing.assert_array_equal(two, cube[:, 4])
    np.testing.assert_array_equal(three, cube[:, :, 5])


@pytest.mark.parametrize(("options", "slices"), [("", 9), ("[views=orthogonal]", 9), ("[slices=3]", 3), ("[slices=1]", 1)])
def test_a_volume_is_one_image_whose_slices_lie_one_below_the_other(data, options, slices):
    medmnist3d(data, "fracturemnist3d", 3)
    dataset = shrunk(catalogue.target(f"fracturemnist3d{options}")).dataset
    images = load_images(dataset, 14)
    total = sum(PARTS.values())
    assert images.images.shape == (total, slices * 14, 14, 1)
    cube = cubes(PARTS["train"], 3)[0][5]
    views = Views("orthogonal" if "orthogonal" in options else "slices", slices)
    for number, expected in enumerate(views.of(cube)):
        np.testing.assert_array_equal(images.images[5, number * 14 : (number + 1) * 14], resized_square(expected, 14))
    assert {part: len(rows) for part, rows in split(dataset, images).items()} == PARTS
    few = split_and_subsample(dataset, images, Subsample(train=6), 0)["train"]
    assert len(few) == 6  # volumes
    assert sorted(images.labels[few].tolist()) == [0, 0, 1, 1, 2, 2]


@pytest.mark.slow
def test_the_promises_hold_for_a_set_of_volumes(data):
    medmnist3d(data, "nodulemnist3d", 2, parts={"train": 48, "val": 12, "test": 12})
    dataset = shrunk(catalogue.target("nodulemnist3d")).dataset
    found = {finding.promise: finding for finding in examine_data(Case(dataset, 28))}
    assert [name for name, finding in found.items() if finding.state == "broken"] == []
    assert "each a volume of 9 slices" in found["pictures"].sentence
    assert "after one step" in found["trains"].sentence


def test_volumes_without_the_option_and_pictures_with_it_are_sentences(data):
    medmnist3d(data, "nodulemnist3d", 2, parts={"train": 2, "val": 2, "test": 2})
    made = shrunk(catalogue.target("nodulemnist3d")).dataset
    with pytest.raises(CatsError, match=r"of shape \(28, 28, 28\); allowed is .*; the option views .* reads volumes"):
        load_images(made.model_copy(update={"read": npz(made.files[0].path)}), 14)
    path = data / made.files[0].path
    flat = {name: array[:, 0] if name.endswith("images") else array for name, array in np.load(path).items()}
    np.savez(path, **flat)
    with pytest.raises(CatsError, match=r"image train/0 has the shape \(28, 28\); with `views` each is a volume"):
        load_images(made, 14)


@pytest.mark.parametrize("slices", [1, 3, 9])
def test_slices_without_views_are_a_sentence(slices):
    with pytest.raises(CatsError, match=f"slices of the reader npz is {slices}, and views is left out; write views: slices or"):
        npz("x.npz", slices=slices)


@pytest.mark.parametrize("slices", [None, 9])
def test_the_number_of_slices_is_nine_where_it_is_left_out(data, slices):
    medmnist3d(data, "nodulemnist3d", 2, parts={"train": 2, "val": 2, "test": 2})
    path = catalogue.target("nodulemnist3d").dataset.files[0].path
    assert npz(path, views="slices", slices=slices)(data).slices == 9


def strips(count, slices, seed=0):
    """Smooth strips: fingerprints are of pictures, not of noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count * slices, 6, 6), dtype=np.uint8)
    squares = np.stack([resized_square(each, SIDE) for each in coarse])
    return squares.reshape(count, slices * SIDE, SIDE, 1)


def test_copies_of_a_volume_are_found_by_all_of_its_slices():
    made = strips(6, 3)
    brighter = np.clip(made[1] * 1.08, 0, 255).astype(np.uint8)
    other_end = made[2].copy()
    other_end[2 * SIDE :] = made[3, 2 * SIDE :]  # two of three slices are equal
    found = Copies(*find_pairs(fingerprints_of(np.stack([*made, made[0], brighter, other_end]))))
    assert found.pairs.tolist() == [[0, 6], [1, 7]]
    assert found.exact.tolist() == [True, False]


def test_a_constant_slice_is_no_fault_and_a_constant_volume_has_no_copy():
    made = strips(3, 3)
    made[:, SIDE : 2 * SIDE] = 7  # the middle slice of each, by which candidates are found
    blank = np.full_like(made[:2], 9)
    found = find_pairs(fingerprints_of(np.concatenate([made, made[:1], blank])))[0]
    assert found.tolist() == [[0, 3]]


def test_a_volume_is_compared_with_volumes_of_as_many_slices_only():
    index, exact = find_duplicates(fingerprints_of(strips(4, 1)), fingerprints_of(strips(4, 3)))
    assert (index == -1).all()
    assert not exact.any()


def test_a_person_sees_the_slices_row_by_row():
    strip = np.repeat(np.arange(1, 6, dtype=np.uint8), 4)[:, None, None] * np.ones((1, 4, 1), np.uint8)
    page = mosaic(strip)
    assert page.shape == (12, 12, 1)
    assert page[::4, ::4, 0].tolist() == [[1, 2, 3], [4, 5, 0], [0, 0, 0]]
    assert sheet(np.stack([strip] * 9), np.arange(9), "title").width == 8 * (32 + 4) + 4
    square = np.zeros((4, 4, 3), np.uint8)
    np.testing.assert_array_equal(mosaic(square), square)


@pytest.mark.parametrize(("shape", "count"), [((28, 28), 1), ((84, 28), 3), ((28, 56), 1)])
def test_the_number_of_slices_is_that_of_squares_in_the_strip(shape, count):
    assert slice_count(*shape) == count
    assert slices_of(np.zeros((2, *shape, 1))).shape[0] == 2 * count
    assert in_words(count) == ("" if count == 1 else "a volume of 3 slices")
