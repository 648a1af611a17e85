"""The identity of a tree: that of the files that are read, the same as before, and another one where other images are read."""

import io
import shutil
import tarfile
import unicodedata
import zipfile

import numpy as np
import pytest
from PIL import Image

from benchmark.data.dataset import Dataset
from benchmark.data.decoded import load_images
from benchmark.data.readers.file_tree import Tree
from benchmark.data.readers.folders import folders
from results.error import CatsError

FACTS = {"name": "toy", "title": "t", "modality": "m", "task": "binary", "licence": "l", "citation": "c", "tree": "toy"}
BEFORE = "974718c5bbab0d58dec7736024f6e19a2a4f35a681540a42d28b106daf135c3b"  # as version 0.1.0 computes it
LITTER = {
    ".DS_Store": b"x", "train/Thumbs.db": b"x", "train/a/desktop.ini": b"x", "__MACOSX/train/a/._1.png": b"x", "README": b"x",
    "README.md": b"x", "best copy.pth": b"x", "mlflow.db": b"x", "notes/plan.yaml": b"x", "train/a/._1.png": b"x",
    "home/images/toy/1.png": b"x", ".venv/pyvenv.cfg": b"x", ".venv/logo.png": b"x",
    "mlruns/1/figure.png": b"x", "train/a/.ipynb_checkpoints/1-checkpoint.png": b"x", "labels.xlsx": b"x",
}  # fmt: skip


def dataset(parts=None, classes=("a", "b"), **options):
    read = {"folders": {"classes": list(classes), "parts": parts or {"train": "train", "test": "test"}, **options}}
    return Dataset.model_validate({**FACTS, "classes": list(classes), "read": read})


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def png(number=0, kind="PNG"):
    out = io.BytesIO()
    Image.fromarray(np.full((4, 4), number, np.uint8)).save(out, kind)
    return out.getvalue()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    for part in ("train", "test"):
        for name in "ab":
            put(tmp_path / "toy" / part / name / "1.png", f"{part}{name}".encode())
    return tmp_path / "toy"


def test_a_tree_of_pictures_alone_has_the_identity_of_all_versions(toy):
    assert dataset().digest() == BEFORE


@pytest.mark.parametrize("name", LITTER)
def test_a_file_that_is_not_read_changes_nothing(toy, name):
    (toy / "home" / "digests").mkdir(parents=True)
    put(toy / name, LITTER[name])
    assert dataset().digest() == BEFORE
    assert dataset().read(toy).ids == sorted(f"{part}/{name}/1.png" for part in ("train", "test") for name in "ab")


@pytest.mark.parametrize("change", ["content", "name", "new"])
def test_a_file_that_is_read_changes_the_identity(toy, change):
    if change == "name":
        (toy / "train" / "a" / "1.png").rename(toy / "train" / "a" / "2.png")
    else:
        put(toy / "train" / "a" / ("1.png" if change == "content" else "3.png"), b"other")
    assert dataset().digest() != BEFORE


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_pictures_that_earlier_versions_left_out_make_another_identity(toy, monkeypatch, kind):
    """The digest of a folder was that of all files, and that of an archive still is: it would be the one of fewer images."""
    put(toy / "train" / "a" / "2.webp", png(kind="WEBP"))
    put(toy / "train" / "b" / "3", png(kind="JPEG"))
    if kind != "folder":
        shutil.make_archive(str(toy), kind, toy)
        shutil.rmtree(toy)
    found = dataset()
    assert len(found.read(found.folder()).ids) == 6
    plain = found.digest()
    monkeypatch.setattr("benchmark.data.readers.folders.PICTURE_ENDINGS", {".png", ".webp", ""})  # as if they were always read
    monkeypatch.setenv("CATS_HOME", str(toy.parent / "another home"))
    assert dataset().digest() != plain


def test_a_link_that_earlier_versions_left_out_of_an_archive_makes_another_identity(toy, tmp_path):
    (toy / "train" / "a" / "2.png").symlink_to("1.png")
    with tarfile.open(tmp_path / "toy.tar", "w") as tar:
        tar.add(toy, ".")
    shutil.rmtree(toy)
    found = dataset()
    assert len(found.read(found.folder()).ids) == 5
    with tarfile.open(tmp_path / "toy.tar") as tar:
        assert tar.getmember("./train/a/2.png").issym()
    assert found._reading(Tree(found.folder())) == {"links": "followed"}


