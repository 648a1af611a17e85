"""Entries whose data are not at hand, on tiny pictures in the true layout: labels, groups and parts as declared."""

import numpy as np
import pytest

from benchmark import catalogue
from benchmark.split import split
from benchmark.store import decoded
from results.error import CatsError
from tests.fakes import FAKES


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    return tmp_path


def read(name, data):
    FAKES[name.partition("[")[0]](data)
    dataset = catalogue.source(name).dataset.model_copy(update={"images": None})
    return dataset, decoded(dataset, 16)


@pytest.mark.parametrize("name", FAKES)
def test_the_true_layout_is_read_and_split(data, name):
    dataset, images = read(name, data)
    parts = split(dataset, images)
    assert sum(map(len, parts.values())) == len(images.ids)
    for chosen in parts.values():
        assert set(images.labels[chosen].tolist()) == set(range(len(dataset.classes)))
    assert (images.groups != "").all() == (dataset.groups is not None)


@pytest.mark.parametrize("name", FAKES)
def test_the_declared_number_of_images_is_held_to(data, name):
    FAKES[name](data)
    with pytest.raises(CatsError, match=f"{name} has .* images; .* are declared"):
        decoded(catalogue.source(name).dataset, 16)


@pytest.mark.parametrize("name", FAKES)
def test_absent_data_say_where_to_get_them(data, name):
    with pytest.raises(CatsError, match=f"{name}: no folder or archive '{name}' in .*(fetch|put) .*CATS_DATA"):
        decoded(catalogue.source(name).dataset, 16)


def test_labels_groups_and_parts_of_known_files(data):
    found = {name: read(name, data)[1] for name in FAKES}

    def row(name, ending):
        rows = [i for i, one in enumerate(found[name].ids) if str(one).endswith(ending)]
        assert len(rows) == 1
        return int(found[name].labels[rows[0]]), str(found[name].groups[rows[0]]), str(found[name].parts[rows[0]])

    assert row("breakhis", "SOB_M_DC-14-22003M-100-001.png") == (1, "14-22003M", "")
    assert row("malaria", "Parasitized/C7P3ThinF_IMG_7_cell_1.png") == (1, "3", "")
    assert row("kather5000", "03_COMPLEX/4_CRC.tif") == (2, "", "")
    assert row("nct_crc", "CRC-VAL-HE-7K/LYM/LYM-0001.tif") == (3, "", "test")
    assert row("bach", "InSitu/b004.tif") == (2, "", "")
    assert row("busi", "malignant/malignant (4).png") == (2, "", "")
    assert row("aptos2019", f"{7:012x}.png") == (2, "", "")
    assert not any("mask" in str(one) for one in found["busi"].ids)
    assert set(found["pcam"].parts) == {"train", "val", "test"}


def test_magnifications_of_breakhis_are_an_option(data):
    dataset, images = read("breakhis[magnification=40]", data)
    assert len(images.ids) == 40
    assert all("-40-" in str(one) for one in images.ids)
    assert dataset.digest() != catalogue.source("breakhis").dataset.digest()
    with pytest.raises(CatsError, match="breakhis has no magnification 50; allowed are 40, 100, 200, 400, all"):
        catalogue.target("breakhis[magnification=50]")


def test_sets_that_share_pictures_are_one_family():
    for one, other in (
        ("pcam", "histopathologic_cancer"),
        ("busi", "breastmnist"),
        ("nct_crc", "pathmnist"),
        ("ham10000", "dermamnist"),
    ):
        assert catalogue.target(one).dataset.relatives == catalogue.target(other).dataset.relatives
    assert len(np.unique([catalogue.target(n).dataset.relatives for n in ("pcam", "busi", "nct_crc", "bach")])) == 4
