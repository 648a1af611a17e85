"""Damaged or unexpected data: one sentence that says what, where and what is allowed; nothing half-written is left."""

import resource

import numpy as np
import pytest

from benchmark.data.dataset import Dataset, File
from benchmark.data.decoded import load_images
from benchmark.data.readers.npz import npz
from benchmark.data.readers.samples import Samples
from benchmark.data.split import Subsample, split_and_subsample
from results.error import CatsError

PARTS = ("train", "val", "test")


def arrays(**changes):
    """MedMNIST's keys: 12 grey images of 8 × 8 per part, labels 0 and 1 in turn."""
    rng = np.random.default_rng(0)
    made = {}
    for part in PARTS:
        made[f"{part}_images"] = rng.integers(0, 256, (12, 8, 8), dtype=np.uint8)
        made[f"{part}_labels"] = np.arange(12).reshape(-1, 1) % 2
    return made | changes


def dataset(read=None, **changes):
    fields = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("no", "yes"), "licence": "l"}
    fields |= {"citation": "c", "files": (File(path="toy.npz"),), "shape": (8, 8)} | changes
    return Dataset(**fields, read=read or npz("toy.npz"))


@pytest.fixture
def data(home):
    folder = home / "data"
    folder.mkdir()
    return folder


def refused(made, size=8):
    with pytest.raises(CatsError) as caught:
        load_images(made, size)
    return str(caught.value)


def test_whole_data_are_decoded_once_and_read_back(data, home):
    np.savez(data / "toy.npz", **arrays())
    images = load_images(dataset(), 16)
    assert images.images.shape == (36, 16, 16, 1)
    assert sorted(set(images.parts)) == ["test", "train", "val"]
    calls = []
    again = dataset(read=calls.append)
    np.testing.assert_array_equal(load_images(again, 16).images, images.images)
    assert calls == []


def test_missing_file_names_file_places_and_way_out(data):
    message = refused(dataset(files=(File(path="toy.npz", url="https://example.org/toy.npz"),)))
    assert "toy.npz not found in" in message
    assert str(data) in message
    assert "cats fetch toy" in message


def test_truncated_npz(data, home):
    np.savez(data / "toy.npz", **arrays())
    whole = (data / "toy.npz").read_bytes()
    (data / "toy.npz").write_bytes(whole[: len(whole) // 2])
    message = refused(dataset())
    assert "toy.npz is not a whole npz file without pickles" in message
    assert not list((home / "images").glob("*"))


def test_pickled_npz_is_refused(data):
    objects = np.array([{"label": 0}] * 12, dtype=object).reshape(-1, 1)
    np.savez(data / "toy.npz", **arrays(train_labels=objects))
    assert "without pickles" in refused(dataset())


def test_npz_without_a_key(data):
    made = arrays()
    del made["val_labels"]
    np.savez(data / "toy.npz", **made)
    assert "toy.npz has no val_labels" in refused(dataset())


def test_wrong_checksum_says_what_was_expected_and_what_came(data):
    np.savez(data / "toy.npz", **arrays())
    message = refused(dataset(files=(File(path="toy.npz", md5="0" * 32),)))
    assert f"expected {'0' * 32}" in message
    assert "toy.npz has md5 " in message
    assert "remove it and fetch it again" in message


def test_label_outside_the_classes(data):
    wrong = np.arange(12).reshape(-1, 1) % 2
    wrong[5] = 7
    np.savez(data / "toy.npz", **arrays(val_labels=wrong))
    assert "toy: image val/5 has label 7; allowed are 0 to 1 (no, yes)" in refused(dataset())


def test_class_missing_in_val(data):
    np.savez(data / "toy.npz", **arrays(val_labels=np.zeros((12, 1), dtype=int)))
    assert "the class 'yes' has no image in val" in refused(dataset())


def test_class_missing_after_blind_sub_sampling(data):
    labels = np.zeros((12, 1), dtype=int)
    labels[0] = 1
    np.savez(data / "toy.npz", **arrays(train_labels=labels))
    images = load_images(dataset(), 8)
    with pytest.raises(CatsError, match="has no image in train; use more images"):
        for seed in range(20):
            split_and_subsample(dataset(), images, Subsample(train=2, stratified=False), seed)


def test_one_image_of_another_size(home):
    images = [np.zeros((8, 8), np.uint8)] * 5 + [np.zeros((8, 9), np.uint8)]
    made = dataset(lambda _: Samples(images, np.arange(6) % 2, list("abcdef")), files=())
    assert "toy: image f has 8×9 pixels; the declared shape is 8×8" in refused(made)
    assert not list((home / "images").glob("*"))


@pytest.mark.parametrize(("count", "sentence"), [(5, "only 5 images for 6 labels"), (7, "more images than the 6 labels")])
def test_images_and_labels_differ_in_number(count, sentence):
    images = [np.zeros((8, 8), np.uint8)] * count
    assert sentence in refused(dataset(lambda _: Samples(images, np.arange(6) % 2, list("abcdef")), files=()))


def test_another_number_of_images_than_declared(data):
    np.savez(data / "toy.npz", **arrays())
    assert "toy has 36 images; 40 are declared" in refused(dataset(images=40))


def test_no_space_left(data, home):
    """A limit on the size of files is the one full disk that a test without privileges can have."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    np.savez(data / "toy.npz", **arrays())
    made = dataset()
    made.digest()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
        message = refused(made, size=32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "cannot keep the decoded images of toy" in message
    assert "File too large" in message
    assert "set CATS_HOME to a folder with space" in message
    assert not list((home / "images").iterdir())


def test_home_that_cannot_be_written(data, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    np.savez(data / "toy.npz", **arrays())
    monkeypatch.setenv("CATS_DATA", str(data))
    monkeypatch.setenv("CATS_HOME", str(tmp_path / "file"))
    message = refused(dataset(files=(File(path="toy.npz", md5=None, sha256=None),), revision="2"))
    assert "cannot keep the decoded images of toy in" in message


def test_group_in_two_parts(home):
    images = [np.zeros((8, 8), np.uint8)] * 6
    parts = ["train", "train", "val", "val", "test", "test"]
    samples = Samples(images, np.arange(6) % 2, list("abcdef"), ["p", "q", "r", "r", "p", "s"], parts)
    made = dataset(lambda _: samples, files=(), groups="patient")
    with pytest.raises(CatsError, match="patient 'p' is in train and in test"):
        split_and_subsample(made, load_images(made, 8), Subsample(), 0)


@pytest.mark.parametrize("name", ["../outside", "a/b", "a\\b", ".hidden", ""])
def test_a_name_that_would_become_a_path_is_refused(name):
    with pytest.raises(ValueError, match="becomes a part of file names"):
        Dataset(
            name=name,
            title="t",
            modality="m",
            task="binary",
            classes=("a", "b"),
            licence="l",
            citation="c",
            read=lambda _: None,
        )
