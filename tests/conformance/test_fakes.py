"""Entries whose data are not on this machine, on tiny pictures in the true layout: labels, groups and parts as declared."""

import shutil
from itertools import combinations

import numpy as np
import pytest

from benchmark.data.decoded import load_images
from benchmark.data.split import split
from benchmark.specs import catalogue
from results.error import CatsError
from tests.support import fakes
from tests.support.fakes import FAKES


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    return tmp_path


def read(name, data):
    (FAKES.get(name) or FAKES[name.partition("[")[0]])(data)
    lifted = {"images": None} | ({"shape": None} if name == "kimia960" else {})  # 400 pictures of its shape are 60 MB
    dataset = catalogue.source(name).dataset.model_copy(update=lifted)
    return dataset, load_images(dataset, 16)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAKES)
def test_the_true_layout_is_read_and_split(data, name):
    dataset, images = read(name, data)
    parts = split(dataset, images)
    assert sum(map(len, parts.values())) == (images.parts != "extra").sum()
    for chosen in parts.values():
        if dataset.task == "multilabel":
            assert len(chosen)
            assert images.labels.any(axis=0).all()
        else:
            assert set(images.labels[chosen].tolist()) == set(range(len(dataset.classes)))
    assert (images.groups != "").all() == (dataset.groups is not None)
    for one, other in combinations(parts, 2):
        assert not set(images.groups[parts[one]]) & set(images.groups[parts[other]]) - {""}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FAKES if catalogue.source(name).dataset.images])
def test_the_declared_number_of_images_is_held_to(data, name):
    FAKES[name](data)
    with pytest.raises(CatsError, match=f"{catalogue.source(name).dataset.name} has .* images; .* are declared"):
        load_images(catalogue.source(name).dataset, 16)


@pytest.mark.parametrize("name", FAKES)
def test_absent_data_say_where_to_get_them(data, name):
    dataset = catalogue.source(name).dataset
    with pytest.raises(CatsError, match=f"{dataset.name}: no folder or archive '{dataset.tree}' in .*(fetch|put) .*CATS_DATA"):
        load_images(dataset, 16)


@pytest.mark.slow
def test_labels_groups_and_parts_of_known_files(data):
    found = {name: read(name, data)[1] for name in FAKES}

    def row(name, ending):
        rows = [i for i, one in enumerate(found[name].ids) if str(one).endswith(ending)]
        assert len(rows) == 1
        return int(found[name].labels[rows[0]]), str(found[name].groups[rows[0]]), str(found[name].parts[rows[0]])

    assert row("breakhis", "SOB_M_DC-14-22003M-100-001.png") == (1, "14-22003M", "")
    assert row("malaria", "Parasitized/C33P1thinF_IMG_20150619_114756a_cell_0.png") == (1, "C33", "")
    assert row("malaria", "Uninfected/C37P5thinF_IMG_20150619_114756a_cell_8.png") == (0, "C37", "")
    assert row("malaria", "Uninfected/C34BP2_thinF_IMG_20150619_114756a_cell_2.png") == (0, "C34", "")
    assert row("malaria", "Uninfected/C36_thinF_IMG_20150619_114756a_cell_6.png") == (0, "C36", "")
    assert row("kather5000", "03_COMPLEX/4_CRC.tif") == (2, "", "")
    assert row("nct_crc", "CRC-VAL-HE-7K/LYM/LYM-0001.tif") == (3, "", "test")
    assert row("bach", "InSitu/b004.tif") == (2, "", "")
    assert row("busi", "malignant/malignant (4).png") == (2, "", "")
    assert row("aptos2019", f"{7:012x}.png") == (2, "", "")
    assert not any("mask" in str(one) for one in found["busi"].ids)
    assert set(found["pcam"].parts) == {"train", "val", "test"}
    assert row("idc", "8867/1/8867_idx5_x101_y1251_class1.png") == (1, "8867", "val")
    assert row("idc", "3/0/3_idx5_x151_y1251_class0.png") == (0, "3", "extra")
    assert row("ham10000[size=original]", "ISIC_0024327.jpg") == (0, "HAM_akiec0001", "")
    assert row("isic2018", "ISIC_0024332") == (1, "HAM_NV0001", "")
    assert row("kermany_oct", "train/DME/DME-1000129-2.jpeg") == (1, "1000129", "train")
    assert row("kermany_oct", "test/DME/DME-1000130-3.jpeg") == (1, "1000130", "test")
    assert row("kermany_oct", "train/DME/DME-1000130-1.jpeg") == (1, "1000130", "extra")
    assert row("chest_xray_pneumonia", "train/PNEUMONIA/person101_virus_187.jpeg") == (1, "person101_virus", "train")
    assert row("chest_xray_pneumonia", "test/PNEUMONIA/person101_bacteria_475.jpeg") == (1, "person101_bacteria", "test")
    assert row("chest_xray_pneumonia", "val/NORMAL/NORMAL2-IM-0901-0001.jpeg") == (0, "NORMAL2-IM-0901", "train")
    assert row("kimia960", "C5.tif") == (2, "", "")
    assert row("wisconsin_fna", "malignant/92_5003.gif") == (1, "", "")


