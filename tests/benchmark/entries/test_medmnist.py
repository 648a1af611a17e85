"""MedMNIST's sets against facts written down here, and the real files against both."""

import hashlib
import sys

import numpy as np
import pytest

from benchmark.entries.medmnist import SIZES, is_medmnist, medmnist_info, medmnist_target
from benchmark.specs import catalogue
from results.error import CatsError

# task, classes, train, val, test, as medmnist 3.0.2 gives them
FACTS = {
    "pathmnist": ("multiclass", 9, 89_996, 10_004, 7_180),
    "chestmnist": ("multilabel", 14, 78_468, 11_219, 22_433),
    "dermamnist": ("multiclass", 7, 7_007, 1_003, 2_005),
    "octmnist": ("multiclass", 4, 97_477, 10_832, 1_000),
    "pneumoniamnist": ("binary", 2, 4_708, 524, 624),
    "retinamnist": ("ordinal", 5, 1_080, 120, 400),
    "breastmnist": ("binary", 2, 546, 78, 156),
    "bloodmnist": ("multiclass", 8, 11_959, 1_712, 3_421),
    "tissuemnist": ("multiclass", 8, 165_466, 23_640, 47_280),
    "organamnist": ("multiclass", 11, 34_561, 6_491, 17_778),
    "organcmnist": ("multiclass", 11, 12_975, 2_392, 8_216),
    "organsmnist": ("multiclass", 11, 13_932, 2_452, 8_827),
}


@pytest.mark.parametrize("name", FACTS)
def test_each_set_has_the_task_classes_and_images_written_here(name):
    task, classes, *counts = FACTS[name]
    dataset = catalogue.target(name).dataset
    assert (dataset.task, len(dataset.classes)) == (task, classes)
    assert list(medmnist_info()[name]["n_samples"].values()) == counts
    assert dataset.images == sum(counts)


@pytest.mark.parametrize("size", SIZES)
def test_each_size_is_a_file_of_its_own(size):
    dataset = medmnist_target("breastmnist", size, modality="m").dataset
    mark = "" if size == 28 else f"_{size}"
    assert dataset.shape == (size, size)
    [file] = dataset.files
    assert file.path == f"medmnist/breastmnist{mark}.npz"
    assert file.url.endswith(f"breastmnist{mark}.npz?download=1")
    assert file.declared == ("md5", medmnist_info()["breastmnist"][f"MD5{mark}"])


def test_sizes_and_sets_differ_in_identity():
    digests = [catalogue.target(f"breastmnist[size={size}]").dataset.digest() for size in SIZES]
    assert len({*digests, catalogue.target("pneumoniamnist").dataset.digest()}) == 5
    assert catalogue.target("breastmnist").dataset.digest() == digests[0]


@pytest.mark.parametrize("size", [0, 27, "large", None])
def test_another_size_is_refused_with_those_there_are(size):
    with pytest.raises(CatsError, match=r"^breastmnist has no size .*; allowed are 28, 64, 128, 224$"):
        medmnist_target("breastmnist", size, modality="m")


@pytest.mark.parametrize("size", [28.0, 64.0])
def test_a_size_with_a_point_is_refused_because_its_name_would_be_another(size):
    with pytest.raises(CatsError, match="breastmnist has no size"):
        medmnist_target("breastmnist", size, modality="m")


def test_classes_stand_in_the_order_of_the_labels():
    assert catalogue.target("breastmnist").dataset.classes == ("malignant", "normal, benign")
    assert catalogue.target("retinamnist").dataset.classes == tuple("01234")
    assert catalogue.target("organamnist").dataset.classes[:2] == ("bladder", "femur-left")
    assert catalogue.target("organamnist").dataset.classes[10] == "spleen"  # 10 comes after 9, not after 1


def test_facts_are_read_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it now fails
    monkeypatch.delitem(sys.modules, "medmnist", raising=False)
    medmnist_info.cache_clear()
    assert "breastmnist" in medmnist_info()
    assert "medmnist" not in sys.modules


def test_only_its_own_files_are_downloaded_by_medmnist():
    assert is_medmnist(catalogue.target("breastmnist[size=64]").dataset)
    assert is_medmnist(catalogue.target("organmnist3d[size=64,slices=3]").dataset)
    assert not is_medmnist(catalogue.target("ham10000").dataset)
    assert not is_medmnist(catalogue.target("ihc").dataset)


@pytest.mark.parametrize("name", ["breastmnist", "pneumoniamnist", "retinamnist"])
def test_real_files_are_the_ones_declared_part_by_part(real_dataset, name):
    dataset = real_dataset(catalogue.target(name).dataset)
    [file] = dataset.files
    path = dataset.folder() / file.path
    assert hashlib.md5(path.read_bytes()).hexdigest() == file.md5
    dataset.verify()
    with np.load(path) as content:
        shapes = {part: content[f"{part}_images"].shape for part in ("train", "val", "test")}
    assert [shape[0] for shape in shapes.values()] == list(FACTS[name][2:])
    assert {shape[1:3] for shape in shapes.values()} == {dataset.shape}
