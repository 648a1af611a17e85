"""`cats new` on npz files: one label or several, missing ones declared, and one sentence for every other form."""

import numpy as np
import pytest
import yaml

from benchmark.specs import catalogue

FACTS = ("--modality", "microscope", "--licence", "CC0", "--citation", "Us, 2026")
SIZES = {"train": 60, "val": 24, "test": 36}


@pytest.fixture
def made(own):
    """`made(train_labels=...)` writes mine.npz; a function changes what would be there, None leaves it out."""

    def write(**changes):
        arrays = {}
        for part, count in SIZES.items():
            arrays[f"{part}_images"] = np.random.default_rng(count).integers(0, 255, (count, 8, 8), dtype=np.uint8)
            arrays[f"{part}_labels"] = np.arange(count)[:, None] % 2
        for name, change in changes.items():
            for key in [key for key in arrays if key.endswith(name)] or [name]:
                arrays[key] = change(arrays[key]) if callable(change) else change
        np.savez(own / "mine.npz", **{key: array for key, array in arrays.items() if array is not None})
        return own / "mine.npz"

    return write


@pytest.fixture
def new(own, call):
    """`new(path, ...)` → exit code and standard error."""

    def run(path, *options):
        code, _, err = call("new", "target", "cells", "--from", path, *FACTS, *options)
        assert (own / "entries" / "targets" / "cells.yaml").exists() == (code == 0), err
        assert err.count("cats: ") == (code != 0), err
        return code, err

    return run


def entry(own):
    return yaml.safe_load((own / "entries" / "targets" / "cells.yaml").read_text())["dataset"]


def labels_read():
    catalogue.target.cache_clear()
    dataset = catalogue.target("cells").dataset
    return dataset.read(dataset.folder()).labels


def flat(array):
    return array.reshape(-1)


def at(place, value, dtype=float):
    """The labels, with another one at a place of the training part."""

    def change(labels):
        changed = labels.astype(dtype)
        changed[place] = value
        return changed

    return change


def none(array):
    return array[:0]


def one_hot(labels):
    return np.eye(3, dtype=int)[np.arange(len(labels)) % 3]


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"labels": flat},
        {"labels": lambda labels: labels[..., None]},
        {"labels": lambda labels: labels.astype(float)},
        {"labels": lambda labels: labels.astype(np.uint8)},
        {"labels": lambda labels: labels.astype(bool)},
        {"images": lambda images: np.repeat(images[..., None], 3, axis=3)},
        {"images": lambda images: images[..., None]},
        {"val_images": none, "val_labels": none},
        {"val_images": np.zeros(0, np.uint8), "val_labels": np.zeros(0)},
    ],
    ids=["(N, 1)", "(N,)", "(N, 1, 1)", "float", "uint8", "bool", "colour", "one channel", "no val", "flat and no val"],
)
def test_forms_of_npz_that_can_be_read(own, made, new, call, changes):
    code, err = new(made(**changes))
    assert code == 0, err
    assert (entry(own)["task"], entry(own)["classes"]) == ("binary", ["0", "1"])
    assert ("val is drawn from train" in err) == (len(changes) == 2)
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err
    assert ("(official)" in out) == (len(changes) < 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train_labels": at(3, np.nan)}, "the array of labels seems to hold no label in 1 of 120 rows: blank (1); leave"),
        ({"train_labels": at(3, -1)}, "seems to hold no label in 1 of 120 rows: '-1' (1)"),
        ({"train_labels": at(3, -1, int)}, "seems to hold no label in 1 of 120 rows: '-1' (1)"),
        ({"train_labels": at(3, -7)}, "seems to hold no label in 1 of 120 rows: '-7' (1)"),
        ({"train_labels": at(3, 999)}, "seems to hold no label in 1 of 120 rows: '999' (1)"),
        ({"train_labels": at(3, 0.5)}, "the array of labels holds 0.5; allowed are whole numbers from 0 on"),
        ({"train_labels": at(3, np.inf)}, "the array of labels holds inf; allowed are whole numbers"),
        ({"labels": lambda labels: labels + 1}, "goes from 1 to 2, and no image has 0; allowed are"),
        ({"labels": lambda labels: labels * 2}, "goes from 0 to 2, and no image has 1;"),
        ({"labels": lambda labels: labels * 0}, "has only the class '0'; at least two are needed"),
        ({"labels": lambda labels: np.array(["benign", "malignant"])[labels]}, "train_labels holds text such as 'benign'"),
        ({"labels": lambda labels: labels.astype("S1")}, "train_labels holds text such as '0'"),
        ({"labels": lambda labels: labels.astype(complex)}, "train_labels holds complex128 of shape (60, 1); labels must"),
        ({"labels": lambda labels: labels.astype(object)}, "is not a whole npz file without pickles"),
        ({"val_labels": one_hot}, "train_labels has 1, val_labels has 3, test_labels has 1"),
        ({"val_labels": np.int64(1)}, "val_labels holds int64 of shape (); labels must be whole numbers"),
        ({"val_labels": np.zeros((24, 0))}, "val_labels holds float64 of shape (24, 0)"),
        ({"val_labels": lambda labels: labels[:20]}, "val_images holds 24 images for 20 labels"),
        ({"train_images": none, "train_labels": none}, "has no image in train; only val may be empty"),
        ({"test_images": none, "test_labels": none}, "has no image in test; only val may be empty"),
        ({"images": lambda images: images.reshape(len(images), -1)}, "has the shape (60, 64): the pixels are flat"),
        ({"images": lambda images: images[:, None]}, "train_images has the shape (60, 1, 8, 8): the channels come first"),
        ({"images": lambda images: np.repeat(images[..., None], 4, axis=3)}, "train_images has the shape (60, 8, 8, 4)"),
        ({"images": lambda images: images / 64}, "say which of them become black and white, as in --values 0:"),
        ({"images": lambda images: images > 64}, "train_images holds bool; allowed are numbers"),
        ({"val_images": np.uint8(1)}, "val_images holds no list of images for 24 labels"),
        ({"val_images": None}, "has no val_images; it has train_images"),
        ({"test_labels": None, "val_labels": None}, "has no test_labels, val_labels; it has"),
    ],
)  # fmt: skip
def test_forms_of_npz_that_cannot_be_read_are_one_sentence(made, new, changes, sentence):
    code, err = new(made(**changes))
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize("value", [np.nan, -1.0, 999.0])
def test_images_without_a_label_are_left_out_if_that_is_said(own, made, new, call, value):
    code, err = new(made(train_labels=at(3, value), test_labels=at(5, value)), "--missing", "drop", "--classes", "no,yes")
    assert code == 0, err
    assert "118 pictures in 2 classes (0 60, 1 58)" in err
    assert "2 images without a label are left out, as declared" in err
    assert "official parts: train 59, val 24, test 35" in err
    assert np.bincount(labels_read()).tolist() == [60, 58]
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err
    assert "118 images, 2 classes, binary, as declared; 2 images without a label are left out" in out


