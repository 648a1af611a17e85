"""The twelve sets of MedMNIST as one source: joint labels, and which targets it must not meet."""

import numpy as np
import pytest

from benchmark.data.dataset import File
from benchmark.data.decoded import load_images
from benchmark.data.split import split
from benchmark.entries.conformance import Case, trains
from benchmark.specs import catalogue
from benchmark.specs.plan import Plan
from results.error import CatsError
from sources.medmnist_all import FAMILIES
from tests.support.fakes import medmnist_all
from tests.support.plans import leaks_of


@pytest.fixture
def made(tmp_path, monkeypatch):
    """`made(reference)`: that source's data set on tiny files, whose number and checksums are not the published ones."""
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    medmnist_all(tmp_path)

    def lifted(reference):
        dataset = catalogue.source(reference).dataset
        return dataset.model_copy(update={"images": None, "files": tuple(File(path=file.path) for file in dataset.files)})

    return lifted


def test_every_image_has_the_labels_of_its_own_set(made):
    dataset = made("medmnist_all")
    images = load_images(dataset, 28)
    assert images.images.shape == (12 * 50, 28, 28, 3)
    assert images.labels.shape == (600, 92)
    for name, row in zip(images.ids, images.labels, strict=True):
        columns = [dataset.classes[i] for i in np.flatnonzero(row)]
        own, part, number = name.split("/")
        assert {column.partition("/")[0] for column in columns} <= {own}
        assert len(columns) == 1 or own == "chestmnist"
        classes = catalogue.target(own).dataset.classes
        if own != "chestmnist":
            assert columns == [f"{own}/{classes[int(number) % len(classes)]}"], part
    first = images.ids.tolist().index("chestmnist/train/6")
    findings = [i for i in range(14) if 6 % (i + 2) == 0]
    assert np.flatnonzero(images.labels[first]).tolist() == [9 + i for i in findings]  # after PathMNIST's nine


def test_official_parts_are_kept(made):
    dataset = made("medmnist_all")
    images = load_images(dataset, 28)
    parts = split(dataset, images)
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 360, "val": 120, "test": 120}
    for part, rows in parts.items():
        assert {name.split("/")[1] for name in images.ids[rows]} == {part}


def test_it_trains(made):
    assert "after one step" in trains(Case(made("medmnist_all[without=chestmnist]"), 28))


def test_the_family_of_one_set_is_left_out():
    everything, without = (catalogue.source(f"medmnist_all{option}") for option in ("", "[without=chestmnist]"))
    gone = {name.partition("/")[0] for name in {*everything.dataset.classes} - {*without.dataset.classes}}
    assert gone == {"chestmnist", "pneumoniamnist"}
    assert not any("chest" in file.path or "pneumonia" in file.path for file in without.dataset.files)
    assert {*everything.seen} - {*without.seen} == {"chest_xray"}
    assert everything.dataset.digest() != without.dataset.digest()


def test_families_are_those_of_the_targets():
    assert {name: catalogue.target(name).dataset.relatives for name in FAMILIES} == FAMILIES
    assert {*FAMILIES} == {name for name in catalogue.names("targets") if name.endswith("mnist")}


def test_a_plan_refuses_targets_whose_family_it_has_seen():
    sources, targets = ("medmnist_all", "medmnist_all[without=breastmnist]"), ("breastmnist", "busi", "bloodmnist", "idc")
    refused = leaks_of(Plan(experiment="e", sources=sources, targets=targets, backbones=("resnet18",)))
    assert {*refused} == {
        ("medmnist_all", "breastmnist"),
        ("medmnist_all", "busi"),
        ("medmnist_all", "bloodmnist"),
        ("medmnist_all[without=breastmnist]", "bloodmnist"),
    }
    assert refused["medmnist_all", "busi"] == "medmnist_all and busi are of one family of data sets, 'busi'"


def test_a_source_that_starts_from_it_has_seen_the_same():
    plan = Plan(experiment="e", sources=("digits[from=medmnist_all]",), targets=("breastmnist",), backbones=("resnet18",))
    assert [*leaks_of(plan)] == [("digits[from=medmnist_all]", "breastmnist")]


def test_an_unknown_set_or_size_is_a_sentence():
    with pytest.raises(CatsError, match=r"medmnist_all has no set 'brestmnist' to leave out.*breastmnist"):
        catalogue.source("medmnist_all[without=brestmnist]")
    with pytest.raises(CatsError, match="no size 30; allowed are 28, 64, 128, 224"):
        catalogue.source("medmnist_all[size=30]")
