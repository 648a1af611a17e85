"""Decoded images: what is kept, when it is made again, and that nothing half-written is left."""

import errno
import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.data import decoded as store
from benchmark.data.as_declared import check_samples
from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.readers.dicom import dicom_folders
from benchmark.data.readers.folders import folders
from benchmark.data.readers.samples import Samples
from benchmark.data.squares import resized_square
from results.error import CatsError
from results.files import resumable
from results.files.atomic import DRAFT
from tests.support.dicom_files import written

RNG = np.random.default_rng(0)
IMAGES = list(RNG.integers(0, 256, (6, 8, 8), dtype=np.uint8))
FULL = OSError(errno.ENOSPC, "No space left on device")


def samples(**changes):
    return Samples(**({"images": IMAGES, "labels": np.arange(6) % 2, "ids": list("abcdef")} | changes))


def dataset(given=None, **changes):
    fields = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("no", "yes"), "licence": "l"}
    fields |= {"citation": "c", "read": lambda _: given if isinstance(given, Samples) else samples()} | changes
    return Dataset(**fields)


def refused(made, size=8):
    with pytest.raises(CatsError) as caught:
        load_images(made, size)
    return str(caught.value)


def kept(home):
    return list((home / "images").glob("*")) + list((home / "images").glob(".*"))


def test_images_come_back_pixel_by_pixel_with_all_that_is_known_of_them():
    given = samples(groups=list("ppqqrr"), parts=["train", "train", "val", "val", "test", "test"])
    found = load_images(dataset(given), 8)
    np.testing.assert_array_equal(found.images[..., 0], IMAGES)
    assert found.images.dtype == np.uint8
    assert found.labels.tolist() == [0, 1] * 3
    assert "".join(found.ids) == "abcdef"
    assert "".join(found.groups) == "ppqqrr"
    assert found.parts.tolist() == given.parts


def test_what_nobody_knows_is_empty():
    found = load_images(dataset(), 8)
    assert set(found.groups) == set(found.parts) == {""}


def test_kept_images_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        load_images(dataset(), 8).images[0] = 0


def test_a_generator_is_gone_through_once():
    times = []

    def made():
        times.append(1)
        yield from IMAGES

    load_images(dataset(samples(images=made())), 8)
    assert times == [1]


def test_grey_images_have_one_channel_and_one_coloured_image_gives_all_of_them_three():
    assert load_images(dataset(), 4).images.shape == (6, 4, 4, 1)
    coloured = RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    found = load_images(dataset(samples(images=[*IMAGES[:5], coloured]), revision="2"), 8)
    assert found.images.shape == (6, 8, 8, 3)
    np.testing.assert_array_equal(found.images[5], coloured)
    for channel in range(3):
        np.testing.assert_array_equal(found.images[0][..., channel], IMAGES[0])


def test_red_stays_red():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    assert load_images(dataset(samples(images=[red] * 6)), 8).images[0, 0, 0].tolist() == [200, 0, 0]


def test_labels_of_several_columns_are_kept():
    labels = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]] * 2)
    found = load_images(dataset(samples(labels=labels), task="multilabel", classes=("x", "y", "z")), 8)
    np.testing.assert_array_equal(found.labels, labels)


def test_every_size_is_kept_apart(home):
    assert [load_images(dataset(), size).images.shape[1] for size in (4, 8, 4)] == [4, 8, 4]
    assert len(kept(home)) == 2


@pytest.mark.parametrize(
    "change", [{"revision": "2"}, {"name": "other"}, {"classes": ("yes", "no")}, {"options": "{}"}, {"task": "ordinal"}]
)
def test_another_identity_is_decoded_again(change):
    load_images(dataset(), 8)
    blank = samples(images=[np.zeros((8, 8), np.uint8)] * 6)
    assert not load_images(dataset(blank, **change), 8).images.any()


def test_the_same_identity_is_read_back():
    load_images(dataset(), 8)
    assert load_images(dataset(samples(images=[])), 8).images.any()


