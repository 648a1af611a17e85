"""`cats new` writes no entry of volumes, and says which one to write."""

import re

import numpy as np
import pytest

from benchmark.core.yaml_text import load
from benchmark.data.dataset import Dataset
from benchmark.entries.infer import infer_entry
from benchmark.entries.said import Said
from results.error import CatsError
from tests.support.volumes import medmnist3d


def laid(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def refused(path):
    with pytest.raises(CatsError) as caught:
        infer_entry(path, Said())
    return str(caught.value)


def test_folders_of_volumes_name_the_entry_and_its_text_is_one(tmp_path):
    said = refused(laid(tmp_path / "brains", ["ill/a.nii.gz", "ill/b.nii", "well/c.nii.gz"]))
    assert "holds 3 NIfTI files" in said
    read = load(re.search(r"with read: (.*), as docs", said)[1])
    assert read == {"nifti_folders": {"classes": ["ill", "well"], "percentiles": [0.5, 99.5]}}
    facts = dict.fromkeys(("title", "modality", "licence", "citation"), "x")
    Dataset(name="brains", task="binary", classes=("ill", "well"), tree="brains", read=read, **facts)


def test_volumes_in_one_folder_need_a_table(tmp_path):
    assert "read: {nifti: {file: LABELS.csv, path: COLUMN" in refused(laid(tmp_path / "brains", ["a.nii.gz", "b.nii.gz"]))


def test_arrays_of_volumes_name_the_option(tmp_path):
    medmnist3d(tmp_path, "mine", 2)
    said = refused(tmp_path / "medmnist" / "mine.npz")
    assert "train_images has the shape (24, 28, 28, 28): volumes have entries that are written by hand, with `views`" in said


def test_pictures_beside_volumes_are_read_as_before(tmp_path):
    from PIL import Image

    laid(tmp_path / "both", ["ill/a.nii.gz"])
    for name in ("ill", "well"):
        (tmp_path / "both" / name).mkdir(exist_ok=True)
        for number in range(30):
            noise = np.random.default_rng(number).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / "both" / name / f"{number}.png")
    assert infer_entry(tmp_path / "both", Said()).counts == {"ill": 30, "well": 30}
