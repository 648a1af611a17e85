"""Test images of a target and given pictures, with their masks: read as the network sees them, or refused in a sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmark.core.identifier_key import identifier_key
from benchmark.data.split import split
from benchmark.entries.masks import masks_of
from benchmark.models.explanation.pictures import MOST, given_pictures, target_pictures
from benchmark.models.manifest import Reading
from results.error import CatsError
from results.text.identifiers import identifier
from tests.support.explained import spots_target
from tests.support.kept_models import manifest, network

MANIFEST = manifest(network())
GREY = MANIFEST.model_copy(update={"reading": Reading(size=32, colour=False)})

BUSI = [
    "benign/benign (1).png", "benign/benign (1)_mask.png", "benign/benign (1)_mask_1.png", "benign/benign (10).png",
    "benign/benign (10)_mask.png", "normal/normal (1).png", "normal/normal (1)_mask.png", "malignant/malignant (1).png",
]  # fmt: skip
MASKS = [
    (BUSI, {
        "benign/benign (1).png": ["benign/benign (1)_mask.png", "benign/benign (1)_mask_1.png"],
        "benign/benign (10).png": ["benign/benign (10)_mask.png"], "normal/normal (1).png": ["normal/normal (1)_mask.png"],
    }),
    (["images/a.jpg", "masks/a.png", "images/b.jpg"], {"images/a.jpg": ["masks/a.png"]}),
    (["train/images/x/a.png", "train/masks/x/a_mask.png"], {"train/images/x/a.png": ["train/masks/x/a_mask.png"]}),
    (["a.png", "masks/a.png"], {"a.png": ["masks/a.png"]}),
    (["one/a.png", "two/a.png", "masks/a.png"], {}),  # whose mask it is cannot be told
    (["a.png", "b.png", "mask.png"], {}),
    (["a_mask.png", "b_mask.png"], {}),
    ([], {}),
]  # fmt: skip


@pytest.mark.parametrize(("names", "expected"), MASKS)
def test_masks_are_found_by_their_names(names, expected):
    assert masks_of(names) == expected


def test_test_images_are_those_of_the_split_with_their_masks(home):
    spots_target(home, masks=True)
    pictures = target_pictures(MANIFEST, None)
    from benchmark.data.decoded import load_images
    from benchmark.specs.catalogue import target

    dataset = target("spots").dataset
    images = load_images(dataset, 32)
    rows = split(dataset, images)["test"]
    np.testing.assert_array_equal(pictures.pixels, images.images[rows])
    np.testing.assert_array_equal(pictures.labels, images.labels[rows])
    assert list(pictures.names) == [identifier("sample", name, identifier_key()) for name in images.ids[rows]]
    masks = pictures.masks(range(len(rows)))
    assert sorted(masks) == list(range(len(rows)))
    assert all(mask[:16].all() and not mask[16:].any() for mask in masks.values())


def save(path, mode="RGB", size=20, value=9):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (size, size), value if mode == "L" else (value, 0, 200)).save(path)


def test_folders_and_files_are_pictures_and_masks_are_none(tmp_path):
    for name in ("a.png", "deep/b.png"):
        save(tmp_path / name)
    save(tmp_path / "a_mask.png", "L", 20, 255)
    save(tmp_path / "deep/b_mask.png", "L", 20, 0)
    (tmp_path / "notes.txt").write_text("no picture")
    pictures = given_pictures(MANIFEST, [tmp_path])
    assert [name.removeprefix(f"{tmp_path}/") for name in pictures.names] == ["a.png", "deep/b.png"]
    assert pictures.pixels.shape == (2, 32, 32, 3)
    assert {row: mask.all() for row, mask in pictures.masks([0, 1]).items()} == {0: True}  # the other one is empty
    alone = given_pictures(MANIFEST, [tmp_path / "a.png", tmp_path / "a_mask.png"])
    assert len(alone.names) == 1
    assert alone.masks([0])[0].all()


def test_several_masks_of_a_picture_show_parts_of_it(tmp_path):
    save(tmp_path / "a.png", size=32)
    for number, rows in enumerate((slice(0, 8), slice(24, 32))):
        mask = np.zeros((32, 32), np.uint8)
        mask[rows] = 1 + number  # numbers of labels, not white
        Image.fromarray(mask).save(tmp_path / f"a_mask_{number}.png")
    mask = given_pictures(MANIFEST, [tmp_path / "a.png"]).masks([0])[0]
    assert mask[:8].all()
    assert mask[24:].all()
    assert not mask[8:24].any()


def test_what_cannot_be_explained_is_refused_in_a_sentence(home, tmp_path):
    (tmp_path / "empty").mkdir()
    save(tmp_path / "colour.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no picture")
    for number in range(MOST + 1):
        save(tmp_path / "many" / f"{number}.png", size=2)
    refused = {
        "no file has the ending of a picture; allowed are": (MANIFEST, ["empty"]),
        "colour.png has colours; the classifier was trained with grey images only": (GREY, ["colour.png"]),
        "broken.png": (MANIFEST, ["broken.png"]),
        "none.png cannot be read: No such file or directory": (MANIFEST, ["none.png"]),
        "101 pictures are too many to look at; name at most 100": (MANIFEST, ["many"]),
    }
    for sentence, (described, names) in refused.items():
        with pytest.raises(CatsError) as error:
            given_pictures(described, [tmp_path / name for name in names])
        assert sentence in str(error.value)


def test_targets_that_do_not_fit_are_refused_in_a_sentence(home):
    with pytest.raises(
        CatsError, match=r"no target called 'spots'.*; or name pictures instead, as in `cats explain MODEL FOLDER`"
    ):
        target_pictures(MANIFEST, None)
    with pytest.raises(CatsError, match=r"the test images of pcam are not on this machine: .*; or name pictures instead"):
        target_pictures(MANIFEST.model_copy(update={"classes": ("no_tumour", "tumour")}), "pcam")
    spots_target(home, channels=3)
    with pytest.raises(CatsError, match="the images of spots have colours; the classifier was trained with grey images only"):
        target_pictures(GREY, None)
    with pytest.raises(CatsError, match="spots has the classes benign, malignant; the classifier knows cat, dog"):
        target_pictures(MANIFEST.model_copy(update={"classes": ("cat", "dog")}), "spots")


def test_a_picture_from_memory_is_the_picture_from_the_disk(tmp_path):
    file = io.BytesIO()
    Image.new("L", (40, 30), 77).save(file, "PNG")
    (tmp_path / "a.png").write_bytes(file.getvalue())
    assert (given_pictures(GREY, [tmp_path / "a.png"]).pixels == 77).all()
