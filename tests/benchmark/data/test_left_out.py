"""Images that are left out, groups that are half known, and one data set in five layouts."""

import io
import shutil
import tarfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import Decoded, load_images
from benchmark.data.readers.folders import folders
from benchmark.data.readers.npz import npz
from benchmark.data.readers.samples import Samples
from benchmark.data.readers.table import table
from benchmark.data.split import split
from results.error import CatsError

FIELDS = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "classes": ("a", "b"), "licence": "l"}
FIELDS |= {"citation": "c"}


def broken_dataset(count, broken, allowed):
    images = [CatsError(f"scan {i} is damaged") if i < broken else np.full((4, 4), i, np.uint8) for i in range(count)]
    labels, ids = np.arange(count) % 2, [str(i) for i in range(count)]
    return Dataset(**FIELDS, revision=f"{count}-{broken}", broken=allowed, read=lambda _: Samples(images, labels, ids))


# of 100 images; 0.29 · 100 and two others are a little less than a whole number, 0.07 · 100 and four others a little more
@pytest.mark.parametrize("percent", [1, 7, 14, 28, 29, 50, 55, 56, 57, 58, 98, 99])
def test_exactly_the_allowed_share_may_be_broken_and_not_one_more(percent):
    assert len(load_images(broken_dataset(100, percent, percent / 100), 4).ids) == 100 - percent
    if percent < 99:
        with pytest.raises(CatsError, match=f"scan 0 is damaged; {percent + 1} of 100 images of toy are broken"):
            load_images(broken_dataset(100, percent + 1, percent / 100), 4)


def test_a_data_set_of_which_nothing_is_left_is_refused():
    images, ids = [np.zeros((5, 5), np.uint8)] * 40, [str(i) for i in range(40)]
    made = Dataset(**FIELDS, shape=(4, 4), odd="drop", read=lambda _: Samples(images, np.arange(40) % 2, ids))
    with pytest.raises(CatsError, match="toy: every image is broken or has another shape than declared"):
        load_images(made, 4)


@pytest.mark.parametrize("blank", [slice(0, 20), slice(380, 400)], ids=["first", "last"])
def test_patients_stay_whole_where_some_are_not_known(blank):
    groups = np.array([f"p{i // 4}" for i in range(400)])
    groups[blank] = ""
    images = Decoded(
        np.zeros((400, 4, 4, 1), np.uint8), np.arange(400) % 2, np.arange(400).astype(str), groups, np.full(400, ""), "digest"
    )
    parts = split(Dataset(**FIELDS, groups="patient", read=lambda _: None), images)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(400))
    known = [set(groups[rows]) - {""} for rows in parts.values()]
    assert sum(map(len, known)) == len(set.union(*known)) == 95
    assert sum(bool((groups[rows] == "").any()) for rows in parts.values()) > 1  # the unknown are not one patient


def test_one_data_set_in_five_layouts_is_the_same_arrays(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {f"{p}/{c}/{i}.png": rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
              for p in ("test", "train", "val") for c in "ab" for i in range(3)}  # fmt: skip
    for name, array in arrays.items():
        (tmp_path / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(tmp_path / "toy" / name)
    names = list(arrays)
    rows = {"file": names, "what": [n.split("/")[1] for n in names], "part": [n.split("/")[0] for n in names]}
    pd.DataFrame(rows).to_csv(tmp_path / "toy" / "list.csv", index=False)
    shutil.make_archive(str(tmp_path / "toy"), "zip", tmp_path / "toy")
    for ending, mode in (("tar", "w"), ("tar.gz", "w:gz")):
        with tarfile.open(tmp_path / f"toy.{ending}", mode) as tar:
            for name in rng.permutation(names):
                content = (tmp_path / "toy" / name).read_bytes()
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    by_part = {}
    for part in ("train", "val", "test"):
        mine = [name for name in names if name.startswith(part)]
        by_part |= {f"{part}_images": np.stack([arrays[n] for n in mine]), f"{part}_files": np.array(mine)}
        by_part[f"{part}_labels"] = np.array([["ab".index(n.split("/")[1])] for n in mine])
    np.savez(tmp_path / "toy.npz", **by_part)
    by_folder = folders(["a", "b"], parts={part: part for part in ("train", "val", "test")})
    by_table = table(file="list.csv", path="file", label="what", classes=["a", "b"], part="part")
    found = [by_folder(tmp_path / place) for place in ("toy", "toy.zip", "toy.tar", "toy.tar.gz")]
    found += [by_table(tmp_path / "toy"), by_table(tmp_path / "toy.zip"), npz("toy.npz")(tmp_path)]
    for samples in found:
        content = dict(zip(samples.ids, zip(samples.images, samples.labels, samples.parts, strict=True), strict=True))
        assert sorted(content) == sorted(names)
        for name, (image, label, part) in content.items():
            np.testing.assert_array_equal(image, arrays[name])
            assert (part, "ab"[label]) == tuple(name.split("/")[:2])


def test_npz_files_of_another_length_are_refused(tmp_path):
    content = {}
    for part, count in (("train", 3), ("val", 2), ("test", 2)):
        content |= {f"{part}_images": np.zeros((count, 4, 4), np.uint8), f"{part}_labels": np.zeros((count, 1), int)}
        content[f"{part}_files"] = np.array([f"{part}{i}" for i in range(2)])
    np.savez(tmp_path / "toy.npz", **content)
    with pytest.raises(CatsError, match=r"toy\.npz has \[2, 2, 2\] files for \[3, 2, 2\] labels"):
        npz("toy.npz")(tmp_path)