@pytest.mark.parametrize("change", [{"images": 7}, {"shape": (9, 9)}], ids=["images", "shape"])
def test_a_promise_that_is_made_later_is_held_against_what_is_kept(change):
    load_images(dataset(), 8)
    assert "declared" in refused(dataset(**change))


def test_another_way_with_odd_images_is_decoded_again(home):
    for i in range(20):
        (home / "data" / "toy" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 5 if i == 3 else 8), i, np.uint8)).save(home / "data" / "toy" / "ab"[i % 2] / f"{i}.png")
    made = {"tree": "toy", "classes": ("a", "b"), "shape": (8, 8), "read": folders(["a", "b"])}
    counts = [len(load_images(dataset(odd=odd, **made), 8).images) for odd in ("drop", "resize")]
    assert counts == [19, 20]


SIDES = [(8 + i, 5 if i == 3 else 8) for i in range(6)]


@pytest.mark.parametrize(
    ("reader", "changes", "kept_numbers"),
    [
        (folders, {}, range(6)),
        (dicom_folders, {}, range(6)),
        (folders, {"shape": SIDES[2], "odd": "resize"}, range(6)),
        (folders, {"shape": SIDES[2], "odd": "drop"}, [2]),
    ],
    ids=["pictures", "dicom", "resized", "dropped"],
)
def test_the_size_of_every_image_in_its_file_is_kept(home, reader, changes, kept_numbers):
    for number, sides in enumerate(SIDES):
        path = home / "data" / "toy" / "ab"[number // 3] / f"{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full(sides, number, np.uint8)
        if reader is dicom_folders:
            path.write_bytes(written(pixels))
        else:
            Image.fromarray(pixels).save(path.with_suffix(".png"))
    made = dataset(tree="toy", classes=("a", "b"), read=reader(classes=["a", "b"]), **changes)
    for _ in range(2):  # decoded, then read back
        found = load_images(made, 8)
        assert [tuple(each) for each in found.sides.tolist()] == [SIDES[number] for number in kept_numbers]


def test_a_square_of_the_right_size_is_left_alone():
    np.testing.assert_array_equal(resized_square(IMAGES[0], 8)[..., 0], IMAGES[0])
    np.testing.assert_array_equal(resized_square(IMAGES[0][..., None], 8)[..., 0], IMAGES[0])


@pytest.mark.parametrize("shape", [(8, 8), (5, 9), (40, 3), (1, 1)])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_every_shape_becomes_a_square_of_the_same_mean_where_it_is_even(shape, channels):
    made = resized_square(np.full(shape + channels, 77, np.uint8), 16)
    assert made.shape == (16, 16, *(channels or (1,)))
    assert (made == 77).all()


def test_shrinking_averages_instead_of_picking():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    assert np.ptp(resized_square(stripes, 8)) < 40


def test_the_whole_image_is_kept_nothing_is_cut_off():
    wide = np.zeros((8, 32), np.uint8)
    wide[:, :4] = wide[:, -4:] = 255
    made = resized_square(wide, 8)[..., 0].astype(int)
    assert made[:, 0].min() > 200
    assert made[:, -1].min() > 200
    assert made[:, 3:5].max() == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (samples(labels=np.arange(5) % 2), "toy has 5 labels for 6 images"),
        (samples(ids=list("abcdea")), "toy: an image id is given twice"),
        (samples(labels=np.array([0, 1, -1, 0, 1, 0])), "toy: image c has label -1; allowed are 0 to 1 (no, yes)"),
        (samples(labels=np.array([0, 1, 0, 2, 1, 0])), "toy: image d has label 2; allowed are 0 to 1 (no, yes)"),
        (samples(labels=np.zeros(6, int)), "toy: the class 'yes' has no image in the data"),
        (samples(labels=np.zeros((6, 2), int)), "toy: image a has label [0 0]"),
        (samples(parts=["train"] * 4 + ["val", "test"]), "toy: the class 'yes' has no image in val"),
        (samples(images=[], labels=np.zeros(0, int), ids=[]), "toy: the class 'no' has no image"),
    ],
)
def test_a_table_that_breaks_a_promise(given, sentence, home):
    assert sentence in refused(dataset(given))
    assert not kept(home)


