"""HDF5: images and labels of one part are never shifted against those of another, and files lead nowhere."""

import re

import h5py
import numpy as np
import pytest

from benchmark.data.readers import hdf5 as read_hdf5
from benchmark.data.readers.hdf5 import hdf5
from results.error import CatsError

FILES = {"images": {"train": "tx.h5", "test": "ex.h5"}, "labels": {"train": "ty.h5", "test": "ey.h5"}}


def write(path, key, array, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset(key, data=array, **options)


@pytest.fixture
def folder(tmp_path):
    for part, count in (("t", 12), ("e", 8)):
        write(tmp_path / f"{part}x.h5", "x", np.arange(count * 48, dtype=np.uint8).reshape(count, 4, 4, 3))
        write(tmp_path / f"{part}y.h5", "y", (np.arange(count) % 2).reshape(count, 1, 1, 1))
    return tmp_path


def test_as_many_images_too_few_in_one_part_as_too_many_in_the_other(folder):
    write(folder / "tx.h5", "x", np.zeros((11, 4, 4, 3), np.uint8))
    write(folder / "ex.h5", "x", np.zeros((9, 4, 4, 3), np.uint8))
    with pytest.raises(CatsError, match=r"tx\.h5 holds 11 images; there are 12 labels for them"):
        hdf5(**FILES)(folder)


@pytest.mark.parametrize(
    "changes",
    [{"labels": {"train": "ty.h5"}}, {"groups": {"train": "g.csv"}, "group": "wsi"}],
    ids=["labels", "groups"],
)
def test_a_part_without_labels_or_groups_is_refused_before_reading(changes):
    with pytest.raises(CatsError, match="are given for train and images for test, train"):
        hdf5(**FILES | changes)


@pytest.mark.parametrize(
    "labels",
    [np.full(12, 0.5), np.full(12, np.nan), np.zeros((12, 2)), np.array([b"a"] * 12)],
    ids=["halves", "nothing", "two for each", "text"],
)
def test_labels_that_are_not_one_whole_number_each(folder, labels):
    write(folder / "ty.h5", "y", labels)
    with pytest.raises(CatsError, match=r"ty\.h5: 'y' holds .* of shape .*; it must hold one whole number for each image"):
        hdf5(**FILES)(folder)


def external_link(folder):
    with h5py.File(folder / "tx.h5", "w") as file:
        file["x"] = h5py.ExternalLink(str(folder / "ex.h5"), "x")


def external_numbers(folder):
    (folder / "raw").write_bytes(bytes(12 * 48))
    with h5py.File(folder / "tx.h5", "w") as file:
        file.create_dataset("x", (12, 4, 4, 3), np.uint8, external=[(str(folder / "raw"), 0, 12 * 48)])


def virtual(folder):
    layout = h5py.VirtualLayout((8, 4, 4, 3), np.uint8)
    layout[:] = h5py.VirtualSource(str(folder / "ex.h5"), "x", (8, 4, 4, 3))
    with h5py.File(folder / "tx.h5", "w") as file:
        file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize("write_link", [external_link, external_numbers, virtual])
def test_images_that_lie_in_another_file_are_not_read(folder, write_link):
    write_link(folder)
    with pytest.raises(CatsError, match=r"tx\.h5: 'x' leads out of the file; it is not read"):
        hdf5(**FILES)(folder)


def test_a_group_or_a_single_number_is_no_array_of_images(folder):
    with h5py.File(folder / "tx.h5", "w") as file:
        file.create_group("x")
        file["one"] = 3
    for key in ("x", "one"):
        with pytest.raises(CatsError, match=f"'{key}' is not an array with a row for each image"):
            hdf5(**FILES | {"labels": {"train": "ty.h5"}, "images": {"train": "tx.h5"}}, key_images=key)(folder)


@pytest.mark.parametrize("content", [b"wsi\n\xff\n" * 12, b"wsi\n" + b"s\n" * 3], ids=["not UTF-8", "too few"])
def test_a_damaged_or_short_table_of_groups_is_named(folder, content):
    for name in ("tg.csv", "eg.csv"):
        (folder / name).write_bytes(content)
    with pytest.raises(CatsError, match=r"tg\.csv (cannot be read|names 3 groups for 12 images)"):
        hdf5(**FILES, groups={"train": "tg.csv", "test": "eg.csv"}, group="wsi")(folder)


@pytest.mark.parametrize("column", ["wsi", "slide"])
def test_groups_of_rows_that_end_early_are_blank_and_an_absent_column_is_named(folder, column):
    for name, rows in (("tg.csv", 12), ("eg.csv", 8)):
        (folder / name).write_text("image,wsi\n" + "0,a\n" * (rows - 1) + "1\n")
    read = hdf5(**FILES, groups={"train": "tg.csv", "test": "eg.csv"}, group=column)
    if column == "wsi":
        assert read(folder).groups == ["a"] * 11 + [""] + ["a"] * 7 + [""]
        return
    with pytest.raises(CatsError, match=r"tg\.csv has no column 'slide'; allowed are image, wsi$"):
        read(folder)


def test_images_come_in_pieces(folder, monkeypatch):
    sizes = []
    real = h5py.Dataset.__getitem__

    def noted(self, asked):
        piece = real(self, asked)
        sizes.append(np.asarray(piece).nbytes)
        return piece

    expected = [image.copy() for image in hdf5(**FILES)(folder).images]
    samples = hdf5(**FILES)(folder)
    monkeypatch.setattr(read_hdf5, "CHUNK", 100)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", noted)
    np.testing.assert_array_equal(list(samples.images), expected)
    assert max(sizes) <= 100


def test_a_compressed_file_with_changed_bytes_is_named(folder):
    noise = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)
    write(folder / "tx.h5", "x", noise, chunks=(1, 4, 4, 3), compression="gzip", fletcher32=True)
    content = bytearray((folder / "tx.h5").read_bytes())
    content[-200:] = bytes(200)
    (folder / "tx.h5").write_bytes(content)
    with pytest.raises(CatsError, match=r"tx\.h5 is cut short or damaged"):
        list(hdf5(**FILES)(folder).images)


@pytest.mark.parametrize("name", ["tx.h5", "ty.h5"])
def test_a_file_that_is_not_there_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(CatsError, match=rf"^there is no file {re.escape(str(folder / name))}$"):
        list(hdf5(**FILES)(folder).images)