def test_findings_of_chestxray14_are_several_one_or_none(data):
    dataset, images = read("chestxray14", data)
    found = {
        name: [dataset.classes[i] for i in np.flatnonzero(row)] for name, row in zip(images.ids, images.labels, strict=True)
    }
    assert found["images/00000001_000.png"] == ["Cardiomegaly"]
    assert found["images/00000001_001.png"] == ["Cardiomegaly", "Emphysema"]
    assert found["images/00000005_001.png"] == []
    assert images.groups[0] == "1"
    assert images.parts[[0, 119]].tolist() == ["train", "test"]


def test_idc_leaves_out_patches_at_the_edge_and_draws_patients_where_no_list_is_given(data):
    _, images = read("idc", data)
    assert len(images.ids) == 24 * 5
    counts = {part: len(set(images.groups[images.parts == part])) for part in set(images.parts)}
    assert counts == {"train": 12, "val": 4, "test": 4, "extra": 4}
    shutil.rmtree(data / "idc")
    fakes.idc(data, [str(number) for number in range(1, 25)])
    dataset = catalogue.target("idc").dataset
    images = load_images(dataset, 16)
    assert set(images.parts) == {""}
    assert all(len(rows) >= 5 for rows in split(dataset, images).values())


def test_the_two_layouts_of_ham10000_are_two_data_sets_of_one_family():
    small, original = (catalogue.target(f"ham10000[size={size}]").dataset for size in (28, "original"))
    assert small.classes == original.classes
    assert small.files
    assert original.tree
    with pytest.raises(CatsError, match="ham10000 has no size 64; allowed are 28, original"):
        catalogue.target("ham10000[size=64]")


def test_isic2018_refuses_an_image_of_two_classes(data):
    FAKES["isic2018"](data)
    [table] = (data / "isic2018").glob("*/*GroundTruth.csv")
    table.write_text(table.read_text().replace("ISIC_0024306,1.0,0.0", "ISIC_0024306,1.0,1.0"))
    with pytest.raises(CatsError, match="must give ISIC_0024306 one class, 1.0 once and 0.0 elsewhere"):
        load_images(catalogue.target("isic2018").dataset, 16)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("isic2018", "ISIC2018_Task3_Training_LesionGroupings.csv"),
        ("chestxray14", "test_list.txt"),
        ("ham10000[size=original]", "HAM10000_metadata.csv"),
    ],
)
def test_a_table_that_is_absent_is_named(data, name, file):
    FAKES[name](data)
    [path] = data.glob(f"*/{file}")
    path.unlink()
    with pytest.raises(CatsError, match=file):
        load_images(catalogue.target(name).dataset, 16)


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
        ("isic2018", "ham10000"),
        ("kermany_oct", "octmnist"),
        ("chest_xray_pneumonia", "pneumoniamnist"),
        ("chestxray14", "chestmnist"),
    ):
        assert catalogue.target(one).dataset.relatives == catalogue.target(other).dataset.relatives
    assert len(np.unique([catalogue.target(n).dataset.relatives for n in ("pcam", "busi", "nct_crc", "bach")])) == 4