@pytest.mark.parametrize(
    "given",
    [
        samples(labels=np.array([0, 1, 0.5, 0, 1, 0])),
        samples(labels=np.array(list("010101"))),
        samples(labels=[0, 1] * 3),
        samples(groups=["p"] * 3),
        samples(groups=["p"] * 9),
        samples(parts=["train"] * 3),
        samples(parts=["train"] * 9),
    ],
    ids=["half a class", "text as label", "labels in a list", "few groups", "many groups", "few parts", "many parts"],
)
def test_a_table_that_is_no_table_is_a_sentence_too(given):
    with pytest.raises(CatsError, match="toy"):
        check_samples(dataset(), given)


def test_labels_of_several_columns_must_be_0_and_1():
    with pytest.raises(CatsError, match="toy is multi-label: labels must be 6 × 2 of 0 and 1"):
        check_samples(dataset(task="multilabel"), samples(labels=np.full((6, 2), 2)))


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (np.zeros((8, 8)), "is float64 of shape (8, 8); allowed is uint8"),
        (np.zeros((8, 8), np.uint16), "is uint16 of shape (8, 8)"),
        (np.zeros((8, 8, 4), np.uint8), "is uint8 of shape (8, 8, 4)"),
        (np.zeros(8, np.uint8), "is uint8 of shape (8,)"),
        (np.zeros((2, 8, 8, 3), np.uint8), "is uint8 of shape (2, 8, 8, 3)"),
        (np.zeros((0, 8), np.uint8), "is uint8 of shape (0, 8)"),
    ],
)
def test_an_array_that_is_no_image_is_named(image, sentence, home):
    message = refused(dataset(samples(images=[*IMAGES[:4], image, IMAGES[5]])))
    assert message.startswith(f"toy: image e {sentence}")
    assert not kept(home)


def full(*_, **__):
    raise FULL


@pytest.mark.parametrize("spoiled", ["np.savez", "Path.replace", "os.fsync", "store._write"])
def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(monkeypatch, home, spoiled):
    owner = {"np": np, "Path": Path, "store": store, "os": os}[spoiled.split(".")[0]]
    made = dataset()
    with monkeypatch.context() as patch:
        patch.setattr(owner, spoiled.split(".")[1], full)
        message = refused(made)
    assert message == (
        f"cannot keep the decoded images of toy in {home / 'images'}: No space left on device; "
        f"make room there, or set CATS_HOME to a folder with space"
    )
    assert not kept(home)
    assert len(load_images(made, 8).images) == 6  # once there is space, it goes on


def test_a_home_that_takes_no_folder_is_a_sentence(monkeypatch, home):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", full)
        message = refused(dataset())
    assert message.startswith(f"cannot keep the decoded images of toy in {home / 'images'}: No space left on device; ")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, CatsError("picture 3 is broken")])
def test_whatever_stops_the_decoding_leaves_nothing(home, stop):
    def made():
        yield from IMAGES[:3]
        raise stop

    with pytest.raises(stop if isinstance(stop, type) else type(stop)):
        load_images(dataset(samples(images=made())), 8)
    assert not kept(home)


def test_what_another_process_has_decoded_in_the_meantime_is_taken(monkeypatch, home):
    """Without locks the other process may end between the look and the move: a folder with content stands in the way."""
    monkeypatch.setattr(resumable, "locked", lambda *_, **__: nullcontext())
    made = dataset()
    folder = store.decoded_folder()
    real = np.savez

    def savez(path, **arrays):
        real(path, **arrays)
        monkeypatch.setattr(np, "savez", real)
        load_images(made, 8)

    monkeypatch.setattr(np, "savez", savez)
    assert len(load_images(made, 8).images) == 6
    assert len(kept(home)) == 1
    assert not list(folder.glob(f"{DRAFT}*"))