@pytest.mark.parametrize(
    ("places", "options", "expected"),
    [
        (("train/x/train", "train/x/val", "train/x/test"), {"root": "train/x"}, ["test", "train", "val"]),
        (("data/Train", "data/Test"), {"parts": {"Train": "Training", "Test": "hold-out"}}, ["test", "train"]),
        (("train", "valid"), {"parts": {"train": "train", "valid": "valid"}}, ["train", "val"]),
    ],
    ids=["an outer folder called like a part", "words in any case", "valid"],
)
def test_parts_that_earlier_versions_read_otherwise_make_another_identity(tmp_path, places, options, expected):
    for place in places:
        for name in "ab":
            put(tmp_path / "toy" / place / name / "1.png", png())
    parts = options.get("parts", {"test": "test", "train": "train", "val": "val"})
    found = dataset(**{"parts": parts, **options})
    samples = found.read(tmp_path / "toy")
    assert sorted(set(samples.parts)) == expected
    assert found.read.revision(samples.ids, Tree(tmp_path / "toy")) == "2"
    assert dataset().read.revision(["train/a/1.png", "test/b/1.png"], Tree(tmp_path / "toy")) == ""


@pytest.mark.parametrize("word", ["vald", "later", "", "0"])
def test_a_word_that_is_no_part_is_refused_by_name(word):
    with pytest.raises(CatsError, match=f"parts says that the folder x is '{word}'; allowed are train"):
        folders(["a", "b"], parts={"x": word})


def test_a_folder_may_be_left_out_and_a_class_may_hold_parts(toy):
    for name in "ab":
        put(toy / "TEST_SIMPLE" / name / "1.png", png())
    with pytest.raises(CatsError, match="TEST_SIMPLE/a/1.png is in none of the folders train, test"):
        dataset().read(toy)
    found = dataset({"train": "train", "test": "test", "TEST_SIMPLE": "-"})
    assert len(found.read(toy).ids) == 4
    for part in ("train", "test"):
        for name in "ab":
            put(toy.parent / "inner" / name / part / "p1" / "1.png", png())
    samples = dataset(level=1, group=r"^[^/]+/[^/]+/([^/]+)/").read(toy.parent / "inner")
    assert samples.labels.tolist() == [0, 0, 1, 1]
    assert samples.parts == ["test", "train", "test", "train"]
    assert samples.groups == ["p1"] * 4
    with pytest.raises(CatsError, match="holds the class 'p1'; declared classes are a, b"):
        dataset().read(toy.parent / "inner")


def test_our_own_files_do_not_change_the_identity_for_a_reader_that_does_not_say_what_it_reads(toy):
    plain = Dataset(**FACTS, classes=("a", "b"), read=lambda _: None)
    before = plain.digest()
    for name in ("mlflow.db", "mlflow.db-wal", ".DS_Store", "mlruns/0/meta.yaml", ".venv/x.py"):
        put(toy / name, b"x")
    assert plain.digest() == before
    put(toy / "labels.txt", b"x")
    assert plain.digest() != before


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_accents_may_be_written_in_two_ways(tmp_path, monkeypatch, form, written):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    names = [unicodedata.normalize(form, name) for name in ("Größe/train/bösartig/1.png", "Größe/train/gut/1.png")]
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for name in names:
            archive.writestr(name, png())
    classes = [unicodedata.normalize(written, name) for name in ("bösartig", "gut")]
    found = dataset({"train": "train"}, classes, root=unicodedata.normalize(written, "Größe"), include="ö|gut")
    assert found.read(found.folder()).labels.tolist() == [0, 1]


PICTURES = {
    "PNG": ".png",
    "JPEG": ".jfif",
    "WEBP": ".webp",
    "GIF": ".gif",
    "BMP": "",
    "PPM": ".pgm",
    "TIFF": "",
    "JPEG2000": ".x",
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_known_by_its_content(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("CATS_DATA", str(tmp_path))
    for name in "ab":
        put(tmp_path / "toy" / "train" / name / f"1{PICTURES[kind]}", png(7, kind))
        put(tmp_path / "toy" / "train" / name / "wrongly named.png", png(7, kind))
    found = dataset({"train": "train"})
    np.testing.assert_allclose(load_images(found, 4).images.mean(), 7, atol=2)
    assert len(load_images(found, 4).ids) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bmi.dat", b"BMI,age\n20,30\n" * 9), ("p.dat", b"P1,benign\nP2,malignant\n"), ("slide.svs", png(kind="TIFF")),
        ("raw.nef", png(kind="TIFF")), ("x.csv", png()), ("scan.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("x.heic", b"ftypheic" * 9),
    ],
)  # fmt: skip
def test_other_files_are_no_pictures(toy, name, content):
    put(toy / "train" / "a" / name, content)
    assert dataset().digest() == BEFORE


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a/1.png is not a picture that can be read: it is empty"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "its content has none of the formats PNG, JPEG, TIFF"),
        (b"P5 20000 20000 255 ", "a/1.png is larger than 178,956,970 pixels, the most that is read of one picture; put a"),
    ],
    ids=["empty", "a program", "too large"],
)
def test_what_cannot_be_opened_is_one_sentence(toy, content, sentence):
    for part in ("train", "test"):
        for name in "ab":
            put(toy / part / name / "1.png", png())
    put(toy / "train" / "a" / "1.png", content)
    with pytest.raises(CatsError) as caught:
        load_images(dataset(), 4)
    assert sentence in str(caught.value)