def test_one_hot_labels_are_one_label(own, made, new, call):
    code, err = new(made(labels=one_hot))
    assert code == 0, err
    assert "each image has one label (one-hot columns)" in err
    assert (entry(own)["task"], entry(own)["classes"]) == ("multiclass", ["0", "1", "2"])
    assert labels_read()[:60].tolist() == [i % 3 for i in range(60)]
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err


@pytest.mark.parametrize("task", ["multilabel", "ordinal"])
def test_the_task_decides_what_one_hot_labels_are(own, made, new, call, task):
    assert new(made(labels=one_hot), "--task", task)[0] == 0
    assert (entry(own)["task"], labels_read().ndim) == (task, 2 if task == "multilabel" else 1)
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err
    assert ("every image has exactly one label: the task may be multiclass" in out) == (task == "multilabel")


def test_columns_with_one_label_or_none_are_asked(own, made, new):
    path = made(labels=one_hot, train_labels=lambda labels: one_hot(labels) * (np.arange(60) != 4)[:, None])
    code, err = new(path)
    assert code == 2
    assert "1 of 120 images has none of the labels and the others have exactly one: say --missing drop" in err
    assert "or --task multilabel if an image may have none of the labels" in err
    assert new(path, "--missing", "drop")[0] == 0
    assert (entry(own)["task"], len(labels_read())) == ("multiclass", 119)
    (own / "entries" / "targets" / "cells.yaml").unlink()
    assert new(path, "--task", "multilabel")[0] == 0
    assert labels_read().shape == (120, 3)


@pytest.mark.parametrize(
    ("labels", "options", "sentence"),
    [
        (lambda labels: one_hot(labels) + 1, (), "has 3 columns and holds 2; several columns must hold 0 and 1"),
        (lambda labels: np.ones((len(labels), 3), int), ("--task", "multiclass"), "images have several labels"),
        (flat, ("--task", "multilabel"), "the data have one label for an image; the task is multilabel"),
        (one_hot, ("--task", "binary"), "is binary and has 3 classes; it must have 2"),
        (flat, ("--classes", "a,b,c"), "--classes names a, b, c; the data have 2 classes: 0, 1"),
        (flat, ("--label", "x"), "--label cannot be used with an npz file"),
        (flat, ("--broken", "0.1"), "--broken cannot be used with an npz file"),
    ],
)  # fmt: skip
def test_what_is_said_must_fit_the_labels(made, new, labels, options, sentence):
    code, err = new(made(labels=labels), *options)
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize(("given", "kind"), [((), "patient"), (("--group", "lesion"), "lesion")])
def test_groups_of_an_npz_file_are_declared(own, made, new, call, given, kind):
    groups = {f"{part}_groups": np.array([f"{part}{i // 2}" for i in range(n)]) for part, n in SIZES.items()}
    path = made(**groups)
    assert "--group is 'family', allowed are patient, slide" in new(path, "--group", "family")[1]
    code, err = new(path, *given)
    assert code == 0, err
    assert f"groups by {kind}" in err
    code, out, err = call("check", "cells", "--size", 8)
    assert code == 0, out + err
    assert f"60 × {kind}, each in one part" in out


def test_names_that_stand_twice_are_named(made, new):
    files = {f"{part}_files": np.array([f"{part}{i}.png" for i in range(n)]) for part, n in SIZES.items()}
    files["test_files"][0] = "train7.png"
    code, err = new(made(**files))
    assert code == 2
    assert "an image id is given twice: 'train7.png', for images 8 and 85 of 120" in err


@pytest.mark.parametrize("names", [["a", "nan", "b"], ["a", "None", "b"]])
def test_an_unknown_group_is_no_patient(made, new, names):
    groups = {f"{part}_groups": np.array([f"{part}{names[i % 3]}" for i in range(n)]) for part, n in SIZES.items()}
    groups["train_groups"][1] = names[1]
    code, err = new(made(**groups))
    assert code == 2
    assert f"cells names the patient '{names[1]}', which means an unknown one" in err
